"""Whatever people and mishaps do to a run, a green verdict is true."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unit.airflow.run_model import EVENTS, NAMES, WEAKENED, Event, play

LONGEST = 8
ROUNDS = int(os.environ.get("PARITY_FUZZ_RUNS", "150"))
"""Runs that are played with everything in place."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the suite, with its queries."""
    made = tmp_path_factory.mktemp("suites")
    (made / "sql").mkdir()
    for name in NAMES:
        (made / "sql" / f"{name}.sql").write_text("SELECT 1")
    return made


@settings(
    max_examples=ROUNDS, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(st.one_of(*(st.sampled_from(some) for some in EVENTS.values())), max_size=LONGEST),
    ranged=st.booleans(),
    partial=st.booleans(),
)
def test_a_green_run_was_compared_from_exports_of_its_own_generation_and_is_equal(
    folder: Path, events: list[Event], ranged: bool, partial: bool
) -> None:
    gates = play(folder, events, ranged=ranged, partial=partial)
    assert [gate for gate in gates if gate.lies] == []


def test_a_run_that_nobody_touches_is_green(folder: Path) -> None:
    assert [gate.verdict for gate in play(folder, [])] == ["PASS"]
    for task in ("plan", "start_pipeline", "settle.athena_unload", "settle.compare", "settle.record", "gate"):
        again = play(folder, [("clear", task, "with downstream")])
        assert [gate.verdict for gate in again] == ["PASS", "PASS"], task


@pytest.mark.parametrize("weak", WEAKENED)
def test_the_model_finds_out_a_judging_that_leaves_one_input_out(folder: Path, weak: str) -> None:
    events = [*WEAKENED[weak][1]]
    assert any(gate.lies for gate in play(folder, events, weak, ranged=True))
    assert not any(gate.lies for gate in play(folder, events, ranged=True))


def test_a_plan_that_was_made_again_by_other_rules_takes_back_what_was_said_by_the_old_ones(folder: Path) -> None:
    found = play(folder, [("the suite is edited",), ("clear", "plan", "alone"), ("clear", "gate", "alone")])
    assert [gate.verdict for gate in found] == ["PASS", "INVALID"]
    assert [gate for gate in found if gate.lies] == []
