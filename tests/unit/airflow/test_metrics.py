"""Metrics of verdicts, as Airflow's own backends get them, and the dashboard that shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk.observability import stats

from parity.airflow.metrics import observe_activity, observe_run
from parity.compare.control_totals import ControlTotals
from parity.compare.result import Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord
from parity.settings import PROJECT

RECORD = ActivityRecord(
    ActivityKey("payments", "settle", date(2026, 3, 2), "r"),
    Verdict.FAIL,
    "3 rows differ",
    datetime(2026, 3, 3, tzinfo=UTC),
    rows=Rows(10, 9, 7, 2, 1, 0),
    seconds=1.5,
    cost_usd=Decimal("0.25"),
    control_totals=ControlTotals(athena=10, databricks=9),
)


@dataclass
class Backend:
    """A backend that keeps what it gets."""

    counted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    gauges: dict[str, tuple[float, dict[str, str]]] = field(default_factory=dict)

    def incr(self, stat: str, *, tags: dict[str, str], **_: Any) -> None:
        self.counted.append((stat, tags))

    def gauge(self, stat: str, value: float, *, tags: dict[str, str], **_: Any) -> None:
        self.gauges[stat] = value, tags


@pytest.fixture
def backend() -> Iterator[Backend]:
    from airflow.sdk.observability.metrics.stats_utils import get_stats_factory

    found = Backend()
    stats.initialize(factory=lambda: found, export_legacy_names=True)  # type: ignore[arg-type, return-value]
    yield found
    stats.initialize(factory=get_stats_factory(), export_legacy_names=True)


def test_an_activity_is_counted_by_verdict_and_its_newest_result_shown(backend: Backend) -> None:
    observe_activity(RECORD)
    tags = {"suite": "payments", "activity": "settle"}
    assert backend.counted == [("parity.verdicts", {**tags, "verdict": "FAIL"})]
    assert backend.gauges == {
        "parity.rows": (10, tags),
        "parity.rows_different": (3, tags),
        "parity.control_total_gaps": (1, tags),
        "parity.compare_seconds": (1.5, tags),
        "parity.bytes_scanned": (0, tags),
        "parity.cost_usd": (0.25, tags),
    }


@pytest.mark.parametrize(("verdict", "green"), [("PASS", 1), ("WAIVED", 1), ("FAIL", 0), ("INVALID", 0)])
def test_a_run_is_counted_and_is_green_or_not(backend: Backend, verdict: str, green: int) -> None:
    observe_run("db.ledger", Verdict(verdict))
    assert backend.counted == [("parity.runs", {"suite": "db.ledger", "verdict": verdict})]
    assert backend.gauges == {"parity.run_green": (green, {"suite": "db.ledger"})}


def test_the_dashboard_and_the_docs_have_exactly_the_metrics_that_are_sent(backend: Backend) -> None:
    observe_activity(RECORD)
    observe_run("payments", Verdict.PASS)
    sent = {name.replace(".", "_") for name in (*backend.gauges, *(name for name, _ in backend.counted))}
    dashboard = (PROJECT / "deploy" / "grafana" / "parity.json").read_text()
    assert set(re.findall(r"airflow_(parity_[a-z_]+[a-z])", dashboard)) == sent
    documented = re.findall(r"`(parity\.[a-z_]+)`", (PROJECT / "docs" / "other-tools.md").read_text())
    assert {name.replace(".", "_") for name in documented} == sent
