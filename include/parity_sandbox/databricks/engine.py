"""Runs the runs: tasks in the order of their dependencies, each really executed on Spark.

One asyncio task per run. Cancelling it kills the scripts and waits until they are dead, so that a run which
says CANCELED has really stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import uuid4

from parity_sandbox.context import Context
from parity_sandbox.databricks import states
from parity_sandbox.databricks.jobs import upstream
from parity_sandbox.databricks.runs import Run, Runs, TaskRun
from parity_sandbox.databricks.scripts import Unrunnable, script_of
from parity_sandbox.databricks.states import State
from parity_sandbox.faults import Fault
from parity_sandbox.spark.runner import Job, Outcome

log = logging.getLogger("parity_sandbox")

TICK = 0.1
AT_ONCE = 64

Condition = Callable[[Collection[State]], bool]


def _failed(state: State) -> bool:
    return not state.succeeded and state.result != "EXCLUDED"


RUN_IF: Mapping[str, Condition] = {
    "ALL_SUCCESS": lambda before: all(state.succeeded for state in before),
    "ALL_DONE": lambda before: True,  # noqa: ARG005
    "NONE_FAILED": lambda before: not any(map(_failed, before)),
    "AT_LEAST_ONE_SUCCESS": lambda before: any(state.succeeded for state in before),
    "ALL_FAILED": lambda before: all(map(_failed, before)),
    "AT_LEAST_ONE_FAILED": lambda before: any(map(_failed, before)),
}


@dataclass
class Engine:
    """Executes the runs of one workspace."""

    context: Context
    runs: Runs
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "databricks"))

    def start(self, run: Run) -> None:
        """Begin a run, queue it, or skip it when its job already runs as often as it may."""
        self.runs.add(run)
        if self._crowded(run) and not (run.settings.get("queue") or {}).get("enabled"):
            run.end(states.TOO_MANY)
            for task in run.tasks:
                task.end(states.TOO_MANY)
            return
        self.resume(run, [task.key for task in run.tasks])

    def resume(self, run: Run, keys: Collection[str]) -> None:
        """Begin or repair a run: execute the tasks called ``keys``; the others keep their states."""
        run.execution = asyncio.create_task(self._execute(run, keys))

    def cancel(self, run: Run) -> None:
        """Ask a run to stop; an ended one is left alone."""
        if run.active and run.execution:
            run.state = states.TERMINATING
            run.execution.cancel()

    def _crowded(self, run: Run) -> bool:
        """Return whether as many earlier runs of its job are active as there may be."""
        of_job = self.runs.of_job(run.job_id)
        earlier = [other for other in of_job[of_job.index(run) + 1 :] if other.active]
        return not run.submitted and len(earlier) >= int(run.settings.get("max_concurrent_runs") or 1)

    async def _execute(self, run: Run, keys: Collection[str]) -> None:
        try:
            while self._crowded(run):
                run.state = states.QUEUED
                await asyncio.sleep(TICK)
            run.state = states.RUNNING
            async with asyncio.timeout(run.settings.get("timeout_seconds") or None):
                await self._tasks(run, keys)
            run.end(verdict(run))
        except TimeoutError:
            self._abandon(run, states.TIMED_OUT)
        except asyncio.CancelledError:
            self._abandon(run, states.CANCELED)
        except Exception:  # a run must end, whatever is wrong with the sandbox
            log.exception("sandbox: run %s broke", run.run_id)
            self._abandon(run, states.BROKEN)

    @staticmethod
    def _abandon(run: Run, state: State) -> None:
        for task in run.tasks:
            if not task.state.ended:
                task.end(state)
        run.end(state)

    async def _tasks(self, run: Run, keys: Collection[str]) -> None:
        done = {task.key: asyncio.Event() for task in run.tasks}
        for key in done.keys() - set(keys):
            done[key].set()
        async with asyncio.TaskGroup() as group:
            for task in run.tasks:
                if task.key in keys:
                    group.create_task(self._in_turn(run, task, done))

    async def _in_turn(self, run: Run, task: TaskRun, done: Mapping[str, asyncio.Event]) -> None:
        before = upstream(task.settings)
        if before:
            task.state = states.BLOCKED
        for key in before:
            await done[key].wait()
        condition = task.settings.get("run_if") or "ALL_SUCCESS"
        if before and not RUN_IF[condition]([run.task(key).state for key in before]):
            task.end(states.UPSTREAM_FAILED if condition == "ALL_SUCCESS" else states.EXCLUDED)
        else:
            await self._attempts(run, task)
        done[task.key].set()

    async def _attempts(self, run: Run, task: TaskRun) -> None:
        retries = int(task.settings.get("max_retries") or 0)
        for attempt in range(retries + 1):
            task.attempt = attempt
            task.begin(states.RUNNING)
            task.end(await self._attempt(run, task))
            again = task.state.result == "FAILED" or bool(task.settings.get("retry_on_timeout"))
            if attempt == retries or task.state.succeeded or not again:
                return
            task.state = states.WAITING_FOR_RETRY
            await asyncio.sleep(float(task.settings.get("min_retry_interval_millis") or 0) / 1000)

    async def _attempt(self, run: Run, task: TaskRun) -> State:
        task.outcome = None
        try:
            job = script_of(self.context.state, run, task, self.context.databricks)
        except Unrunnable as error:
            task.outcome = Outcome(ok=False, error=str(error), trace=str(error))
            return (states.not_found if error.missing else states.impossible)(str(error))
        task.outcome = await self._suffer(run, task) or await self._script(job)
        return ending(task.outcome)

    async def _suffer(self, run: Run, task: TaskRun) -> Outcome | None:
        """Return the failure that a fault demands, or None; stay as long as one says so."""
        stays = self._fault("stays_running", run, task)
        while stays and self.context.faults.holds(stays):
            await asyncio.sleep(TICK)
        fails = self._fault("fails_at", run, task)
        if fails is None:
            return None
        message = fails.message or "RuntimeError: a fault was asked for"
        return Outcome(ok=False, error=message, trace=f"Traceback (most recent call last):\n{message}\n")

    def _fault(self, kind: str, run: Run, task: TaskRun) -> Fault | None:
        faults = self.context.faults
        return faults.engine(kind, task.key) or (faults.engine(kind, run.name) if run.name != task.key else None)

    async def _script(self, job: Job) -> Outcome:
        handle, loop, runner = f"databricks-{uuid4().hex}", asyncio.get_running_loop(), self.context.runner
        running = loop.run_in_executor(self.pool, runner.run, job, handle)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await loop.run_in_executor(self.pool, runner.cancel, handle)
            await running
            raise


def ending(outcome: Outcome) -> State:
    """Return the state in which a script leaves its task."""
    if outcome.timed_out:
        return states.TIMED_OUT
    if outcome.cancelled:
        return states.CANCELED
    return states.SUCCESS if outcome.ok else states.FAILED


def verdict(run: Run) -> State:
    """Return the state of a run whose tasks have ended: its leaves decide."""
    needed = {key for task in run.tasks for key in upstream(task.settings)}
    bad = [task for task in run.tasks if _failed(task.state)]
    leaves = [task for task in bad if task.key not in needed]
    if not bad:
        return states.SUCCESS
    if not leaves:
        return states.SUCCESS_WITH_FAILURES
    first = min(bad, key=lambda task: task.ended)
    return states.run_failed(first.key, first.state)
