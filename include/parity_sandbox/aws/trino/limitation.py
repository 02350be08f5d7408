"""The two ways in which a query is refused before it runs."""

from __future__ import annotations


class Limitation(Exception):
    """Athena could run this, the sandbox cannot; the message says what to write instead."""

    def __init__(self, what: str) -> None:
        super().__init__(f"sandbox limitation: {what}")


class TypeMismatch(Exception):
    """Athena refuses this too, where DuckDB would convert in silence."""

    def __init__(self, what: str) -> None:
        super().__init__(f"TYPE_MISMATCH: {what}")


class ColumnNotFound(Exception):
    """A column that no table of the query has."""

    def __init__(self, name: str) -> None:
        why = "cannot be resolved or requester is not authorized to access requested resources"
        super().__init__(f"COLUMN_NOT_FOUND: line 1:8: Column '{name}' {why}")
