"""Trino's spelling, for Athena engine version 3."""

from __future__ import annotations

from parity.sql.columnar import Columnar
from parity.sql.columns import Column, Kind

_TYPES = {Kind.INTEGER: "bigint", Kind.BOOLEAN: "boolean", Kind.DATE: "date", Kind.TIMESTAMP: "timestamp(6)"}


class Trino(Columnar):
    """Athena. Its date_format rounds to milliseconds, so times go through a CAST, whose width is fixed."""

    def decimal(self, column: Column, value: str) -> str:
        """Return an exact number; Trino's own text keeps the whole scale."""
        return f"CAST(CAST({value} AS decimal(38,{column.scale})) AS varchar)"

    def moment(self, column: Column, value: str) -> str:
        """Return a moment; one with a zone is converted to UTC first."""
        plain = f"({value} AT TIME ZONE 'UTC')" if "time zone" in column.native else value
        return f"CAST(CAST({plain} AS timestamp(6)) AS varchar)"

    def hexadecimal(self, column: Column, value: str) -> str:
        """Return bytes; Trino writes capitals."""
        return f"lower(to_hex({value}))"

    def unpadded(self, value: str) -> str:
        """Return a CHAR(n) unfilled; Trino's trim takes every white space, and $ may stand before a line's end."""
        return f"regexp_replace(CAST({value} AS varchar), ' +\\z', '')"

    def md5(self, text: str) -> str:
        """Return the MD5 of the text's UTF-8."""
        return f"lower(to_hex(md5(to_utf8({text}))))"

    def hexadecimal_number(self, digits: str) -> str:
        """Return hexadecimal digits as a number."""
        return f"from_base({digits}, 16)"

    def literal(self, column: Column, cell: str | None) -> str:
        """Return a literal that no content can break out of."""
        if column.kind is Kind.TEXT:
            return "CAST(NULL AS varchar)" if cell is None else f"from_utf8(X'{cell.encode().hex()}')"
        if column.kind is Kind.BINARY:
            return "CAST(NULL AS varbinary)" if cell is None else f"X'{bytes.fromhex(cell).hex()}'"
        kind = _TYPES.get(column.kind) or f"decimal({column.precision or 38},{column.scale})"
        if column.kind is Kind.BOOLEAN and cell is not None:
            return "true" if cell == "1" else "false"
        return f"CAST({'NULL' if cell is None else _quoted(cell)} AS {kind})"


def _quoted(cell: str) -> str:
    return "'" + cell.replace("'", "''") + "'"
