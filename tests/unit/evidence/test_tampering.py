"""Every tampering is detected, and its place is named; PARITY_TAMPERINGS and PARITY_TAMPER_SEED ask for more."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from unit.evidence.tampering import Enemy
from unit.evidence.worlds import World, fill

BUDGET = int(os.environ.get("PARITY_TAMPERINGS", "200"))
SEED = int(os.environ.get("PARITY_TAMPER_SEED", "7"))


@pytest.mark.timeout(300 + BUDGET)
def test_random_tamperings_are_detected_and_located(world: World) -> None:
    enemy = Enemy(fill(world), SEED)
    done = [enemy.tamper() for _ in range(BUDGET)]
    missed = [one.what for one in done if not one.detected]
    lost = [(one.what, one.place, one.report.findings[:3]) for one in done if one.detected and not one.located]
    assert (missed, lost) == ([], [])
    assert world.verified().proven  # the enemy has put everything back
    assert len(Counter(one.what for one in done)) > BUDGET / 10
