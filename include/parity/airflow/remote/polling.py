"""One poll for all who wait on the same thing, within one triggerer process."""

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
    """A client that several triggers use, and when it last asked the cloud."""

    client: RemoteRuns
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: dict[str, tuple[float, RunStatus]] = field(default_factory=dict)


@dataclass
class SharedPolling:
    """Shares clients, and through them their polls, between the triggers of one process."""

    connect: Connect = RemoteRef.aconnect
    shared: dict[str, SharedClient] = field(default_factory=dict)

    async def status(self, runs: RemoteRef, run_id: str, poll: float) -> RunStatus:
        """Return how ``run_id`` stands; the cloud is asked at most once per ``poll`` seconds for each run.

        Errors are those of the client. The client is made anew after any error, so that fresh credentials
        are read.
        """
        entry = self.shared.get(runs.key)
        if entry is None:
            entry = self.shared.setdefault(runs.key, SharedClient(await self.connect(runs)))
        async with entry.lock:
            asked, status = entry.asked.get(run_id, (0.0, None))
            if status is not None and time.monotonic() - asked < poll / 2:
                return status
            try:
                status = await asyncio.to_thread(entry.client.status, run_id)
            except Exception:
                self.shared.pop(runs.key, None)
                raise
        entry.asked[run_id] = (time.monotonic(), status)
        if status.phase.ended:
            entry.asked.pop(run_id, None)
        return status


SHARED_POLLING = SharedPolling()
