"""Typed values at the borders of their types, as Parquet files of PyArrow and Spark: what every reader is shown.

Dates and times are written as ISO 8601 with a year of any length, and stored as counts since 1970: Python has no
year before 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from parity.sql.columns import Column, Kind

MICROS = 10**6
DAY = 86_400 * MICROS
GREGORIAN = "1582-10-15"


@dataclass(frozen=True)
class Values:
    """One column of values: its types in Hive, Arrow and Spark, and the values as text or as Python has them."""

    name: str
    hive: str
    arrow: str
    spark: str
    values: tuple[Any, ...]
    kind: Kind = Kind.UNKNOWN
    scale: int = 0

    @property
    def column(self) -> Column:
        """The column that is read; its kind has a canonical text, or is UNKNOWN."""
        return Column("v", self.kind, self.scale, native=self.spark)


@dataclass(frozen=True)
class Written:
    """A folder with one file: columns ``n``, which numbers the values, and ``v``."""

    values: Values
    writer: str
    folder: str
    stored: tuple[Any, ...]
    """The values as this writer could store them."""

    @property
    def name(self) -> str:
        """How records call it."""
        return f"{self.values.name} by {self.writer}"


TIMES = (
    "2026-03-02 10:20:30.123456", "2026-03-02 10:20:30.123499", "2026-03-02 10:20:30.123500",
    "2026-03-02 10:20:30.999999", "2026-03-29 01:30:00.000000", "1969-12-31 23:59:59.999999",
    "1969-12-31 23:59:59.122500", "1900-01-01 00:00:00.000000", "1582-10-15 00:00:00.000000",
    "1582-10-04 12:00:00.000000", "1000-01-01 00:00:00.000000", "0001-01-01 00:00:00.000000",
    "0000-12-31 00:00:00.000000", "-0044-03-15 00:00:00.000000", "9999-12-31 23:59:59.999999",
    "+10000-01-01 00:00:00.000000", None,
)  # fmt: skip
DATES = (
    "2026-03-02", "1970-01-01", "1969-12-31", "1582-10-15", "1582-10-04", "1000-01-01", "0001-01-01", "0000-12-31",
    "-0044-03-15", "9999-12-31", "10000-01-01", None,
)  # fmt: skip
TEXTS = (
    "", " ", "a ", "\t", "\x00", "\x1f", "é", "e\u0301", "ß", "日本語", "🙂", "𐍈", "\U000e0101", "\U0010fffd",
    "\uffff", "\ufeff", "x" * 5000, None,
)  # fmt: skip
FLOATS = (0.0, -0.0, 0.1, 1.5, math.nan, math.inf, -math.inf)
DOUBLES = (*FLOATS, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e23, 2.0**53 + 1, None)
REALS = (*FLOATS, 1.401298464324817e-45, 3.4028234663852886e38, None)


def _exact(precision: int, scale: int) -> Values:
    most = 10**precision - 1
    values = tuple(Decimal(f"{digits}E-{scale}") for digits in (0, 1, -1, most, -most))
    kind = f"decimal({precision},{scale})"
    return Values(kind, kind, kind, kind, (*values, None), Kind.DECIMAL, scale)


def _whole(name: str, bits: int) -> Values:
    values = (0, -1, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), None)
    return Values(name, name, f"int{bits}", name.replace("integer", "int"), values, Kind.INTEGER)


TIME = Values("timestamp", "timestamp(3)", "timestamp", "timestamp", TIMES, Kind.TIMESTAMP, 6)
DATE = Values("date", "date", "date32", "date", DATES, Kind.DATE)
NESTED = (
    Values("array", "array(integer)", "list", "array<int>", ([1, None, -1], [], None)),
    Values("map", "map(varchar, bigint)", "map", "map<string,bigint>", ({"a": 1, "b": None}, {}, None)),
    Values("row", "row(a integer, b varchar)", "struct", "struct<a:int,b:string>", ({"a": 1, "b": None}, None)),
    Values(
        "array of rows", "array(row(a integer))", "list of structs", "array<struct<a:int>>", ([{"a": 1}, None],)
    ),
)
PLAIN = (
    *(_exact(precision, scale) for precision, scale in ((4, 2), (9, 2), (18, 4), (38, 0), (38, 18), (38, 38))),
    *(_whole(name, bits) for name, bits in (("tinyint", 8), ("smallint", 16), ("integer", 32), ("bigint", 64))),
    Values("double", "double", "float64", "double", DOUBLES),
    Values("real", "real", "float32", "float", REALS),
    Values("boolean", "boolean", "bool_", "boolean", (True, False, None), Kind.BOOLEAN),
    Values("varchar", "varchar", "string", "string", TEXTS, Kind.TEXT),
    Values("varbinary", "varbinary", "binary", "binary", (b"", b"\x00", bytes(range(256)), None), Kind.BINARY),
    *NESTED,
)
ARROW: Mapping[str, Any] = {
    "list": pa.list_(pa.int32()),
    "map": pa.map_(pa.string(), pa.int64()),
    "struct": pa.struct({"a": pa.int32(), "b": pa.string()}),
    "list of structs": pa.list_(pa.struct({"a": pa.int32()})),
}
ARROW_TIMES: Mapping[str, tuple[str, str | None, Mapping[str, Any]]] = {
    "PyArrow": ("us", None, {}),
    "PyArrow in UTC": ("us", "UTC", {}),
    "PyArrow in milliseconds": ("ms", None, {}),
    "PyArrow as INT96": ("us", None, {"use_deprecated_int96_timestamps": True}),
}
_TYPE, _REBASE = "spark.sql.parquet.outputTimestampType", "spark.sql.parquet.datetimeRebaseModeInWrite"
SPARK_TIMES: Mapping[str, Mapping[str, str]] = {
    "Spark": {_TYPE: "TIMESTAMP_MICROS"},
    "Spark as INT96": {_TYPE: "INT96"},
    "Spark in the old calendar": {_TYPE: "TIMESTAMP_MICROS", _REBASE: "LEGACY"},
}
INT96_RANGE = 9 * 10**15
"""Microseconds from 1970 that PyArrow, which counts nanoseconds, can write as INT96."""


def days(year: int, month: int, day: int) -> int:
    """Return the days since 1970-01-01 in the calendar of today, carried back before its time."""
    year -= month <= 2
    of_year = (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + of_year - 719468


def count(text: str) -> int:
    """Return a date's days, or a time's microseconds, since 1970."""
    found = re.fullmatch(r"[+]?(-?\d+)-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)\.(\d{6}))?", text)
    assert found, text
    whole = days(*(int(part) for part in found.groups()[:3]))
    if found[4] is None:
        return whole
    hour, minute, second, micro = (int(part) for part in found.groups()[3:])
    return whole * DAY + ((hour * 60 + minute) * 60 + second) * MICROS + micro


def written(value: int, unit: str = "us") -> str:
    """Return the text of a date's days (``unit`` is ``day``) or of a time's microseconds since 1970."""
    whole, rest = (value, 0) if unit == "day" else divmod(value, DAY)
    shifted = whole + 719468
    era, of_era = divmod(shifted, 146097)
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    place = (5 * of_year + 2) // 153
    day, month = of_year - (153 * place + 2) // 5 + 1, place + 3 if place < 10 else place - 9
    year = year_of_era + era * 400 + (month <= 2)
    plus = "+" if year > 9999 and unit != "day" else ""
    date = f"{plus}{'-' if year < 0 else ''}{abs(year):04d}-{month:02d}-{day:02d}"
    seconds, micro = divmod(rest, MICROS)
    clock = f" {seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{micro:06d}"
    return date if unit == "day" else date + clock


def write_arrow(root: Path) -> Iterator[Written]:
    """Write what PyArrow writes below ``root``."""
    for writer, (unit, zone, options) in ARROW_TIMES.items():
        step = 1000 if unit == "ms" else 1
        stored = [text and count(text) // step for text in TIMES]
        if options:
            stored = [one if one is None or abs(one) < INT96_RANGE else None for one in stored]
        texts = tuple(None if one is None else written(one * step) for one in stored)
        yield _write(root, TIME, writer, pa.array(stored, pa.timestamp(unit, zone)), texts, options)
    yield _write(root, DATE, "PyArrow", pa.array([text and count(text) for text in DATES], pa.date32()), DATES)
    for values in PLAIN:
        yield _write(root, values, "PyArrow", pa.array(values.values, _arrow(values)), values.values)


def _arrow(values: Values) -> Any:
    if values.kind is Kind.DECIMAL:
        return pa.decimal128(*map(int, re.findall(r"\d+", values.hive)))
    return ARROW.get(values.arrow) or getattr(pa, values.arrow)()


def _write(
    root: Path, values: Values, writer: str, array: pa.Array, stored: tuple[Any, ...], options: Any = None
) -> Written:
    folder = re.sub(r"\W+", "_", f"{values.name} by {writer}").lower()
    (root / folder).mkdir(parents=True)
    table = pa.table({"n": pa.array(range(len(array)), pa.int32()), "v": array})
    pq.write_table(table, root / folder / "part-0.parquet", **(options or {}))
    return Written(values, writer, folder, stored)


def write_spark(spark: Any, root: Path) -> Iterator[Written]:
    """Write what Spark writes below ``root``, from the files of PyArrow: times, dates, and everything else."""
    for writer, settings in SPARK_TIMES.items():
        for values in (TIME, DATE):
            if values is TIME or "INT96" not in writer:
                yield _rewritten(spark, root, values, writer, settings)
    for values in PLAIN:
        yield _rewritten(spark, root, values, "Spark", {})


def _rewritten(spark: Any, root: Path, values: Values, writer: str, settings: Mapping[str, str]) -> Written:
    source = "PyArrow in UTC" if values is TIME else "PyArrow"
    folder, origin = (re.sub(r"\W+", "_", f"{values.name} by {one}").lower() for one in (writer, source))
    for name, value in settings.items():
        spark.conf.set(name, value)
    spark.read.parquet(str(root / origin)).coalesce(1).write.parquet(str(root / folder))
    for name in settings:
        spark.conf.unset(name)
    return Written(values, writer, folder, values.values)
