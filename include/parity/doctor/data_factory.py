"""What has to be in place in Data Factory: identity, rights, the pipeline with its parameters and activities."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from parity.clients.adf import RETENTION, VERSION, ActivityDefinition, AdfClient, Pipeline, PipelineRun
from parity.clients.adf_runs import MARK
from parity.clients.azure_account import AzureAccount, AzureIdentity, Permission, lacking
from parity.clients.entra import EntraConfig
from parity.clients.remote import Phase, RunStatus
from parity.doctor.checks import Check, Once
from parity.doctor.clock import judge_clock
from parity.doctor.line import Finding, differs, missing, ok
from parity.suite.models import Activity, Suite
from parity.wording import did_you_mean

PREFIX = "Microsoft.DataFactory/factories/"
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "read pipelines": ("pipelines/read",),
    "run pipelines": ("pipelines/createrun/action",),
    "read runs": (
        "pipelineruns/read",
        "querypipelineruns/action",
        "querypipelineruns/read",
        "pipelineruns/queryactivityruns/action",
        "pipelineruns/queryactivityruns/read",
    ),
    "cancel runs": ("pipelineruns/cancel/action",),
}
"""What a run does → the actions of the resource provider."""
WITHOUT_DATE = "so it would not run for the business date"
WITHOUT_MARK = "so a run whose start got lost cannot be found again for certain"
Statuses = Mapping[str, RunStatus]


@dataclass(frozen=True)
class LastRun:
    """A pipeline's newest run, and how each activity ended in it."""

    run: PipelineRun
    activities: Statuses


@dataclass(frozen=True)
class FactoryClients:
    """One factory, and Resource Manager with the same identity."""

    factory: AdfClient
    account: AzureAccount
    credential: EntraConfig


class FactorySide:
    """One factory of one connection, asked for each fact once."""

    def __init__(self, place: str, open_clients: Callable[[], FactoryClients]) -> None:
        self.place = place
        self.clients = Once(open_clients)
        self.identity = Once(self._identity)
        self.described = Once(self._described)
        self.permissions = Once(self._permissions)
        self.services = Once(self._services)
        self._pipelines: dict[str, Once[Pipeline]] = {}
        self._runs: dict[str, Once[LastRun | None]] = {}

    def pipeline(self, name: str) -> Once[Pipeline]:
        """Return the question for a pipeline."""
        return self._pipelines.setdefault(name, Once(lambda: self.clients().factory.pipeline(name)))

    def last_run(self, name: str) -> Once[LastRun | None]:
        """Return the question for a pipeline's newest run."""
        return self._runs.setdefault(name, Once(lambda: _last_run(self.clients().factory, name)))

    def _identity(self) -> AzureIdentity:
        return self.clients().account.identity()

    def _described(self) -> Mapping[str, object]:
        clients = self.clients()
        return clients.account.resource(clients.factory.config.resource, VERSION, "the factory")

    def _permissions(self) -> Sequence[Permission]:
        clients = self.clients()
        return clients.account.permissions(clients.factory.config.resource)

    def _services(self) -> Mapping[str, str]:
        """Return the Databricks workspaces by linked service."""
        clients = self.clients()
        path = f"{clients.factory.config.resource}/linkedservices"
        listed = clients.account.listed(path, VERSION, "the linked services")
        of_databricks = [one for one in listed if one["properties"]["type"] == "AzureDatabricks"]
        return {
            one["name"]: str(one["properties"].get("typeProperties", {}).get("domain", ""))
            for one in of_databricks
        }


def factory_checks(side: FactorySide, suite: Suite) -> Iterator[Check]:
    """Yield what one suite needs of its factory."""
    needed, name = (suite.key,), suite.azure.pipeline
    yield Check(side.place, "identity", "", lambda: _identity(side), needed_by=needed)
    yield Check(side.place, "factory", "", lambda: _factory(side), role_line("", ("read",)), needed)
    yield Check(side.place, "clock", "Azure", lambda: _clock(side), needed_by=needed)
    for right, actions in RIGHTS.items():
        yield Check(
            side.place,
            "right",
            right,
            partial(_right, side, right, actions),
            "The first run will show it. To have it read before, grant Microsoft.Authorization/permissions/read.",
            needed,
        )
    reads = role_line("", RIGHTS["read pipelines"])
    yield Check(side.place, "pipeline", name, lambda: judge_pipeline(side.pipeline(name)(), suite), reads, needed)
    runs = role_line("", RIGHTS["read runs"])
    yield Check(side.place, "last run", name, lambda: [judge_run(name, side.last_run(name)())], runs, needed)
    for activity in suite.activities:
        ask = partial(_activity, side, suite, activity)
        yield Check(side.place, "activity", f"{name}/{activity.name}", ask, reads, needed)


def role_line(resource: str, actions: Sequence[str]) -> str:
    """Return what to add to the identity's custom role."""
    where = f" (scope {resource})" if resource else ""
    return f"Add to its role{where}: " + json.dumps({"actions": [PREFIX + action for action in actions]})


def _identity(side: FactorySide) -> Iterator[Finding]:
    yield judge_identity(side.identity(), side.clients().credential)


