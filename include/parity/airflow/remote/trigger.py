"""Waiting for a remote run without a worker: one trigger for every cloud.

It never cancels a healthy run because a poll failed: transient errors are polled again, after the pause that the
cloud asks for. It cancels in two cases only: a person acts on the task, or the run is over its budget.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from parity.airflow.connections.clients import RemoteRef
from parity.airflow.remote.polling import SHARED_POLLING, SharedPolling
from parity.clients.remote import Phase, RunStatus
from parity.errors import CouldNotCompare, Terminal, Transient
from parity.flow.codec import from_json

REFUSALS = 3
"""Terminal errors in a row (privileges revoked, run deleted) after which the trigger gives up."""


class RemoteRunTrigger(BaseTrigger):
    """Waits until the remote run ``run_id`` ends.

    ``deadline`` is an aware ISO time or empty; ``poll`` is in seconds; ``owned`` is whether we started the run,
    because a run that others started is never cancelled; ``output`` is returned when the run succeeds.
    """

    polling: SharedPolling = SHARED_POLLING

    def __init__(
        self,
        ref: dict[str, Any],
        run_id: str,
        *,
        deadline: str,
        poll: float,
        owned: bool,
        output: dict[str, Any],
    ) -> None:
        super().__init__()
        self.ref = ref
        self.run_id = run_id
        self.deadline = deadline
        self.poll = poll
        self.owned = owned
        self.output = output

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what recreates this trigger in any triggerer."""
        names = ("ref", "run_id", "deadline", "poll", "owned", "output")
        return f"{__name__}.RemoteRunTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event when the run has ended, is lost, or is late."""
        refusals = 0
        pause = 0.0
        while not self._late():
            await asyncio.sleep(pause)
            try:
                status = await self.polling.status(from_json(RemoteRef, self.ref), self.run_id, self.poll)
            except CouldNotCompare as error:
                refusals = refusals + 1 if isinstance(error, Terminal) else 0
                self.log.warning(
                    "The status of %s could not be read; the run itself is left alone: %s", self.run_id, error
                )
                if refusals == REFUSALS:
                    yield TriggerEvent({"lost": str(error), "run_id": self.run_id})
                    return
                pause = self._pause(error)
                continue
            refusals = 0
            if status.phase.ended:
                yield self._event(status)
                return
            if reason := status.output.get("over_budget"):
                await self._cancel("it costs more than the suite allows")
                yield TriggerEvent({"stopped": reason, "run_id": self.run_id})
                return
            pause = self.poll
        yield TriggerEvent({"late": self.deadline, "run_id": self.run_id})
        # The event is out, and the worker cancels when it resumes; a lost triggerer only delays that.

    def _pause(self, error: CouldNotCompare) -> float:
        asked = error.retry_after if isinstance(error, Transient) else None
        return max(self.poll, asked or 0.0)

    def _late(self) -> bool:
        return bool(self.deadline) and datetime.now(UTC) >= datetime.fromisoformat(self.deadline)

    def _event(self, status: RunStatus) -> TriggerEvent:
        # A success ends the task here: resuming on a worker only to return costs a process per task.
        if status.phase is Phase.SUCCEEDED:
            self.log.info("%s succeeded: %s", self.run_id, status.state)
            return TaskSuccessEvent(xcoms={"return_value": run_output(status, self.output)})
        return TriggerEvent({"ended": status.state, "run_id": self.run_id})

    async def on_kill(self) -> None:
        """Cancel the run, when it is ours, because a person acted on the waiting task."""
        await self._cancel("the task was stopped")

    async def _cancel(self, why: str) -> None:
        if not self.owned:
            return
        client = await self.polling.connect(from_json(RemoteRef, self.ref))
        await asyncio.to_thread(client.cancel, self.run_id)
        self.log.info("Cancelled %s, because %s.", self.run_id, why)


def run_output(status: RunStatus, output: Mapping[str, Any]) -> dict[str, Any]:
    """Return a task's output for a run that succeeded."""
    return {"run_id": status.run_id, "url": status.url, **output, **status.output}
