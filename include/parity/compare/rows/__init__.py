"""From a plan to facts: the hash scan, the pairing of rows, and the money in them."""
