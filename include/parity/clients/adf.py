"""Data Factory over its REST API, version 2018-06-01: thin calls, typed answers.

Nothing here decides; :mod:`parity.clients.adf_runs` starts runs safely and :mod:`parity.clients.adf_chain`
finds where a chain of activities broke.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from parity.clients.adf_attempts import LIFECYCLE, recovered, time_of
from parity.clients.adf_work import DatabricksWork, arguments_of, mapping_of, work_of
from parity.clients.entra import EntraConfig, entra_credential, management_scope
from parity.clients.http import ApiClient, Retry
from parity.clients.remote import Phase, RemoteError, RunStatus
from parity.clock import Clock, SystemClock
from parity.errors import NotFound
from parity.wording import did_you_mean

VERSION = {"api-version": "2018-06-01"}
PUBLIC = "https://management.azure.com"
RETENTION = timedelta(days=45)
"""How long Data Factory lists runs."""
UNKNOWN_RETRIES = 1 << 31
"""Retries that an expression gives: only the end of the run shows that no attempt follows."""


@dataclass(frozen=True)
class AdfConfig:
    """One factory and how to reach it."""

    subscription: str
    resource_group: str
    factory: str
    credential: EntraConfig
    endpoint: str = PUBLIC

    @property
    def resource(self) -> str:
        """Return the factory's Azure resource id."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.DataFactory/factories/{self.factory}"
        )

    def run_url(self, run_id: str) -> str:
        """Return where a person, or against a private endpoint a program, can look at a run."""
        if self.endpoint == PUBLIC:
            factory = quote(self.resource, safe="")
            return f"https://adf.azure.com/en/monitoring/pipelineruns/{run_id}?factory={factory}"
        return f"{self.endpoint}{self.resource}/pipelineruns/{run_id}"


@dataclass(frozen=True)
class ActivityDefinition:
    """One activity as the pipeline declares it."""

    name: str
    kind: str
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Activity → conditions: Succeeded, Failed, Skipped, Completed."""
    retries: int = 0
    """How often Data Factory itself tries a failed attempt again; UNKNOWN_RETRIES for an expression."""
    container: str = ""
    """The ForEach, If, Until or Switch that holds it, or empty."""
    inactive: bool = False
    """Whether it is switched off: it then does nothing, whatever state its dependants see."""
    detached: bool = False
    """Whether it starts another pipeline and may succeed before that has ended."""
    work: DatabricksWork | None = None
    """What it runs in Databricks, where it runs something there."""
    arguments: Mapping[str, str] = field(default_factory=dict)
    """What it hands on by name: parameters of a notebook, a job, a script or a dataset; no expressions."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Of a Copy activity, sink columns by source column."""


Definitions = Mapping[str, ActivityDefinition]
"""Activities of a pipeline by name."""


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with all its activities, those inside containers too."""

    name: str
    parameters: tuple[str, ...]
    activities: tuple[ActivityDefinition, ...]

    @property
    def by_name(self) -> Definitions:
        """Return the activities by name."""
        return {activity.name: activity for activity in self.activities}


@dataclass(frozen=True)
class PipelineRun:
    """One run as the factory lists it; parameter values are all text."""

    run_id: str
    group_id: str
    """Shared by a run and its recoveries; the first run's id."""
    pipeline: str
    parameters: Mapping[str, str]
    latest: bool
    """Whether it is the newest of its group."""
    status: RunStatus


