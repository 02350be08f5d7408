"""Spark's spelling, for Databricks; the session must run in UTC (the helper job sets that)."""

from __future__ import annotations

from typing import ClassVar

from parity.sql.columnar import Columnar
from parity.sql.columns import Column, Kind

_TYPES = {Kind.INTEGER: "bigint", Kind.BOOLEAN: "boolean", Kind.DATE: "date", Kind.TIMESTAMP: "timestamp"}


class Spark(Columnar):
    """Databricks."""

    text_type: ClassVar[str] = "STRING"
    separator: ClassVar[str] = "char(31)"

    def quote(self, name: str) -> str:
        """Return an identifier in backquotes."""
        return "`" + name.replace("`", "``") + "`"

    def decimal(self, column: Column, value: str) -> str:
        """Return an exact number; without ANSI mode Spark's own text of a small one has an exponent."""
        scale = column.scale
        return f"replace(format_number(CAST({value} AS DECIMAL(38,{scale})), {scale}), ',', '')"

    def moment(self, column: Column, value: str) -> str:
        """Return a moment; a pattern's year is that of its era, so that years before 1 are spelled out."""
        usual = f"{value} >= DATE'0001-01-01' AND {value} < DATE'+10000-01-01'"
        sign = f"CASE WHEN year({value}) > 9999 THEN '+' WHEN year({value}) < 0 THEN '-' ELSE '' END"
        year = f"{sign}, format_string('%04d', abs(year({value})))"
        return (
            f"CASE WHEN {usual} THEN date_format({value}, 'yyyy-MM-dd HH:mm:ss.SSSSSS')"
            f" ELSE concat({year}, date_format({value}, '-MM-dd HH:mm:ss.SSSSSS')) END"
        )

    def day(self, column: Column, value: str) -> str:
        """Return a date; Spark puts a plus before a year after 9999."""
        return f"trim(LEADING '+' FROM CAST({value} AS STRING))"

    def hexadecimal(self, column: Column, value: str) -> str:
        """Return bytes; Spark writes capitals."""
        return f"lower(hex({value}))"

    def unpadded(self, value: str) -> str:
        """Return a CHAR(n) unfilled; Spark's rtrim takes blanks only."""
        return f"rtrim({value})"

    def md5(self, text: str) -> str:
        """Return the MD5 of the text's UTF-8."""
        return f"md5({text})"

    def hexadecimal_number(self, digits: str) -> str:
        """Return hexadecimal digits as a number."""
        return f"CAST(conv({digits}, 16, 10) AS BIGINT)"

    def literal(self, column: Column, cell: str | None) -> str:
        """Return a literal that no content can break out of: a backslash means something in Spark's texts."""
        if column.kind is Kind.TEXT:
            return "CAST(NULL AS STRING)" if cell is None else f"CAST(X'{cell.encode().hex()}' AS STRING)"
        if column.kind is Kind.BINARY:
            return "CAST(NULL AS BINARY)" if cell is None else f"X'{bytes.fromhex(cell).hex()}'"
        if column.kind is Kind.BOOLEAN and cell is not None:
            return "true" if cell == "1" else "false"
        kind = _TYPES.get(column.kind) or f"decimal({column.precision or 38},{column.scale})"
        quoted = "NULL" if cell is None else "'" + cell.replace("'", "''") + "'"
        return f"CAST({quoted} AS {kind})"
