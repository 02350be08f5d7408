"""What a real Trino answered, replayed: the dialect gives the same or refuses, and never another value."""

from __future__ import annotations

from functools import cache

import pytest

from parity_sandbox.aws.trino.shapes import verified
from truth import records
from truth.trino import held_back, passing, tally
from truth.trino_battery import HELD_BACK, RECORDED, expressions
from truth.trino_shapes import Case, derive, hold


@cache
def cases(name: str) -> list[Case]:
    """Hold the dialect against a record, once."""
    return hold(held_back() if name == HELD_BACK else records.read(name).cases, verified().types)


@pytest.mark.parametrize("name", [RECORDED, HELD_BACK])
def test_the_record_has_every_expression_of_the_list(name: str) -> None:
    assert list(records.read(name).cases) == list(expressions(name))


@pytest.mark.slow
def test_the_shapes_that_pass_are_those_that_the_record_shows_to_be_right() -> None:
    derived = derive(cases(RECORDED))
    assert derived.shapes == verified().shapes, "run make truth ENGINE=trino"
    assert derived.types == verified().types, "run make truth ENGINE=trino"


@pytest.mark.parametrize("name", [pytest.param(RECORDED, marks=pytest.mark.slow), HELD_BACK])
def test_no_expression_that_passes_gives_another_answer_than_trino(name: str) -> None:
    wrong = [
        (case.expression, case.difference) for case in cases(name) if passing(case, verified()) and case.difference
    ]
    assert wrong == []


def test_most_expressions_that_nobody_looked_at_are_right() -> None:
    count = tally(cases(HELD_BACK), verified())
    assert count["right"] >= 0.75 * count.total(), count
