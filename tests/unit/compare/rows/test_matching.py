"""A largest matching, held against every way to pair a few rows."""

from __future__ import annotations

import itertools
import random

import pytest

from parity.compare.rows.matching import most, pair_most
from parity.compare.session import DuckSession


def _by_trying(partners: dict[int, list[int]], rights: int) -> int:
    """Return the size of a largest matching by giving the left rows every order of right ones, or none."""
    lefts = [*partners]
    free = [*range(rights), *[-1] * len(lefts)]
    orders = set(itertools.permutations(free, len(lefts)))
    return max(sum(b in partners[a] for a, b in zip(lefts, order, strict=True)) for order in orders)


@pytest.mark.parametrize("seed", range(40))
def test_a_matching_is_as_large_as_any(seed: int) -> None:
    dice = random.Random(seed)
    partners = {left: dice.sample(range(4), dice.randrange(1, 4)) for left in range(10, 10 + dice.randrange(1, 4))}
    pairs = most(partners)
    assert all(right in partners[left] for left, right in pairs.items())
    assert len({*pairs.values()}) == len(pairs) == _by_trying(partners, 4)


def test_a_row_gives_its_partner_up_along_a_whole_chain() -> None:
    chain = {left: [left, left + 1] for left in range(20)}
    assert len(most({**chain, 20: [0]})) == 21
    assert most({1: [5], 2: [5]}) == {1: 5}


@pytest.mark.parametrize("unequal", ["", ", (7, 13, 22, 1, 0), (5, 14, 23, 1, 0)"])
def test_pairs_are_found_in_parts_of_which_some_are_empty(
    duck: DuckSession, monkeypatch: pytest.MonkeyPatch, unequal: str
) -> None:
    monkeypatch.setattr("parity.compare.rows.matching._EDGES", 1)
    duck.run("DROP SCHEMA IF EXISTS m CASCADE")
    duck.run("CREATE SCHEMA m")
    duck.run("CREATE TABLE m.dp (lid BIGINT, tid BIGINT)")
    paired = "(1, 10, 20, 0, 0), (1, 10, 21, 0, 1), (1, 11, 20, 0, 1), (7, 12, 22, 0, 0)"
    duck.run(f"CREATE TABLE m.cand AS FROM (VALUES {paired}{unequal}) t(g, lid, tid, d, o)")
    pair_most(duck, "m.")
    assert duck.rows("FROM m.dp ORDER BY lid") == [(10, 21), (11, 20), (12, 22)]
    assert duck.rows("SELECT lid, tid FROM m.cand") == [(14, 23)] * bool(unequal)
