"""The Dag of the doctor: weekly and by hand, green or red, with alerts like any other."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.sdk import DAG, BaseNotifier, Context, Param
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.connections.lookup import connection
from parity.airflow.notifications import log_deliveries, senders_of
from parity.airflow.step.operator import StepOperator
from parity.airflow.step.results import Subject, open_results, run_url
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.clock import SystemClock
from parity.compare.result import Verdict
from parity.errors import ParityError
from parity.flow.stages import Stage
from parity.settings import settings
from parity.suite.models import Severity

if TYPE_CHECKING:
    from parity.doctor.report import Report

ABOUT = (
    "Looks whether everything is in place, cloud by cloud. **Red:** the log and the page /parity/doctor say what"
    " is not, and what to do."
)
DOCTOR_DAG = "parity_doctor"
log = logging.getLogger(__name__)


def build_doctor() -> DAG:
    """Return the Dag: one task, whose colour is that of the report."""
    with DAG(
        DOCTOR_DAG,
        description="Looks whether everything is in place that suites and databases need, cloud by cloud.",
        schedule="0 6 * * 1" if settings().scheduled else None,
        start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
        catchup=False,
        tags=["parity"],
        params={
            "names": Param([], type="array", items={"type": "string"}, title="Suites and databases; empty: all"),
            "connection": Param("", type="string", title="This connection alone"),
            "send_test_alert": Param(
                False, type="boolean", title="Send each alert channel a message that says TEST"
            ),
        },
        default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    ) as dag:
        StepOperator(
            task_id="examine",
            step=step,
            stage=Stage.RECORD,
            doc_md=ABOUT,
            on_failure_callback=DoctorAlert(),
            on_success_callback=DoctorAlert(),
        )
    return dag


def step(context: Context) -> dict[str, Any]:
    """Ask everything, keep the report for the page, and fail unless all is in place."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.airflow.doctor.examination import examine, load_subjects
    from parity.web.doctor import REPORT, save_report

    params, now = context["params"], settings()
    subjects = load_subjects(now, params["names"])
    only, send = params["connection"], bool(params["send_test_alert"])
    report = examine(subjects, now, connection, only=only, send=send)
    save_report(open_artefacts(), report, context["dag_run"].run_id)
    for line in said(report):
        log.info("%s", line)
    if not report.ok:
        raise AirflowFailException(report.summary)
    return {"summary": report.summary, "report": REPORT}


def said(report: Report) -> Iterator[str]:
    """Yield the report for a task's log: what is not there, line by line."""
    from parity.doctor.line import Status

    for line in report.lines:
        found = line.finding
        if found.status is not Status.OK:
            yield f"{found.status}: {line.place}: {found.kind} {found.name}: {found.detail} {found.remedy}".strip()
    yield report.summary


class DoctorAlert(BaseNotifier):
    """Reports to each suite's and database's own channels what changed of what they need."""

    def notify(self, context: Context) -> None:
        """Send; a channel that fails is logged and tried again with the next run."""
        from parity.airflow.doctor.examination import load_subjects
        from parity.alerts.notify import notify_setup

        now, run = settings(), context["dag_run"].run_id
        found = load_subjects(now, context["params"]["names"])
        subjects: tuple[Subject, ...] = (*found.suites, *found.databases)
        for subject in subjects:
            outcome = subject_outcome(subject, _report(run), run, _url(context))
            if outcome.activities or outcome.run_issue:
                log_deliveries(notify_setup(open_results(), outcome, senders_of(subject), SystemClock()))


def _report(run: str) -> Report | None:
    """Return the report of this run, or None when it made none."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.doctor.report import Report
    from parity.web.doctor import REPORT

    try:
        data = json.loads(open_artefacts().read(REPORT))
    except ParityError:
        return None
    return Report.from_json(data) if data.get("run") == run else None


def subject_outcome(subject: Subject, report: Report | None, run: str, url: str) -> RunOutcome:
    """Return what the report says of a suite or database, by place; a missing report is an issue itself."""
    from parity.doctor.report import by_place

    lines = [line for line in report.lines if subject.key in line.needed_by] if report else []
    places = []
    for place, some in by_place(lines):
        bad = [line.finding for line in some if not line.ok]
        first = bad[0] if bad else None
        reason = (
            f"{first.status}: {first.kind} {first.name}: {first.detail} {first.remedy}".strip() if first else ""
        )
        verdict = Verdict.INVALID if first else Verdict.PASS
        more = f" And {len(bad) - 1} more." if len(bad) > 1 else ""
        places.append(ActivityOutcome(place, verdict, reason + more, Severity.WARNING, url=url))
    return RunOutcome(
        suite=f"doctor.{subject.key}",
        business_date=datetime.now(UTC).date(),
        run_id=run,
        activities=tuple(places),
        url=url,
        owner=subject.owner,
        run_issue="" if report else "The doctor itself failed; read the log of its task.",
    )


def _url(context: Context) -> str:
    """Return the page of the report, or the run where Airflow's address is not known."""
    site = settings().site_url.rstrip("/")
    return f"{site}/parity/doctor" if site else run_url(context)
