"""DuckDB's spelling, in which a worker recomputes what an engine has digested, and how it reads Parquet files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from parity.sql.columnar import Columnar
from parity.sql.columns import Column, Kind

STATISTICS_OPTIMIZER = "statistics_propagation"
"""The optimizer to disable: minima and maxima in a footer decide which rows are read, and they may be wrong."""


class DuckDB(Columnar):
    """DuckDB; its session must run in UTC."""

    def decimal(self, column: Column, value: str) -> str:
        """Return an exact number."""
        return f"CAST(CAST({value} AS DECIMAL(38,{column.scale})) AS VARCHAR)"

    def moment(self, column: Column, value: str) -> str:
        """Return a moment; a time with a zone becomes UTC in the cast."""
        return f"strftime(CAST({value} AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f')"

    def hexadecimal(self, column: Column, value: str) -> str:
        """Return bytes."""
        return f"lower(hex({value}))"

    def unpadded(self, value: str) -> str:
        """Return a CHAR(n) unfilled."""
        return f"rtrim({value}, ' ')"

    def md5(self, text: str) -> str:
        """Return the MD5 of the text's UTF-8."""
        return f"md5({text})"

    def hexadecimal_number(self, digits: str) -> str:
        """Return hexadecimal digits as a number."""
        return f"CAST('0x' || {digits} AS BIGINT)"

    def literal(self, column: Column, cell: str | None) -> str:
        """Return a literal of the column's type."""
        if cell is None:
            return "NULL"
        if column.kind is Kind.BINARY:
            return f"from_hex('{bytes.fromhex(cell).hex()}')"
        if column.kind is Kind.TEXT:
            return f"decode(from_hex('{cell.encode().hex()}'))"
        if column.kind is Kind.BOOLEAN:
            return "true" if cell == "1" else "false"
        kind = {Kind.INTEGER: "BIGINT", Kind.DATE: "DATE", Kind.TIMESTAMP: "TIMESTAMP"}.get(column.kind)
        return f"CAST('{cell}' AS {kind or f'DECIMAL({column.precision or 38},{column.scale})'})"


def read_parquet(files: Iterable[Path]) -> str:
    """Return what follows FROM to read ``files``; a name with ``*``, ``?`` or ``[`` in it is no pattern."""
    listed = ", ".join(_literal(file) for file in files)
    return f"read_parquet([{listed}], union_by_name = false, hive_partitioning = false, can_have_nan = true)"


def _literal(file: Path) -> str:
    path = re.sub(r"([*?\[])", r"[\1]", str(file))
    return "'" + path.replace("'", "''") + "'"
