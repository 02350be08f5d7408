"""Modules that a cloud's runtime gives to its scripts; on their path, not on ours."""
