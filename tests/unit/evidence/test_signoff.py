"""Who may sign a wave off, and what makes a sign-off no longer stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.evidence.recorder import rules_hash
from parity.evidence.signoff import (
    APPROVE,
    REJECT,
    Answer,
    changes_since,
    evidence_of,
    newest_sign_off,
    objections,
)
from parity.history import tables
from unit.evidence.worlds import World
from unit.flow.suites import suite

ANA = Answer("1", "Ana", APPROVE, "", "2026-03-03T09:00:00+00:00")
BEN = replace(ANA, id="2", name="ben")
COVERED = "12.34"
"""What the waiver of each result in :class:`World` covers, in euros."""


def objected(world: World, *answers: Answer, **declared: Any) -> list[str]:
    subjects = [suite("settle", **declared)]
    evidence = evidence_of(world.chains, subjects)
    return list(objections(answers, subjects, evidence, world.chains, world.artefacts))


@pytest.mark.parametrize(
    ("answers", "declared", "why"),
    [
        ((ANA, BEN), {}, []),
        ((ANA, replace(BEN, decision=REJECT, comment="not yet")), {}, ["ben rejected it: not yet"]),
        ((ANA, ANA), {}, ["two people must sign, and Ana did"]),
        ((ANA, replace(BEN, id="", name="")), {}, ["two people must sign, and Ana did"]),
        ((ANA, replace(BEN, name="Vendor-Data-Lead")), {}, ["Vendor-Data-Lead owns a waiver of payments"]),
        ((ANA, replace(BEN, id="vendor-data-lead")), {}, ["ben owns a waiver of payments"]),
        ((ANA, BEN), {"approval": {"money": COVERED, "by": ["cfo"]}}, []),
        (
            (ANA, BEN),
            {"approval": {"money": "12.33", "by": ["cfo"]}},
            ["a waiver of payments covers 12.34, which one of cfo must approve"],
        ),
        ((ANA, BEN), {"approval": {"money": 0, "by": ["cfo", "BEN"]}}, []),
    ],
)
def test_two_people_sign_of_whom_none_owns_a_waiver(
    world: World, answers: tuple[Answer, ...], declared: dict[str, Any], why: list[str]
) -> None:
    world.night(0)
    assert objected(world, *answers, **declared) == why


def test_without_evidence_there_is_nothing_to_sign(world: World) -> None:
    with pytest.raises(BadInput, match="No evidence of payments is recorded"):
        evidence_of(world.chains, [suite()])


def changed(world: World, evidence: Any, rules: dict[str, Any] | None = None) -> list[str]:
    now = {name: rules_hash(rules or world.rules(name)) for name in evidence}
    return list(changes_since(evidence, world.chains, now))


def test_a_sign_off_stands_while_what_follows_is_green_by_the_same_rules(world: World) -> None:
    world.night(0)
    evidence = evidence_of(world.chains, [suite()])
    world.night(1, verdict=Verdict.PASS)
    assert changed(world, evidence) == []
    assert changed(world, evidence, {"files": {}, "waivers": []}) == ["the rules of payments were changed"]
    world.night(2, verdict=Verdict.FAIL)
    assert changed(world, evidence) == ["payments is FAIL on 2026-03-04"]


def test_a_sign_off_falls_with_the_entry_that_it_names(world: World) -> None:
    world.night(0)
    evidence = evidence_of(world.chains, [suite()])
    with world.store.engine.begin() as connection:
        connection.execute(
            tables.evidence.update().values(entry=sa.func.replace(tables.evidence.c.entry, "5", "6"))
        )
    assert changed(world, evidence) == ["the evidence of payments is not the one that was signed"]


def test_the_newest_decision_says_whether_it_stands_and_whether_the_key_signed_it(
    world: World, tmp_path: Path
) -> None:
    rules = {name: rules_hash(world.rules(name)) for name in ("payments", "db.ledger")}
    assert newest_sign_off(world.chains, 1, rules) is None
    world.night(0)
    world.night(0, "db.ledger")
    world.sign_off()
    found = newest_sign_off(world.chains, 1, rules, world.keys)
    assert found
    assert found.stands
    assert found.sentence.startswith("Signed off by ana and ben on 2026-03-03 for evidence ")
    unknown = newest_sign_off(world.chains, 1, rules)
    assert unknown
    assert "its signature is not verified" in unknown.sentence
    forged = newest_sign_off(world.chains, 1, rules, World(tmp_path / "other").keys)
    assert forged
    assert not forged.stands
    more = newest_sign_off(world.chains, 1, {**rules, "refunds": "new"}, world.keys)
    assert more
    assert "no longer stands: it is not about refunds" in more.sentence
