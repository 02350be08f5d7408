"""The line to both servers: opened when first needed, made anew when lost, given up when it stays lost."""

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
    """Somebody stopped the verification: whoever holds the line learns it at its next question."""
    seen: float = 0.0
    """When the latest snapshots were taken, by the machine's clock that only goes forward."""
    _sides: SessionPair | None = None

    def sides(self) -> SessionPair:
        """Return both sessions, inside snapshots; connects when there are none."""
        if self.stopped:
            raise Terminal("The verification was stopped.")
        if self._sides is None:
            sides = SessionPair.open(self.connections)
            self._sides = sides
            self._look(sides)
            self.lost = False
        return self._sides

    def fresh(self) -> SessionPair:
        """Return both sessions, inside snapshots of this moment."""
        had = self._sides is not None
        sides = self.sides()
        if had:
            self._look(sides)
        return sides

    def _look(self, sides: SessionPair) -> None:
        sides.snapshot()
        self.seen = time.monotonic()

    def retried(self, step: Callable[[SessionPair], A]) -> A:
        """Return what ``step`` returns, asked again over new sessions when the old ones are lost."""
        attempts = 0
        while True:
            try:
                return step(self.sides())
            except Transient:
                attempts += 1
                self.fail(attempts)

    def fail(self, attempts: int) -> None:
        """Hang up and wait before attempt number ``attempts`` + 1; raise again when it was the last.

        Must be called while the error is being handled.
        """
        error = sys.exception()
        self.hang_up()
        if self.stopped or attempts >= (1 if self.lost else self.attempts):
            self.lost = isinstance(error, Transient)
            raise  # noqa: PLE0704 - the caller's error
        asked = error.retry_after if isinstance(error, Throttled) else None
        self.clock.sleep(asked or min(LONGEST_WAIT, FIRST_WAIT * 2**attempts))

    def hang_up(self) -> None:
        """Close both sessions."""
        sides, self._sides = self._sides, None
        if sides is not None:
            sides.close()

    def stop(self) -> None:
        """Kill what the servers run for us, hang up, and stay so; may be called from another thread."""
        self.stopped = True
        sides = self._sides
        if sides is not None:
            with suppress(CouldNotCompare):
                sides.stop()
        self.hang_up()
