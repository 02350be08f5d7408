"""One poll for all triggers of a process that wait for the same run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from parity.airflow.connections.clients import RemoteRef
from parity.clients.remote import RemoteRuns, RunStatus

Connect = Callable[[RemoteRef], Awaitable[RemoteRuns]]


@dataclass
class SharedClient:
    """A client that several triggers use, with the last answer for each run and the time of it."""

    client: RemoteRuns
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answers: dict[str, tuple[float, RunStatus]] = field(default_factory=dict)


@dataclass
class SharedPolling:
    """Shares clients and their polls between the triggers of one process."""

    connect: Connect = RemoteRef.aconnect
    shared: dict[str, SharedClient] = field(default_factory=dict)

    async def status(self, ref: RemoteRef, run_id: str, poll: float) -> RunStatus:
        """Return the status of ``run_id``; the cloud is polled at most once per ``poll`` seconds for each run.

        Errors are those of the client. After any error a new client is created, so that fresh credentials are
        read.
        """
        entry = self.shared.get(ref.key)
        if entry is None:
            entry = self.shared.setdefault(ref.key, SharedClient(await self.connect(ref)))
        async with entry.lock:
            polled, status = entry.answers.get(run_id, (0.0, None))
            if status is not None and time.monotonic() - polled < poll / 2:
                return status
            try:
                status = await asyncio.to_thread(entry.client.status, run_id)
            except Exception:
                self.shared.pop(ref.key, None)
                raise
        entry.answers[run_id] = (time.monotonic(), status)
        if status.phase.ended:
            entry.answers.pop(run_id, None)
        return status


SHARED_POLLING = SharedPolling()
