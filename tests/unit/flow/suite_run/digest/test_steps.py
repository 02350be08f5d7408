"""What the steps of digest mode leave for each other counts only while it is of the attempt that handed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parity.clients.artefacts import Artefacts
from parity.clients.athena_sql import Statement
from parity.errors import ExportRefused
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE, Provenance
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun, Outputs
from parity.flow.suite_run.digest import steps
from parity.flow.suite_run.digest.buckets import BucketDiff
from parity.flow.suite_run.digest.strategy import DigestPlan
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.plan import plan_suite_run
from parity.flow.suite_run.steps import fetch
from parity.settings import Settings
from parity.suite.models import Mode
from unit.flow.suites import suite

PLAN = DigestPlan(Mode.DIGEST, "many rows", 9, 9, legacy=("id",), target=("id",))
BUCKETS = BucketDiff(9, 9, 1, 0, (), False, 9, 0, "v1", ("q", "e"), 10)
QUERY = Statement("SELECT 1", ())


def made(attempt: str) -> Provenance:
    return Provenance(attempt, "rules", {"plan": "mark"})


@pytest.fixture
def run(tmp_path: Path) -> ActivityRun:
    """An activity that digests, whose way and buckets were found by the attempts that handed them on."""
    own = suite("settle", mode=Mode.DIGEST)
    plan = plan_suite_run(own, {}, run_id="r", moment=datetime(2026, 3, 2, tzinfo=UTC))
    settings = Settings(home=tmp_path / "home", memory="256MB")
    handed = {stage: {PROVENANCE: to_json(made(f"of {stage}"))} for stage in (Stage.STRATEGY, Stage.BUCKETS)}
    base = ActivityRun(
        own, own.activity("settle"), plan, settings, Artefacts.on_disk(tmp_path), task_output=handed.__getitem__
    )
    replace(base, provenance=made("of strategy")).write(steps.STRATEGY, PLAN)
    replace(base, provenance=made("of buckets")).write(steps.BUCKETS, BUCKETS)
    return base


def fetched(run: ActivityRun) -> Any:
    nothing: Any = None
    return fetch(run, Outputs(nothing, "", "", "", lambda: (), (BUCKETS.mark, BUCKETS.mark)), nothing)


READERS: dict[str, Callable[[ActivityRun], Any]] = {
    "digest_legacy": lambda run: steps.DIGEST.legacy(run, QUERY),
    "digest_target": steps.DIGEST.target,
    "rows_legacy": lambda run: steps.ROWS.legacy(run, QUERY),
    "rows_target": steps.ROWS.target,
    "mark_of": steps.mark_of,
    "complete_result": lambda run: steps.complete_result(run, *[None] * 3),  # type: ignore[arg-type]
    "fetch": fetched,
}
OF_BUCKETS = ("rows_legacy", "rows_target", "mark_of", "complete_result", "fetch")


def test_what_was_handed_on_is_read(run: ActivityRun) -> None:
    assert steps.digest_plan_of(run).legacy == PLAN.legacy
    assert steps.mark_of(run) == BUCKETS.mark


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("piece", [{}, {PROVENANCE: to_json(made("a later one"))}], ids=["marked", "made again"])
def test_a_way_of_another_attempt_is_refused_by_all_who_read_it(
    run: ActivityRun, reader: str, piece: dict[str, Any]
) -> None:
    with pytest.raises(
        ExportRefused, match=r"strategy.json is not of the attempt of task settle.strategy whose output counts"
    ):
        READERS[reader](replace(run, task_output=lambda _: piece))


@pytest.mark.parametrize("reader", OF_BUCKETS)
def test_buckets_that_an_outlived_process_wrote_are_refused(run: ActivityRun, reader: str) -> None:
    replace(run, provenance=made("an earlier one")).write(steps.BUCKETS, replace(BUCKETS, unequal=1))
    with pytest.raises(ExportRefused, match=r"buckets.json is not of the attempt of task settle.buckets"):
        READERS[reader](run)


def planned(run: ActivityRun, mode: Mode, version: str) -> ActivityRun:
    replace(run, provenance=made("of strategy")).write(
        steps.STRATEGY, replace(PLAN, mode=mode, target_version=version)
    )
    return run


def exported(version: str) -> Any:
    return Export(Path(), (), 9, 0, (), {"version": version})


@pytest.mark.parametrize(
    ("mode", "version", "read"),
    [
        (Mode.DIGEST, "delta-7", "delta-7"),
        (Mode.DIGEST, "files-1", "files-1"),
        (Mode.ROWS, "delta-7", "delta-7"),
        (Mode.ROWS, "files-1", ""),
    ],
)
def test_the_state_that_was_surveyed_is_read_to_the_last_export(
    run: ActivityRun, mode: Mode, version: str, read: str
) -> None:
    planned(run, mode, version)
    assert [part.version(run) for part in (steps.SURVEY, steps.DIGEST, steps.ROWS)] == ["", read, read]


@pytest.mark.parametrize(
    ("mode", "surveyed", "reported"),
    [
        (Mode.ROWS, "delta-7", "was delta-7 when it was surveyed and is delta-8 now"),
        (Mode.DIGEST, "delta-7", "was delta-7 when it was surveyed and is v1 now"),
        (Mode.DIGEST, "v1", "was v1 when it was digested and is delta-8 now"),
    ],
)
def test_an_export_of_another_state_is_refused(run: ActivityRun, mode: Mode, surveyed: str, reported: str) -> None:
    nothing: Any = None
    with pytest.raises(ExportRefused, match=reported):
        steps.complete_result(planned(run, mode, surveyed), nothing, nothing, exported("delta-8"))
