"""The request log: what was asked, of which service, and how it was answered."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from dataclasses import dataclass, field

KEPT = 2000
EXCERPT = 16_384
"""Bytes of a body that are kept: Databricks takes 10,000 of job parameters, and what follows tells runs apart."""

log = logging.getLogger("parity_sandbox")


@dataclass(frozen=True)
class Entry:
    """One request and its answer."""

    id: int
    """Counts up from 1 in the order of answering; ``since`` refers to it."""
    service: str
    method: str
    path: str
    """Path and query."""
    status: int
    """0 when the connection was dropped."""
    ms: float
    at: float
    """Seconds since the epoch when the request came in."""
    body: str
    """The first characters of the request's body."""
    fault: str = ""
    """Id of the fault rule that applied, or empty."""


@dataclass
class Journal:
    """The last requests; thread-safe."""

    entries: deque[Entry] = field(default_factory=lambda: deque(maxlen=KEPT))
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def next_id(self) -> int:
        """Return the id of the next entry."""
        return next(self._ids)

    def add(self, entry: Entry) -> None:
        """Remember one request."""
        with self._lock:
            self.entries.append(entry)

    def read(self, service: str = "", since: int = 0) -> list[Entry]:
        """Return the entries of ``service`` (empty means any) with an id above ``since``."""
        with self._lock:
            kept = list(self.entries)
        return [entry for entry in kept if entry.id > since and service in ("", entry.service)]

    def clear(self) -> None:
        """Forget everything but the numbering."""
        with self._lock:
            self.entries.clear()


def unknown_route(service: str, method: str, path: str) -> None:
    """Log what a service lacks; the caller still answers as its cloud does."""
    log.warning("sandbox: add a route for %s %s (%s)", method, path, service)
