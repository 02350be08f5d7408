"""One operator for every remote run: submit once, remember, wait, cancel when told, say what happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.submissions import SUBMITTED, Submission, SubmissionStore
from parity.airflow.remote.trigger import RemoteRunTrigger, returned
from parity.airflow.step.failures import ReportFailures
from parity.airflow.step.links import RemoteRunLink
from parity.clients.remote import Phase, RemoteRuns, RunStatus
from parity.errors import DeadlineExceeded, ExportRefused, ParityError, RemoteFailed, Unreachable
from parity.flow.provenance import MADE
from parity.flow.stages import Stage
from parity.settings import settings


@dataclass(frozen=True)
class Payload:
    """One submission: what the cloud is asked, and what is handed on beside its answer."""

    request: Mapping[str, Any]
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoteRequest:
    """What a step wants of the cloud, once the plan is known."""

    runs: RemoteRef
    business_key: str
    """suite/activity/date: what the run is for, never where the task stands."""
    ask: Callable[[str], Payload] = lambda _: Payload({})
    """Says the request of the submission that a token names."""
    existing: str | None = None
    """A run to wait for instead of submitting one."""
    owned: bool = True
    """Whether the run is ours to cancel."""
    deadline: datetime | None = None
    made: Mapping[str, Any] = field(default_factory=dict)
    """What a submission that is made now is made by and from (:mod:`parity.flow.provenance`)."""
    digests: str = ""
    """What chooses the rows that are asked for; one pair of digests serves one generation of exports."""

    @property
    def memory(self) -> str:
        """Return the key under which a submission is remembered."""
        return f"{self.business_key}/{self.digests}" if self.digests else self.business_key


@dataclass(frozen=True)
class ActiveRun:
    """A run that a task waits for."""

    client: RemoteRuns
    wanted: RemoteRequest
    run_id: str
    output: Mapping[str, Any]


RequestBuilder = Callable[[Context], RemoteRequest | None]
"""Says what a step wants; None skips it."""


class RemoteRunOperator(BaseOperator):
    """Starts a remote run, or finds the one that it started, and waits until it has ended.

    Returns JSON: ``run_id``, ``url`` and the run's output. When it fails, XCom ``broken`` says which link of
    the chain broke and why. ``wait=False`` returns as soon as the run exists.
    """

    operator_extra_links = (RemoteRunLink(),)
    grace = 2.0
    """Seconds that a short run is given on the worker before the task defers; that costs a second process."""

    def __init__(self, *, want: RequestBuilder, link: Stage, wait: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"doc_md": link.story, **kwargs})
        self.custom_operator_name = link.place
        self.want = want
        self.link = link
        self.wait = wait
        self.remote_url = ""
        self._stop: Callable[[], None] | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit or find the run, then wait for it."""
        with ReportFailures(context, self.link):
            watched = self._watch(context)
            if watched.wanted.owned:
                own = {"runs": watched.wanted.runs.to_json(), "run_id": watched.run_id}
                context["ti"].xcom_push(SUBMITTED, own)
            status = watched.client.status(watched.run_id)
            self.remote_url = status.url
            if not self.wait:
                return returned(status, watched.output)
            self._stop = lambda: self._cancel(context, watched)
            return self._follow(watched, status)

    def resume(self, context: Context, event: dict[str, Any] | str) -> dict[str, Any]:
        """Say how the run ended; called when the trigger has seen it end badly, late or not at all."""
        with ReportFailures(context, self.link):
            if isinstance(event, str):  # ``dag.test()`` resumes even a task that its trigger ended; text says how
                watched = self._watch(context)
                return self._finish(watched, watched.client.status(watched.run_id))
            watched = self._watch(context, event["run_id"])
            if "lost" in event:
                raise Unreachable(f"Lost sight of {watched.run_id}: {event['lost']}")
            if "late" in event or "stopped" in event:
                self._cancel(context, watched)
                raise DeadlineExceeded(_why_stopped(watched, event))
            return self._finish(watched, watched.client.status(watched.run_id))

    def on_kill(self) -> None:
        """Cancel the run, because the task was stopped while it was on a worker."""
        if self._stop:
            self._stop()

    def _watch(self, context: Context, run_id: str = "") -> ActiveRun:
        wanted = self.want(context)
        if wanted is None:
            raise AirflowSkipException("Not part of this run's plan.")
        client = wanted.runs.connect()
        if wanted.existing:
            return ActiveRun(client, wanted, wanted.existing, _output(wanted, "", wanted.made))
        memory = SubmissionStore(context, wanted.memory)
        if not run_id:
            run_id = self._attach(client, wanted, memory)
        known = memory.current()
        return ActiveRun(client, wanted, run_id, _output(wanted, known.token, known.made))

    def _attach(self, client: RemoteRuns, wanted: RemoteRequest, memory: SubmissionStore) -> str:
        if wanted.digests and memory.redone:
            raise ExportRefused(
                "These digests were exported from before, and what they found equal may have changed since.",
                remedy="Clear the activity's digest tasks too, with everything after them.",
            )
        known = memory.current()
        if known.run_id:
            status = client.status(known.run_id)
            if not known.cancelled and status.phase not in (Phase.FAILED, Phase.CANCELLED):
                self.log.info("Found the run that this task had started: %s (%s).", known.run_id, status.state)
                return known.run_id
            known = memory.after(known)
        request = wanted.ask(known.token).request
        if known.asked:  # an attempt was killed before it could write its run down
            request = {**request, "asked": known.asked}
        else:
            known = replace(known, asked=datetime.now(UTC).isoformat(), made=wanted.made)
        known = memory.keep(known)
        found = client.find(request, known.token)
        if not found and known.made != wanted.made:
            # Asked by an attempt that was killed. Nothing is found of it, but a cloud may list late, and answers
            # an idempotency token with what that attempt started, from inputs that are no longer those of now.
            known = memory.keep(replace(_another(memory, known, wanted), made=wanted.made))
            request = {**wanted.ask(known.token).request, "asked": known.asked}
        run_id = found or client.submit(request, known.token)
        memory.keep(replace(known, run_id=run_id))
        self.log.info("%s %s.", "Found" if found else "Started", run_id)
        return run_id

    def _follow(self, watched: ActiveRun, status: RunStatus) -> dict[str, Any]:
        until = time.monotonic() + self.grace
        while not status.phase.ended and time.monotonic() < until:
            time.sleep(0.4)
            status = watched.client.status(watched.run_id)
        if status.phase.ended:
            return self._finish(watched, status)
        self.log.info("%s is %s; waiting for it without a worker. %s", watched.run_id, status.state, status.url)
        wanted = watched.wanted
        trigger = RemoteRunTrigger(
            wanted.runs.to_json(),
            watched.run_id,
            deadline=wanted.deadline.isoformat() if wanted.deadline else "",
            poll=settings().poll_seconds,
            owned=wanted.owned,
            output=dict(watched.output),
        )
        self.defer(trigger=trigger, method_name="resume", timeout=_backstop(wanted.deadline))
        raise AssertionError("defer() does not return")

    def _finish(self, watched: ActiveRun, status: RunStatus) -> dict[str, Any]:
        self._stop = None
        self.remote_url = status.url
        if status.phase is Phase.SUCCEEDED:
            return returned(status, watched.output)
        raise ended_badly(status)

    def _cancel(self, context: Context, watched: ActiveRun) -> None:
        if not watched.wanted.owned:
            return
        self.log.info("Cancelling %s.", watched.run_id)
        watched.client.cancel(watched.run_id)
        if not watched.wanted.existing:
            SubmissionStore(context, watched.wanted.memory).cancelled()


