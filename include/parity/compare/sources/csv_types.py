"""The types of a CSV's columns, all inferred: the narrowest type that loses nothing.

A column takes the other side's type when every text of the file fits it exactly; otherwise it is an
integer, a decimal, a date, a timestamp or a boolean only if every text looks like one (a leading zero
makes it a text), and never a float: 12e4 and 120e3 may be codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parity.compare.session import DuckSession, batches, ident, literal, text
from parity.compare.sources.exact_texts import SHAPES, exactly
from parity.compare.spec import CsvFormat
from parity.compare.types import DataType
from parity.errors import BadInput, ExportRefused
from parity.wording import did_you_mean, plural

SOME_TIME = DataType("some time", '"NULL"')
"""The type of a column with a tolerance in time: dates, moments or times of day."""
_SAFE_DIGITS = {"tinyint": 2, "smallint": 4, "integer": 9, "bigint": 18, "hugeint": 38}
"""Every number of so many digits fits; unsigned types have no room for a sign."""
_SAFE_DIGITS |= {"utinyint": 0, "usmallint": 0, "uinteger": 0, "ubigint": 0}

_CUT_DIGITS = ("DECIMAL", "FLOAT", "DOUBLE", "TIME")
"""Types whose casts drop digits that do not fit: these are tested. The shapes of the texts warrant the others."""


def typed_columns(
    session: DuckSession, table: str, form: CsvFormat, wanted: Mapping[str, DataType | None]
) -> dict[str, str]:
    """Return, for every column of a table of texts, the SQL that gives it its type."""
    names = [name for name, _ in session.describe(f"SELECT * FROM {table}")]
    unknown = sorted(set(form.types) - set(names))
    if unknown:
        raise BadInput(f"The CSV has no column {unknown[0]!r}.", remedy=did_you_mean(unknown[0], names))
    for name, kind in form.types.items():
        _refuse_unknown_type(name, kind)
    looks = {name: looks for part in batches(names, 100) for name, looks in _looks(session, table, part).items()}
    chosen = {name: choose(looks[name], wanted.get(name)) for name in names} | dict(form.types)
    tests = {
        name: exactly(ident(name), kind)
        for name, kind in chosen.items()
        if name in form.types or kind.startswith(_CUT_DIGITS)
    }
    lost = _lost(session, table, tests)
    for name, texts in lost.items():
        if name in form.types:
            what = plural(texts, "text of its", "texts of its")
            raise ExportRefused(
                f"The CSV column {name} is declared as {form.types[name]}, which {what} do not fit exactly.",
                remedy="Declare a wider type, or leave it out.",
            )
    return {name: f"CAST({ident(name)} AS {'VARCHAR' if name in lost else chosen[name]})" for name in names}


def _refuse_unknown_type(name: str, kind: str) -> None:
    import duckdb

    try:
        duckdb.sqltypes.DuckDBPyType(kind)
    except duckdb.Error as error:
        raise BadInput(f"The CSV column {name} is declared as {kind!r}, which is no type.") from error


def folder_cast(session: DuckSession, cell: str, values: list[str | None], wanted: DataType) -> list[str]:
    """Return the SQL that gives the texts in folders' names the other side's type, if every one fits exactly.

    A month may be written as 03: zeros in front do not count where the other side holds whole numbers.
    """
    bare = f"regexp_replace({cell}, '^(-?)0+(\\d)', '\\1\\2')" if wanted.name in _SAFE_DIGITS else cell
    listed = (
        f"(SELECT {bare} AS {cell} FROM (SELECT unnest([{', '.join(map(literal, values))}]::VARCHAR[]) AS {cell}))"
    )
    name = cell[1:-1].replace('""', '"')
    kind = choose(_looks(session, listed, [name])[name], wanted)
    if kind == "VARCHAR" or _lost(session, listed, {name: exactly(cell, kind)}):
        return []
    return [f"CAST({bare} AS {kind})"]


def _lost(session: DuckSession, table: str, tests: Mapping[str, str]) -> dict[str, int]:
    """Return the columns of which some texts fail their tests, with how many."""
    if not tests:
        return {}
    counts = (f"count(*) FILTER ({ident(name)} IS NOT NULL AND NOT ({test}))" for name, test in tests.items())
    found = session.row(f"SELECT {', '.join(counts)} FROM {table}")
    return {name: int(count) for name, count in zip(tests, found, strict=True) if count}


def _looks(session: DuckSession, table: str, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count, for each column, its texts and how many of them have each shape.

    One below the other: counting side by side took 1.5 milliseconds to plan for each column and shape.
    """
    counts = ", ".join(f"count(*) FILTER ({_looks_like('cell', shape)})" for shape in SHAPES)
    columns = ", ".join(f"{ident(name)} AS c{at}" for at, name in enumerate(names))
    found = session.rows(
        f"SELECT name[2:]::INTEGER, count(*), {counts},"
        r" max(length(regexp_extract(cell, '\.(\d+)', 1))), max(length(regexp_extract(cell, '^[+-]?0*(\d*)', 1)))"
        f" FROM (UNPIVOT (SELECT {columns} FROM {table}) ON COLUMNS(*) INTO NAME name VALUE cell) GROUP BY name"
    )
    keys = ("texts", *SHAPES, "fraction", "digits")
    looks = {name: dict.fromkeys(keys, 0) for name in names}
    return looks | {names[at]: dict(zip(keys, counted, strict=True)) for at, *counted in found}


