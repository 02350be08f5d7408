"""Metrics of verdicts, sent where Airflow's settings (``[metrics]``) send its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.observability import stats

from parity.compare.result import Verdict

if TYPE_CHECKING:
    from parity.history.records import ActivityRecord


def observe_activity(record: ActivityRecord) -> None:
    """Count an activity's verdict, and set the gauges of its newest result."""
    tags = {"suite": record.key.suite, "activity": record.key.activity}
    stats.incr("parity.verdicts", tags={**tags, "verdict": record.verdict.value})
    totals = record.control_totals
    gauges = {
        "rows": record.rows.legacy,
        "rows_different": record.rows.different,
        "control_total_gaps": len(totals.gaps) if totals else 0,
        "compare_seconds": record.seconds,
        "bytes_scanned": record.bytes_scanned,
        "cost_usd": float(record.cost_usd),
    }
    for name, value in gauges.items():
        stats.gauge(f"parity.{name}", value, tags=tags)


def observe_run(suite: str, verdict: Verdict) -> None:
    """Count the verdict of a run of a suite or a database, and set whether it is green: 1 or 0."""
    tags = {"suite": suite}
    stats.incr("parity.runs", tags={**tags, "verdict": verdict.value})
    stats.gauge("parity.run_green", int(verdict.green), tags=tags)