def _another(memory: SubmissionStore, known: Submission, wanted: RemoteRequest) -> Submission:
    """Return the submission to go on with: the same one only while it would be made from the same."""
    if all(known.made.get(what) == wanted.made.get(what) for what in ("rules", "inputs")):
        return known
    return replace(memory.after(known), asked=known.asked)


def _output(wanted: RemoteRequest, token: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**wanted.ask(token).output, **({MADE: dict(made)} if made else {})}


def ended_badly(status: RunStatus) -> ParityError:
    """Return the error for a run that failed or was cancelled; the cloud's own trouble may be retried."""
    words = f"{status.error.code}: {status.error.message}" if status.error else "It gave no reason."
    message = f"{words.rstrip()} ({status.run_id} ended as {status.state})"
    transient = status.error is not None and status.error.failure_type == "SystemError"
    remedy = "It is tried again." if transient else "Mend that, then clear this task with downstream."
    error = (Unreachable if transient else RemoteFailed)(message, remedy=remedy, url=status.url)
    error.caused_by = str(status.output.get("caused_by", ""))
    return error


def _why_stopped(watched: ActiveRun, event: Mapping[str, Any]) -> str:
    why = event.get("stopped") or f"It had not ended by {event['late']}."
    whose = "It was cancelled." if watched.wanted.owned else "It was not ours to cancel."
    return f"{watched.run_id}: {why} {whose}"


def _backstop(deadline: datetime | None) -> timedelta | None:
    """Airflow ends a deferral itself a while after our own deadline, in case the trigger cannot."""
    return deadline - datetime.now(UTC) + timedelta(minutes=10) if deadline else None