_EXISTS = {"day": "DATE", "moment": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "clock": "TIME"}
"""Shapes whose texts may name what does not exist, such as 2026-02-30, which stays a text."""


def _looks_like(cell: str, shape: str) -> str:
    matches = f"regexp_full_match({cell}, {text(SHAPES[shape])})"
    kind = _EXISTS.get(shape)
    return f"CASE WHEN {matches} THEN TRY_CAST({cell} AS {kind}) IS NOT NULL END" if kind else matches


def choose(looks: Mapping[str, int], wanted: DataType | None) -> str:
    """Choose the type of a column from the shapes of its texts and the other side's type."""
    every = {shape for shape in SHAPES if looks[shape] == looks["texts"]}
    if not looks["texts"]:
        return wanted.sql if wanted else '"NULL"'
    return _fit(looks, every, wanted) if wanted and not wanted.untyped else _guess(looks, every)


def _guess(looks: Mapping[str, int], every: set[str]) -> str:
    digits = looks["digits"] + looks["fraction"]
    if "whole" in every and digits <= 18:
        return "BIGINT"
    if "fixed" in every and digits <= 38:
        return f"DECIMAL({max(18, digits)},{looks['fraction']})"
    return _first(_temporal(looks) | {"truth": "BOOLEAN"}, every)


def _fit(looks: Mapping[str, int], every: set[str], wanted: DataType) -> str:
    """Return a type of the wanted kind when no text loses anything by it, and text otherwise."""
    fixed = _decimal(looks, wanted)
    if wanted.name in _SAFE_DIGITS:
        whole = wanted.sql if looks["digits"] <= _SAFE_DIGITS[wanted.name] else "HUGEINT"
        return _first({"whole": whole, "fixed": fixed}, every)
    if wanted.name.startswith("timestamp"):
        return _first(_temporal(looks), every)
    clock = "TIME_NS" if looks["fraction"] > 6 else "TIME"
    shapes = {
        "decimal": {"fixed": fixed},
        "float": {"real": "FLOAT"},
        "double": {"real": "DOUBLE"},
        "date": {"day": "DATE", "moment": _temporal(looks)["moment"]},
        "boolean": {"truth": "BOOLEAN"},
        "time": {"clock": clock},
        "time_ns": {"clock": clock},
        SOME_TIME.name: _temporal(looks) | {"clock": clock},
    }
    return _first(shapes.get(wanted.name, {}), every)


def _first(shapes: Mapping[str, str], every: set[str]) -> str:
    return next((sql for shape, sql in shapes.items() if shape in every), "VARCHAR")


def _decimal(looks: Mapping[str, int], wanted: DataType) -> str:
    before, after = wanted.precision - wanted.scale, wanted.scale
    if wanted.name == "decimal" and looks["fraction"] <= after and looks["digits"] <= before:
        return wanted.sql
    digits = looks["digits"] + looks["fraction"]
    return f"DECIMAL(38,{looks['fraction']})" if digits <= 38 else "VARCHAR"


def _temporal(looks: Mapping[str, int]) -> dict[str, str]:
    stamp = "TIMESTAMP_NS" if looks["fraction"] > 6 else "TIMESTAMP"
    zoned = "TIMESTAMPTZ_NS" if looks["fraction"] > 6 else "TIMESTAMPTZ"
    return {"day": "DATE", "moment": stamp, "zoned": zoned}
