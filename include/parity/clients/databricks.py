"""Databricks Jobs 2.2: find a job, run it once, report how it went.

``run-now`` takes an idempotency token and returns the run that the token started first, so it may be sent
again; the token must then carry the attempt, because a failed run would come back too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from parity.clients.entra import (
    DATABRICKS,
    SERVICE_MANAGEMENT,
    BearerCredential,
    EntraConfig,
    StaticCredential,
    entra_credential,
    oauth_source,
)
from parity.clients.http import ApiClient, Call, Credential, Retry, through
from parity.clients.remote import Lifecycle, Phase, RemoteError, RunStatus, carries, fingerprint
from parity.clock import Clock, SystemClock
from parity.errors import NotFound, Terminal
from parity.wording import did_you_mean

API = "/api/2.2/jobs"
LOOK_BACK = timedelta(days=3)
"""How far back a run is looked for by its token."""
RUNS_PER_PAGE = "24"
"""The most that may be asked for: the limit "must be less than 25"."""
TRACE = 4000
"""Characters of a task's traceback that are reported: its end."""

RESULTS = {
    "SUCCESS": Phase.SUCCEEDED,
    # Some task failed and the job tolerates it; Parity does not.
    "SUCCESS_WITH_FAILURES": Phase.FAILED,
    "FAILED": Phase.FAILED,
    "TIMEDOUT": Phase.FAILED,
    "UPSTREAM_FAILED": Phase.FAILED,
    "MAXIMUM_CONCURRENT_RUNS_REACHED": Phase.FAILED,
    "EXCLUDED": Phase.FAILED,
    "DISABLED": Phase.FAILED,
    "CANCELED": Phase.CANCELLED,
    "UPSTREAM_CANCELED": Phase.CANCELLED,
}
"""Every result of a run and of a task."""
UNFINISHED = ("SKIPPED", "INTERNAL_ERROR")
"""Ends at which nothing, or not all, was done, whatever the result says."""
NO_FAULT = frozenset({"UPSTREAM_FAILED", "EXCLUDED", "DISABLED"})
"""Results of tasks that did not run, because of others or of their own conditions."""


def _unfinished(phase: Phase) -> Phase:
    return phase if phase is Phase.CANCELLED else Phase.FAILED


LIFECYCLE = Lifecycle(
    "Databricks",
    {
        "QUEUED": Phase.WAITING,
        "PENDING": Phase.WAITING,
        "BLOCKED": Phase.WAITING,
        "WAITING_FOR_RETRY": Phase.WAITING,
        "RUNNING": Phase.RUNNING,
        "TERMINATING": Phase.RUNNING,
        "SKIPPED": Phase.FAILED,
        "INTERNAL_ERROR": Phase.FAILED,
        **{f"TERMINATED/{result}": phase for result, phase in RESULTS.items()},
        **{f"{life}/{result}": _unfinished(phase) for life in UNFINISHED for result, phase in RESULTS.items()},
    },
)


@dataclass(frozen=True)
class WorkspacePrincipal:
    """A Databricks service principal with an OAuth secret (machine to machine)."""

    client_id: str
    client_secret: SecretStr


@dataclass(frozen=True)
class DatabricksConfig:
    """One workspace; ``host`` with its scheme, such as ``https://adb-1.2.azuredatabricks.net``."""

    host: str
    auth: SecretStr | WorkspacePrincipal | EntraConfig
    """A SecretStr is a personal access token."""
    resource_id: str = ""
    """The workspace's Azure resource id, for an Entra identity that has rights on it and is no member inside."""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Proxy by scheme of the address."""

    @property
    def proxy(self) -> str:
        """Return the proxy on the way to the workspace, or an empty text."""
        return self.proxies.get(urlsplit(self.host).scheme, "")


class OutsideCredential:
    """An Entra identity that is no member of the workspace, and the proof of its rights on the resource."""

    def __init__(self, workspace: BearerCredential, management: BearerCredential, resource_id: str) -> None:
        self._workspace = workspace
        self._management = management
        self._resource_id = resource_id

    def headers(self) -> dict[str, str]:
        """Return both tokens and the resource's id."""
        return {
            **self._workspace.headers(),
            "X-Databricks-Azure-SP-Management-Token": self._management.token().text.get_secret_value(),
            "X-Databricks-Azure-Workspace-Resource-Id": self._resource_id,
        }

    def renew(self) -> bool:
        """Forget both tokens."""
        return self._workspace.renew() and self._management.renew()


