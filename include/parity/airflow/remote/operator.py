"""One operator for every remote run: submit once, remember, wait, cancel when stopped, report how it ended."""

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
from parity.airflow.remote.trigger import RemoteRunTrigger, run_output
from parity.airflow.step.failures import report_failures
from parity.airflow.step.links import RemoteRunLink
from parity.clients.remote import Phase, RemoteRuns, RunStatus
from parity.errors import DeadlineExceeded, ExportRefused, ParityError, RemoteFailed, Unreachable
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE
from parity.flow.stages import Stage
from parity.settings import settings


@dataclass(frozen=True)
class Payload:
    """The request of one submission, and what the task returns beside the run's own output."""

    request: Mapping[str, Any]
    output: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RemoteRequest:
    """The remote run that a step needs, once the plan is known."""

    ref: RemoteRef
    business_key: str
    """suite/activity/date: what the run is for, never the task's position."""
    payload: Callable[[str], Payload] = lambda _: Payload({})
    """Returns the payload of the submission with a given token."""
    existing: str | None = None
    """A run to wait for instead of submitting one."""
    owned: bool = True
    """Whether the run is ours to cancel."""
    deadline: datetime | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Provenance of a submission that is made now (:mod:`parity.flow.provenance`), as JSON."""
    digests: str = ""
    """Mark of the digests that select the rows; one pair of digests serves one generation of exports."""

    @property
    def submission_key(self) -> str:
        """Return the key under which the submission is stored."""
        return f"{self.business_key}/{self.digests}" if self.digests else self.business_key


@dataclass(frozen=True)
class ActiveRun:
    """A run that a task waits for."""

    client: RemoteRuns
    request: RemoteRequest
    run_id: str
    output: Mapping[str, Any]


RequestBuilder = Callable[[Context], RemoteRequest | None]
"""Returns the remote run that a step needs; None skips the step."""


class RemoteRunOperator(BaseOperator):
    """Starts a remote run, or finds the one that it started, and waits until it has ended.

    Returns JSON: ``run_id``, ``url`` and the run's output. When it fails, XCom ``failure`` has the stage and the
    reason. ``wait=False`` returns as soon as the run exists.
    """

    operator_extra_links = (RemoteRunLink(),)
    grace = 2.0
    """Seconds to wait on the worker for a short run; deferring costs a second process."""

    def __init__(self, *, build_request: RequestBuilder, stage: Stage, wait: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"doc_md": stage.description, **kwargs})
        self.custom_operator_name = stage.service
        self.build_request = build_request
        self.stage = stage
        self.wait = wait
        self.remote_url = ""
        self._stop: Callable[[], None] | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Submit or find the run, then wait for it."""
        with report_failures(context, self.stage):
            run = self._find_or_submit(context)
            if run.request.owned:
                own = {"ref": to_json(run.request.ref), "run_id": run.run_id}
                context["ti"].xcom_push(SUBMITTED, own)
            status = run.client.status(run.run_id)
            self.remote_url = status.url
            if not self.wait:
                return run_output(status, run.output)
            self._stop = lambda: self._cancel(context, run)
            return self._follow(run, status)

    def resume(self, context: Context, event: dict[str, Any] | str) -> dict[str, Any]:
        """Return or raise how the run ended; called when the trigger saw it fail, be late or be lost."""
        with report_failures(context, self.stage):
            if isinstance(event, str):  # ``dag.test()`` resumes even a task that its trigger ended
                run = self._find_or_submit(context)
                return self._finish(run, run.client.status(run.run_id))
            run = self._find_or_submit(context, event["run_id"])
            if "lost" in event:
                raise Unreachable(f"Lost sight of {run.run_id}: {event['lost']}")
            if "late" in event or "stopped" in event:
                self._cancel(context, run)
                raise DeadlineExceeded(_why_stopped(run, event))
            return self._finish(run, run.client.status(run.run_id))

    def on_kill(self) -> None:
        """Cancel the run, because the task was stopped while it was on a worker."""
        if self._stop:
            self._stop()

    def _find_or_submit(self, context: Context, run_id: str = "") -> ActiveRun:
        request = self.build_request(context)
        if request is None:
            raise AirflowSkipException("Not part of this run's plan.")
        client = request.ref.connect()
        if request.existing:
            return ActiveRun(client, request, request.existing, _output(request, "", request.provenance))
        submissions = SubmissionStore(context, request.submission_key)
        if not run_id:
            run_id = self._attach(client, request, submissions)
        submission = submissions.current()
        return ActiveRun(client, request, run_id, _output(request, submission.token, submission.provenance))

    def _attach(self, client: RemoteRuns, request: RemoteRequest, submissions: SubmissionStore) -> str:
        if request.digests and submissions.cleared:
            raise ExportRefused(
                "These digests were exported from before, and their equal buckets may have changed since.",
                remedy="Clear the activity's digest tasks too, with everything after them.",
            )
        submission = submissions.current()
        if submission.run_id:
            status = client.status(submission.run_id)
            if not submission.cancelled and status.phase not in (Phase.FAILED, Phase.CANCELLED):
                self.log.info("Found the run of this task: %s (%s).", submission.run_id, status.state)
                return submission.run_id
            submission = submissions.following(submission)
        body = request.payload(submission.token).request
        if submission.asked:  # an attempt was killed before it could store the run's id
            body = {**body, "asked": submission.asked}
        else:
            submission = replace(submission, asked=datetime.now(UTC).isoformat(), provenance=request.provenance)
        submission = submissions.save(submission)
        found = client.find(body, submission.token)
        if not found and submission.provenance != request.provenance:
            # An attempt that was killed may have submitted it. Nothing is found, but a cloud may list late, and
            # answers an idempotency token with what that attempt started, from inputs that have changed since.
            submission = submissions.save(
                replace(_next_submission(submissions, submission, request), provenance=request.provenance)
            )
            body = {**request.payload(submission.token).request, "asked": submission.asked}
        run_id = found or client.submit(body, submission.token)
        submissions.save(replace(submission, run_id=run_id))
        self.log.info("%s %s.", "Found" if found else "Started", run_id)
        return run_id

    def _follow(self, run: ActiveRun, status: RunStatus) -> dict[str, Any]:
        until = time.monotonic() + self.grace
        while not status.phase.ended and time.monotonic() < until:
            time.sleep(0.4)
            status = run.client.status(run.run_id)
        if status.phase.ended:
            return self._finish(run, status)
        self.log.info("%s is %s; waiting for it without a worker. %s", run.run_id, status.state, status.url)
        request = run.request
        trigger = RemoteRunTrigger(
            to_json(request.ref),
            run.run_id,
            deadline=request.deadline.isoformat() if request.deadline else "",
            poll=settings().poll_seconds,
            owned=request.owned,
            output=dict(run.output),
        )
        self.defer(trigger=trigger, method_name="resume", timeout=_backstop(request.deadline))
        raise AssertionError("defer() does not return")

    def _finish(self, run: ActiveRun, status: RunStatus) -> dict[str, Any]:
        self._stop = None
        self.remote_url = status.url
        if status.phase is Phase.SUCCEEDED:
            return run_output(status, run.output)
        raise run_error(status)

    def _cancel(self, context: Context, run: ActiveRun) -> None:
        if not run.request.owned:
            return
        self.log.info("Cancelling %s.", run.run_id)
        run.client.cancel(run.run_id)
        if not run.request.existing:
            SubmissionStore(context, run.request.submission_key).mark_cancelled()


