"""How pairs of types meet, as a file for people; PARITY_REGENERATE=1 writes it again: read the difference."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import duckdb

from parity.compare.common_type import find_common_type
from parity.compare.types import INTEGERS, TEXT, CommonType, DataType, data_type, verbatim

GOLDEN = Path(__file__).parent / "golden" / "common_types.txt"
STAMPS = ("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMPTZ", "TIMESTAMPTZ_NS")
FAMILIES = (
    tuple(map(str.upper, INTEGERS)),
    ("DECIMAL(9,2)", "DECIMAL(4,4)", "DECIMAL(18,0)", "DECIMAL(38,2)", "SMALLINT", "BIGINT", "UHUGEINT"),
    ("FLOAT", "DOUBLE", "BIGINT", "DECIMAL(9,2)", "VARCHAR"),
    ("DATE", *STAMPS),
    ("TIME", "TIME_NS", "TIMETZ"),
    ("VARCHAR", "UUID", "BLOB", "JSON", '"NULL"'),
    ("INTERVAL", "VARIANT", "BIT", "ENUM('a')", '"NULL"'),
    ("INTEGER[]", "BIGINT[2]", "VARCHAR[]", "INTERVAL[]", "MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, BIGINT)"),
    ("STRUCT(a INTEGER, b DATE)", "STRUCT(b DATE, a BIGINT)", "STRUCT(a INTEGER)", "STRUCT(a DOUBLE, b DATE)"),
    ('STRUCT("a""«0»" MAP(DATE, INTEGER)[])', 'STRUCT("a""«0»" MAP(DATE, MAP(DATE, TINYINT))[])', "INTEGER[]"),
    ("STRUCT(a MAP(DATE, MAP(DATE, TINYINT)[]))", '"NULL"'),
)
ZONES = ((None, None), ("Asia/Kolkata", None), ("Asia/Kolkata", "Asia/Kolkata"))


def typed(sql: str) -> DataType:
    return data_type(duckdb.sqltypes.DuckDBPyType(sql))


def shown(legacy: str, target: str, met: CommonType) -> str:
    sides = (met.legacy,) if met.legacy == met.target else (met.legacy, met.target)
    scale = f", scale {met.scale}" if met.scale else ""
    note = f" ({met.note})" if met.note else ""
    head = f"{legacy} | {target}: {met.verdict}, {met.kind}, {met.sql}{scale}{note}"
    return "\n".join((head, *(f"    {side}" for side in sides if side != "«0»" or len(sides) > 1)))


def test_every_pair_of_types_meets_as_it_did() -> None:
    found = [
        shown(one, other, find_common_type(typed(one), typed(other), None, None))
        for family in FAMILIES
        for one, other in product(family, repeat=2)
    ]
    found += [
        shown(f"{one} {left or 'UTC'}", f"{other} {right or 'UTC'}{' apart' * apart}", met)
        for one, other in product(STAMPS[2:], repeat=2)
        for left, right in ZONES
        for apart in (False, True)
        for met in [find_common_type(typed(one), typed(other), left, right, moments=apart)]
    ]
    # A name's own « is no place of a template.
    text = "\n".join(dict.fromkeys(found)).replace(verbatim("«"), "\\«") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_text_is_what_a_varchar_is() -> None:
    assert typed("VARCHAR") == TEXT
