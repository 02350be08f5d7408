"""A pair of sessions that is opened when first needed, opened again when lost, and given up when it stays lost."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from parity.clock import Clock
from parity.errors import CouldNotCompare, Terminal, Throttled, Transient
from parity.tablediff.sessions.pair import Connections, SessionPair

A = TypeVar("A")
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0


@dataclass
class ReconnectingPair:
    """One session on each side, for one worker."""

    connections: Connections
    clock: Clock
    attempts: int = 5
    lost: bool = False
    """A server stayed away through all attempts; later tables try only once."""
    stopped: bool = False
    """The verification was stopped: the next use raises."""
    snapshot_at: float = 0.0
    """When the latest snapshots were taken, in seconds of the monotonic clock."""
    _sessions: SessionPair | None = None

    def sessions(self) -> SessionPair:
        """Return both sessions, inside snapshots; connects when there are none."""
        if self.stopped:
            raise Terminal("The verification was stopped.")
        if self._sessions is None:
            sessions = SessionPair.open(self.connections)
            self._sessions = sessions
            self._take_snapshots(sessions)
            self.lost = False
        return self._sessions

    def fresh_sessions(self) -> SessionPair:
        """Return both sessions, inside snapshots of this moment."""
        had = self._sessions is not None
        sessions = self.sessions()
        if had:
            self._take_snapshots(sessions)
        return sessions

    def _take_snapshots(self, sessions: SessionPair) -> None:
        sessions.snapshot()
        self.snapshot_at = time.monotonic()

    def retry(self, step: Callable[[SessionPair], A]) -> A:
        """Return what ``step`` returns, called again with new sessions when the old ones are lost."""
        attempts = 0
        while True:
            try:
                return step(self.sessions())
            except Transient:
                attempts += 1
                self.back_off(attempts)

    def back_off(self, attempts: int) -> None:
        """Close and wait before attempt number ``attempts`` + 1; raise again when it was the last.

        Must be called while the error is being handled.
        """
        error = sys.exception()
        self.close()
        if self.stopped or attempts >= (1 if self.lost else self.attempts):
            self.lost = isinstance(error, Transient)
            raise  # noqa: PLE0704 - the caller's error
        asked = error.retry_after if isinstance(error, Throttled) else None
        self.clock.sleep(asked or min(LONGEST_WAIT, FIRST_WAIT * 2**attempts))

    def close(self) -> None:
        """Close both sessions."""
        sessions, self._sessions = self._sessions, None
        if sessions is not None:
            sessions.close()

    def stop(self) -> None:
        """Kill what the servers run for the sessions, and never connect again; thread-safe."""
        self.stopped = True
        sessions = self._sessions
        if sessions is not None:
            with suppress(CouldNotCompare):
                sessions.kill()
        self.close()
