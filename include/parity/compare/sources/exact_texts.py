"""Which texts a type holds exactly: no digit, no fraction of a second and no sign may be lost by the cast."""

from __future__ import annotations

from parity.compare.session import text
from parity.compare.types import FLOATS, INTEGERS, data_type

SHAPES = {
    "whole": r"-?(0|[1-9]\d{0,37})",
    "fixed": r"-?(0|[1-9]\d*)(\.\d+)?",
    "real": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?i:inf|infinity|nan)",
    "day": r"\d{4}-\d\d-\d\d",
    "moment": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?",
    "zoned": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)",
    "truth": r"(?i:true|false)",
    "clock": r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?",
}
_FRACTIONS = {
    "timestamp_s": 0,
    "timestamp_ms": 3,
    "timestamp": 6,
    "timestamp with time zone": 6,
    "timestamp_ns": 9,
    "timestamp_ns with time zone": 9,
    "time": 6,
    "time_ns": 9,
}
_SURE = {"float": (6, "1.2e-38"), "double": (15, "2.3e-308")}
"""Significant digits that always survive, from the smallest number on that is held in full precision."""


def exactly(cell: str, sql: str) -> str:
    """Return the test that a text, of type ``sql``, is converted without loss; NULL for what is no text."""
    import duckdb

    kind = data_type(duckdb.sqltypes.DuckDBPyType(sql))
    fits = f"TRY_CAST({cell} AS {sql}) IS NOT NULL"
    if kind.name == "varchar":
        return "true"
    if kind.name in INTEGERS:
        return f"{_matches(cell, '[+-]?[0-9]+')} AND {fits}"
    if kind.name == "decimal":
        return f"{_matches(cell, f'[+-]?[0-9]*([.][0-9]{{0,{kind.scale}}}0*)?')} AND {fits}"
    if kind.name in FLOATS:
        return _float(cell, kind.name)
    if kind.name in _FRACTIONS:
        day = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
        time = rf"[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.][0-9]{{0,{_FRACTIONS[kind.name]}}}0*)?)?"
        zone = "(Z|[+-][0-9]{2}(:?[0-9]{2})?)?" if kind.name.endswith("zone") else ""
        moment = f"{day}([ T]{time}{zone})?" if kind.moment else time
        return f"{_matches(cell, moment)} AND {fits}"
    shapes = {"date": "day", "boolean": "truth"}
    if kind.name in shapes:
        return f"{_matches(cell, SHAPES[shapes[kind.name]])} AND {fits}"
    return f"coalesce(TRY_CAST({cell} AS {sql})::VARCHAR = {cell}, false)"


def _matches(cell: str, pattern: str) -> str:
    return f"regexp_full_match({cell}, {text(pattern)})"


def _float(cell: str, name: str) -> str:
    """Return the test that a float, written with as many significant digits as the text has, is the text again.

    Its shortest spellings count as well: half-way between two texts, such as 2^-24, they may be the other one.
    """
    sure, normal = _SURE[name]
    number = f"TRY_CAST({cell} AS {name})"
    digits = f"trim(replace(regexp_extract({cell}, '^[+-]?([0-9.]+)', 1), '.', ''), '0')"
    places = f"length({digits})"
    written = f"printf('%.' || ({places} - 1)::VARCHAR || 'e', {number}::DOUBLE)"
    again, shortest, double = (
        f"trim(replace(regexp_extract({spelt}, '^-?([0-9.]+)', 1), '.', ''), '0')"
        for spelt in (written, f"{number}::VARCHAR", f"{number}::DOUBLE::VARCHAR")
    )
    return (
        f"CASE WHEN NOT {_matches(cell, SHAPES['real'])} OR {number} IS NULL THEN false "
        f"WHEN {_matches(cell, '[+-]?(?i:inf|infinity|nan)')} OR {digits} = '' THEN true "
        f"WHEN NOT isfinite({number}) THEN false "
        f"WHEN {places} <= {sure} AND abs({number}) > {normal} THEN true "
        f"WHEN {places} <= 17 THEN {digits} IN ({again}, {shortest}, {double}) "
        f"ELSE coalesce(TRY_CAST({cell} AS HUGEINT) = TRY_CAST({number} AS HUGEINT), false) "
        f"AND {_matches(cell, '[+-]?[0-9]+')} END"
    )
