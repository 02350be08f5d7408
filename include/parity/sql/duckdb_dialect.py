"""DuckDB's spelling, in which a worker recomputes what an engine has digested, and how it reads Parquet files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from parity.sql.columnar import Columnar
from parity.sql.columns import Column, Kind

_DIGITS = 38
STATISTICS_OPTIMIZER = "statistics_propagation"
"""The optimizer to disable: minima and maxima in a footer decide which rows are read, and they may be wrong."""


class DuckDB(Columnar):
    """DuckDB; its session must run in UTC."""

    def decimal(self, column: Column, value: str) -> str:
        """Return an exact number; DuckDB writes no zero before the point where all digits come after it."""
        plain = f"CAST(CAST({value} AS DECIMAL(38,{column.scale})) AS VARCHAR)"
        return plain if column.scale < _DIGITS else f"regexp_replace({plain}, '^(-?)[.]', '\\10.')"

    def moment(self, column: Column, value: str) -> str:
        """Return a moment; a time with a zone becomes UTC in the cast."""
        time = f"CAST({value} AS TIMESTAMP)"
        plus = f"CASE WHEN year({time}) > 9999 THEN '+' ELSE '' END"
        return (
            f"CASE WHEN year({time}) BETWEEN 1 AND 9999 THEN strftime({time}, '%Y-%m-%d %H:%M:%S.%f')"
            f" ELSE {plus} || {_year(time)} || strftime({time}, '-%m-%d %H:%M:%S.%f') END"
        )

    def day(self, column: Column, value: str) -> str:
        """Return a date; DuckDB's own text counts years before 1 by their era."""
        far = f"{_year(value)} || strftime({value}, '-%m-%d')"
        return f"CASE WHEN year({value}) > 0 THEN CAST({value} AS VARCHAR) ELSE {far} END"

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


def read_parquet(files: Iterable[Path], moments: Iterable[str] = ()) -> str:
    """Return what follows FROM to read ``files``; a name with ``*``, ``?`` or ``[`` in it is no pattern.

    ``moments`` are columns whose wall times are moments in UTC.
    """
    listed = ", ".join(_literal(file) for file in files)
    read = f"read_parquet([{listed}], union_by_name = false, hive_partitioning = false, can_have_nan = true)"
    quoted = [DuckDB().quote(name) for name in moments]
    zoned = ", ".join(f"make_timestamptz(epoch_us({name})) AS {name}" for name in quoted)
    return f"(SELECT * REPLACE ({zoned}) FROM {read})" if zoned else read


def _year(value: str) -> str:
    return f"printf('%s%04d', CASE WHEN year({value}) < 0 THEN '-' ELSE '' END, abs(year({value})))"


def _literal(file: Path) -> str:
    path = re.sub(r"([*?\[])", r"[\1]", str(file))
    return "'" + path.replace("'", "''") + "'"