def credential_of(
    config: DatabricksConfig, clock: Clock, transport: httpx.BaseTransport | None = None
) -> Credential:
    """Return the credential for the workspace; nothing is fetched before it is used."""
    auth = config.auth
    if isinstance(auth, SecretStr):
        return StaticCredential(auth)
    if isinstance(auth, EntraConfig):
        workspace = entra_credential(auth, DATABRICKS, clock=clock, transport=transport)
        if not config.resource_id:
            return workspace
        management = entra_credential(auth, SERVICE_MANAGEMENT, clock=clock, transport=transport)
        return OutsideCredential(workspace, management, config.resource_id)
    transport = transport or through(config.proxy)
    api = ApiClient(config.host, service="Databricks", clock=clock, transport=transport)
    call = Call(
        "POST",
        "/oidc/v1/token",
        f"a token of service principal {auth.client_id}",
        form={"grant_type": "client_credentials", "scope": "all-apis"},
        basic=(auth.client_id, auth.client_secret.get_secret_value()),
    )
    return BearerCredential(lambda: oauth_source(api, call, clock), clock)


def workspace_api(
    config: DatabricksConfig, clock: Clock, retry: Retry | None, transport: httpx.BaseTransport | None
) -> ApiClient:
    """Return the HTTP client of a workspace, signed in as the connection says."""
    return ApiClient(
        config.host,
        service="Databricks",
        credential=credential_of(config, clock, transport),
        clock=clock,
        retry=retry,
        transport=transport or through(config.proxy),
    )


