"""The demo's past: a story whose defects fit, played by the product's own comparison, and marked as an example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from parity.compare.result import Verdict
from parity.flow.readiness import readiness_of_waves
from parity.history.records import ActivityRecord
from parity.history.store import Store, open_store
from parity.settings import Settings
from parity.suite.models import Cause
from parity_sandbox.past.outputs import MADE, Outputs, outputs
from parity_sandbox.past.seed import seed, suite_nights
from parity_sandbox.past.story import NIGHTS, Night, nights, story

UNTIL = date(2026, 11, 29)
P, W, F, X = Verdict.PASS, Verdict.WAIVED, Verdict.FAIL, Verdict.INVALID


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="module")
def made() -> Iterator[Outputs]:
    with outputs() as found:
        yield found


@pytest.fixture(scope="module")
def seeded(settings: Settings) -> Store:
    """A store with the last seeded night."""
    store = open_store(settings.results_store)
    assert seed(store, settings, UNTIL, 1) == 17
    return store


def play(settings: Settings, made: Outputs, back: int, *activities: str) -> dict[str, ActivityRecord]:
    """Play some activities of one night."""
    [night] = suite_nights(settings, [Night(back, UNTIL)])
    some = tuple(one for one in night.suite.activities if one.name in activities)
    _, records = replace(night, suite=night.suite.model_copy(update={"activities": some})).play(made)
    return {record.key.activity: record for record in records}


def test_every_defect_fits_the_query_of_an_activity_that_is_made() -> None:
    for defect in story()["defects"]:
        assert defect["activity"] in MADE
    for night in nights(UNTIL):
        for activity in MADE:
            night.query(activity, "target")
            night.failure(activity)


def test_the_past_ends_the_day_before_and_leaves_one_date_out() -> None:
    expected = nights(UNTIL)
    assert (expected[0].day, expected[-1].day) == (UNTIL - timedelta(days=NIGHTS), UNTIL - timedelta(days=1))
    assert sum(night.silent for night in expected) == 1


def test_a_seeded_night_has_verdicts_and_reports_and_is_marked(seeded: Store, settings: Settings) -> None:
    runs = {run.suite: run for run in seeded.runs()}
    assert {name: (run.verdict, run.seeded) for name, run in runs.items()} == {
        "payments": (W, True),
        "db.ledger": (P, True),
    }
    activities = seeded.run(runs["payments"].run_id).activities
    assert [one.key.activity for one in activities if one.verdict is not P] == ["sync_vendors"]
    assert all((Path(settings.artefact_root) / one.report).with_suffix(".html").exists() for one in activities)
    assert max(one.rows.legacy for one in activities) > 8_000


def test_the_past_makes_no_wave_ready(seeded: Store, settings: Settings) -> None:
    now = datetime.combine(UNTIL, datetime.min.time(), UTC)
    [wave] = readiness_of_waves(seeded, settings, now)
    assert (wave.ready, wave.nights) == (None, 0)


def test_a_waiver_is_agreed_and_expires_before_the_repair_comes(settings: Settings, made: Outputs) -> None:
    verdicts = {
        back: play(settings, made, back, "sync_partners")["sync_partners"].verdict for back in (41, 40, 34, 33)
    }
    assert verdicts == {41: P, 40: F, 34: W, 33: F}


def test_what_failed_in_a_cloud_is_invalid_in_its_words(settings: Settings, made: Outputs) -> None:
    found = play(settings, made, 46, "sync_clients")["sync_clients"]
    assert (found.verdict, found.report) == (X, "")
    assert found.first_broken.startswith("The Data Factory pipeline: Run failed: the linked service's cluster")


def test_a_rule_came_later_and_an_export_can_be_cut(settings: Settings, made: Outputs) -> None:
    before = play(settings, made, 49, "settle_card_payments")["settle_card_payments"]
    assert [cause.cause for column in before.columns for cause in column.causes] == [Cause.TIMESTAMP_PRECISION]
    cut = play(settings, made, 32, "settle_card_payments")["settle_card_payments"]
    assert cut.verdict is X
    assert "where its manifest promised" in cut.reason
