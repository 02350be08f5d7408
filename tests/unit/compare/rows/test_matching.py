"""A largest matching, held against every way to pair a few rows."""

from __future__ import annotations

import itertools
import random

import pytest

from parity.compare.rows.matching import most


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
