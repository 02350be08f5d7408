"""The steps of a suite that run on a worker: plan, compare, expect, record, publish, gate."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowSkipException

from parity.airflow.assets import update_assets, withhold_wave
from parity.airflow.connections.lookup import connection
from parity.airflow.lineage import send_activity
from parity.airflow.metrics import observe_activity
from parity.airflow.remote.orphans import cancel_orphans
from parity.airflow.step import results
from parity.airflow.step.evidence import record_evidence
from parity.airflow.step.links import link_page
from parity.airflow.step.output import attempt_of, read_plan, required_output
from parity.airflow.step.pages import refresh_page, write_page
from parity.airflow.suite.facts import ACTIVITY_STAGES, activity_facts, provenance_now, remote_runs_of, rules_now
from parity.airflow.suite.gate import ASKED, log_run, reconcile_store, retract_result, run_facts
from parity.airflow.suite.producers import check_producers, reported_rows
from parity.airflow.suite.remote_steps import activity_run_of, athena_ref, legacy_query
from parity.compare.control_totals import REPORTED
from parity.compare.result import Verdict
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE, Provenance
from parity.flow.run_verdict import (
    COVERS,
    PIPELINE_TASKS,
    ActivityFacts,
    input_hashes,
    judge_activity,
    judge_run,
    run_issue,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun, Outputs
from parity.flow.suite_run.digest import steps as digest
from parity.flow.suite_run.files import PAGE, page_of
from parity.flow.suite_run.plan import SuiteRunPlan, plan_suite_run, requested_date
from parity.flow.suite_run.records import activity_record
from parity.flow.suite_run.steps import compare, expect, fetch
from parity.flow.suite_run.verdict import last_days
from parity.settings import settings
from parity.suite.models import Activity, Mode, Suite, Waiver
from parity.web.pages import write_report_page

if TYPE_CHECKING:
    from parity.clients.storage import Storage
    from parity.flow.suite_run.exports.fetch import Export
    from parity.flow.suite_run.exports.parquet import ExportColumn


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SuiteTasks:
    """The worker-side steps of one suite; ``path`` is the suite's file."""

    suite: Suite
    path: Path

    def plan(self, context: Context) -> dict[str, Any]:
        """Plan this run, and record in the results store that it has started."""
        return results.start_run(context, self._subject, plan_suite_run, lambda plan: self._rules(plan.activities))

    def other_dates(self, context: Context) -> list[dict[str, Any]]:
        """Return one run for each further date of a range."""
        plan, params = read_plan(context, SuiteRunPlan), dict(context["params"])
        context["ti"].xcom_push(ASKED, datetime.now(UTC).isoformat())
        return [
            {
                "trigger_run_id": f"{plan.run_id}__{day.isoformat()}",
                "conf": {**params, "business_date": day.isoformat(), "business_date_to": None},
            }
            for day in plan.other_dates
        ]

    def strategy(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Choose between digests and rows, from both engines' surveys."""
        run = self._digest_run(context, activity, Stage.STRATEGY)
        runs, stages = athena_ref(self.suite).connect(), (Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY)
        outputs, query = self._outputs(context, run, stages, runs), _of(context, activity, Stage.ATHENA_SURVEY)
        plan = digest.choose_strategy(
            run, outputs, lambda: self._legacy_columns(run, runs, query["run_id"]), self._storage()
        )
        return {"mode": plan.mode, "reason": plan.reason, PROVENANCE: to_json(run.provenance)}

    def buckets(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Compare both sides' digests."""
        run = self._digest_run(context, activity, Stage.BUCKETS)
        stages = (Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST)
        outputs = self._outputs(context, run, stages, athena_ref(self.suite).connect())
        found = digest.compare_buckets(run, outputs, self._storage())
        rows = [found.legacy_rows, found.target_rows]
        return {"buckets": found.all, "unequal": found.unequal, "rows": rows, PROVENANCE: to_json(run.provenance)}

    def compare(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Fetch both outputs and compare them."""
        run = self._step_run(context, activity, Stage.COMPARE)
        self._retract(context, run)
        query = _of(context, activity, Stage.ATHENA)
        check_producers(context, run)
        facts = {"athena": query, REPORTED: reported_rows(context, run)}
        result = compare(run, *self._exports(context, run), facts=facts)
        results.log_result(result)
        link_page(context, f"artefacts/{run.files.folder}/{PAGE}")
        return {
            "verdict": result.verdict,
            "reason": result.reason,
            "different": result.rows.different,
            PROVENANCE: to_json(run.provenance),
        }

    def expect(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Run Great Expectations on both outputs and on what the comparison found."""
        run = self._step_run(context, activity, Stage.VALIDATE)
        self._retract(context, run)
        from parity.suite.suite_files import EXPECTATIONS_FILE

        own = self.path.parent / EXPECTATIONS_FILE
        findings = expect(run, *self._exports(context, run), result=run.files.result(), own=own)
        link_page(context, f"artefacts/{findings.docs}")
        return {
            "verdict": findings.verdict,
            "counts": findings.counts(),
            "docs": findings.docs,
            PROVENANCE: to_json(run.provenance),
        }

    def record(self, context: Context, activity: Activity) -> dict[str, Any]:
        """Decide the activity's verdict and record it; red unless the verdict is green."""
        run = self.activity_run(context, activity)
        if activity.name not in run.plan.activities:
            raise AirflowSkipException("Not part of this run's plan.")
        cancel_orphans(context, [task_of(stage, activity.name) for stage in ACTIVITY_STAGES])
        facts = self._facts(context, run)
        judgement = judge_activity(facts)
        store, plan = results.open_results(), run.plan
        runs = remote_runs_of(context, activity.name)
        record = activity_record(run, judgement, facts.result, facts.findings, runs, self.sha)
        record = replace(record, recorded=store.recording_time(plan.suite, plan.run_id, plan.business_date))
        if not judgement.verdict.green:  # an earlier verdict of the run no longer counts
            results.record_run(context, self._subject, plan.business_date)
        store.record_activity(record)
        observe_activity(record)
        send_activity(context, run, self.path.parent, record)
        run.files.clear_downloads()
        if facts.result:
            write_report_page(run.files, facts.result, judgement.verdict, judgement.reason)
        report = settings().artefact_link(page_of(record.report)) if record.report else ""
        link_page(context, f"artefacts/{page_of(record.report)}" if record.report else "")
        inputs = input_hashes(facts.stages, activity.name, facts.tasks)
        outcome = {
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "recorded": record.recorded.isoformat(),
            COVERS: last_days(judgement, facts.result),
            PROVENANCE: to_json(Provenance(attempt_of(context), facts.rules.verdict, inputs)),
        }
        returned = results.return_outcome(context, activity.name, outcome, report)
        update_assets(context, judgement.verdict, judgement.reason, plan.business_date)
        return returned

    def publish(self, context: Context) -> dict[str, Any]:
        """Write the run's page, refresh the indexes of Data Docs, and return the page's address."""
        from parity.airflow.connections.artefacts import open_artefacts
        from parity.expectations.docs import refresh_above

        plan = read_plan(context, SuiteRunPlan)
        refresh_above(open_artefacts(), plan.folder)
        return {"page": write_page(plan.suite, plan.run_id, plan.business_date, plan.folder)}

    def gate(self, context: Context) -> dict[str, Any]:
        """Decide the run's verdict; red unless it is green. The Dag run takes this task's colour."""
        day = requested_date(self.suite, context["dag_run"])
        plan = results.plan_for_gate(context, self._subject, SuiteRunPlan, day)
        cancel_orphans(context, PIPELINE_TASKS)
        facts = run_facts(context, self.suite, plan, results.open_results(), self._rules(plan.activities))
        verdict, reason = judge_run(facts)
        outcomes = reconcile_store(facts, self.suite, self.sha, results.open_results())
        results.record_run(context, self._subject, plan.business_date, verdict, reason)
        if all(Verdict(outcome["verdict"]).green for outcome in outcomes.values()):
            context["ti"].xcom_push(results.RUN_ISSUE, run_issue(facts))
        refresh_page(plan.suite, plan.run_id, plan.business_date, plan.folder)
        # Last: a gate that is killed in between leaves no green outcomes without the issue of the run.
        context["ti"].xcom_push("outcomes", outcomes)
        link_page(context, f"runs/{quote(plan.run_id)}")
        record_evidence(self.suite, self.path, self._waivers(), plan)
        log_run(outcomes, verdict, results.run_url(context))
        results.require_green(verdict, reason)
        withhold_wave(context, self.suite)
        update_assets(context, verdict, reason, plan.business_date)
        return {"verdict": verdict, "reason": reason}

    def activity_run(self, context: Context, activity: Activity) -> ActivityRun:
        """Return the activity as the flow's argument."""
        run = activity_run_of(self.suite, activity, context)
        return replace(run, waivers=self._waivers(), attempt=int(context["ti"].try_number))

    @cached_property
    def sha(self) -> str:
        """Return the fingerprint of everything the suite consists of."""
        from parity.suite.suite_files import suite_sha

        return suite_sha(self.path)

    def _rules(self, activities: Iterable[str]) -> dict[str, str]:
        """Return the hash of the current rules of each named activity that is still declared."""
        waivers = self._waivers()
        named = [one for one in self.suite.activities if one.name in set(activities)]
        return {one.name: rules_now(self.suite, one, self.path.parent, waivers).verdict for one in named}

    def _waivers(self) -> tuple[Waiver, ...]:
        from parity.suite.suite_files import load_suites

        return load_suites(self.path.parent, self.suite.suite).waivers

    @property
    def _subject(self) -> tuple[Suite, str]:
        return self.suite, self.sha

    def _retract(self, context: Context, run: ActivityRun) -> None:
        """Retract the activity's result in this run before it is compared again."""
        if retract_result(run.plan, run.activity.name, self.suite, self.sha, results.open_results()):
            results.record_run(context, self._subject, run.plan.business_date)

    def _step_run(self, context: Context, activity: Activity, stage: Stage) -> ActivityRun:
        """Return the activity run of a step, with the provenance of its output."""
        run = self.activity_run(context, activity)
        rules = rules_now(self.suite, activity, self.path.parent, run.waivers)
        return replace(run, provenance=provenance_now(context, run, stage, rules.of(stage)))

    def _digest_run(self, context: Context, activity: Activity, stage: Stage) -> ActivityRun:
        """Return the activity run of a step that only digests need; skip the step when rows are compared."""
        run = self._step_run(context, activity, stage)
        if activity.name not in run.plan.activities or run.mode is Mode.ROWS:
            raise AirflowSkipException("This run compares the activity's rows.")
        return run

    def _exports(self, context: Context, run: ActivityRun) -> tuple[Export, Export]:
        runs = athena_ref(self.suite).connect()
        return fetch(run, self._outputs(context, run, (Stage.ATHENA, Stage.HELPER), runs), self._storage())

    def _outputs(self, context: Context, run: ActivityRun, stages: tuple[Stage, Stage], runs: Any) -> Outputs:
        query, export = (_of(context, run.activity, stage) for stage in stages)
        return Outputs(
            query=runs.status(query["run_id"]),
            legacy=query["destination"],
            target=export["destination"],
            export_id=export["export_id"],
            schema=lambda: self._legacy_columns(run, runs, query["run_id"]),
            digests=(query.get("digests", ""), export.get("digests", "")),
        )

    def _legacy_columns(self, run: ActivityRun, runs: Any, run_id: str) -> list[ExportColumn]:
        from parity.flow.suite_run.exports.parquet import ExportColumn

        query = legacy_query(run.activity, run.plan, self.path.parent)
        return [ExportColumn(name, kind) for name, kind in runs.columns(query, run_id)]

    def _storage(self) -> Storage:
        from parity.airflow.connections.clients import exchange

        logging.getLogger("azure").setLevel(logging.WARNING)  # else thirty lines of headers per request
        aws = connection(self.suite.aws.connection)
        return exchange(aws, connection(self.suite.azure.storage_connection))

    def _facts(self, context: Context, run: ActivityRun) -> ActivityFacts:
        """Return the facts of the activity's verdict."""
        tasks = activity_facts(context, run.activity.name)

        def output(stage: Stage) -> Mapping[str, Any]:
            return tasks[task_of(stage, run.activity.name)].output

        return ActivityFacts(
            activity=run.activity,
            stages=stages_of(run.suite, run.activity, run.plan, output(Stage.STRATEGY)),
            tasks=tasks,
            rules=rules_now(run.suite, run.activity, self.path.parent, run.waivers),
            planned=run.plan.rules.get(run.activity.name, ""),
            result=run.files.result() if output(Stage.COMPARE) else None,
            findings=run.files.findings() if output(Stage.VALIDATE) else None,
            today=run.today,
        )


def _of(context: Context, activity: Activity, stage: Stage) -> dict[str, Any]:
    return required_output(context, task_of(stage, activity.name))
