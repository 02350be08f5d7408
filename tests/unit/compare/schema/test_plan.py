"""What is compared with what, as a file for people: PARITY_REGENERATE=1 writes it again. And what is refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pytest

from parity.compare.result import NotCompared
from parity.compare.schema.plan import ComparisonPlan, plan_comparison
from parity.compare.session import DuckSession
from parity.compare.sources.files import SourceFiles
from parity.compare.sources.relations import Side
from parity.compare.spec import Spec
from parity.compare.types import data_type
from parity.errors import BadInput
from parity.suite.models import ColumnRule

GOLDEN = Path(__file__).parents[1] / "golden" / "plans.txt"
Rules = dict[str, dict[str, Any]]
WALL = "TIMESTAMP '2026-01-01'"
PLANNED: dict[str, tuple[str, str, Rules, str]] = {
    "by name, whatever the order": ("1 AS id, 'x' AS v, 2 AS w", "2 AS w, 1 AS id, 'x' AS v", {}, "id"),
    "a composite key": ("1 AS a, 2 AS b, 3 AS c", "1 AS a, 2 AS b, 3 AS c", {}, "b,a"),
    "no key": ("1 AS a, 'x' AS v", "1 AS a, 'x' AS v", {"v": {"case": "ignore"}}, ""),
    "in other letters": ('1 AS "ID", 2 AS "Amount"', "1 AS id, 2 AS amount", {}, "Id"),
    "a rule in other letters": ('1 AS id, 2.5 AS "Amount"', "1 AS id, 2.5 AS AMOUNT", {"amount": {"tolerance": "1"}}, "id"),
    "renamed": ("1 AS pid, 2 AS old", "1 AS id, 2 AS v", {"id": {"legacy": "pid"}, "v": {"legacy": "OLD"}}, "id"),
    "a key by its old name": ("1 AS pid, 2 AS v", "1 AS id, 2 AS v", {"id": {"legacy": "pid"}}, "pid"),
    "a rename to a name that was there": (
        "1 AS id, 2 AS old, 3 AS w", "1 AS id, 2 AS w", {"w": {"legacy": "old"}}, "id"
    ),
    "a key that was renamed to a name that was there": (
        "1 AS pid, 2 AS id", "1 AS id", {"id": {"legacy": "pid"}}, "id"
    ),
    "two that change names": (
        "1 AS id, 2 AS a, 3 AS b", "1 AS id, 3 AS a, 2 AS b", {"a": {"legacy": "b"}, "b": {"legacy": "a"}}, "id"
    ),
    "a rename that the target lacks": ("1 AS id, 2 AS old", "1 AS id", {"v": {"legacy": "old"}}, "id"),
    "a rename that the target lacks, through an expression": (
        "1 AS id, 2 AS old", "1 AS id", {"v": {"legacy": "old", "legacy_sql": "old + 1"}}, "id"
    ),
    "an ignored rename of what is gone": ("1 AS id", "1 AS id, 2 AS v", {"v": {"legacy": "old", "ignore": "gone"}}, "id"),
    "on one side": ("1 AS id, 'x' AS gone", "1 AS id, TRUE AS come", {}, "id"),
    "on one side and ignored": (
        "1 AS id, 'x' AS gone", "1 AS id, 2 AS come",
        {"gone": {"ignore": "dropped"}, "come": {"ignore": "new"}}, "id",
    ),
    "on one side, under a rule in other letters": ('1 AS id, 2 AS "Gone"', "1 AS id", {"gone": {"ignore": "dropped"}}, "id"),
    "ignored": ("1 AS id, 2 AS v, 3 AS w", "1 AS id, 2 AS v, 3 AS w", {"v": {"ignore": "unused"}}, "id"),
    "an expression over one side": ("1 AS id, 250 AS v", "1 AS id, 2.50 AS v", {"v": {"legacy_sql": "v / 100"}}, "id"),
    "an expression over the other side": ("1 AS id, 250 AS v", "1 AS id, 2 AS v", {"v": {"target_sql": "v * 100"}}, "id"),
    "an expression over a column that was renamed": (
        "1 AS id, 250 AS cents", "1 AS id, 2.50 AS v",
        {"v": {"legacy": "cents", "legacy_sql": "(cents / 100)::DECIMAL(18,2)"}}, "id",
    ),
    "columns made of expressions": (
        "1 AS id, 2 AS a", "1 AS id, 2 AS a",
        {"sum": {"legacy_sql": "id + a", "target_sql": "id + a"}, "more": {"legacy": "a", "target_sql": "a + id"}}, "id",
    ),
    "an expression that settles the type": ("1 AS id, 'x' AS v", "1 AS id, 2 AS v", {"v": {"target_sql": "v + 1"}}, "id"),
    "an expression that makes a VARIANT": ("1 AS id, 2 AS v", "1 AS id, 2 AS v", {"v": {
        "legacy_sql": "v::VARIANT", "target_sql": "v::VARIANT"}}, "id"),
    "types that meet": (
        "1 AS id, 1::INTEGER AS a, 1::BIGINT AS b, 1.5::DOUBLE AS c, '1' AS d, NULL AS e",
        "1 AS id, 1::BIGINT AS a, 1::INTEGER AS b, 1.5::DECIMAL(4,2) AS c, 1 AS d, DATE '2026-01-01' AS e", {}, "id",
    ),
    "rules": (
        "1 AS id, 'x' AS a, 2.5 AS b, 'x' AS c, 2 AS d", "1 AS id, 'x' AS a, 2.5 AS b, 'x' AS c, 2 AS d",
        {"a": {"trim": "both", "null_equals_empty": True}, "b": {"tolerance": "1%", "money": "EUR"},
         "c": {"json_equal": True}, "d": {"tolerance": "2"}}, "id",
    ),
    "a tolerance of digits": (
        "1 AS id, 1.5::DOUBLE AS v", "1 AS id, 1.5::DECIMAL(4,2) AS v", {"v": {"tolerance": "0.1"}}, "id"
    ),
    "a tolerance of what has no type": ("1 AS id, NULL AS v", "1 AS id, NULL AS v", {"v": {"tolerance": "0.1"}}, "id"),
    "times of a zone": (
        f"1 AS id, {WALL} AS a, {WALL} AS b, {WALL} AS c", f"1 AS id, {WALL} AS a, {WALL} AS b, {WALL} AS c",
        {"a": {"legacy_timezone": "Europe/Berlin"},
         "b": {"legacy_timezone": "Europe/Berlin", "target_timezone": "Europe/Berlin"},
         "c": {"legacy_timezone": "Europe/Berlin", "target_timezone": "Europe/Berlin", "tolerance": "1s"}}, "id",
    ),
    "secrets that are not compared": (
        "1 AS id, 'a' AS mail, 'b' AS name, 'c' AS old", "1 AS id, 'a' AS mail, 'd' AS fresh, 'e' AS same",
        {"mail": {"sensitive": True, "ignore": "secret"}, "name": {"sensitive": True}, "fresh": {"sensitive": True},
         "same": {"sensitive": True, "legacy": "old"}}, "id",
    ),
    "a name that is a template's place": ('1 AS id, 2 AS "«0»""x"', '1 AS id, 2 AS "«0»""x"', {}, "id"),
}  # fmt: skip
"""The columns of both sides, rules, and the key."""


def planned(duck: DuckSession, legacy: str, target: str, rules: Rules, key: str) -> ComparisonPlan:
    sides = []
    for name, row in (("legacy", legacy), ("target", target)):
        duck.run(f"CREATE OR REPLACE VIEW raw_{name} AS SELECT {row}")
        columns = {one: data_type(kind) for one, kind in duck.describe(f"SELECT * FROM raw_{name}")}
        files = cast("SourceFiles", SimpleNamespace())
        sides.append(Side(f"raw_{name}", columns, (NotCompared(f"{name} note", "why"),), files, 1))
    for name in ("canonical_json", "within_digits"):  # of the plan before
        with contextlib.suppress(duckdb.Error):
            duck._connection.remove_function(name)
    columns = {name: ColumnRule.model_validate(rule) for name, rule in rules.items()}
    return plan_comparison(duck, *sides, Spec(key=tuple(key.split(",")) if key else (), columns=columns))


def shown(plan: ComparisonPlan) -> Iterator[str]:
    for c in plan.columns:
        role = " key" if c.key else ""
        rule = f" hides {c.equality_rule.hidden}" if c.loosened else ""
        digits = " digits" if c.numbers_as_text else ""
        yield f"  {c.index} {c.name}{role}: {c.kind} {c.sql} {c.scale}{digits}{rule}{' EUR' * bool(c.rule.money)}"
        yield f"    {c.legacy.kind.sql} {c.legacy.prepared} | {c.target.kind.sql} {c.target.prepared}"
    yield from (f"  {f.name}: {f.legacy} | {f.target} {f.verdict} {f.note}".rstrip() for f in plan.schema)
    yield from (f"  not compared: {one.what}: {one.why}" for one in plan.left_out)
    names = (",".join(one.name for one in some) for some in (plan.key, plan.values, plan.schema_differences))
    yield f"  {plan.ignored} ignored of {plan.total_columns}; key, values, differences: {'; '.join(names)}"
    yield from (f"  secret: {query}" for query in plan.secrets)


def test_columns_are_planned_as_they_were(duck: DuckSession) -> None:
    found = [line for name, given in PLANNED.items() for line in (name, *shown(planned(duck, *given)))]
    text = "\n".join(found).replace("\udcab", "\\«") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_a_side_is_prepared_in_its_common_types(duck: DuckSession) -> None:
    plan = planned(duck, "1 AS id, 5::TINYINT AS v", "1 AS id, 5 AS v", {}, "id")
    assert plan.prepared("legacy", "raw") == 'SELECT ("id") AS v0, CAST(("v") AS INTEGER) AS v1 FROM raw'
    value = plan.columns[1]
    assert (value.canonical(), value.canonical("l"), value.identical) == ("v1", "l.v1", value.equal)
    assert value.equal == "l.v1 IS NOT DISTINCT FROM t.v1"


ID = "1 AS id, 2 AS v"
REFUSED: list[tuple[str, str, Rules, str, str]] = [
    (ID, ID, {"w": {"case": "ignore"}}, "id", "A rule names column 'w', which neither side has. It has id, v."),
    (ID, ID, {"vv": {"legacy_sql": "v"}}, "id", "A rule names column 'vv', which neither side has. Did you mean 'v'?"),
    ("1 AS id", ID, {"v": {"legacy": "old"}}, "id", "Column v: the legacy side has no column 'old'. It has id."),
    (ID, ID, {"V": {"case": "ignore"}, "v": {"tolerance": "1"}}, "id",
     "Two rules name one column: 'V' and 'v'. Leave one of them out."),
    (ID, ID, {}, "no", "The key column 'no' is on neither side. It has id, v."),
    (ID, ID, {"v": {"ignore": "unused"}}, "v",
     "The key column 'v' is ignored by a rule. Rename it with `legacy:`, or choose another key."),
    (ID, "1 AS id", {}, "v",
     "The key column 'v' is missing on the target side. Rename it with `legacy:`, or choose another key."),
    ("1 AS id", ID, {}, "id,v",
     "The key column 'v' is missing on the legacy side. Rename it with `legacy:`, or choose another key."),
    ("1 AS a", "1 AS b", {}, "", "The two sides have no column in common. Rename columns with `legacy:`."),
    (ID, ID, {"v": {"legacy_sql": "random()"}}, "id", "Column v: 'random()' uses random, which is no value of the row."
     " Write an expression over the columns of one row."),
    (ID, ID, {"v": {"target_sql": "v) OR (v"}}, "id",
     "Column v: 'v) OR (v' is not one expression. Check its brackets and quotes."),
    (ID, ID, {"v": {"legacy_timezone": "UTC"}}, "id",
     "Column v is INTEGER on the legacy side: legacy_timezone does not fit it. It is for times without a zone."),
    (ID, f"1 AS id, {WALL} AS v", {"v": {"target_timezone": "UTC"}}, "id",
     "Column v is TIMESTAMP on the target side, and INTEGER on the other: target_timezone does not fit them."
     " Make times of both sides by expressions."),
    (ID, ID, {"v": {"target_sql": "union_value(a := v)"}}, "id",
     "Column v is UNION(a INTEGER): a UNION cannot be compared exactly."
     " Make texts or numbers of both sides by expressions."),
]  # fmt: skip


@pytest.mark.parametrize(("legacy", "target", "rules", "key", "said"), REFUSED)
def test_what_cannot_be_planned_is_refused_by_name(
    duck: DuckSession, legacy: str, target: str, rules: Rules, key: str, said: str
) -> None:
    with pytest.raises(BadInput) as caught:
        planned(duck, legacy, target, rules, key)
    assert str(caught.value) == said
