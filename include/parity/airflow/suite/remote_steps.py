"""The remote steps of a suite: the request of each one, once the plan is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Context

from parity.airflow.connections.artefacts import open_artefacts
from parity.airflow.connections.clients import RemoteRef
from parity.airflow.connections.lookup import connection
from parity.airflow.remote.operator import Payload, RemoteRequest, RequestBuilder
from parity.airflow.step.output import attempt_of, read_plan, required_output, task_output
from parity.airflow.suite.facts import provenance_now, rules_now
from parity.clients.remote import fingerprint
from parity.errors import BadInput, NotFound
from parity.flow.codec import to_json
from parity.flow.provenance import Provenance, output_hash, suite_rules
from parity.flow.run_verdict import PIPELINE, PLAN, START, task_of
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.digest.steps import DigestPart
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.settings import settings
from parity.suite.models import Activity, Mode, Suite
from parity.wording import did_you_mean

if TYPE_CHECKING:
    from parity.clients.adf import AdfClient, PipelineRun
    from parity.clients.athena_sql import Statement

__all__ = ["PIPELINE", "PLAN", "START"]
LOOK_BACK = timedelta(days=30)
"""Oldest pipeline run that can be verified."""


def plan_of(context: Context) -> SuiteRunPlan:
    """Return the plan of this run; BadInput when it has none."""
    return read_plan(context, SuiteRunPlan)


def pipeline_start(suite: Suite) -> RequestBuilder:
    """Start the pipeline, or find the run that the plan names."""

    def build_request(context: Context) -> RemoteRequest:
        plan = plan_of(context)
        ref = _adf(suite, "adf")
        key = f"{plan.suite}/{suite.azure.pipeline}/{plan.business_date}"
        provenance = to_json(
            Provenance(attempt_of(context), suite_rules(suite), {PLAN: output_hash(task_output(context, PLAN))})
        )
        if plan.pipeline is PipelineUse.TRIGGER:
            return RemoteRequest(
                ref,
                key,
                payload=lambda _: Payload(_pipeline_request(suite, plan, ref, context)),
                provenance=provenance,
            )
        return RemoteRequest(
            ref, key, existing=existing_run(suite, plan, _client(ref)).run_id, owned=False, provenance=provenance
        )

    return build_request


def pipeline_wait(suite: Suite) -> RequestBuilder:
    """Wait for the whole pipeline; whoever stops this task stops the pipeline, if it is ours."""

    def build_request(context: Context) -> RemoteRequest:
        plan = plan_of(context)
        return RemoteRequest(
            _adf(suite, "adf"),
            f"{plan.suite}/{suite.azure.pipeline}/{plan.business_date}",
            existing=_pipeline_run(context),
            owned=plan.pipeline is PipelineUse.TRIGGER,
            deadline=deadline(suite, context),
        )

    return build_request


def adf_activity(suite: Suite, activity: Activity, folder: Path) -> RequestBuilder:
    """Wait for one activity of the pipeline run; ``folder`` is the suite's own."""

    def build_request(context: Context) -> RemoteRequest | None:
        if (run := _run(suite, activity, context)) is None:
            return None
        plan = run.plan
        return RemoteRequest(
            activity_ref(suite),
            _key(plan, activity),
            existing=f"{_pipeline_run(context)}/{activity.name}",
            owned=False,
            deadline=deadline(suite, context),
            provenance=_provenance(context, run, folder),
        )

    return build_request


def glue_job(suite: Suite, activity: Activity, folder: Path) -> RequestBuilder:
    """Find the legacy job's run for the date, and wait for it if it is still going."""

    def build_request(context: Context) -> RemoteRequest | None:
        if (run := _run(suite, activity, context)) is None:
            return None
        plan, ref = run.plan, glue_ref(suite)
        request = {"job": activity.glue_job, "business_date": plan.business_date.isoformat()}
        return RemoteRequest(
            ref,
            _key(plan, activity),
            payload=lambda _: Payload(request),
            owned=False,
            deadline=deadline(suite, context),
            provenance=_provenance(context, run, folder),
        )

    return build_request


