"""Migrations of the results store, run by :mod:`parity.history.migrate`."""
