"""From two relations to a plan: common types, equality rules, keys, and the values that are hashed."""