def athena(suite: Suite, activity: Activity, folder: Path, part: DigestPart) -> RequestBuilder:
    """Unload the result of one Athena query; ``folder`` is the suite's own."""

    def build_request(context: Context) -> RemoteRequest | None:
        from parity.clients.athena_sql import unload

        if (run := _run(suite, activity, context)) is None:
            return None
        provenance = _provenance(context, run, folder)  # before any of its inputs is read
        plan, query = run.plan, part.legacy(run, legacy_query(activity, run.plan, folder))
        if query is None:
            return None
        digests = part.digests(run)

        def payload(token: str) -> Payload:
            place = f"{plan.folder}/{activity.name}/{part.folder}legacy/{fingerprint(token)[:12]}"
            destination = f"{settings().exchange_s3}/{place}/"
            return Payload(unload(query, destination).request, {"destination": destination, "digests": digests})

        until = deadline(suite, context)
        return RemoteRequest(
            athena_ref(suite),
            _key(plan, activity),
            payload,
            deadline=until,
            provenance=provenance,
            digests=digests,
        )

    return build_request


def helper_job(suite: Suite, activity: Activity, folder: Path, part: DigestPart) -> RequestBuilder:
    """Have the helper job export the result of one query, or all of the activity's rows."""

    def build_request(context: Context) -> RemoteRequest | None:
        from parity.flow.suite_run.exports.fetch import ExpectedExport, target_request

        if (run := _run(suite, activity, context)) is None:
            return None
        provenance = _provenance(context, run, folder)  # before any of its inputs is read
        plan, sql = run.plan, part.target(run)
        if sql is None and part.optional:
            return None
        digests = part.digests(run)

        def payload(token: str) -> Payload:
            output_hash = fingerprint(token)[:12]
            destination = (
                f"{settings().exchange_adls}/{plan.folder}/{activity.name}/{part.folder}target/{output_hash}"
            )
            mode = Mode.ROWS if sql is None else Mode.DIGEST
            expected = ExpectedExport(activity.name, f"{plan.key}.{output_hash}", plan.business_date, mode)
            parameters = target_request(expected, activity.target, destination, digest_sql=sql)
            request = {"job": suite.azure.helper_job, "parameters": parameters}
            output = {"destination": destination, "export_id": expected.run_id, "digests": digests}
            return Payload(request, output)

        ref = RemoteRef("databricks", suite.azure.databricks_connection)
        until = deadline(suite, context)
        return RemoteRequest(
            ref, _key(plan, activity), payload, deadline=until, provenance=provenance, digests=digests
        )

    return build_request


def _provenance(context: Context, run: ActivityRun, folder: Path) -> dict[str, Any]:
    """Return the provenance of a submission that this task makes now."""
    stage = Stage(context["ti"].task_id.rpartition(".")[2])
    return to_json(provenance_now(context, run, stage, rules_now(run.suite, run.activity, folder).exports))


def _run(suite: Suite, activity: Activity, context: Context) -> ActivityRun | None:
    """Return the activity run; None when the activity is not part of the plan."""
    run = activity_run_of(suite, activity, context)
    return run if activity.name in run.plan.activities else None


def activity_run_of(suite: Suite, activity: Activity, context: Context) -> ActivityRun:
    """Return the activity run, with access to the outputs of its tasks."""

    def output(stage: Stage) -> dict[str, Any]:
        return task_output(context, task_of(stage, activity.name))

    return ActivityRun(suite, activity, plan_of(context), settings(), open_artefacts(), task_output=output)


def legacy_query(activity: Activity, plan: SuiteRunPlan, folder: Path) -> Statement:
    """Return the activity's Athena query with its parameters bound; ``folder`` is the suite's own."""
    from parity.clients.athena_sql import bind

    sql = (folder / "sql" / activity.legacy.sql).read_text(encoding="utf-8")
    return bind(sql, {"business_date": plan.business_date})


def activity_ref(suite: Suite) -> RemoteRef:
    """Return where the suite's migrated activities run."""
    return _adf(suite, "adf_activity")


def glue_ref(suite: Suite) -> RemoteRef:
    """Return where the suite's legacy jobs run."""
    options = {"date_argument": suite.aws.glue_date_argument, "timezone": suite.timezone}
    return RemoteRef("glue", suite.aws.connection, options)


def check_producers(context: Context, run: ActivityRun) -> None:
    """Refuse data that the activity, or the legacy job, has written again since its run was found."""
    suite, name, day = run.suite, run.activity.name, run.plan.business_date.isoformat()
    migrated = required_output(context, task_of(Stage.ACTIVITY, name))
    request: dict[str, Any] = {"pipeline": suite.azure.pipeline, "parameters": {suite.azure.date_parameter: day}}
    activity_ref(suite).connect().check_newest(request, migrated["run_id"])  # type: ignore[attr-defined]
    if run.activity.glue_job:
        found = required_output(context, task_of(Stage.GLUE, name))
        request = {"job": run.activity.glue_job, "business_date": day}
        glue_ref(suite).connect().check_newest(request, found["run_id"])  # type: ignore[attr-defined]