def judge_identity(found: AzureIdentity, wanted: EntraConfig) -> Finding:
    """Say who we are; a token of another tenant or client than the connection's is not ours."""
    name = f"client {found.client or 'unknown'}"
    detail = f"tenant {found.tenant or 'unknown'}, object {found.object_id or 'unknown'}, {wanted.kind}"
    for what, ours, theirs in (
        ("tenant", wanted.tenant, found.tenant),
        ("client", wanted.client_id, found.client),
    ):
        if ours and theirs and ours.lower() != theirs.lower():
            return differs(
                "identity",
                name,
                f"The token is of {what} {theirs}, the connection names {ours}.",
                "Correct the connection.",
            )
    return ok("identity", name, detail)


def _factory(side: FactorySide) -> Iterator[Finding]:
    config, found = side.clients().factory.config, side.described()
    where = (
        f"{found.get('location', '')}, resource group {config.resource_group}, subscription {config.subscription}"
    )
    yield ok("factory", config.factory, where)


def _clock(side: FactorySide) -> Iterator[Finding]:
    side.described()
    yield judge_clock("Azure", side.clients().account.skew())


def _right(side: FactorySide, name: str, actions: Sequence[str]) -> Iterator[Finding]:
    resource = side.clients().factory.config.resource
    yield judge_right(name, side.permissions(), actions, resource)


def judge_right(name: str, permissions: Sequence[Permission], actions: Sequence[str], resource: str) -> Finding:
    """Judge what our roles give."""
    if absent := lacking(permissions, [PREFIX + action for action in actions]):
        short = [action.removeprefix(PREFIX) for action in absent]
        return missing("right", name, f"No role gives {', '.join(short)}.", role_line(resource, short))
    return ok("right", name, ", ".join(actions))


def needed_parameters(suite: Suite) -> Mapping[str, Mapping[str, str]]:
    """Return what a suite's pipeline must declare, as Data Factory defines parameters."""
    return {suite.azure.date_parameter: {"type": "string"}, MARK: {"type": "string", "defaultValue": ""}}


def pipeline_patch(pipeline: Pipeline, suite: Suite) -> dict[str, object]:
    """Return what a pipeline lacks as a JSON merge patch of its definition; empty when it lacks nothing."""
    lacks = {name: one for name, one in needed_parameters(suite).items() if name not in pipeline.parameters}
    return {"properties": {"parameters": lacks}} if lacks else {}


def judge_pipeline(pipeline: Pipeline, suite: Suite) -> Iterator[Finding]:
    """Judge a pipeline's parameters."""
    yield ok("pipeline", pipeline.name, f"{len(pipeline.activities)} activities")
    declared = pipeline.parameters
    for name, definition in needed_parameters(suite).items():
        if name in declared:
            yield ok("parameter", f"{pipeline.name}.{name}")
            continue
        meant = "" if name == MARK else did_you_mean(name, declared, "")
        add = f"Add under properties.parameters: {json.dumps({name: definition})}"
        yield missing(
            "parameter",
            f"{pipeline.name}.{name}",
            f"The pipeline does not declare it, {WITHOUT_MARK if name == MARK else WITHOUT_DATE}.",
            f"{meant} {add} (all of it: parity doctor {suite.suite} --patch)".strip(),
        )


def judge_run(name: str, last: LastRun | None) -> Finding:
    """Judge a pipeline's newest run."""
    if last is None:
        return ok("last run", name, f"none in the last {RETENTION.days} days")
    status = last.run.status
    if status.phase in (Phase.FAILED, Phase.CANCELLED):
        why = f": {status.error.message}" if status.error and status.error.message else ""
        return differs("last run", name, f"{status.state} {_when(status)}{why}", status.url)
    return ok("last run", name, f"{status.state} {_when(status)}")


def _activity(side: FactorySide, suite: Suite, activity: Activity) -> Iterator[Finding]:
    pipeline = side.pipeline(suite.azure.pipeline)()
    yield judge_activity(pipeline, activity.name)


def judge_activity(pipeline: Pipeline, name: str) -> Finding:
    """Judge whether an activity is in the pipeline, once and switched on."""
    full, found = f"{pipeline.name}/{name}", [one for one in pipeline.activities if one.name == name]
    if not found:
        return missing(
            "activity", full, "The pipeline has no such activity.", did_you_mean(name, pipeline.by_name)
        )
    if len(found) > 1:
        return differs("activity", full, f"{len(found)} activities have this name.", "Rename all but one.")
    if found[0].inactive:
        return differs("activity", full, "It is switched off, so it does nothing.", "Set its state to Active.")
    return ok("activity", full, linked_with(found[0]))


def linked_with(definition: ActivityDefinition) -> str:
    """Return what an activity does, in words."""
    work = definition.work
    return f"{definition.kind}, {work.kind} {work.name}" if work else definition.kind


def _last_run(client: AdfClient, pipeline: str) -> LastRun | None:
    now = client.clock.now()
    named = [{"operand": "PipelineName", "operator": "Equals", "values": [pipeline]}]
    runs = client.runs(after=now - RETENTION, before=now + timedelta(days=1), filters=named)
    newest = next((run for run in reversed(runs) if run.status.started), None)
    if newest is None:
        return None
    return LastRun(newest, client.activities(newest.run_id, client.earlier_runs(newest)))


def _when(status: RunStatus) -> str:
    return f"{status.started:%Y-%m-%d %H:%M}" if status.started else ""
