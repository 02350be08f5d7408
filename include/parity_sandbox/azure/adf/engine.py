"""Runs pipelines: a thread per run and per activity, and every change of state through the records.

Threads, because an activity mostly waits for somebody else, and a plain story told downwards is easier to
trust than callbacks. ``Pace`` shortens only the pause before a retry, which Data Factory keeps at 30 seconds
or more and nobody wants to sit through.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity_sandbox.azure.adf import activities as kinds
from parity_sandbox.azure.adf.expressions.errors import ExpressionError
from parity_sandbox.azure.adf.expressions.evaluate import evaluate
from parity_sandbox.azure.adf.factory import Factory
from parity_sandbox.azure.adf.failures import ActivityFailure, Stopped
from parity_sandbox.azure.adf.graph import Activity, broken_by, decided, may_run
from parity_sandbox.azure.adf.policy import Policy
from parity_sandbox.azure.adf.records import ActivityRun, PipelineRun
from parity_sandbox.azure.adf.states import State
from parity_sandbox.azure.adf.step import Scope, Step, Variables, Watch
from parity_sandbox.context import Context

log = logging.getLogger("parity_sandbox")
CANCELLED = "Pipeline run was cancelled."
RETRY_PACE = 1 / 30
POLL = 0.05


@dataclass
class Engine:
    """Runs the pipelines of all factories; ``retry_pace`` is the sandbox's second per second of ADF's."""

    context: Context
    retry_pace: float = RETRY_PACE
    live: dict[str, threading.Event] = field(default_factory=dict)
    """What stops each run in progress."""
    children: dict[str, list[PipelineRun]] = field(default_factory=dict)
    closed: bool = False

    def start(
        self, factory: Factory, run: PipelineRun, reused: Mapping[str, ActivityRun] | None = None
    ) -> PipelineRun:
        """Start ``run`` in the background; ``reused`` are activities that it need not repeat."""
        stop = self.live[run.id] = threading.Event()
        factory.add(run)
        self.children.setdefault(str(run.invoked_by.get("pipelineRunId", "")), []).append(run)
        arguments = (factory, run, dict(reused or {}), stop)
        threading.Thread(target=self._run, args=arguments, name=f"run-{run.id}", daemon=True).start()
        return run

    def cancel(self, run: PipelineRun, *, recursive: bool) -> None:
        """Stop a run, and with ``recursive`` those that it started; an ended run is left alone."""
        if run.move(State.CANCELING) and run.id in self.live:
            self.live[run.id].set()
        if recursive:
            for child in self.children.get(run.id, []):
                self.cancel(child, recursive=True)

    def close(self) -> None:
        """Stop everything and write nothing any more."""
        self.closed = True
        for stop in list(self.live.values()):
            stop.set()

    def _run(
        self, factory: Factory, run: PipelineRun, reused: Mapping[str, ActivityRun], stop: threading.Event
    ) -> None:
        watch = Watch(stop)
        try:
            state, message = self._outcome(factory, run, reused, watch)
        except Stopped:
            state, message = State.CANCELLED, CANCELLED
        except Exception as error:
            log.exception("sandbox: the Data Factory engine broke in run %s", run.id)
            state, message = State.FAILED, f"sandbox error: {type(error).__name__}: {error}"
        run.move(state, message)
        self.live.pop(run.id, None)
        self._save(factory, run)

    def _outcome(
        self, factory: Factory, run: PipelineRun, reused: Mapping[str, ActivityRun], watch: Watch
    ) -> tuple[State, str]:
        properties = factory.get("pipelines", run.pipeline).properties
        self._queue(factory, run, properties.get("concurrency"), watch)
        run.move(State.IN_PROGRESS)
        scope = Scope(factory, run, Variables(_variables(properties)), reused=reused)
        activities = properties.get("activities") or []
        ended = self.execute(activities, scope, watch)
        culprit = broken_by(activities, ended)
        if culprit is None:
            return State.SUCCEEDED, ""
        return State.FAILED, f"Operation on target {culprit} failed: {scope.results[culprit].error['message']}"

    def _queue(self, factory: Factory, run: PipelineRun, most: int | None, watch: Watch) -> None:
        """Wait in the queue while the pipeline's own limit is reached."""
        while most and sum(self._holds(other, run) for other in factory.all_runs()) >= most:
            watch.sleep(POLL)

    @staticmethod
    def _holds(other: PipelineRun, run: PipelineRun) -> bool:
        earlier = other.start < run.start and not other.status.terminal
        return other.pipeline == run.pipeline and other.id != run.id and earlier

    def execute(self, activities: Sequence[Activity], scope: Scope, watch: Watch) -> dict[str, State]:
        """Run a list of activities in the order of their dependencies; Stopped when the run is cancelled."""
        waiting = {activity["name"]: activity for activity in activities}
        ended: dict[str, State] = {}
        reports: queue.Queue[tuple[str, State]] = queue.Queue()
        running = 0
        while waiting or running:
            ready = [one for one in waiting.values() if decided(one, ended)] if not watch.stop.is_set() else []
            for activity in ready:
                del waiting[activity["name"]]
                running += 1
                self._begin(activity, scope, watch, ended, reports)
            if not running:
                break
            name, state = reports.get()
            ended[name] = state
            running -= 1
        watch.check()
        return ended

    def _begin(
        self,
        activity: Activity,
        scope: Scope,
        watch: Watch,
        ended: Mapping[str, State],
        reports: queue.Queue[tuple[str, State]],
    ) -> None:
        if not may_run(activity, ended):
            scope.run.put(_record(activity, scope).ended(State.SKIPPED))
            reports.put((activity["name"], State.SKIPPED))
            return

        def work() -> None:
            state = State.FAILED
            try:
                state = self._perform(activity, scope, watch)
            finally:
                reports.put((activity["name"], state))
                self._save(scope.factory, scope.run)

        threading.Thread(target=work, name=f"activity-{activity['name']}", daemon=True).start()

    def _perform(self, activity: Activity, scope: Scope, watch: Watch) -> State:
        """Run one activity with its retries and return how it ended for those that wait for it."""
        name = activity["name"]
        if activity.get("state") == "Inactive":
            scope.results[name] = scope.run.put(_record(activity, scope).ended(State.INACTIVE))
            return State(activity.get("onInactiveMarkAs", "Succeeded"))
        if name in scope.reused:
            scope.results[name] = scope.run.put(scope.reused[name].reused(scope.run.id))
            return scope.results[name].status
        record = self._attempts(activity, scope, watch)
        scope.results[name] = record
        return record.status

    def _attempts(self, activity: Activity, scope: Scope, watch: Watch) -> ActivityRun:
        record = scope.run.put(_record(activity, scope))
        try:
            policy = Policy.of(activity, lambda value: _evaluate(value, scope))
            record = self._attempt(activity, record, scope, watch.within(policy.timeout))
            for attempt in range(1, policy.retry + 1):
                if record.status is not State.FAILED:
                    break
                watch.sleep(policy.pause * self.retry_pace)
                again = scope.run.put(_record(activity, scope, attempt))
                record = self._attempt(activity, again, scope, watch.within(policy.timeout))
        except ActivityFailure as failure:
            return scope.run.put(record.ended(State.FAILED, error=failure.document()))
        except Stopped:
            return record
        return record

    def _attempt(self, activity: Activity, record: ActivityRun, scope: Scope, watch: Watch) -> ActivityRun:
        step = Step(self, scope, activity, watch, record)
        try:
            output = kinds.perform(step)
        except Stopped:
            return scope.run.put(step.record.ended(State.CANCELLED))
        except ActivityFailure as failure:
            return scope.run.put(step.record.ended(State.FAILED, error=failure.document()))
        except Exception as error:
            log.exception("sandbox: the activity %s broke", step.name)
            broken = ActivityFailure("SandboxError", f"{type(error).__name__}: {error}", "SystemError")
            return scope.run.put(step.record.ended(State.FAILED, error=broken.document()))
        return scope.run.put(step.record.ended(State.SUCCEEDED, output=output))

    def _save(self, factory: Factory, run: PipelineRun) -> None:
        if not self.closed:
            factory.save(run)


def _evaluate(value: Any, scope: Scope) -> Any:
    try:
        return evaluate(value, scope.names())
    except ExpressionError as error:
        raise ActivityFailure("InvalidTemplate", f"The expression evaluation failed: {error}") from error


def _record(activity: Activity, scope: Scope, attempt: int = 0) -> ActivityRun:
    policy = activity.get("policy") or {}
    return ActivityRun(
        activity["name"],
        activity["type"],
        scope.run.pipeline,
        scope.run.id,
        linked_service=(activity.get("linkedServiceName") or {}).get("referenceName", ""),
        attempt=attempt,
        iteration=scope.iteration,
        secure_input=bool(policy.get("secureInput")),
        secure_output=bool(policy.get("secureOutput")),
        user_properties={one["name"]: one["value"] for one in activity.get("userProperties") or []},
    )


def _variables(properties: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"Array": [], "Boolean": False}
    declared = properties.get("variables") or {}
    return {
        name: one.get("defaultValue", empty.get(one.get("type", "String"), "")) for name, one in declared.items()
    }
