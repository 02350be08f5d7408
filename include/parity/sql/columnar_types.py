"""Athena's and Spark's types, and which pairs of them have one canonical text."""

from __future__ import annotations

import re
from dataclasses import replace

from parity.sql.columnar import HASHABLE
from parity.sql.columns import Column, Kind

_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "int", "integer", "bigint"), Kind.INTEGER),
    **dict.fromkeys(("float", "real", "double"), Kind.FLOAT),
    **dict.fromkeys(("string", "varchar", "char"), Kind.TEXT),
    **dict.fromkeys(("timestamp", "timestamp_ntz", "timestamp with time zone"), Kind.TIMESTAMP),
    **dict.fromkeys(("binary", "varbinary"), Kind.BINARY),
    "boolean": Kind.BOOLEAN,
    "date": Kind.DATE,
    "time": Kind.TIME,
    "json": Kind.JSON,
}
_DECIMAL = re.compile(r"decimal\((\d+),\s*(\d+)\)")
_LENGTH = re.compile(r"\(\d+\)")
_DIGITS = {"tinyint": 3, "smallint": 5, "int": 10, "integer": 10, "bigint": 19}
_MOST = 38
"""Digits of a decimal on every engine."""
_TOGETHER = (frozenset({Kind.INTEGER, Kind.DECIMAL}), frozenset({Kind.DATE, Kind.TIMESTAMP}))


def column_of(name: str, native: str) -> Column:
    """Return the column of an engine's own words for its type; what no rule covers is UNKNOWN."""
    words = native.strip().lower()
    if found := _DECIMAL.fullmatch(words):
        return Column(name, Kind.DECIMAL, int(found[2]), native=words, precision=int(found[1]))
    plain = _LENGTH.sub("", words)
    kind = _KINDS.get(plain, Kind.UNKNOWN)
    return Column(
        name,
        kind,
        scale=6 if kind is Kind.TIMESTAMP else 0,
        padded=plain == "char",
        native=words,
        precision=_DIGITS.get(plain, 0),
    )


def agree_on_text(legacy: Column, target: Column) -> tuple[Column, Column] | str:
    """Return both columns in the one kind and scale of their texts, or why there is none.

    A decimal's scale is the larger one: the smaller would hide a truncation.
    """
    kinds = {legacy.kind, target.kind}
    if unhashable := [c for c in (legacy, target) if c.kind not in HASHABLE]:
        return f"{unhashable[0].native} has no text that is the same on both engines"
    if len(kinds) > 1 and not any(kinds == together for together in _TOGETHER):
        return f"{legacy.native} and {target.native} have no common text"
    kind = next((kind for kind in (Kind.DECIMAL, Kind.TIMESTAMP) if kind in kinds), legacy.kind)
    scale = max(legacy.scale, target.scale)
    if kind is Kind.DECIMAL and max(c.precision - c.scale for c in (legacy, target)) + scale > _MOST:
        return f"{legacy.native} and {target.native} have no common decimal of {_MOST} digits"
    return replace(legacy, kind=kind, scale=scale), replace(target, kind=kind, scale=scale)
