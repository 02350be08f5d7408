"""The rules, one module per subject; each has ``RULES`` (by node) and ``NAMED`` (by function name)."""
