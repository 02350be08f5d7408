"""A waiver's last day ends where its suite is at home, whatever day it is in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fake_clock import FakeClock
from parity.clients.artefacts import Artefacts
from parity.clock import SystemClock
from parity.compare.result import Verdict
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.plan import plan_suite_run
from parity.flow.suite_run.steps import compare
from parity.settings import Settings
from parity.suite.databases import Database
from parity.suite.models import Mode, Waiver
from parity.tablediff.job import Job
from unit.flow.suites import suite

LAST_DAY = date(2026, 3, 2)
WAIVER = Waiver(
    suite="payments",
    activity="settle",
    owner="a team",
    reason="the rate was corrected",
    ticket="T-1",
    expires=LAST_DAY,
    max_rows=1,
)


@pytest.fixture
def exports(tmp_path: Path) -> tuple[Export, Export]:
    """Two outputs that differ in one row."""
    found = []
    for name, amount in (("legacy", 1), ("target", 2)):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"id": [1, 2], "amount": [5, amount]}), path)
        found.append(Export(tmp_path, (path,), 2, path.stat().st_size, ()))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("zone", "moment", "verdict"),
    [
        ("UTC", datetime(2026, 3, 2, 23, 59, tzinfo=UTC), Verdict.WAIVED),
        ("UTC", datetime(2026, 3, 3, 0, 0, tzinfo=UTC), Verdict.FAIL),
        ("Asia/Tokyo", datetime(2026, 3, 2, 14, 59, tzinfo=UTC), Verdict.WAIVED),
        ("Asia/Tokyo", datetime(2026, 3, 2, 15, 0, tzinfo=UTC), Verdict.FAIL),
        ("America/Los_Angeles", datetime(2026, 3, 3, 7, 59, tzinfo=UTC), Verdict.WAIVED),
        ("America/Los_Angeles", datetime(2026, 3, 3, 8, 0, tzinfo=UTC), Verdict.FAIL),
    ],
)
def test_a_waiver_covers_until_its_last_day_ends_in_the_suites_zone(
    tmp_path: Path, exports: tuple[Export, Export], zone: str, moment: datetime, verdict: Verdict
) -> None:
    made: Any = suite("settle", timezone=zone, mode=Mode.ROWS)
    plan = plan_suite_run(made, {"business_date": "2026-03-01"}, run_id="r", moment=moment)
    artefacts, settings = (
        Artefacts.on_disk(tmp_path / "artefacts"),
        Settings(home=tmp_path / "home", memory="256MB"),
    )
    case = ActivityRun(
        made, made.activity("settle"), plan, settings, artefacts, (WAIVER,), clock=FakeClock(moment)
    )
    assert compare(case, *exports, facts={}).verdict is verdict


@pytest.mark.parametrize(("zone", "day"), [("UTC", 2), ("Asia/Tokyo", 3), ("America/Los_Angeles", 2)])
def test_a_databases_waivers_end_in_its_own_zone_too(tmp_path: Path, zone: str, day: int) -> None:
    reported = {"database": "ledger", "owner": "dba", "legacy": "l", "target": "t", "timezone": zone}
    clock = FakeClock(datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
    nothing: Any = None
    job = Job(Database.model_validate(reported), nothing, nothing, tmp_path, clock)
    assert job.today == date(2026, 3, day)
    assert job.explain_options("entries").today == job.today


def test_a_case_goes_by_the_machines_clock() -> None:
    assert ActivityRun.__dataclass_fields__["clock"].default_factory is SystemClock