class AdfClient:
    """One factory."""

    def __init__(
        self,
        config: AdfConfig,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.config = config
        self.clock = clock or SystemClock()
        scope = management_scope(config.endpoint)
        credential = entra_credential(config.credential, scope, clock=self.clock, transport=transport)
        self._api = ApiClient(
            config.endpoint,
            service="Data Factory",
            credential=credential,
            clock=self.clock,
            retry=retry,
            transport=transport,
        )

    def pipeline(self, name: str) -> Pipeline:
        """Return the pipeline's definition; NotFound with did-you-mean."""
        try:
            found = self._get(f"pipelines/{quote(name, safe='')}", f"pipeline {name!r}")
        except NotFound as error:
            raise NotFound(
                f"Factory {self.config.factory!r} has no pipeline {name!r}.",
                remedy=did_you_mean(name, self.pipelines()),
            ) from error
        properties = found["properties"]
        activities = tuple(_definitions(properties.get("activities") or [], ""))
        return Pipeline(found["name"], tuple(properties.get("parameters") or {}), activities)

    def pipelines(self) -> list[str]:
        """Return the names of the factory's pipelines; all pages."""
        what = f"the pipelines of factory {self.config.factory!r}"
        path = f"{self.config.resource}/pipelines"
        return [item["name"] for item in self._api.listed(path, what=what, params=VERSION)]

    def create_run(self, pipeline: str, parameters: Mapping[str, Any], recovery_of: str = "") -> str:
        """Start a run with one request, and return its id; Unreachable: it may or may not have started.

        ``recovery_of`` is a run to continue from its failed activities; Data Factory takes that run's parameters.
        """
        recovery = {"referencePipelineRunId": recovery_of, "isRecovery": "true", "startFromFailure": "true"}
        answer = self._api.post(
            f"{self.config.resource}/pipelines/{quote(pipeline, safe='')}/createRun",
            what=f"a run of pipeline {pipeline!r}",
            idempotent=False,
            json=dict(parameters),
            params={**VERSION, **(recovery if recovery_of else {})},
        )
        return str(answer["runId"])

    def run(self, run_id: str) -> PipelineRun:
        """Return one run; NotFound."""
        return self._run(self._get(f"pipelineruns/{run_id}", f"pipeline run {run_id}"))

    def runs(
        self, *, after: datetime, before: datetime, filters: Sequence[Mapping[str, Any]] = ()
    ) -> list[PipelineRun]:
        """Return the runs last updated in the window, oldest start first; all pages."""
        body = {"filters": [dict(f) for f in filters]} | _window(after, before)
        found = [self._run(item) for item in self._query("queryPipelineRuns", body, "pipeline runs")]
        return sorted(found, key=lambda run: (run.status.started is None, run.status.started, run.run_id))

    def earlier_runs(self, run: PipelineRun) -> list[str]:
        """Return the runs of its group before ``run``, oldest first: those that it recovers, at any remove."""
        if run.group_id in ("", run.run_id):
            return []
        group = {"operand": "RunGroupId", "operator": "Equals", "values": [run.group_id]}
        now = self.clock.now()
        listed = self.runs(after=now - RETENTION, before=now + timedelta(days=1), filters=[group])
        ids = [one.run_id for one in listed]
        return ids[: ids.index(run.run_id)] if run.run_id in ids else [one for one in ids if one != run.run_id]

    def activities(self, run_id: str, earlier: Sequence[str] = ()) -> dict[str, RunStatus]:
        """Return how each activity of a run stands, by name; one poll for all.

        ``earlier`` are the runs that this one recovers, oldest first: what succeeded there and has not run since
        is listed, too. ``output["pipeline_run"]`` is the run that performed an activity; ``spared``: this run has
        decided not to repeat it.
        """
        known: dict[str, RunStatus] = {}
        for older in earlier:
            known = recovered(known, older, self._activities(older))
            known = {name: status for name, status in known.items() if status.phase is Phase.SUCCEEDED}
        return recovered(known, run_id, self._activities(run_id))

    def cancel(self, run_id: str) -> None:
        """Cancel a run and the runs that it started."""
        self._api.post(
            f"{self.config.resource}/pipelineruns/{run_id}/cancel",
            what=f"the cancelling of pipeline run {run_id}",
            idempotent=True,
            params={**VERSION, "isRecursive": "true"},
        )

    def _activities(self, run_id: str) -> list[Mapping[str, Any]]:
        now = self.clock.now()
        body = _window(now - RETENTION, now + timedelta(days=1))
        path = f"pipelineruns/{run_id}/queryActivityruns"
        return list(self._query(path, body, f"activities of pipeline run {run_id}"))

    def _get(self, path: str, what: str) -> Any:
        return self._api.get(f"{self.config.resource}/{path}", what=what, params=VERSION)

    def _query(self, path: str, body: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._api.post(
                f"{self.config.resource}/{path}",
                what=what,
                idempotent=True,
                json={**body, **token},
                params=VERSION,
            )
            yield from page["value"]
            if not page.get("continuationToken"):
                return
            token = {"continuationToken": page["continuationToken"]}

    def _run(self, found: Mapping[str, Any]) -> PipelineRun:
        phase = LIFECYCLE.phase(found["status"])
        message = found.get("message") or ""
        status = RunStatus(
            run_id=found["runId"],
            state=found["status"],
            phase=phase,
            error=RemoteError("PipelineFailed", message) if phase is Phase.FAILED else None,
            url=self.config.run_url(found["runId"]),
            started=time_of(found.get("runStart")),
            ended=time_of(found.get("runEnd")) if phase.ended else None,
            output={"pipeline": found["pipelineName"], "group": found.get("runGroupId") or found["runId"]},
        )
        return PipelineRun(
            run_id=status.run_id,
            group_id=status.output["group"],
            pipeline=found["pipelineName"],
            parameters=found.get("parameters") or {},
            latest=bool(found.get("isLatest", True)),
            status=status,
        )


_INNER = ("activities", "ifTrueActivities", "ifFalseActivities", "defaultActivities")


def _definitions(items: Sequence[Mapping[str, Any]], container: str) -> Iterator[ActivityDefinition]:
    for item in items:
        needs = {d["activity"]: tuple(d["dependencyConditions"]) for d in item.get("dependsOn") or []}
        properties = item.get("typeProperties") or {}
        yield ActivityDefinition(
            name=item["name"],
            kind=item["type"],
            depends_on=needs,
            retries=_retries(item),
            container=container,
            inactive=item.get("state") == "Inactive",
            # The references contradict each other about the default, so only a plain true counts.
            detached=item["type"] == "ExecutePipeline" and properties.get("waitOnCompletion") is not True,
            work=work_of(item),
            arguments=arguments_of(item),
            mapping=mapping_of(item),
        )
        for inner in (properties.get(key) or [] for key in _INNER):
            yield from _definitions(inner, item["name"])
        for case in properties.get("cases") or []:
            yield from _definitions(case.get("activities") or [], item["name"])


def _retries(item: Mapping[str, Any]) -> int:
    value = str((item.get("policy") or {}).get("retry", 0))
    return int(value) if value.isdecimal() else UNKNOWN_RETRIES


def _window(after: datetime, before: datetime) -> dict[str, str]:
    return {"lastUpdatedAfter": after.isoformat(), "lastUpdatedBefore": before.isoformat()}
