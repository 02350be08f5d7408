"""The steps of a suite that run on a worker: plan, compare, expect, record, publish, gate."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from parity.airflow.connections.lookup import connection
from parity.airflow.remote.orphans import cancel_orphans
from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.links import show
from parity.airflow.step.output import attempt_of, facts_of, required_output
from parity.airflow.step.pages import renew_page, write_page
from parity.airflow.step.results import log_result, open_results, run_record, run_url
from parity.airflow.suite.facts import ACTIVITY_LINKS, activity_facts, made_now, remote_runs_of, rules_now
from parity.airflow.suite.gate import ASKED, log_run, run_facts, stored, take_back
from parity.airflow.suite.remote_steps import (
    PLAN,
    activity_run_of,
    athena_ref,
    check_producers,
    legacy_query,
    plan_of,
)
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.flow.provenance import MADE, Made
from parity.flow.run_verdict import (
    COVERS,
    OF_PIPELINE,
    ActivityFacts,
    beyond,
    inputs_now,
    judge_activity,
    judge_run,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun, Outputs
from parity.flow.suite_run.digest import steps as digest
from parity.flow.suite_run.files import PAGE, page_of
from parity.flow.suite_run.plan import asked_date, plan_suite_run
from parity.flow.suite_run.records import activity_record
from parity.flow.suite_run.steps import compare, expect, fetch
from parity.flow.suite_run.verdict import NEXT_STEP, Judgement, last_days
from parity.settings import settings
from parity.suite.models import Activity, Mode, Suite
from parity.web.pages import say_in_report

if TYPE_CHECKING:
    from parity.clients.storage import Storage
    from parity.flow.suite_run.exports.fetch import Export
    from parity.flow.suite_run.exports.parquet import ExportColumn
    from parity.history.records import ActivityRecord, RunRecord


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SuiteTasks:
    """The worker-side steps of one suite; ``path`` is the suite's file."""

    suite: Suite
    path: Path

    def plan(self, context: Context) -> dict[str, Any]:
        """Decide what this run does, and open its entry in the results store."""
        run = context["dag_run"]
        moment = run.logical_date or run.run_after
        plan = plan_suite_run(self.suite, context["params"], run_id=run.run_id, scheduled=moment)
        plan = replace(plan, rules=self._rules(plan.activities))
        open_results().record_run(self._run_record(context, plan.business_date))
        return plan.to_json()

    def other_dates(self, context: Context) -> list[dict[str, Any]]:
        """Return one run for each further date of a range."""
        plan, params = plan_of(context), dict(context["params"])
        context["ti"].xcom_push(ASKED, datetime.now(UTC).isoformat())
        return [
            {
                "trigger_run_id": f"{plan.run_id}__{day.isoformat()}",
                "conf": {**params, "business_date": day.isoformat(), "business_date_to": None},
            }
            for day in plan.other_dates
        ]

    def way(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Choose between digests and rows, from what both engines told of themselves."""
        case = self._digesting(context, activity, Stage.WAY)
        runs, links = athena_ref(self.suite).connect(), (Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY)
        outputs, query = self._outputs(context, case, links, runs), _of(context, activity, Stage.ATHENA_SURVEY)
        way = digest.decide(
            case, outputs, lambda: self._legacy_columns(case, runs, query["run_id"]), self._storage()
        )
        return {"mode": way.mode, "reason": way.reason, MADE: _made(case)}

    def buckets(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Hold both sides' digests against each other."""
        case = self._digesting(context, activity, Stage.BUCKETS)
        links = (Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST)
        outputs = self._outputs(context, case, links, athena_ref(self.suite).connect())
        found = digest.find(case, outputs, self._storage())
        rows = [found.legacy_rows, found.target_rows]
        return {"buckets": found.all, "unequal": found.unequal, "rows": rows, MADE: _made(case)}

    def compare(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Fetch both outputs and compare them."""
        case = self._making(context, activity, Stage.COMPARE)
        self._take_back(context, case)
        query = _of(context, activity, Stage.ATHENA)
        check_producers(context, case)
        result = compare(case, *self._exports(context, case), facts={"athena": query})
        log_result(result)
        show(context, f"artefacts/{case.shelf.folder}/{PAGE}")
        return {
            "verdict": result.verdict,
            "reason": result.reason,
            "different": result.rows.different,
            MADE: _made(case),
        }

    def expect(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Run Great Expectations on both outputs and on what the comparison found."""
        case = self._making(context, activity, Stage.VALIDATE)
        self._take_back(context, case)
        findings = expect(case, *self._exports(context, case), result=case.shelf.result())
        show(context, f"artefacts/{findings.docs}")
        return {
            "verdict": findings.verdict,
            "counts": findings.counts(),
            "docs": findings.docs,
            MADE: _made(case),
        }

    def record(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Judge the activity, write it to the results store, and go red when it is not green."""
        case = self.case(context, activity)
        if activity.name not in case.plan.activities:
            raise AirflowSkipException("Not part of this run's plan.")
        cancel_orphans(context, [task_of(link, activity.name) for link in ACTIVITY_LINKS])
        facts = self._facts(context, case)
        judgement = judge_activity(facts)
        store, plan = open_results(), case.plan
        record = self._record(context, case, judgement, facts)
        record = replace(record, recorded=store.moment(plan.suite, plan.run_id, plan.business_date))
        if not judgement.verdict.green:  # whatever was said of the run before, until the gate has said it again
            store.record_run(self._run_record(context, plan.business_date))
        store.record_activity(record)
        case.shelf.clear_downloads()
        if facts.result:
            say_in_report(case.shelf, facts.result, judgement.verdict, judgement.reason)
        report = settings().artefact_link(page_of(record.report)) if record.report else ""
        show(context, f"artefacts/{page_of(record.report)}" if record.report else "")
        verdict = judgement.verdict
        log_block(
            f"{verdict}: {activity.name}", judgement.reason, NEXT_STEP[verdict], report, level=log_level(verdict)
        )
        inputs = inputs_now(facts.stages, activity.name, facts.tasks)
        outcome = {
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "caused_by": judgement.broken.caused_by if judgement.broken else "",
            "recorded": record.recorded.isoformat(),
            COVERS: last_days(judgement, facts.result),
            MADE: Made(attempt_of(context), facts.rules.activity, inputs).to_json(),
        }
        context["ti"].xcom_push("outcome", outcome)
        if not judgement.verdict.green:
            raise AirflowFailException(f"{judgement.verdict}: {judgement.reason}")
        for asset in context["ti"].task.outlets:
            context["outlet_events"][asset].extra = {
                "verdict": judgement.verdict,
                "reason": judgement.reason,
                "business_date": case.plan.business_date.isoformat(),
            }
        return outcome

    def publish(self, context: Context) -> dict[str, Any]:
        """Write the run's page, refresh the indexes of Data Docs, and return where the page lies."""
        from parity.airflow.connections.artefacts import open_artefacts
        from parity.expectations.docs import refresh_above

        plan = plan_of(context)
        refresh_above(open_artefacts(), plan.folder)
        return {"page": write_page(plan.suite, plan.run_id, plan.business_date, plan.folder)}

    def gate(self, context: Context) -> dict[str, Any]:
        """Be green only when every planned activity said so; the Dag run takes this task's colour."""
        try:
            plan = plan_of(context)
        except BadInput as error:
            raise self._unplanned(context, error) from None
        cancel_orphans(context, OF_PIPELINE)
        facts = run_facts(context, self.suite, plan, open_results(), self._rules(plan.activities))
        verdict, reason = judge_run(facts)
        outcomes = stored(facts, self.suite, self.sha, open_results())
        open_results().record_run(self._run_record(context, plan.business_date, verdict, reason))
        if all(Verdict(outcome["verdict"]).green for outcome in outcomes.values()):
            context["ti"].xcom_push("beyond", beyond(facts))
        renew_page(plan.suite, plan.run_id, plan.business_date, plan.folder)
        # Last: killed in between, the gate leaves no green words without what speaks against them.
        context["ti"].xcom_push("outcomes", outcomes)
        show(context, f"runs/{quote(plan.run_id)}")
        log_run(outcomes, verdict, run_url(context))
        if not verdict.green:
            raise AirflowFailException(f"{verdict}: {reason}")
        return {"verdict": verdict, "reason": reason}

    def case(self, context: Context, activity: Activity) -> ActivityRun:
        """Return the activity as the flow sees it."""
        from parity.suite.suite_files import load_suites

        waivers = load_suites(self.path.parent, self.suite.suite).waivers
        attempt = int(context["ti"].try_number)
        case = activity_run_of(self.suite, activity, context)
        return replace(case, waivers=waivers, attempt=attempt)

    @cached_property
    def sha(self) -> str:
        """Return the fingerprint of everything the suite consists of."""
        from parity.suite.suite_files import suite_sha

        return suite_sha(self.path)

    def _rules(self, activities: Iterable[str]) -> dict[str, str]:
        """Return the fingerprint of what is declared now of each named activity that still is."""
        from parity.suite.suite_files import load_suites

        folder = self.path.parent
        waivers = load_suites(folder, self.suite.suite).waivers
        named = [one for one in self.suite.activities if one.name in set(activities)]
        return {one.name: rules_now(self.suite, one, folder, waivers).activity for one in named}

    def _run_record(
        self, context: Context, day: date, verdict: Verdict | None = None, reason: str = ""
    ) -> RunRecord:
        return run_record(context, (self.suite.suite, self.suite.wave, self.sha), day, verdict, reason)

    def _unplanned(self, context: Context, error: BadInput) -> AirflowFailException:
        """Record that a run without a plan compared nothing, and return what the gate fails with."""
        broken = facts_of(context, {PLAN: Stage.PLAN})[PLAN].broken
        reason = broken.sentence if broken else str(error)
        open_results().record_run(
            self._run_record(context, asked_date(self.suite, context["dag_run"]), Verdict.INVALID, reason)
        )
        context["ti"].xcom_push("beyond", reason)
        log_block(
            "The run is INVALID.",
            reason,
            NEXT_STEP[Verdict.INVALID],
            run_url(context),
            level=log_level(Verdict.INVALID),
        )
        return AirflowFailException(f"INVALID: {reason}")

    def _take_back(self, context: Context, case: ActivityRun) -> None:
        """Take back what was said of the activity in this run before its evidence is replaced."""
        if take_back(case.plan, case.activity.name, self.suite, self.sha, open_results()):
            open_results().record_run(self._run_record(context, case.plan.business_date))

    def _making(self, context: Context, activity: Activity, link: Stage) -> ActivityRun:
        """Return the case of a step that makes a piece, with what it is made by and from as that is now."""
        case = self.case(context, activity)
        rules = rules_now(self.suite, activity, self.path.parent, case.waivers)
        return replace(case, made=made_now(context, case, link, rules.of(link)))

    def _digesting(self, context: Context, activity: Activity, link: Stage) -> ActivityRun:
        """Return the case of a step that only digests need; skip it when rows were asked for."""
        case = self._making(context, activity, link)
        if activity.name not in case.plan.activities or case.mode is Mode.ROWS:
            raise AirflowSkipException("This run compares the activity's rows.")
        return case

    def _exports(self, context: Context, case: ActivityRun) -> tuple[Export, Export]:
        runs = athena_ref(self.suite).connect()
        return fetch(case, self._outputs(context, case, (Stage.ATHENA, Stage.HELPER), runs), self._storage())

    def _outputs(self, context: Context, case: ActivityRun, links: tuple[Stage, Stage], runs: Any) -> Outputs:
        query, export = (_of(context, case.activity, link) for link in links)
        return Outputs(
            query=runs.status(query["run_id"]),
            legacy=query["destination"],
            target=export["destination"],
            export_id=export["export_id"],
            schema=lambda: self._legacy_columns(case, runs, query["run_id"]),
            digests=(query.get("digests", ""), export.get("digests", "")),
        )

    def _legacy_columns(self, case: ActivityRun, runs: Any, run_id: str) -> list[ExportColumn]:
        from parity.flow.suite_run.exports.parquet import ExportColumn

        query = legacy_query(case.activity, case.plan, self.path.parent)
        return [ExportColumn(name, kind) for name, kind in runs.columns(query, run_id)]

    def _storage(self) -> Storage:
        from parity.airflow.connections.clients import exchange

        logging.getLogger("azure").setLevel(logging.WARNING)  # else thirty lines of headers per request
        aws = connection(self.suite.aws.connection)
        return exchange(aws, connection(self.suite.azure.storage_connection))

    def _facts(self, context: Context, case: ActivityRun) -> ActivityFacts:
        """Gather everything that the activity's verdict is a function of."""
        tasks = activity_facts(context, case.activity.name)

        def piece(link: Stage) -> Mapping[str, Any]:
            return tasks[task_of(link, case.activity.name)].piece

        return ActivityFacts(
            activity=case.activity,
            stages=stages_of(case.suite, case.activity, case.plan, piece(Stage.WAY)),
            tasks=tasks,
            rules=rules_now(case.suite, case.activity, self.path.parent, case.waivers),
            planned=case.plan.rules.get(case.activity.name, ""),
            result=case.shelf.result() if piece(Stage.COMPARE) else None,
            findings=case.shelf.findings() if piece(Stage.VALIDATE) else None,
            today=case.today,
        )

    def _record(
        self, context: Context, case: ActivityRun, judgement: Judgement, facts: ActivityFacts
    ) -> ActivityRecord:
        runs = remote_runs_of(context, case.activity.name)
        return activity_record(case, judgement, facts.result, facts.findings, runs, self.sha)


def _made(case: ActivityRun) -> dict[str, Any]:
    return case.made.to_json() if case.made else {}


def _of(context: Context, activity: Activity, link: Stage) -> dict[str, Any]:
    return required_output(context, task_of(link, activity.name))
