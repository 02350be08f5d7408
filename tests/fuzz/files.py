"""Writes one side of a case as files, by the writers that people's engines have."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from fuzz.case import Case
from fuzz.kinds import DAY, UNITS, Kind

_TEXTS = {"string": pa.string(), "large": pa.large_string(), "dictionary": pa.dictionary(pa.int32(), pa.string())}


def arrow(of: Kind, texts: str = "string") -> pa.DataType:
    """Return the Arrow type of a kind; ``texts`` says how texts are stored."""
    simple = {
        "text": _TEXTS[texts],
        "binary": pa.large_binary() if texts == "large" else pa.binary(),
        "bool": pa.bool_(),
        "date": pa.date32(),
        "uuid": pa.uuid(),
        "null": pa.null(),
    }
    if of.family in simple:
        return simple[of.family]
    if of.family == "integer":
        return getattr(pa, of.name)()
    if of.family == "decimal":
        return pa.decimal128(of.precision, of.scale)
    if of.family == "float":
        return pa.float32() if of.bits == 32 else pa.float64()
    if of.family == "time":
        return pa.time32(of.unit) if of.unit in ("s", "ms") else pa.time64(of.unit)
    if of.family == "timestamp":
        return pa.timestamp(of.unit, "UTC" if of.zoned else None)
    parts = {name: arrow(part) for name, part in of.fields}
    if of.family == "list":
        return pa.list_(parts["item"])
    return pa.map_(parts["key"], parts["value"]) if of.family == "map" else pa.struct(list(parts.items()))


def _plain(of: Kind, cell: Any) -> Any:
    """Return what pyarrow builds a value from."""
    if cell is None:
        return None
    if of.family in ("decimal", "float", "binary", "uuid"):
        make = {"decimal": Decimal, "float": float, "binary": bytes.fromhex, "uuid": lambda one: UUID(one).bytes}
        return make[of.family](cell)
    parts = dict(of.fields)
    if of.family == "list":
        return [_plain(parts["item"], one) for one in cell]
    if of.family == "map":
        return [(_plain(parts["key"], one), _plain(parts["value"], other)) for one, other in cell]
    return {name: _plain(part, cell[name]) for name, part in of.fields} if of.family == "struct" else cell


def _array(of: Kind, cells: list[Any], texts: str) -> pa.Array:
    values = [_plain(of, cell) for cell in cells]
    if of.family == "uuid":
        return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(values, pa.binary(16)))
    if of.family in ("date", "time", "timestamp"):
        to = arrow(of)
        return pa.array(values, pa.int32() if to.bit_width == 32 else pa.int64()).view(to)
    return pa.array(values, arrow(of, texts))


def table(case: Case, side: int, rows: list[list[Any]]) -> pa.Table:
    """Return rows of one side as an Arrow table."""
    texts = case.storage[side].get("texts", "string")
    arrays = {
        column.on(side): _array(column.kind(side), [row[at] for row in rows], texts)
        for at, column in enumerate(case.columns)
        if column.on(side)
    }
    return pa.table(arrays)


def write(case: Case, side: int, folder: Path) -> Path:
    """Write one side of a case and return the file or the directory."""
    how, rows = case.storage[side], case.rows[side]
    pieces = how.get("files", 1)
    suffix = {"csv": ".csv.gz" if how.get("gzip") else ".csv"}.get(how["format"], ".parquet")
    if pieces == 1:
        path = folder / f"{('legacy', 'target')[side]}{suffix}"
        _write_file(case, side, rows, path)
        return path
    place = folder / ("legacy", "target")[side]
    place.mkdir()
    (place / "_SUCCESS").touch()
    for at in range(pieces):
        _write_file(case, side, rows[at::pieces], place / f"part-{at:05}{suffix}")
    return place


def _write_file(case: Case, side: int, rows: list[list[Any]], path: Path) -> None:
    how = case.storage[side]
    writers = {"csv": _csv, "pyarrow": _pyarrow, "spark": _spark, "duckdb": _duckdb}
    writers[how["format"]](case, side, rows, path)


def _pyarrow(case: Case, side: int, rows: list[list[Any]], path: Path) -> None:
    how = case.storage[side]
    pq.write_table(
        table(case, side, rows),
        path,
        row_group_size=how.get("group", 1000),
        compression=how.get("codec", "snappy"),
        use_dictionary=how.get("dictionary", True),
        write_statistics=how.get("statistics", True),
        data_page_version=how.get("pages", "1.0"),
        store_decimal_as_integer=how.get("integers", False),
    )


def _spark(case: Case, side: int, rows: list[list[Any]], path: Path) -> None:
    """Write as Spark does: times as INT96, the old names in lists."""
    how = case.storage[side]
    pq.write_table(
        table(case, side, rows),
        path,
        row_group_size=how.get("group", 1000),
        use_deprecated_int96_timestamps=how.get("int96", False),
        use_compliant_nested_type=False,
        store_schema=False,
        version="1.0",
    )


def _duckdb(case: Case, side: int, rows: list[list[Any]], path: Path) -> None:
    made = table(case, side, rows)
    with duckdb.connect() as connection:
        connection.register("made", made)
        size = max(1, case.storage[side].get("group", 1000))
        connection.execute(f"COPY (FROM made) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {size})")


def _csv(case: Case, side: int, rows: list[list[Any]], path: Path) -> None:
    how = case.storage[side]
    delimiter, end = how.get("delimiter", ","), how.get("newline", "\n")
    columns = [(at, column) for at, column in enumerate(case.columns) if column.on(side)]

    def quoted(text: str, always: bool) -> str:
        special = always or not text or any(one in text for one in (delimiter, '"', "\n", "\r"))
        return '"' + text.replace('"', '""') + '"' if special else text

    lines = [delimiter.join(quoted(column.on(side), False) for _, column in columns)]
    for row in rows:
        cells = ((column.kind(side), row[at]) for at, column in columns)
        lines.append(
            delimiter.join("" if cell is None else quoted(csv_text(of, cell), how["quotes"]) for of, cell in cells)
        )
    data = ("\ufeff" if how.get("mark") else "").encode() + (end.join(lines) + end).encode()
    path.write_bytes(gzip.compress(data) if how.get("gzip") else data)


def csv_text(of: Kind, cell: Any) -> str:
    """Write a cell as every engine's CSV has it."""
    if of.family == "bool":
        return str(cell).lower()
    if of.family == "date":
        return _date(cell)
    if of.family == "time":
        return _clock(cell * UNITS[of.unit], of.unit)
    if of.family == "timestamp":
        days, rest = divmod(cell * UNITS[of.unit], DAY)
        return f"{_date(days)} {_clock(rest, of.unit)}{'Z' if of.zoned else ''}"
    return str(cell)


def _date(days: int) -> str:
    """Write a day of the years 1 to 9999 as ISO does."""
    import datetime as dt

    return (dt.date(1970, 1, 1) + dt.timedelta(days=days)).isoformat()


def _clock(nanos: int, unit: str) -> str:
    seconds, fraction = divmod(nanos, 10**9)
    places = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction // 10 ** (9 - places):0{places}}" if places else text
