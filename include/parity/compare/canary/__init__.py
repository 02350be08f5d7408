"""Mutations planted in a copy of the rows, each of which the comparison must find."""
