"""Ten thousand corruptions of one cell each, of every type, in any row: none may be missed.

Those that the canary plants are in a file for people, type by type: PARITY_REGENERATE=1 writes it again.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from parity.compare import Spec, compare
from parity.compare.canary.mutations import Mutation, border_pairs, mutations, tolerance_text
from parity.compare.types import data_type, verbatim
from parity.suite.models import ColumnRule
from unit.compare import tables

_ROWS = 10_000


def _row(dice: random.Random, number: int) -> dict[str, Any]:
    moment = dt.datetime(2026, 1, 1) + dt.timedelta(microseconds=dice.randrange(10**15))  # noqa: DTZ001
    return {
        "big_key": number,
        "tiny": dice.randrange(-100, 100),
        "unsigned": dice.randrange(2**64 - 1),
        "big": dice.randrange(-(2**63), 2**63 - 1),
        "money": Decimal(dice.randrange(10**15)) / 100,
        "wide": Decimal(dice.randrange(10**34)).scaleb(-10),
        "single": float(dice.randrange(2**23)),
        "double": dice.uniform(-1e9, 1e9),
        "flag": dice.random() < 0.5,
        "words": "".join(dice.choices("abc é\0\n", k=dice.randrange(8))),
        "bytes": dice.randbytes(dice.randrange(5)),
        "day": moment.date(),
        "clock": moment.time(),
        "moment": moment,
        "instant": moment.replace(tzinfo=dt.UTC),
        "numbers": [dice.choice([None, 1, 2]) for _ in range(dice.randrange(3))],
        "texts": [dice.choice([None, "", "NULL", "a, b"]) for _ in range(dice.randrange(3))],
        "pair": {"a": dice.choice([None, 1]), "b": dice.choice([None, "", "x"])},
    }


def _corrupt(dice: random.Random, value: Any) -> Any:
    """Return the least different value of the same type, or NULL one time in ten."""
    if dice.random() < 0.1:
        return None
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        return {**value, "a": 2}
    steps: dict[type, Any] = {
        int: 1,
        float: 1.0 if isinstance(value, float) and value.is_integer() else 1e-6,
        Decimal: Decimal(1).scaleb(value.as_tuple().exponent) if isinstance(value, Decimal) else 0,
        str: "\0",
        bytes: b"\0",
        list: [None],
        dt.date: dt.timedelta(days=1),
        dt.datetime: dt.timedelta(microseconds=1),
    }
    if isinstance(value, dt.time):
        return value.replace(microsecond=(value.microsecond + 1) % 10**6)
    return value + steps[type(value)]


def test_ten_thousand_single_cell_corruptions_are_all_found(tmp_path: Path) -> None:
    dice = random.Random(20260302)
    legacy = [_row(dice, number) for number in range(_ROWS)]
    names = list(legacy[0])
    target, wanted = [], Counter[str]()
    for row in legacy:
        name = dice.choice(names[1:])
        target.append({**row, name: _corrupt(dice, row[name])})
        wanted[name] += 1
    dice.shuffle(target)
    sources = tables.write(tmp_path, legacy, names), tables.write(tmp_path, target, names, row_group_size=777)
    result = compare(*sources, Spec(key=("big_key",)))
    assert result.rows.changed == _ROWS
    assert {c.name: c.different for c in result.columns if c.different} == dict(wanted)


GOLDEN = Path(__file__).parents[1] / "golden" / "canary_mutations.txt"
PLANTED: dict[str, tuple[str, ...]] = {
    "TINYINT": ("3", "10%"),
    "BIGINT": ("2.5", "199%", "1e37", "1e40"),
    "UBIGINT": ("3", "100%"),
    "HUGEINT": ("1e38",),
    "UHUGEINT": (),
    "DECIMAL(4,2)": ("0.07", "0.001", "10%", "1e36", "1e37"),
    "DECIMAL(4,4)": ("150%", "200%"),
    "DECIMAL(38,0)": ("0.1%",),
    "FLOAT": ("0", "0.5", "10%"),
    "DOUBLE": ("0.5", "100%", "200%", "1e300"),
    **dict.fromkeys(("TIME", "TIME_NS", "DATE"), ("3d", "90s")),
    "TIMESTAMP_S": ("1ms",),
    "TIMESTAMP_MS": ("1s",),
    "TIMESTAMP": ("2us", "90000d"),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP_NS", "TIMESTAMPTZ_NS"), ("1us",)),
    **dict.fromkeys(("VARCHAR", "BLOB", "BOOLEAN", "TIMETZ", "INTERVAL", "UUID", "BIT", "JSON", "VARIANT"), ()),
    **dict.fromkeys(("INTEGER[]", "BOOLEAN[2]", "MAP(DATE, UUID)"), ()),
    'STRUCT("a""«0»" INTEGER, b BLOB, c STRUCT(d VARCHAR[]))': (),
}
"""Types, and the tolerances that are tried with each; none comes first."""


def _line(one: Mutation) -> str:
    base = f"{one.base} → " if one.base else ""
    return f"    {one.what}{' (least)' if one.least else ''}: {base}{one.sql}"


def test_each_type_is_corrupted_as_it_was() -> None:
    found = []
    for sql, tolerances in PLANTED.items():
        kind = data_type(duckdb.sqltypes.DuckDBPyType(sql))
        found += [sql, *map(_line, (*mutations(kind, None), *border_pairs(kind, None)))]
        for given in tolerances:
            tolerance = ColumnRule.model_validate({"tolerance": given}).tolerance
            planted = (*mutations(kind, tolerance), *border_pairs(kind, tolerance))
            found += [f"{sql} ± {given}", *(_line(one) for one in planted if "more than" in one.what)]
            assert {one.what for one in planted if one.least} <= {f"more than {tolerance_text(tolerance)}"}
    text = "\n".join(found).replace(verbatim("«"), "\\«") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_of_a_wide_struct_twenty_fields_are_changed() -> None:
    kind = data_type(duckdb.sqltypes.DuckDBPyType(f"STRUCT({', '.join(f'f{n} DATE' for n in range(21))})"))
    assert [one.what for one in mutations(kind, None)] == [*(f"one day in f{n}" for n in range(20)), "NULL"]
