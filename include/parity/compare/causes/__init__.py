"""Why two values differ: the variants that make them equal when undone, learnt from a sample."""
