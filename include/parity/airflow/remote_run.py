"""One operator for every remote run: submit once, remember, wait, cancel when told, say what happened.

What is remembered survives a retry, a killed worker and a restarted triggerer, and is told apart from a task
that somebody cleared on purpose: Airflow raises a task's ``max_tries`` when it is cleared and at no other
time, so the number names the *generation* of a run. Within one generation a run is found again; a new
generation starts a fresh one (otherwise "run it again after the fix" would compare the old output).
The token is stored before the run is submitted, so that a crash between the two is found by the token.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from parity.airflow.links import RemoteRunLink
from parity.airflow.runs import RunsRef, returned
from parity.airflow.trigger import RemoteRunTrigger
from parity.clients.remote import Phase, RemoteRuns, RunStatus
from parity.errors import DeadlineExceeded, ParityError, RemoteFailed, Terminal, Unreachable
from parity.flow.chain import Broken, Link

GRACE = 2.0
"""Seconds that a short run is given on the worker before the task defers; deferring costs a second process."""
REMEMBERED = "remote_run"
BROKEN = "broken"


@dataclass(frozen=True)
class Wanted:
    """What a step asks of the cloud, once the plan is known."""

    runs: RunsRef
    request: Mapping[str, Any]
    business_key: str
    """suite/activity/date: what the run is for, never where the task stands."""
    existing: str | None = None
    """A run to wait for instead of submitting one; never cancelled by us."""
    deadline: datetime | None = None
    output: Mapping[str, Any] = field(default_factory=dict)
    """JSON that is handed on together with what the cloud says."""


@dataclass(frozen=True)
class Memory:
    """What is remembered of a submission, under the business key."""

    generation: int
    submission: int
    token: str
    run_id: str = ""
    cancelled: bool = False


Want = Callable[[Context], Wanted | None]
"""Says what a step wants; None skips it."""


class RemoteRunOperator(BaseOperator):
    """Starts a remote run, or finds the one that it started, and waits until it has ended.

    Returns JSON: ``run_id`` and the run's output. When it fails, XCom ``broken`` says which link of the chain
    broke and why. ``wait=False`` returns as soon as the run exists.
    """

    operator_extra_links = (RemoteRunLink(),)

    def __init__(self, *, want: Want, link: Link, wait: bool = True, poll: float = 15.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.want = want
        self.link = link
        self.wait = wait
        self.poll = poll
        self.remote_url = ""
        self._running: tuple[RemoteRuns, str] | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit or find the run, then wait for it."""
        with Telling(context, self.link):
            wanted = self._wanted(context)
            client = wanted.runs.connect()
            run_id = wanted.existing or self._attach(context, client, wanted)
            self._running = (client, run_id) if wanted.existing is None else None
            return self._follow(client, wanted, run_id)

    def resume(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Say how the run ended; called when the trigger has seen it end badly, late or not at all."""
        with Telling(context, self.link):
            wanted = self._wanted(context)
            client = wanted.runs.connect()
            if "lost" in event:
                raise Unreachable(f"Lost sight of {event['run_id']}: {event['lost']}")
            if "late" in event:
                self._give_up(context, client, wanted, event)
            status = client.status(event["run_id"])
            return self._finish(wanted, status)

    def on_kill(self) -> None:
        """Cancel the run, because the task was stopped while it was on a worker."""
        if self._running:
            client, run_id = self._running
            self.log.info("The task was stopped; cancelling %s.", run_id)
            client.cancel(run_id)

    def _wanted(self, context: Context) -> Wanted:
        wanted = self.want(context)
        if wanted is None:
            raise AirflowSkipException("Not part of this run's plan.")
        return wanted

    def _attach(self, context: Context, client: RemoteRuns, wanted: Wanted) -> str:
        memory = self._remembered(context, wanted)
        if memory.run_id:
            status = client.status(memory.run_id)
            if not memory.cancelled and status.phase not in (Phase.FAILED, Phase.CANCELLED):
                self.log.info("Found the run that this task had started: %s (%s).", memory.run_id, status.state)
                return memory.run_id
            memory = self._new(context, wanted, memory.submission + 1)
        return self._submit(context, client, wanted, memory)

    def _submit(self, context: Context, client: RemoteRuns, wanted: Wanted, memory: Memory) -> str:
        self._remember(context, wanted, memory)
        found = client.find(wanted.request, memory.token)
        run_id = found or client.submit(wanted.request, memory.token)
        self._remember(context, wanted, replace(memory, run_id=run_id))
        self.log.info("%s %s.", "Found" if found else "Started", run_id)
        return run_id

    def _remembered(self, context: Context, wanted: Wanted) -> Memory:
        data = context["task_state_store"].get(_key(wanted))
        memory = Memory(**data) if data else None
        if memory and memory.generation == _generation(context):
            return memory
        return self._new(context, wanted, 1)

    def _new(self, context: Context, wanted: Wanted, submission: int) -> Memory:
        ti, generation = context["ti"], _generation(context)
        token = f"{wanted.business_key}|{ti.dag_id}|{ti.run_id}|{ti.task_id}|{generation}.{submission}"
        return Memory(generation, submission, token)

    def _remember(self, context: Context, wanted: Wanted, memory: Memory) -> None:
        context["task_state_store"].set(_key(wanted), asdict(memory))

    def _follow(self, client: RemoteRuns, wanted: Wanted, run_id: str) -> dict[str, Any]:
        status = client.status(run_id)
        self.remote_url = status.url
        if not self.wait:
            return returned(status, wanted.output)
        until = time.monotonic() + GRACE
        while not status.phase.ended and time.monotonic() < until:
            time.sleep(0.4)
            status = client.status(run_id)
        if status.phase.ended:
            return self._finish(wanted, status)
        self.log.info("Waiting for %s (%s) without a worker. %s", run_id, status.state, status.url)
        self._defer(wanted, run_id)
        raise AssertionError("defer() does not return")

    def _defer(self, wanted: Wanted, run_id: str) -> None:
        deadline = wanted.deadline.isoformat() if wanted.deadline else ""
        trigger = RemoteRunTrigger(
            wanted.runs.to_json(),
            run_id,
            deadline=deadline,
            poll=self.poll,
            owned=wanted.existing is None,
            output=dict(wanted.output),
        )
        self.defer(trigger=trigger, method_name="resume", timeout=_backstop(wanted.deadline))

    def _finish(self, wanted: Wanted, status: RunStatus) -> dict[str, Any]:
        self._running = None
        self.remote_url = status.url
        if status.phase is Phase.SUCCEEDED:
            return returned(status, wanted.output)
        raise ended_badly(self.link, status)

    def _give_up(self, context: Context, client: RemoteRuns, wanted: Wanted, event: Mapping[str, Any]) -> None:
        if wanted.existing is None:
            client.cancel(event["run_id"])
            self._remember(context, wanted, replace(self._remembered(context, wanted), cancelled=True))
        raise DeadlineExceeded(
            f"{event['run_id']} had not ended by {event['late']}.",
            remedy="It was cancelled." if wanted.existing is None else "It was not ours to cancel.",
        )


class Telling:
    """Turns an error into the chain's broken link, and a terminal one into a failure without retry."""

    def __init__(self, context: Context, link: Link) -> None:
        self.context = context
        self.link = link

    def __enter__(self) -> Telling:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, ParityError):
            return
        self.context["ti"].xcom_push(BROKEN, Broken.by(self.link, error).to_json())
        if isinstance(error, Terminal):
            raise AirflowFailException(str(error)) from error


def ended_badly(link: Link, status: RunStatus) -> ParityError:
    """Return the error for a run that failed or was cancelled; the cloud's own trouble may be retried."""
    words = f"{status.error.code}: {status.error.message}" if status.error else "it gave no reason"
    message = f"{link.label} ended as {status.state}: {words}"
    if status.error and status.error.failure_type == "SystemError":
        return Unreachable(message, url=status.url)
    return RemoteFailed(message, url=status.url, remedy=f"Look at {status.url}" if status.url else "")


def _generation(context: Context) -> int:
    return int(context["ti"].max_tries)


def _key(wanted: Wanted) -> str:
    return f"{REMEMBERED}:{wanted.business_key}"


def _backstop(deadline: datetime | None) -> timedelta | None:
    """Airflow ends a deferral itself a while after our own deadline, in case the trigger cannot."""
    return deadline - datetime.now(UTC) + timedelta(minutes=10) if deadline else None
