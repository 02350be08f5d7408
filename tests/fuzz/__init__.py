"""Differential fuzzing: random pairs with planted defects, judged by a slow reference that shares no code."""
