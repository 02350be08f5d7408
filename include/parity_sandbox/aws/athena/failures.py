"""Why a query failed, in Athena's words."""

from __future__ import annotations

import re
from typing import Any

USER, SYSTEM = 2, 1
"""Athena's error categories."""
SYNTAX, NOT_FOUND, GENERIC = 1001, 1301, 1

PREFIXES = {
    "BinderException": "SYNTAX_ERROR: ",
    "ParserException": "SYNTAX_ERROR: ",
    "CatalogException": "FUNCTION_NOT_FOUND: ",
    "ConversionException": "INVALID_CAST_ARGUMENT: ",
    "OutOfRangeException": "NUMERIC_VALUE_OUT_OF_RANGE: ",
}
OWN = re.compile(r"(?:DIVISION_BY_ZERO|INVALID_[A-Z_]+|NUMERIC_[A-Z_]+|sandbox limitation)\b.*")
MISSING = re.compile(r'(?:Referenced column|Column) "([^"]+)" (?:not found|referenced that exists)')


class QueryFailed(Exception):
    """A query that ends FAILED."""

    def __init__(self, message: str, error_type: int = GENERIC, category: int = USER) -> None:
        super().__init__(message)
        self.error_type, self.category = error_type, category

    def as_dict(self) -> dict[str, Any]:
        """Return the API's AthenaError."""
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.error_type,
            "Retryable": False,
            "ErrorMessage": str(self),
        }


class Stopped(Exception):
    """A query that ends CANCELLED; the message is the reason."""


def of_engine(error: Exception) -> QueryFailed:
    """Return what Athena would say where DuckDB raised ``error``."""
    first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    own, missing = OWN.search(str(error)), MISSING.search(first)
    if "TRY can not be used" in first:
        return QueryFailed("sandbox limitation: TRY around this expression", SYNTAX)
    if "Division by zero" in first:
        return QueryFailed("DIVISION_BY_ZERO: Division by zero")
    if missing and missing.group(1).startswith("$"):
        return QueryFailed(f"sandbox limitation: the hidden column {missing.group(1)}", SYNTAX)
    if missing:
        return QueryFailed(f"COLUMN_NOT_FOUND: line 1:8: Column '{missing.group(1)}' cannot be resolved", SYNTAX)
    if own:
        return QueryFailed(own.group(0).splitlines()[0])
    prefix = PREFIXES.get(type(error).__name__, "GENERIC_INTERNAL_ERROR: ")
    return QueryFailed(prefix + first.partition(": ")[2] if ": " in first else prefix + first)


def table_not_found(database: str, table: str) -> QueryFailed:
    """Return Athena's complaint about a table."""
    if "$" in table:
        return QueryFailed(f"sandbox limitation: the hidden table {table}; ask Glue for partitions", SYNTAX)
    name = f"awsdatacatalog.{database}.{table}"
    return QueryFailed(f"TABLE_NOT_FOUND: line 1:15: Table '{name}' does not exist", NOT_FOUND)
