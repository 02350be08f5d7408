"""One Glue job run: its states, its times, and the thread in which its script runs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACTIVE = frozenset({"WAITING", "STARTING", "RUNNING", "STOPPING"})
ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})


def utcnow() -> datetime:
    """Return the aware time, in UTC."""
    return datetime.now(UTC)


@dataclass
class JobRun:
    """A run as the API shows it."""

    job_name: str
    arguments: Mapping[str, str]
    details: Mapping[str, Any] = field(default_factory=dict)
    """Capacity, workers, versions: echoed as they were asked for."""
    timeout: int = 2880
    """Minutes."""
    previous: str | None = None
    job_run_id: str = field(default_factory=lambda: f"jr_{secrets.token_hex(32)}")
    status: str = "STARTING"
    started: datetime = field(default_factory=utcnow)
    modified: datetime = field(default_factory=utcnow)
    completed: datetime | None = None
    error: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def active(self) -> bool:
        """Return whether it counts against the job's concurrent runs."""
        return self.status in ACTIVE

    def move(self, status: str) -> None:
        """Enter a state on the way; a run that is stopping or has ended stays so."""
        with self._lock:
            if self.status not in ENDED | {"STOPPING"}:
                self.status, self.modified = status, utcnow()

    def end(self, status: str, error: str = "") -> None:
        """Enter a final state, once."""
        with self._lock:
            if self.status not in ENDED:
                self.status, self.error = status, error
                self.completed = self.modified = utcnow()

    def as_dict(self) -> dict[str, Any]:
        """Return the API's JobRun."""
        document = {
            "Id": self.job_run_id,
            "Attempt": 0,
            "JobName": self.job_name,
            "StartedOn": self.started,
            "LastModifiedOn": self.modified,
            "JobRunState": self.status,
            "PredecessorRuns": [],
            "ExecutionTime": int(((self.completed or utcnow()) - self.started).total_seconds()),
            "Timeout": self.timeout,
            "LogGroupName": "/aws-glue/jobs",
            **self.details,
        }
        given = {
            "Arguments": dict(self.arguments),
            "CompletedOn": self.completed,
            "ErrorMessage": self.error,
            "PreviousRunId": self.previous,
        }
        return document | {name: value for name, value in given.items() if value}
