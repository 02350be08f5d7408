"""Glue scripts import this module as a matter of habit; it offers no transform."""
