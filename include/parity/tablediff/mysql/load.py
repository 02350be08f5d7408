"""How busy a MySQL server is."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Protocol

from parity.errors import AccessDenied, Terminal


class Asking(Protocol):
    """What is needed of a session."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        """Return all rows by lower-case column name."""


@dataclass(frozen=True)
class ServerLoad:
    """How busy a server is."""

    running: int = 0
    lag: float | None = None
    """Seconds behind its source, infinite while it does not follow; None without one, or without the right."""


def read_load(session: Asking) -> ServerLoad:
    """Ask a server how many threads run and, if it is a replica, how far it is behind."""
    running = session.rows("SHOW GLOBAL STATUS LIKE 'Threads_running'")
    return ServerLoad(int(running[0][1]) if running else 0, _lag(session))


def _lag(session: Asking) -> float | None:
    for statement in ("SHOW REPLICA STATUS", "SHOW SLAVE STATUS"):  # MySQL before 8.0.22 knows the second
        try:
            found = session.dicts(statement)
        except AccessDenied:
            return None
        except Terminal:
            continue
        if not found:
            return None
        behind = found[0].get("seconds_behind_source", found[0].get("seconds_behind_master"))
        return inf if behind is None else float(behind)
    return None
