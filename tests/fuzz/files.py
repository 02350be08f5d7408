"""Writes one side of a case as files, by the writers that people's engines have."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from fuzz.case import Case
from fuzz.kinds import DAY, UNITS, Kind, decode, encode, kind

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


_NARROWER = {
    "int64": ("int8", "int16", "int32"), "int32": ("int16",), "int16": ("int8",), "uint64": ("uint16", "uint32"),
    "float64": ("float32",), "decimal(18,2)": ("decimal(9,2)",), "decimal(38,10)": ("decimal(20,10)",),
    "timestamp(us)": ("timestamp(ms)",), "timestamp(ns)": ("timestamp(us)",),
}  # fmt: skip
"""Types in which an engine may have written a column of another file, if every value fits."""


def _narrowed(of: Kind, cells: list[Any]) -> tuple[Kind, list[Any]]:
    for name in _NARROWER.get(of.name, ()):
        try:
            return kind(name), [encode(kind(name), decode(of, cell)) for cell in cells]
        except (ValueError, OverflowError):
            continue
    return of, cells


def table(case: Case, side: int, rows: list[list[Any]], how: dict[str, Any]) -> pa.Table:
    """Return rows of one side as an Arrow table, stored as ``how`` says."""
    arrays = {}
    for at, column in enumerate(case.columns):
        if column.on(side):
            of, cells = column.kind(side), [row[at] for row in rows]
            if how.get("narrow"):
                of, cells = _narrowed(of, cells)
            arrays[column.on(side)] = _array(of, cells, how.get("texts", "string"))
    names = sorted(arrays) if how.get("narrow") else list(arrays)
    return pa.table({name: arrays[name] for name in names})


def write(case: Case, side: int, folder: Path) -> Path:
    """Write one side of a case and return the file or the directory."""
    how, rows = case.storage[side], case.rows[side]
    pieces = how.get("files", 1)
    if pieces == 1 and "hive" not in how:
        path = folder / f"{('legacy', 'target')[side]}{_suffix(how)}"
        _write_file(case, side, rows, path, how)
        return path
    place = folder / ("legacy", "target")[side]
    place.mkdir()
    (place / "_SUCCESS").touch()
    for inner, part, some in _folders(case, side, place) if "hive" in how else [(place, case, rows)]:
        inner.mkdir(exist_ok=True)
        for at in range(pieces):
            own = _varied(how, at) if how.get("mixed") else how
            _write_file(part, side, some[at::pieces], inner / f"part-{at:05}{_suffix(own)}", own)
    return place


def _suffix(how: dict[str, Any]) -> str:
    if how["format"] != "csv":
        return ".parquet"
    return ".csv.gz" if how.get("gzip") else ".csv.zst" if how.get("zstd") else ".csv"


def _varied(how: dict[str, Any], at: int) -> dict[str, Any]:
    """Return how the file of a number is stored, where no two files have one writer."""
    if how["format"] == "csv":
        return how | ({"gzip": True}, {"newline": "\r\n"}, {"zstd": True, "quotes": True})[at % 3]
    ways = ({}, {"narrow": True, "codec": "zstd", "texts": "dictionary"}, {"format": "duckdb", "narrow": True})
    return how | ways[at % 3]


def _folders(case: Case, side: int, place: Path) -> Iterator[tuple[Path, Case, list[list[Any]]]]:
    """Yield folders ``column=value`` with the rows of each, whose files lack the column."""
    at = next(at for at, column in enumerate(case.columns) if column.name == case.storage[side]["hive"])
    column = case.columns[at]
    texts: dict[str, list[list[Any]]] = {}
    for row in case.rows[side]:
        texts.setdefault(folder_text(column.kind(side), row[at]), []).append(row)
    without = replace(column, **{("legacy", "target")[side]: ""})
    part = replace(case, columns=(*case.columns[:at], without, *case.columns[at + 1 :]))
    for text, rows in texts.items():
        yield place / f"{quote(column.on(side), safe='')}={quote(text, safe='')}", part, rows


def folder_text(of: Kind, cell: Any) -> str:
    """Write a cell as engines name folders by it; OverflowError where it has no such name."""
    text = "__HIVE_DEFAULT_PARTITION__" if cell is None else csv_text(of, cell)
    if not text or len(quote(text, safe="")) > 200:
        raise OverflowError("no name of a folder")
    return text


def _write_file(case: Case, side: int, rows: list[list[Any]], path: Path, how: dict[str, Any]) -> None:
    writers = {"csv": _csv, "pyarrow": _pyarrow, "spark": _spark, "duckdb": _duckdb}
    writers[how["format"]](case, side, rows, path, how)


def _pyarrow(case: Case, side: int, rows: list[list[Any]], path: Path, how: dict[str, Any]) -> None:
    pq.write_table(
        table(case, side, rows, how),
        path,
        row_group_size=how.get("group", 1000),
        compression=how.get("codec", "snappy"),
        use_dictionary=how.get("dictionary", True),
        write_statistics=how.get("statistics", True),
        data_page_version=how.get("pages", "1.0"),
        store_decimal_as_integer=how.get("integers", False),
    )


def _spark(case: Case, side: int, rows: list[list[Any]], path: Path, how: dict[str, Any]) -> None:
    """Write as Spark does: times as INT96, the old names in lists."""
    pq.write_table(
        table(case, side, rows, how),
        path,
        row_group_size=how.get("group", 1000),
        use_deprecated_int96_timestamps=how.get("int96", False),
        use_compliant_nested_type=False,
        store_schema=False,
        version="1.0",
    )


def _duckdb(case: Case, side: int, rows: list[list[Any]], path: Path, how: dict[str, Any]) -> None:
    made = table(case, side, rows, how)
    with duckdb.connect() as connection:
        connection.register("made", made)
        size = max(1, how.get("group", 1000))
        connection.execute(f"COPY (FROM made) TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {size})")


def _csv(case: Case, side: int, rows: list[list[Any]], path: Path, how: dict[str, Any]) -> None:
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
    data = (("\ufeff" if how.get("mark") else "") + end.join(lines) + end).encode(how.get("encoding", "utf-8"))
    if how.get("gzip"):
        path.write_bytes(gzip.compress(data))
    elif how.get("zstd"):
        with pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd") as out:
            out.write(data)
    else:
        path.write_bytes(data)


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
