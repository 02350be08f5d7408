"""``parity readiness`` as a lead and a pipeline use it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli import cli
from parity.cli.readiness import report
from parity.compare.result import Rows, Verdict
from parity.flow.readiness import readiness_of_waves
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.settings import settings
from parity.suite.suite_files import load_suites

WAVES = "waves:\n  - {wave: 1, suites: [payments], ready: {green_nights: 2, repeated: 0, coverage: 0.5}}\n"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    (tmp_path / "waves.yaml").write_text(WAVES)
    url = f"sqlite:///{tmp_path / 'results.db'}"
    for name, value in (("WAVES", tmp_path / "waves.yaml"), ("STORE_URL", url), ("DATABASES", tmp_path / "none")):
        monkeypatch.setenv(f"PARITY_{name}", str(value))
    return open_store(url)


def record(store: Store, nights: int, verdict: Verdict = Verdict.PASS) -> None:
    suite = load_suites(settings().suites).models["payments"]
    for back in range(nights):
        day = suite.business_date(datetime.now(UTC)) - timedelta(days=back)
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        store.record_run(RunRecord("payments", f"r{day}", day, at, at, verdict, ""))
        keys = [ActivityKey("payments", activity.name, day, f"r{day}") for activity in suite.activities]
        store.record_activities(ActivityRecord(key, verdict, "", at, Rows(5, 5, 5)) for key in keys)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["readiness", *arguments])


def test_the_exit_status_is_the_answer(store: Store) -> None:
    assert run().exit_code == 2
    record(store, 1)
    assert run().exit_code == 1
    record(store, 2)
    done = run("1")
    assert done.exit_code == 0
    assert done.stdout.startswith("Wave 1: ready, 100% done.")


def test_json_has_every_criterion(store: Store) -> None:
    record(store, 1, Verdict.FAIL)
    done = run("--json")
    (wave,) = json.loads(done.stdout)
    assert (done.exit_code, wave["ready"], wave["green_nights"]) == (1, False, 0)
    nights = next(one for one in wave["criteria"] if one["name"] == "green nights")
    assert nights["detail"].startswith("0 of 2: ")
    assert nights["owner"]


def test_every_line_fits_the_terminal(store: Store) -> None:
    record(store, 1, Verdict.FAIL)
    (found,) = readiness_of_waves(store, settings(), datetime.now(UTC))
    lines = [line for part in report(found, 72) for line in part.splitlines()]
    assert (
        max(len(line.replace("\x1b[0m", "").replace("\x1b[31m", "").replace("\x1b[32m", "")) for line in lines)
        <= 80
    )


@pytest.mark.parametrize(
    ("waves", "words"),
    [
        (None, "No waves.yaml says when a wave is ready."),
        (WAVES.replace("wave: 1", "wave: 2"), "'payments' says that it belongs to wave 1."),
        (WAVES, "has no wave 7. It has 1."),
    ],
)
def test_what_cannot_be_read_is_a_sentence_and_status_2(
    store: Store, tmp_path: Path, waves: str, words: str
) -> None:
    (tmp_path / "waves.yaml").unlink()
    if waves:
        (tmp_path / "waves.yaml").write_text(waves)
    assert store
    done = CliRunner().invoke(cli, ["readiness", "7"], standalone_mode=False)
    assert words in str(done.exception)
