"""What a draft guesses, held against estates that were not looked at while the guessing was written."""

from __future__ import annotations

import pytest

from unit.draft.scores import Score, score

HELD_OUT = range(7001, 7005)
"""Seeds 1 to 8 were used to write the rules; these were not. Change a rule by those, and never by these."""


@pytest.fixture(scope="module")
def held_out() -> Score:
    return score(HELD_OUT)


def test_nothing_wrong_goes_unmarked(held_out: Score) -> None:
    assert held_out.wrong_unmarked == []


def test_nine_of_ten_keys_and_columns_are_right(held_out: Score) -> None:
    assert held_out.keys == 50 * len(HELD_OUT)
    assert held_out.right_keys >= 0.9 * held_out.keys
    assert held_out.right_columns >= 0.9 * held_out.columns


def test_a_person_need_not_decide_everything(held_out: Score) -> None:
    assert held_out.sure_keys >= 0.3 * held_out.keys
    assert held_out.sure_columns >= 0.5 * held_out.columns
