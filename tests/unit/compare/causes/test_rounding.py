"""Rounding is claimed on evidence: what merely lies a cent apart stays unexplained."""

from __future__ import annotations

import pytest

from parity.compare.causes.sampling import SampledVariants
from unit.compare.conftest import Compare, causes

EXACT = "SELECT i AS id, (i * 7919 % 100000)::DECIMAL(18,3) / 1000 AS e FROM range(4000) t(i)"
HALF_UP = f"SELECT id, round(e::DECIMAL(18,3), 2)::DECIMAL(18,2) AS v FROM ({EXACT})"
HALF_EVEN = (
    "SELECT id, (round(abs(e)::DECIMAL(18,3), 2) - CASE WHEN e::DECIMAL(18,3) % 0.01 = 0.005 "
    f"AND (e * 1000)::BIGINT // 10 % 2 = 0 THEN 0.01 ELSE 0 END)::DECIMAL(18,2) AS v FROM ({EXACT})"
)


def _changed(expression: str) -> str:
    return f"SELECT id, ({expression})::DECIMAL(18,2) AS v FROM ({HALF_UP})"


@pytest.mark.parametrize(
    ("legacy", "target", "words"),
    [
        (HALF_EVEN, HALF_UP, "half to even on the legacy side, half up on the target, at 2 places"),
        (HALF_UP, HALF_EVEN, "half to even on the target side, half up on the legacy, at 2 places"),
        (HALF_UP, _changed("round(v, 1)"), "rounded to 1 place"),
        (HALF_UP, _changed("CASE WHEN id % 20 = 0 THEN round(v, 0) ELSE v END"), "rounded to 0 places"),
        (HALF_UP, _changed("v - v % 0.1"), "cut to 1 place"),
        (HALF_UP.replace("2)::DECIMAL(18,2)", "3)"), HALF_UP, "rounded to 2 places"),
        (
            "SELECT i AS id, (i * 7919 % 1000000) / 10000 AS v FROM range(4000) t(i)",
            "SELECT i AS id, round((i * 7919 % 1000000) / 10000, 2) AS v FROM range(4000) t(i)",
            "rounded to 2 places",
        ),
    ],
)
def test_the_mode_and_the_places_are_told(comparing: Compare, legacy: str, target: str, words: str) -> None:
    result = comparing(legacy, target)
    facts = next(c for c in result.columns if c.name == "v")
    assert [(str(c.cause), c.rows, c.detail) for c in facts.causes] == [("rounding", facts.different, words)]
    assert facts.different > 100


def test_halves_that_went_to_the_even_digit_are_counted_apart(comparing: Compare) -> None:
    halves = f"SELECT id, e::DECIMAL(18,3) AS v FROM ({EXACT}) WHERE e::DECIMAL(18,3) % 0.01 = 0.005"
    result = comparing(halves, f"{HALF_EVEN} WHERE e::DECIMAL(18,3) % 0.01 = 0.005")
    (cause,) = next(c for c in result.columns if c.name == "v").causes
    assert (cause.rows, cause.detail) == (400, "rounded to 2 places: 200, half to even at 2 places: 200")


def test_values_that_are_missing_are_no_evidence_of_rounding(comparing: Compare) -> None:
    result = comparing(HALF_UP, _changed("CASE WHEN id % 9 = 0 THEN round(v, 1) END"))
    found = next(c for c in result.columns if c.name == "v").causes
    assert {str(one.cause): one.detail for one in found} == {"rounding": "rounded to 1 place", "unexplained": ""}


@pytest.mark.parametrize(
    ("legacy", "target"),
    [
        (HALF_UP, _changed("v + 0.01")),
        (HALF_UP, _changed("CASE WHEN id % 7 = 0 THEN v + 0.01 ELSE v END")),
        # Rounded against cut: no row shows the original, and any cent too much looks the same.
        (HALF_UP, f"SELECT id, (e::DECIMAL(18,3) - e::DECIMAL(18,3) % 0.01)::DECIMAL(18,2) AS v FROM ({EXACT})"),
        # Even digits prove nothing in a column that has no others.
        (
            "SELECT i AS id, (i * 2 / 100)::DECIMAL(18,2) AS v FROM range(500) t(i)",
            "SELECT i AS id, (i * 2 / 100 + 0.01)::DECIMAL(18,2) AS v FROM range(500) t(i)",
        ),
        # … nor do seven in a row.
        (
            "SELECT i AS id, (i * 4 / 100 + (i > 6)::INT * 0.01)::DECIMAL(18,2) AS v FROM range(50) t(i)",
            "SELECT i AS id, (i * 4 / 100 + 0.01)::DECIMAL(18,2) AS v FROM range(50) t(i)",
        ),
        (
            "SELECT i AS id, i / 100 AS v FROM range(500) t(i)",
            "SELECT i AS id, i / 100 + 0.01 AS v FROM range(500) t(i)",
        ),
    ],
)
def test_a_cent_too_much_is_not_called_rounding(comparing: Compare, legacy: str, target: str) -> None:
    assert set(causes(comparing(legacy, target), "v")) == {"unexplained"}


def test_numbers_without_a_common_type_are_explained_as_numbers(comparing: Compare) -> None:
    result = comparing(
        "SELECT i AS id, (i * 0.1)::DECIMAL(18,2) AS v FROM range(1, 40) t(i)",
        "SELECT i AS id, (i * 0.1)::FLOAT::DOUBLE AS v FROM range(1, 40) t(i)",
    )
    assert set(causes(result, "v")) == {"rounding"}


def test_what_a_sample_missed_is_held_against_all_rows(
    comparing: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("parity.compare.rows.facts.find_variants", lambda *_: SampledVariants({}, complete=False))
    assert set(causes(comparing(HALF_EVEN, HALF_UP), "v")) == {"rounding"}