def _next_submission(submissions: SubmissionStore, submission: Submission, request: RemoteRequest) -> Submission:
    """Return ``submission`` while its rules and inputs are unchanged, and the one after it otherwise."""
    if all(submission.provenance.get(what) == request.provenance.get(what) for what in ("rules", "inputs")):
        return submission
    return replace(submissions.following(submission), asked=submission.asked)


def _output(request: RemoteRequest, token: str, provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**request.payload(token).output, **({PROVENANCE: dict(provenance)} if provenance else {})}


def run_error(status: RunStatus) -> ParityError:
    """Return the error for a run that failed or was cancelled; a fault of the cloud itself may be retried."""
    words = f"{status.error.code}: {status.error.message}" if status.error else "It gave no reason."
    message = f"{words.rstrip()} ({status.run_id} ended as {status.state})"
    transient = status.error is not None and status.error.failure_type == "SystemError"
    remedy = "It is retried." if transient else "Fix that, then clear this task with everything after it."
    error = (Unreachable if transient else RemoteFailed)(message, remedy=remedy, url=status.url)
    error.caused_by = str(status.output.get("caused_by", ""))
    return error


def _why_stopped(run: ActiveRun, event: Mapping[str, Any]) -> str:
    why = event.get("stopped") or f"It had not ended by {event['late']}."
    whose = "It was cancelled." if run.request.owned else "It was not ours to cancel."
    return f"{run.run_id}: {why} {whose}"


def _backstop(deadline: datetime | None) -> timedelta | None:
    """Return when Airflow ends the deferral itself: a while after our own deadline, in case the trigger cannot."""
    return deadline - datetime.now(UTC) + timedelta(minutes=10) if deadline else None
