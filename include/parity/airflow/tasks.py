"""The steps of a suite that run on a worker: plan, compare, expect, record, publish, gate."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from parity.airflow.colour import OF_PIPELINE, night_verdict, outcome_of, pipeline_trouble, tell_night
from parity.airflow.evidence import ACTIVITY_LINKS, broken_links, remote_runs_of, task_of
from parity.airflow.leftovers import cancel_leftovers
from parity.airflow.links import show
from parity.airflow.runs import connection, handed_on
from parity.airflow.steps import athena_ref, glue_ref, legacy_query, plan_of
from parity.airflow.telling import loudness, tell
from parity.compare.result import Result, Verdict
from parity.flow.chain import Link
from parity.flow.digest import steps as digest
from parity.flow.judge import NEXT, Judgement, judge
from parity.flow.plan import make_plan
from parity.flow.shelf import PAGE, page_of
from parity.flow.verify import Case, Outputs, compare, expect, fetch
from parity.settings import settings
from parity.suite.models import Activity, Mode, Suite

if TYPE_CHECKING:
    from parity.clients.storage import Storage
    from parity.flow.exports import Column, Export
    from parity.history.store import Store


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SuiteTasks:
    """The worker-side steps of one suite; ``path`` is the suite's file."""

    suite: Suite
    path: Path

    def plan(self, context: Context) -> dict[str, Any]:
        """Decide what this run does, and open its entry in the results store."""
        from parity.history.records import RunRecord

        run = context["dag_run"]
        moment = run.logical_date or run.run_after
        plan = make_plan(self.suite, context["params"], run_id=run.run_id, scheduled=moment)
        record = RunRecord(
            suite=plan.suite,
            run_id=plan.run_id,
            business_date=plan.business_date,
            started=run.start_date or datetime.now(UTC),
            wave=self.suite.wave,
            suite_sha=self.sha,
            url=run_url(context),
        )
        open_results().record_run(record)
        return plan.to_json()

    def other_dates(self, context: Context) -> list[dict[str, Any]]:
        """Return one run for each further date of a range."""
        plan, params = plan_of(context), dict(context["params"])
        return [
            {
                "trigger_run_id": f"{plan.run_id}__{day.isoformat()}",
                "conf": {**params, "business_date": day.isoformat(), "business_date_to": None},
            }
            for day in plan.other_dates
        ]

    def way(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Choose between digests and rows, from what both engines told of themselves."""
        case = self._digesting(context, activity)
        runs, links = athena_ref(self.suite).connect(), (Link.ATHENA_SURVEY, Link.HELPER_SURVEY)
        outputs, query = self._outputs(context, case, links, runs), _of(context, activity, Link.ATHENA_SURVEY)
        way = digest.decide(
            case, outputs, lambda: self._legacy_columns(case, runs, query["run_id"]), self._storage()
        )
        return {"mode": way.mode, "reason": way.reason}

    def buckets(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Hold both sides' digests against each other."""
        case = self._digesting(context, activity)
        links = (Link.ATHENA_DIGEST, Link.HELPER_DIGEST)
        outputs = self._outputs(context, case, links, athena_ref(self.suite).connect())
        found = digest.find(case, outputs, self._storage())
        return {"buckets": found.all, "unequal": found.unequal, "rows": [found.legacy_rows, found.target_rows]}

    def compare(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Fetch both outputs and compare them."""
        case = self.case(context, activity)
        query = _of(context, activity, Link.ATHENA)
        self._check_glue(context, case)
        result = compare(case, *self._exports(context, case), facts={"athena": query})
        log_result(result)
        show(context, f"artefacts/{case.shelf.folder}/{PAGE}")
        return {"verdict": result.verdict, "reason": result.reason, "different": result.rows.different}

    def expect(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Run Great Expectations on both outputs and on what the comparison found."""
        case = self.case(context, activity)
        findings = expect(case, *self._exports(context, case), result=case.shelf.result())
        show(context, f"artefacts/{findings.docs}")
        return {"verdict": findings.verdict, "counts": findings.counts(), "docs": findings.docs}

    def record(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Judge the activity, write it to the results store, and go red when it is not green."""
        case = self.case(context, activity)
        if activity.name not in case.plan.activities:
            raise AirflowSkipException("Not part of this run's plan.")
        cancel_leftovers(context, [task_of(link, activity.name) for link in ACTIVITY_LINKS])
        judgement, result = self._judge(context, case)
        record = self._record(context, case, judgement, result)
        open_results().record_activity(record)
        case.shelf.clear_downloads()
        report = settings().artefact_link(page_of(record.report)) if record.report else ""
        show(context, f"artefacts/{page_of(record.report)}" if record.report else "")
        verdict = judgement.verdict
        tell(f"{verdict}: {activity.name}", judgement.reason, NEXT[verdict], report, level=loudness(verdict))
        outcome = {
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "caused_by": judgement.broken.caused_by if judgement.broken else "",
        }
        context["ti"].xcom_push("outcome", outcome)
        if not judgement.verdict.green:
            raise AirflowFailException(f"{judgement.verdict}: {judgement.reason}")
        for asset in context["ti"].task.outlets:
            context["outlet_events"][asset].extra = {
                **outcome,
                "business_date": case.plan.business_date.isoformat(),
            }
        return outcome

    def gate(self, context: Context) -> dict[str, Any]:
        """Be green only when every planned activity said so; the Dag run takes this task's colour."""
        from parity.history.records import RunRecord

        plan = plan_of(context)
        cancel_leftovers(context, OF_PIPELINE)
        outcomes = {name: outcome_of(context, name) for name in plan.activities}
        verdict, reason = night_verdict(context, outcomes)
        run = context["dag_run"]
        open_results().record_run(
            RunRecord(
                suite=plan.suite,
                run_id=plan.run_id,
                business_date=plan.business_date,
                started=run.start_date,
                ended=datetime.now(UTC),
                verdict=verdict,
                reason=reason,
                wave=self.suite.wave,
                suite_sha=self.sha,
                url=run_url(context),
            )
        )
        context["ti"].xcom_push("outcomes", outcomes)
        if all(Verdict(outcome["verdict"]).green for outcome in outcomes.values()):
            context["ti"].xcom_push("beyond", pipeline_trouble(context))
        show(context, f"runs/{quote(plan.run_id)}")
        tell_night(outcomes, verdict, run_url(context))
        if not verdict.green:
            raise AirflowFailException(f"{verdict}: {reason}")
        return {"verdict": verdict, "reason": reason}

    def case(self, context: Context, activity: Activity) -> Case:
        """Return the activity as the flow sees it."""
        from parity.airflow.artefacts import open_artefacts
        from parity.suite.loader import load_suites

        waivers = load_suites(self.path.parent, self.suite.suite).waivers
        attempt = int(context["ti"].try_number)
        return Case(self.suite, activity, plan_of(context), settings(), open_artefacts(), waivers, attempt)

    @cached_property
    def sha(self) -> str:
        """Return the fingerprint of everything the suite consists of."""
        from parity.suite.loader import suite_sha

        return suite_sha(self.path)

    def _digesting(self, context: Context, activity: Activity) -> Case:
        """Return the case of a step that only digests need; skip it when rows were asked for."""
        case = self.case(context, activity)
        if activity.name not in case.plan.activities or case.mode is Mode.ROWS:
            raise AirflowSkipException("This run compares the activity's rows.")
        return case

    def _exports(self, context: Context, case: Case) -> tuple[Export, Export]:
        runs = athena_ref(self.suite).connect()
        return fetch(case, self._outputs(context, case, (Link.ATHENA, Link.HELPER), runs), self._storage())

    def _outputs(self, context: Context, case: Case, links: tuple[Link, Link], runs: Any) -> Outputs:
        query, export = (_of(context, case.activity, link) for link in links)
        return Outputs(
            query=runs.status(query["run_id"]),
            legacy=query["destination"],
            target=export["destination"],
            export_id=export["export_id"],
            schema=lambda: self._legacy_columns(case, runs, query["run_id"]),
        )

    def _legacy_columns(self, case: Case, runs: Any, run_id: str) -> list[Column]:
        from parity.flow.exports import Column

        query = legacy_query(case.activity, case.plan, self.path.parent)
        return [Column(name, kind) for name, kind in runs.columns(query, run_id)]

    def _check_glue(self, context: Context, case: Case) -> None:
        """Refuse data that the legacy job has written again since it was found."""
        found = _of(context, case.activity, Link.GLUE)
        if case.activity.glue_job and found:
            request = {"job": case.activity.glue_job, "business_date": case.plan.business_date.isoformat()}
            glue_ref(self.suite).connect().check_newest(request, found["run_id"])  # type: ignore[attr-defined]

    def _storage(self) -> Storage:
        from parity.airflow.connections import exchange

        logging.getLogger("azure").setLevel(logging.WARNING)  # else thirty lines of headers per request
        aws = connection(self.suite.aws.connection)
        return exchange(aws, connection(self.suite.azure.storage_connection))

    def _judge(self, context: Context, case: Case) -> tuple[Judgement, Result | None]:
        broken = broken_links(context, case.activity.name)
        compared = _of(context, case.activity, Link.COMPARE)
        expected = _of(context, case.activity, Link.VALIDATE)
        result = case.shelf.result() if compared else None
        findings = case.shelf.findings() if expected else None
        return judge(result, findings, broken, allow_empty=case.activity.allow_empty), result

    def _record(self, context: Context, case: Case, judgement: Judgement, result: Result | None) -> Any:
        from parity.flow.remember import activity_record

        findings = case.shelf.findings() if _of(context, case.activity, Link.VALIDATE) else None
        runs = remote_runs_of(context, case.activity.name)
        return activity_record(case, judgement, result, findings, runs, self.sha)


def open_results() -> Store:
    """Open the results store."""
    from parity.history.store import open_store

    return open_store(settings().results_store)


def run_url(context: Context) -> str:
    """Return where people open this run in Airflow."""
    base = settings().site_url.rstrip("/")
    return f"{base}/dags/{context['dag'].dag_id}/runs/{context['dag_run'].run_id}" if base else ""


def log_result(result: Result) -> None:
    """Write the comparison's report into the task's log, as the on-call engineer reads it."""
    from parity.report import render_text

    for line in render_text(result).splitlines():
        log.info("%s", line)


def _of(context: Context, activity: Activity, link: Link) -> dict[str, Any]:
    return handed_on(context, f"{activity.name}.{link}")
