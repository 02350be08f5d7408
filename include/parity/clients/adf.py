"""Data Factory over its REST API, version 2018-06-01: thin calls, typed answers.

Nothing here decides; :mod:`parity.clients.adf_runs` starts runs safely and :mod:`parity.clients.adf_chain`
finds where a chain of activities broke.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx

from parity.clients.entra import MANAGEMENT, EntraConfig, entra_credential
from parity.clients.http import Call, Door, Retry
from parity.clients.names import did_you_mean
from parity.clients.remote import Lifecycle, Phase, RemoteError, RunStatus
from parity.clock import Clock, SystemClock
from parity.errors import NotFound

VERSION = {"api-version": "2018-06-01"}
PUBLIC = "https://management.azure.com"
RETENTION = timedelta(days=45)
"""How long Data Factory remembers runs."""
UNKNOWN_RETRIES = 1 << 31
"""Retries that an expression says: only the end of the run shows that no attempt follows."""
RAN_HERE = (None, "", "None")
"""Values of ``recoveryStatus`` of an activity that this very run performed."""

LIFECYCLE = Lifecycle(
    "Data Factory",
    {
        "Queued": Phase.WAITING,
        "InProgress": Phase.RUNNING,
        "Canceling": Phase.RUNNING,
        "Succeeded": Phase.SUCCEEDED,
        "Failed": Phase.FAILED,
        "Cancelled": Phase.CANCELLED,
        # Of activities only. Neither produced data, whatever its pipeline makes of it.
        "Skipped": Phase.CANCELLED,
        "Inactive": Phase.CANCELLED,
    },
)


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
class Recovery:
    """A rerun of part of an earlier run; Data Factory then takes the earlier run's parameters."""

    run_id: str
    start_activity: str = ""
    from_failure: bool = False

    @property
    def params(self) -> dict[str, str]:
        """Return the query parameters of createRun."""
        params = {"referencePipelineRunId": self.run_id, "isRecovery": "true"}
        if self.start_activity:
            params["startActivityName"] = self.start_activity
        if self.from_failure:
            params["startFromFailure"] = "true"
        return params


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


