"""The results store as a task uses it: records of the run, and what a task does with a verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.metrics import observe_run
from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.output import facts_of, read_plan
from parity.compare.result import Result, Verdict
from parity.errors import BadInput
from parity.flow.codec import to_json
from parity.flow.database_run.plan import DatabaseRunPlan
from parity.flow.run_verdict import PLAN
from parity.flow.stages import Stage
from parity.flow.suite_run.plan import SuiteRunPlan, partition_of
from parity.flow.suite_run.verdict import NEXT_STEP
from parity.settings import settings
from parity.suite.databases import Database
from parity.suite.models import Suite

if TYPE_CHECKING:
    from parity.history.store import Store

Subject = Suite | Database
"""What has runs, a Dag and alerts of its own."""
Plan = TypeVar("Plan", SuiteRunPlan, DatabaseRunPlan)
OUTCOME = "outcome"
"""XCom key of a record task's outcome, which a red one leaves too."""
RUN_ISSUE = "run_issue"
"""XCom key of why a run is not green although no activity is red."""
log = logging.getLogger(__name__)


def open_results() -> Store:
    """Open the results store."""
    from parity.history.store import open_store

    return open_store(settings().results_store)


def start_run(
    context: Context, of: tuple[Subject, str], plan_run: Callable[..., Plan], rules: Callable[[Plan], Any]
) -> dict[str, Any]:
    """Plan this run, record that it has started, and return its plan as JSON.

    ``rules`` returns the hashes of what is declared now.
    """
    run, (subject, _) = context["dag_run"], of
    form = dict(context["params"])
    form["business_date"] = form.get("business_date") or partition_of(run)
    plan = plan_run(subject, form, run_id=run.run_id, moment=run.logical_date or run.run_after)
    plan = replace(plan, rules=rules(plan))
    record_run(context, of, plan.business_date)
    return to_json(plan)


def record_run(
    context: Context, of: tuple[Subject, str], day: date, verdict: Verdict | None = None, reason: str = ""
) -> None:
    """Record this run; it has ended where there is a verdict.

    ``of`` is the suite or the database, with the fingerprint of its declaration.
    """
    from parity.history.records import RunRecord

    run, now = context["dag_run"], datetime.now(UTC)
    subject, sha = of
    record = RunRecord(
        suite=subject.key,
        run_id=run.run_id,
        business_date=day,
        started=run.start_date or now,
        ended=now if verdict else None,
        verdict=verdict,
        reason=reason,
        wave=subject.wave,
        suite_sha=sha,
        url=run_url(context),
    )
    open_results().record_run(record)
    if verdict:
        observe_run(subject.key, verdict)


def run_url(context: Context) -> str:
    """Return this run's page in Airflow."""
    base = settings().site_url.rstrip("/")
    return f"{base}/dags/{context['dag'].dag_id}/runs/{context['dag_run'].run_id}" if base else ""


def plan_for_gate(context: Context, of: tuple[Subject, str], kind: type[Plan], day: date) -> Plan:
    """Return the plan of this run; without one, record that nothing was compared on ``day``, and fail the gate."""
    try:
        return read_plan(context, kind)
    except BadInput as error:
        failure = facts_of(context, {PLAN: Stage.PLAN})[PLAN].failure
        reason = failure.sentence if failure else str(error)
    context["ti"].xcom_push(RUN_ISSUE, reason)
    record_run(context, of, day, Verdict.INVALID, reason)
    log_verdict("The run is INVALID.", Verdict.INVALID, reason, run_url(context))
    raise AirflowFailException(f"INVALID: {reason}")


def return_outcome(context: Context, name: str, outcome: dict[str, Any], url: str) -> dict[str, Any]:
    """Log and push what a record task has recorded, and return it if it is green."""
    verdict, reason = Verdict(outcome["verdict"]), outcome["reason"]
    log_verdict(f"{verdict}: {name}", verdict, reason, url)
    context["ti"].xcom_push(OUTCOME, outcome)
    require_green(verdict, reason)
    return outcome


def require_green(verdict: Verdict, reason: str) -> None:
    """Fail the task, without retry, unless the verdict is green."""
    if not verdict.green:
        raise AirflowFailException(f"{verdict}: {reason}")


def log_verdict(headline: str, verdict: Verdict, reason: str, url: str) -> None:
    """Write a verdict into the task's log, with its reason and the next step."""
    log_block(headline, reason, NEXT_STEP[verdict], url, level=log_level(verdict))


def log_result(result: Result) -> None:
    """Write the comparison's report into the task's log."""
    from parity.report.text import render_text

    for line in render_text(result).splitlines():
        log.info("%s", line)
