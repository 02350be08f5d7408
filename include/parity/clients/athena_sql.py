"""Statements for Athena: named parameters become execution parameters, a query becomes an UNLOAD."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Value = str | int | Decimal | bool | date | None


@dataclass(frozen=True)
class Statement:
    """A statement with ``?``, and the literals for them in order."""

    sql: str
    parameters: tuple[str, ...] = ()

    @property
    def request(self) -> dict[str, Any]:
        """Return it as AthenaRuns takes it."""
        return {"sql": self.sql, "parameters": list(self.parameters)}


def bind(sql: str, values: Mapping[str, Value]) -> Statement:
    """Replace ``:name`` outside strings, comments and quoted names; BadInput for unknown names."""
    raise NotImplementedError


def unload(query: Statement, destination: str) -> Statement:
    """Return the UNLOAD of ``query`` to Parquet under an empty s3:// folder."""
    raise NotImplementedError
