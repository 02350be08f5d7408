"""From what a run found to what the results store keeps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from parity.compare.control_totals import control_totals
from parity.compare.result import Result, Rows, Verdict
from parity.expectations.findings import Findings
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.files import REPORT
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.flow.suite_run.verdict import Judgement
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun
from parity.suite.models import Severity, Suite


def activity_record(
    run: ActivityRun,
    judgement: Judgement,
    result: Result | None,
    findings: Findings | None,
    runs: Iterable[tuple[str, Mapping[str, Any]]],
    sha: str,
) -> ActivityRecord:
    """Return the record of one activity of one run."""
    listed, failure = list(runs), judgement.failure
    queries = [data for kind, data in listed if kind.startswith("athena")]
    return ActivityRecord(
        key=ActivityKey(run.suite.suite, run.activity.name, run.plan.business_date, run.plan.run_id, run.attempt),
        verdict=judgement.verdict,
        reason=judgement.reason,
        recorded=datetime.now(UTC),
        rows=result.rows if result else Rows(),
        columns=tuple(c for c in result.columns if c.different) if result else (),
        findings=_findings(findings),
        remote_runs=tuple(_remote_run(kind, data) for kind, data in listed),
        severity=run.activity.severity,
        first_broken=failure.sentence if failure else "",
        broken_stage=failure.stage.value if failure else "",
        caused_by=failure.caused_by if failure else "",
        seconds=result.seconds if result else 0.0,
        report=f"{run.files.folder}/{REPORT}" if result else "",
        suite_sha=sha,
        waivers=result.waivers if result else (),
        cost_usd=sum((Decimal(str(query.get("cost_usd") or 0)) for query in queries), Decimal(0)),
        control_totals=control_totals(result) if result else None,
        bytes_scanned=sum(int(query.get("bytes_scanned") or 0) for query in queries),
    )


def is_record_of(kept: ActivityRecord | None, outcome: Mapping[str, Any]) -> bool:
    """Return whether the stored record of an activity is that of ``outcome``."""
    if kept is None or kept.verdict != outcome["verdict"]:
        return False
    return kept.recorded.isoformat() == outcome.get("recorded")


def corrected_record(
    plan: SuiteRunPlan,
    activity: str,
    outcome: Mapping[str, Any],
    kept: ActivityRecord | None,
    about: tuple[Severity, str],
) -> ActivityRecord:
    """Return the record of what counts of an activity although its own record task stored something else.

    ``about`` is its severity, and the fingerprint of the suite.
    """
    attempt = kept.key.attempt + 1 if kept else 1
    severity, sha = about
    return ActivityRecord(
        key=ActivityKey(plan.suite, activity, plan.business_date, plan.run_id, attempt),
        verdict=Verdict(outcome["verdict"]),
        reason=outcome["reason"],
        recorded=datetime.now(UTC),
        severity=severity,
        suite_sha=sha,
    )


def severity_of(suite: Suite, activity: str) -> Severity:
    """Return how bad a difference is; critical for an activity that is no longer declared."""
    return {one.name: one.severity for one in suite.activities}.get(activity, Severity.CRITICAL)


def _remote_run(kind: str, data: Mapping[str, Any]) -> RemoteRun:
    return RemoteRun(kind, str(data.get("run_id", "")), str(data.get("state", "")), str(data.get("url", "")))


def _findings(findings: Findings | None) -> tuple[ExpectationResult, ...]:
    if findings is None:
        return ()
    return tuple(
        ExpectationResult(f.side, f.expectation, f.subject, f.severity, f.outcome, f.message)
        for f in findings.findings
    )
