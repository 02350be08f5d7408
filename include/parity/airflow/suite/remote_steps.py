"""The remote steps of a suite: the request of each one, once the plan is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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
from parity.flow.run_verdict import PLAN, START, task_of
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

LOOK_BACK = timedelta(days=30)
"""Oldest pipeline run that can be verified."""


def pipeline_start(suite: Suite) -> RequestBuilder:
    """Start the pipeline, or find the run that the plan names."""

    def build_request(context: Context) -> RemoteRequest:
        plan = read_plan(context, SuiteRunPlan)
        ref, key = _adf(suite, "adf"), _key(plan, suite.azure.pipeline)
        inputs = {PLAN: output_hash(task_output(context, PLAN))}
        provenance = to_json(Provenance(attempt_of(context), suite_rules(suite), inputs))
        if plan.pipeline is PipelineUse.TRIGGER:
            return RemoteRequest(
                ref, key, lambda _: Payload(_pipeline_request(suite, plan, ref, context)), provenance=provenance
            )
        existing = existing_run(suite, plan, _client(ref)).run_id
        return RemoteRequest(ref, key, existing=existing, owned=False, provenance=provenance)

    return build_request


def pipeline_wait(suite: Suite) -> RequestBuilder:
    """Wait for the whole pipeline; whoever stops this task stops the pipeline, if it is ours."""

    def build_request(context: Context) -> RemoteRequest:
        plan = read_plan(context, SuiteRunPlan)
        return RemoteRequest(
            _adf(suite, "adf"),
            _key(plan, suite.azure.pipeline),
            existing=_pipeline_run(context),
            owned=plan.pipeline is PipelineUse.TRIGGER,
            deadline=deadline(suite, context),
        )

    return build_request


def of_activity(
    suite: Suite, activity: Activity, folder: Path, build: Callable[[Context, ActivityRun], RemoteRequest | None]
) -> RequestBuilder:
    """Have ``build`` make the request of one activity, unless it is not part of the plan.

    ``folder`` is the suite's own.
    """

    def build_request(context: Context) -> RemoteRequest | None:
        run = activity_run_of(suite, activity, context)
        if activity.name not in run.plan.activities:
            return None
        stage = Stage(context["ti"].task_id.rpartition(".")[2])
        rules = rules_now(suite, activity, folder).exports
        provenance = to_json(provenance_now(context, run, stage, rules))  # before any of its inputs is read
        request = build(context, run)
        return request and replace(request, deadline=deadline(suite, context), provenance=provenance)

    return build_request


def adf_activity(context: Context, run: ActivityRun) -> RemoteRequest:
    """Wait for one activity of the pipeline run."""
    existing = f"{_pipeline_run(context)}/{run.activity.name}"
    return RemoteRequest(
        activity_ref(run.suite), _key(run.plan, run.activity.name), existing=existing, owned=False
    )


def glue_job(_: Context, run: ActivityRun) -> RemoteRequest:
    """Find the legacy job's run for the date, and wait for it if it is still going."""
    request = {"job": run.activity.glue_job, "business_date": run.plan.business_date.isoformat()}
    return RemoteRequest(
        glue_ref(run.suite), _key(run.plan, run.activity.name), lambda _: Payload(request), owned=False
    )


def athena(_: Context, run: ActivityRun, *, folder: Path, part: DigestPart) -> RemoteRequest | None:
    """Unload the result of one Athena query; ``folder`` is the suite's own."""
    from parity.clients.athena_sql import unload

    query = part.legacy(run, legacy_query(run.activity, run.plan, folder))
    if query is None:
        return None
    digests = part.digests(run)

    def payload(token: str) -> Payload:
        destination = f"{settings().exchange_s3}/{_place(run, part, 'legacy', token)}/"
        return Payload(unload(query, destination).request, {"destination": destination, "digests": digests})

    return RemoteRequest(athena_ref(run.suite), _key(run.plan, run.activity.name), payload, digests=digests)


def helper_job(_: Context, run: ActivityRun, *, part: DigestPart) -> RemoteRequest | None:
    """Have the helper job export the result of one query, or all of the activity's rows."""
    from parity.flow.suite_run.exports.fetch import ExpectedExport, target_request

    sql = part.target(run)
    if sql is None and part.optional:
        return None
    digests, mode = part.digests(run), Mode.ROWS if sql is None else Mode.DIGEST
    version = part.version(run)

    def payload(token: str) -> Payload:
        destination = f"{settings().exchange_adls}/{_place(run, part, 'target', token)}"
        export_id = f"{run.plan.key}.{_short(token)}"
        expected = ExpectedExport(run.activity.name, export_id, run.plan.business_date, mode)
        parameters = target_request(expected, run.activity.target, destination, digest_sql=sql, version=version)
        request = {"job": run.suite.azure.helper_job, "parameters": parameters}
        return Payload(request, {"destination": destination, "export_id": export_id, "digests": digests})

    ref = RemoteRef("databricks", run.suite.azure.databricks_connection)
    return RemoteRequest(ref, _key(run.plan, run.activity.name), payload, digests=digests)


def _place(run: ActivityRun, part: DigestPart, side: str, token: str) -> str:
    """Return the folder of one export in the exchange."""
    return f"{run.plan.folder}/{run.activity.name}/{part.folder}{side}/{_short(token)}"


def _short(token: str) -> str:
    return fingerprint(token)[:12]


def activity_run_of(suite: Suite, activity: Activity, context: Context) -> ActivityRun:
    """Return the activity run, with access to the outputs of its tasks."""

    def output(stage: Stage) -> dict[str, Any]:
        return task_output(context, task_of(stage, activity.name))

    return ActivityRun(
        suite, activity, read_plan(context, SuiteRunPlan), settings(), open_artefacts(), task_output=output
    )


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


def _key(plan: SuiteRunPlan, what: str) -> str:
    return f"{plan.suite}/{what}/{plan.business_date}"


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
        return request | {"recovery_of": reference.run_id}
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