class DatabricksClient:
    """One workspace."""

    def __init__(
        self,
        config: DatabricksConfig,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self._api = workspace_api(config, self.clock, retry, transport)

    def job_id(self, job: str) -> int:
        """Return the id of the job called exactly ``job`` (or numbered so); NotFound when none or several."""
        if job.isdecimal():
            found = self._api.get(f"{API}/get", what=f"job {job}", params={"job_id": job})
            return int(found["job_id"])
        ids = [i for i, name in self.jobs(job).items() if name == job]
        if len(ids) == 1:
            return ids[0]
        if ids:
            raise NotFound(
                f"Databricks has {len(ids)} jobs called {job!r} (ids {', '.join(map(str, ids))}).",
                remedy="Name the right one by its id.",
            )
        raise NotFound(f"Databricks has no job called {job!r}.", remedy=did_you_mean(job, self.jobs().values()))

    def jobs(self, name: str = "") -> dict[int, str]:
        """Return job names by id, optionally those called ``name`` in any case; all pages."""
        params = {"limit": "100"} | ({"name": name} if name else {})
        pages = self._pages("list", params, "the list of jobs")
        return {j["job_id"]: j["settings"].get("name", "") for page in pages for j in page.get("jobs") or []}

    def run_now(self, job_id: int, parameters: Mapping[str, str], token: str) -> str:
        """Start a run of the job, or return the one that ``token`` started first."""
        body = {
            "job_id": job_id,
            "job_parameters": dict(parameters),
            "idempotency_token": fingerprint(token),
        }
        answer = self._api.post(f"{API}/run-now", what=f"a run of job {job_id}", idempotent=True, json=body)
        return str(answer["run_id"])

    def run(self, run_id: str) -> dict[str, Any]:
        """Return the run as Databricks reports it, with all its tasks."""
        pages = list(self._pages("runs/get", {"run_id": run_id}, f"run {run_id}"))
        return {**pages[0], "tasks": [task for page in pages for task in page.get("tasks") or []]}

    def runs(self, job_id: int, since: datetime) -> Iterator[dict[str, Any]]:
        """Yield the job's runs started since then, newest first; all pages."""
        params = {
            "job_id": str(job_id),
            "limit": RUNS_PER_PAGE,
            "start_time_from": str(int(since.timestamp() * 1000)),
        }
        for page in self._pages("runs/list", params, f"the runs of job {job_id}"):
            yield from page.get("runs") or []

    def output(self, run_id: str) -> dict[str, Any]:
        """Return one task run's output: ``error``, ``error_trace``, ``notebook_output`` …"""
        found: dict[str, Any] = self._api.get(
            f"{API}/runs/get-output", what=f"the output of run {run_id}", params={"run_id": run_id}
        )
        return found

    def cancel(self, run_id: str) -> None:
        """Request that the run be cancelled; an ended one is left alone by Databricks."""
        body = {"run_id": int(run_id)}
        what = f"the cancelling of run {run_id}"
        self._api.post(f"{API}/runs/cancel", what=what, idempotent=True, json=body)

    def _pages(self, path: str, params: dict[str, str], what: str) -> Iterator[dict[str, Any]]:
        page = self._api.get(f"{API}/{path}", what=what, params=params)
        yield page
        while token := page.get("next_page_token"):
            page = self._api.get(f"{API}/{path}", what=what, params={**params, "page_token": token})
            yield page


class DatabricksRuns:
    """RemoteRuns over one workspace. A request is ``{"job": name or id, "parameters": {name: text}}``."""

    kind: ClassVar[str] = "databricks"

    def __init__(self, client: DatabricksClient) -> None:
        self._client = client

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Return the run that ``token`` started, starting it if there is none."""
        job_id = self._client.job_id(str(request["job"]))
        return self._client.run_now(job_id, request.get("parameters") or {}, token)

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return the run that ``token`` started, if a parameter (such as the destination) carries the token.

        Databricks cannot look up an idempotency token; ``submit`` is safe to repeat instead.
        """
        wanted = request.get("parameters") or {}
        if not any(carries(value, token) for value in wanted.values()):
            return None
        job_id = self._client.job_id(str(request["job"]))
        runs = self._client.runs(job_id, self._client.clock.now() - LOOK_BACK)
        return next((str(run["run_id"]) for run in runs if wanted.items() <= _parameters(run).items()), None)

    def status(self, run_id: str) -> RunStatus:
        """Return how the run stands; of a failed one with the first failed task's own error."""
        run = self._client.run(run_id)
        word = state_word(run["state"])
        phase = LIFECYCLE.phase(word)
        failed = first_failed(run["tasks"]) if phase is Phase.FAILED else None
        output = self._output_of(failed) if failed else {}
        tasks = {task["task_key"]: state_word(task["state"]) for task in run["tasks"]}
        facts = {"job_id": run.get("job_id"), "tasks": tasks, "trace": (output.get("error_trace") or "")[-TRACE:]}
        return RunStatus(
            run_id=run_id,
            state=word,
            phase=phase,
            error=run_error(run, failed, output.get("error") or "") if phase is Phase.FAILED else None,
            url=run.get("run_page_url") or "",
            started=_time(run.get("start_time")),
            ended=_time(run.get("end_time")) if phase.ended else None,
            output={name: value for name, value in facts.items() if value},
        )

    def cancel(self, run_id: str) -> None:
        """Request that the run be cancelled."""
        self._client.cancel(run_id)

    def _output_of(self, task: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._client.output(str(task["run_id"]))
        except Terminal:
            return {}  # some kinds of task have none; the state's message must do


def state_word(state: Mapping[str, Any]) -> str:
    """Return ``LIFE`` or ``LIFE/RESULT`` of a run's or task's state."""
    return "/".join(part for part in (state["life_cycle_state"], state.get("result_state")) if part)


def first_failed(tasks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the task that failed first by itself, not because of another one."""
    own = [t for t in tasks if LIFECYCLE.phase(state_word(t["state"])) is Phase.FAILED]
    own = [t for t in own if t["state"].get("result_state") not in NO_FAULT] or own
    return min(own, key=lambda task: task.get("end_time") or 0, default=None)


def run_error(run: Mapping[str, Any], task: Mapping[str, Any] | None, error: str) -> RemoteError:
    """Return why the run failed, as precisely as Databricks reports it."""
    details = (run.get("status") or {}).get("termination_details") or {}
    reason = error or (task or run)["state"].get("state_message") or "Databricks gave no reason."
    return RemoteError(
        code=details.get("code") or state_word(run["state"]),
        message=f"task {task['task_key']!r}: {reason}" if task else reason,
        failure_type=details.get("type") or "",
    )


def _parameters(run: Mapping[str, Any]) -> dict[str, str]:
    return {p["name"]: p.get("value", p.get("default", "")) for p in run.get("job_parameters") or []}


def _time(millis: int | None) -> datetime | None:
    return datetime.fromtimestamp(millis / 1000, UTC) if millis else None