@dataclass(frozen=True)
class Pipeline:
    """A pipeline with all its activities, those inside containers too."""

    name: str
    parameters: tuple[str, ...]
    activities: tuple[ActivityDefinition, ...]

    def activity(self, name: str) -> ActivityDefinition:
        """Return the activity called ``name``; NotFound with did-you-mean."""
        by_name = {a.name: a for a in self.activities}
        if name not in by_name:
            raise NotFound(f"Pipeline {self.name!r} has no activity {name!r}.", remedy=did_you_mean(name, by_name))
        return by_name[name]


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
        credential = entra_credential(config.credential, MANAGEMENT, clock=self.clock, transport=transport)
        self._door = Door(
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
        page = self._get("pipelines", what)
        names = [item["name"] for item in page["value"]]
        while link := page.get("nextLink"):
            page = self._door.send(Call("GET", link.removeprefix(self.config.endpoint), what))
            names += [item["name"] for item in page["value"]]
        return names

    def create_run(self, pipeline: str, parameters: Mapping[str, Any], recovery: Recovery | None = None) -> str:
        """Start a run, asking once, and return its id; Unreachable: nobody knows whether it started."""
        answer = self._door.post(
            f"{self.config.resource}/pipelines/{quote(pipeline, safe='')}/createRun",
            what=f"a run of pipeline {pipeline!r}",
            idempotent=False,
            json=dict(parameters),
            params={**VERSION, **(recovery.params if recovery else {})},
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
        """Return how each activity of a run stands, by name; one poll answers for all.

        ``earlier`` are the runs that this one recovers, oldest first: what succeeded there and has not run since
        is listed, too. ``output["pipeline_run"]`` says which run performed an activity, and ``spared`` that this
        run has decided not to repeat it.
        """
        known: dict[str, RunStatus] = {}
        for older in earlier:
            known = _recovered(known, older, self._activities(older))
            known = {name: status for name, status in known.items() if status.phase is Phase.SUCCEEDED}
        return _recovered(known, run_id, self._activities(run_id))

    def cancel(self, run_id: str) -> None:
        """Cancel a run and the runs that it started."""
        self._door.post(
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
        return self._door.get(f"{self.config.resource}/{path}", what=what, params=VERSION)

    def _query(self, path: str, body: Mapping[str, Any], what: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._door.post(
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
            started=_time(found.get("runStart")),
            ended=_time(found.get("runEnd")) if phase.ended else None,
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


def _recovered(
    known: Mapping[str, RunStatus], run_id: str, listed: Sequence[Mapping[str, Any]]
) -> dict[str, RunStatus]:
    """Return ``known``, of the runs before, with what ``run_id`` performed; what it took over stays as it was."""
    before = {status.run_id for status in known.values()}
    taken_over = {item["activityName"] for item in listed if not _ran_here(item, before)}
    found = {name: _with(status, spared=True) if name in taken_over else status for name, status in known.items()}
    for name, status in latest_attempts([item for item in listed if _ran_here(item, before)]).items():
        if name not in known or status.state not in ("Skipped", "Inactive"):
            found[name] = _with(status, pipeline_run=run_id)
    return found


def _ran_here(item: Mapping[str, Any], before: Collection[str]) -> bool:
    return item.get("recoveryStatus") in RAN_HERE and item["activityRunId"] not in before


def _with(status: RunStatus, **facts: Any) -> RunStatus:
    return replace(status, output={**status.output, **facts})


def latest_attempts(found: Sequence[Mapping[str, Any]]) -> dict[str, RunStatus]:
    """Return one status per activity name: the last attempt, and of a loop's rounds the worst."""
    by_id = {item["activityRunId"]: item for item in found}  # a page that shifted may repeat an item
    rounds: dict[str, list[RunStatus]] = {}
    for item in _last_attempts(sorted(by_id.values(), key=_began)):
        rounds.setdefault(item["activityName"], []).append(activity_status(item))
    return {name: _worst(statuses) for name, statuses in rounds.items()}


def _last_attempts(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out every attempt that a retry made good for: each retry stands for one attempt before it, no more.

    Rounds of a loop may share everything but their id, so that a later round must not pass for a retry.
    """
    last: list[Mapping[str, Any]] = []
    for item in found:
        earlier = next((one for one in last if _retries_it(item, one)), None)
        if earlier is not None:
            last.remove(earlier)
        last.append(item)
    return last


def _retries_it(item: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    attempt = item.get("retryAttempt") or 0
    same = all((item.get(part) or "") == (earlier.get(part) or "") for part in ("activityName", "iterationHash"))
    follows = attempt > 0 and attempt == (earlier.get("retryAttempt") or 0) + 1
    return same and follows and earlier["status"] != "Succeeded"


def _began(item: Mapping[str, Any]) -> tuple[str, int]:
    return item.get("activityRunStart") or "", item.get("retryAttempt") or 0


def _worst(rounds: Sequence[RunStatus]) -> RunStatus:
    worst = min(rounds, key=lambda status: _BADNESS.index(status.phase))
    children = [child for status in rounds for child in status.output.get("child_runs", ())]
    return _with(worst, child_runs=children) if children else worst


_BADNESS = (Phase.FAILED, Phase.CANCELLED, Phase.WAITING, Phase.RUNNING, Phase.SUCCEEDED)


def activity_status(item: Mapping[str, Any]) -> RunStatus:
    """Return one activity run of the REST answer as a status."""
    phase = LIFECYCLE.phase(item["status"])
    output: Mapping[str, Any] = item["output"] if isinstance(item.get("output"), dict) else {}
    facts = {"retry_attempt": item.get("retryAttempt"), "duration_ms": item.get("durationInMs")}
    facts |= {"rows_read": output.get("rowsRead"), "rows_copied": output.get("rowsCopied")}
    facts |= {"child_runs": [output["pipelineRunId"]] if output.get("pipelineRunId") else None}
    return RunStatus(
        run_id=item["activityRunId"],
        state=item["status"],
        phase=phase,
        error=_activity_error(item.get("error") or {}) if phase is Phase.FAILED else None,
        url=output.get("runPageUrl") or "",
        started=_time(item.get("activityRunStart")),
        ended=_time(item.get("activityRunEnd")) if phase.ended else None,
        output={name: value for name, value in facts.items() if value is not None},
    )


def _activity_error(error: Mapping[str, Any]) -> RemoteError:
    return RemoteError(
        code=str(error.get("errorCode") or ""),
        message=error.get("message") or "Data Factory gave no reason.",
        failure_type=error.get("failureType") or "",
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


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
