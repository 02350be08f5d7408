"""A sensitive value is masked wherever it turns up, in whichever column and kind of row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from parity.compare import Result, Source, Spec, compare
from parity.compare.explain.redaction import SensitiveValues
from parity.compare.schema.plan import ComparisonPlan
from parity.compare.session import session, text
from parity.report.html import render_html
from parity.report.text import render_text
from parity.suite.models import ColumnRule

SECRET, OTHER = "anna@example.com", "bert@example.com"
LEGACY = f"SELECT * FROM (VALUES (1, 'x', '{SECRET}'), (2, 'y', '{OTHER}')) t(id, note, mail)"
CASES = {
    "swapped in an extra row": "SELECT 9 AS id, mail AS note, note AS mail FROM ({0}) WHERE id = 1 UNION ALL "
    "SELECT * FROM ({0}) WHERE id = 2",
    "swapped in place": "SELECT id, mail AS note, note AS mail FROM ({0})",
    "copied from an equal row": "SELECT * FROM ({0}) UNION ALL "
    "SELECT 3, (SELECT mail FROM ({0}) WHERE id = 1), 'z'",
    "all extra rows have it": "SELECT * FROM ({0}) UNION ALL SELECT 3 + range, '"
    + SECRET
    + "', 'z' FROM range(5)",
    "copied into a longer text": "SELECT id, 'to: ' || mail || ';' AS note, mail FROM ({0})",
    "copied in other letters": "SELECT id, upper(mail) || ' ' AS note, mail FROM ({0})",
    "copied in place": "SELECT id, CASE id WHEN 1 THEN mail ELSE note END AS note, mail FROM ({0})",
}


FOUND: list[tuple[str, str | None, bool]] = [
    ("abcd", "ABCD", True),
    ("abc", "abc", False),
    (" (Anna!) ", "anna", True),
    ("anna", "--anna--", True),
    ("abcdef", "to: abcdef;", True),
    ("abcde", "to: abcde;", False),
    ("a.b c-d", "to: a.b c-d;", True),
    ("a_bcdef", "to: a_bcdef;", True),
    ("1 2 3 4 5 6 7 8", "to: 1 2 3 4 5 6 7 8;", True),
    ("1 2 3 4 5 6 7 8 9", "to: 1 2 3 4 5 6 7 8 9;", False),
    ("x" * 1_000 + "y", "x" * 1_000 + "z", True),
    ("x" * 999 + "y", "x" * 999 + "z", False),
    ("abcd", None, False),
    ("", "", False),
    ("", " ", False),
]


def test_a_secret_is_recognised_by_its_words_and_not_by_chance() -> None:
    with session(Spec()) as opened:
        for secret, value, found in FOUND:
            query = f"SELECT unnest([{text(secret)}, 'another', NULL]) AS cell"
            plan = cast("ComparisonPlan", SimpleNamespace(columns=(), secrets=(query,)))
            assert (value in SensitiveValues(opened, plan, [value, "more"])) is found, (secret, value)
        nothing = cast("ComparisonPlan", SimpleNamespace(columns=(), secrets=()))
        assert "abcd" not in SensitiveValues(opened, nothing, ["abcd"])


@pytest.mark.parametrize("key", [("id",), (), ("note",)])
@pytest.mark.parametrize("case", CASES)
def test_a_sensitive_value_in_another_column_is_masked(
    parquet: Callable[[str], Path], case: str, key: tuple[str, ...]
) -> None:
    rules: dict[str, Any] = {"mail": ColumnRule(sensitive=True)}
    sides = Source.of(parquet(LEGACY)), Source.of(parquet(CASES[case].format(LEGACY)))
    result = compare(*sides, Spec(key=key, columns=rules, mask_key=b"k"))
    _refuse_shown(result)


def test_a_sensitive_value_in_the_key_of_a_changed_row_is_masked(parquet: Callable[[str], Path]) -> None:
    rows = "SELECT '{0}' AS note, {1} AS mail UNION ALL SELECT 'b', '{0}'"
    sides = (Source.of(parquet(rows.format(SECRET, mail))) for mail in ("'x'", "'y'"))
    spec = Spec(key=("note",), columns={"mail": ColumnRule(sensitive=True)}, mask_key=b"k")
    _refuse_shown(compare(*sides, spec))


@pytest.mark.parametrize("rule", [{"sensitive": True, "ignore": "because"}, {"sensitive": True, "legacy": "mail"}])
def test_a_sensitive_value_of_a_column_that_is_not_compared_is_masked(
    parquet: Callable[[str], Path], rule: dict[str, Any]
) -> None:
    sides = Source.of(parquet(LEGACY)), Source.of(parquet(f"SELECT id, [mail] AS note FROM ({LEGACY})"))
    rules = {"gone" if "legacy" in rule else "mail": ColumnRule.model_validate(rule)}
    _refuse_shown(compare(*sides, Spec(key=("id",), columns=rules, mask_key=b"k")))


def _refuse_shown(result: Result) -> None:
    assert result.verdict == "FAIL", result.reason
    for shown in (json.dumps(result.to_json(), default=str), render_text(result), render_html(result)):
        assert SECRET not in shown.lower()
        assert OTHER not in shown.lower()