def athena_ref(suite: Suite) -> RemoteRef:
    """Return where the suite's queries run."""
    options = {
        "database": suite.aws.database,
        "workgroup": suite.aws.workgroup,
        "catalog": suite.aws.catalog,
        "max_scan": suite.aws.max_scan,
        "price_per_tib": str(suite.aws.price_per_tib),
    }
    return RemoteRef("athena", suite.aws.connection, options)


def deadline(suite: Suite, context: Context) -> datetime:
    """Return when this run gives up on whatever still runs remotely."""
    return (context["dag_run"].start_date or datetime.now(UTC)) + suite.timeout


def _key(plan: SuiteRunPlan, activity: Activity) -> str:
    return f"{plan.suite}/{activity.name}/{plan.business_date}"


def _adf(suite: Suite, kind: str) -> RemoteRef:
    options = {"factory": suite.azure.factory, "resource_group": suite.azure.resource_group}
    return RemoteRef(kind, suite.azure.adf_connection, {k: v for k, v in options.items() if v})


def _pipeline_run(context: Context) -> str:
    return str(required_output(context, START)["run_id"])


def _pipeline_request(suite: Suite, plan: SuiteRunPlan, ref: RemoteRef, context: Context) -> dict[str, Any]:
    since = context["dag_run"].start_date or datetime.now(UTC)
    request: dict[str, Any] = {
        "pipeline": suite.azure.pipeline,
        "parameters": {suite.azure.date_parameter: plan.business_date.isoformat()},
        "since": since.isoformat(),
    }
    client = _client(ref)
    if plan.recover:
        reference = named_run(suite, plan, client) if plan.pipeline_run_id else _latest(suite, plan, client)
        return request | {"recovery_of": reference.run_id, "start_from_failure": True}
    check_date_parameter(suite, client)
    return request


def check_date_parameter(suite: Suite, client: AdfClient) -> None:
    """Refuse a pipeline without the parameter of the date: it would ignore it, and run for a date of its own."""
    pipeline = client.pipeline(suite.azure.pipeline)
    if (name := suite.azure.date_parameter) not in pipeline.parameters:
        raise BadInput(
            f"Pipeline {pipeline.name} declares no parameter {name!r}, so it would not run for the business date.",
            remedy=f"Declare it, or set azure.date_parameter. {did_you_mean(name, pipeline.parameters)}".strip(),
        )


def _client(ref: RemoteRef) -> AdfClient:
    from parity.airflow.connections.clients import adf_client

    return adf_client(ref, connection(ref.connection))


def existing_run(suite: Suite, plan: SuiteRunPlan, client: AdfClient) -> PipelineRun:
    """Return the run that is verified; BadInput for one whose data are no longer there."""
    if plan.pipeline is PipelineUse.LATEST:
        return _latest(suite, plan, client)
    run = named_run(suite, plan, client)
    if not run.latest:
        raise BadInput(
            f"Run {run.run_id} was recovered by a later run of its group, and the data are that run's.",
            remedy="Give the id of the latest run of the group, or choose 'use the latest run'.",
        )
    return run


def named_run(suite: Suite, plan: SuiteRunPlan, client: AdfClient) -> PipelineRun:
    """Return the run that the form names; BadInput for one of another pipeline or date."""
    run = client.run(plan.pipeline_run_id or "")
    date = run.parameters.get(suite.azure.date_parameter)
    if run.pipeline != suite.azure.pipeline or date != plan.business_date.isoformat():
        raise BadInput(
            f"Run {run.run_id} is of pipeline {run.pipeline} for {date or 'no date'},"
            f" not of {suite.azure.pipeline} for {plan.business_date}.",
            remedy="Give the id of a run of this suite's pipeline and date.",
        )
    return run


def _latest(suite: Suite, plan: SuiteRunPlan, client: AdfClient) -> PipelineRun:
    now = datetime.now(UTC)
    named = [{"operand": "PipelineName", "operator": "Equals", "values": [suite.azure.pipeline]}]
    found = [
        run
        for run in client.runs(after=now - LOOK_BACK, before=now + timedelta(minutes=5), filters=named)
        if run.parameters.get(suite.azure.date_parameter) == plan.business_date.isoformat()
    ]
    if not found:
        client.pipeline(suite.azure.pipeline)  # an unknown name is refused with the known ones
        raise NotFound(
            f"Pipeline {suite.azure.pipeline} has no run for {plan.business_date}"
            f" in the last {LOOK_BACK.days} days.",
            remedy="Choose 'trigger the pipeline'.",
        )
    return found[-1]
