"""The assets of what is proven: whose partition they carry, and when a wave's is updated."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors

from parity.airflow.assets import require_parity, update_assets, verdict_asset, wave_asset, withhold_wave
from parity.airflow.step.results import open_results
from parity.compare.result import Verdict
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.suite.models import Suite
from unit.airflow.doubles import Instance, run_context
from unit.flow.suites import suite

DAY = date(2026, 3, 2)
WAVES = "waves:\n  - wave: 1\n    suites: [payments]\n    ready: {green_nights: 1, repeated: 0}\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one suite, and a home of Parity with an empty results store."""
    (tmp_path / "suites" / "sql").mkdir(parents=True)
    (tmp_path / "databases").mkdir()
    (tmp_path / "suites" / "sql" / "settle.sql").write_text("SELECT id FROM t WHERE day = :business_date\n")
    (tmp_path / "suites" / "payments.yaml").write_text(
        "suite: payments\nowner: me\nwave: 1\nazure: {pipeline: p, helper_job: h}\naws: {database: d}\n"
        "activities:\n  - {name: settle, legacy: {sql: settle.sql}, target: {table: a.b}, key: [id]}\n"
    )
    (tmp_path / "waves.yaml").write_text(WAVES)
    for name in ("home", "suites", "databases"):
        monkeypatch.setenv(f"PARITY_{name.upper()}", str(tmp_path / name))
    return tmp_path


@pytest.fixture
def there() -> Any:
    """The context of a gate."""
    instance = Instance()
    instance.task.outlets = [verdict_asset("db.ledger"), wave_asset(1)]
    return {**run_context(instance), "outlet_events": OutletEventAccessors()}


def record(verdict: Verdict, day: date) -> None:
    store, at = open_results(), datetime.now(UTC)
    store.record_run(RunRecord("payments", "r", day, at, at, verdict))
    store.record_activity(ActivityRecord(ActivityKey("payments", "settle", day, "r"), verdict, "3 differ.", at))


def yesterday(of: Suite) -> date:
    return of.business_date(datetime.now(UTC))


def test_an_update_carries_the_business_date_as_its_partition(there: Any) -> None:
    update_assets(there, Verdict.WAIVED, "3 rows are waived.", DAY)
    event = there["outlet_events"][verdict_asset("db.ledger")]
    assert event.partition_keys == {"2026-03-02"}
    assert event.extra == {"verdict": "WAIVED", "reason": "3 rows are waived.", "business_date": "2026-03-02"}


@pytest.mark.parametrize(("verdict", "ready"), [(Verdict.PASS, True), (Verdict.FAIL, False), (None, False)])
def test_the_waves_asset_is_updated_only_while_the_wave_is_ready(
    there: Any, verdict: Verdict | None, ready: bool
) -> None:
    if verdict:
        record(verdict, yesterday(suite()))
    withhold_wave(there, suite())
    assert there["ti"].task.outlets == [verdict_asset("db.ledger"), *([wave_asset(1)] if ready else [])]


@pytest.mark.parametrize("waves", [None, "waves: [", WAVES.replace("wave: 1", "wave: 2")])
def test_a_wave_of_which_nothing_is_declared_is_never_ready(there: Any, home: Path, waves: str | None) -> None:
    record(Verdict.PASS, yesterday(suite()))
    (home / "waves.yaml").unlink()
    if waves:
        (home / "waves.yaml").write_text(waves)
    withhold_wave(there, suite())
    assert wave_asset(1) not in there["ti"].task.outlets


def test_a_date_that_is_not_proven_is_refused_without_a_retry() -> None:
    record(Verdict.PASS, DAY)
    require_parity("parity.payments.settle", "2026-03-02")
    with pytest.raises(AirflowFailException, match=r"settle was not compared\. Run parity__payments"):
        require_parity("parity.payments.settle", DAY + timedelta(days=1))
