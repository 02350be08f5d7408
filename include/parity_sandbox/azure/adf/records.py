"""What Data Factory remembers of a run: the run itself and its activity runs, as facts with a lock."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from parity_sandbox.azure.adf.expressions.dates import read
from parity_sandbox.azure.adf.expressions.functions import text
from parity_sandbox.azure.adf.states import State
from parity_sandbox.azure.adf.timestamps import milliseconds, moment

NO_ERROR = {"errorCode": "", "message": "", "failureType": "", "details": ""}
MANUAL = {"name": "Manual", "invokedByType": "Manual"}
REUSED = "SkippedForRecovery"


def now() -> datetime:
    """Return the time that goes into a record."""
    return datetime.now(UTC)


def new_id() -> str:
    """Return a fresh run id."""
    return str(uuid4())


@dataclass(frozen=True)
class ActivityRun:
    """One attempt of one activity; replaced, never changed."""

    name: str
    kind: str
    pipeline: str
    pipeline_run: str
    id: str = field(default_factory=new_id)
    linked_service: str = ""
    status: State = State.IN_PROGRESS
    start: datetime = field(default_factory=now)
    end: datetime | None = None
    input: Any = field(default_factory=dict)
    output: Any = field(default_factory=dict)
    error: Mapping[str, str] = field(default_factory=lambda: dict(NO_ERROR))
    attempt: int = 0
    iteration: str = ""
    """Which round of a ForEach it belongs to; two rounds never have the same."""
    secure_input: bool = False
    secure_output: bool = False
    recovery: str = "None"
    user_properties: Any = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return the JSON that a query answers."""
        return {
            "activityRunId": self.id,
            "activityName": self.name,
            "activityType": self.kind,
            "pipelineName": self.pipeline,
            "pipelineRunId": self.pipeline_run,
            "linkedServiceName": self.linked_service,
            "status": str(self.status),
            "activityRunStart": moment(self.start),
            "activityRunEnd": moment(self.end),
            "durationInMs": milliseconds(self.start, self.end),
            "input": {} if self.secure_input else self.input,
            "output": {} if self.secure_output else self.output,
            "error": {**self.error, "target": self.name},
            "retryAttempt": self.attempt or None,
            "iterationHash": self.iteration,
            "recoveryStatus": self.recovery,
            "userProperties": self.user_properties,
            "integrationRuntimeNames": [],
            "executionDetails": {},
        }

    def ended(self, status: State, **changes: Any) -> Self:
        """Return it as it ended just now."""
        return replace(self, status=status, end=now(), **changes)

    def reused(self, pipeline_run: str) -> Self:
        """Return it as part of a recovery run that does not repeat it."""
        return replace(self, pipeline_run=pipeline_run, recovery=REUSED)


@dataclass
class PipelineRun:
    """One run; change it only through its methods, which are thread-safe."""

    pipeline: str
    parameters: dict[str, Any]
    id: str = field(default_factory=new_id)
    group: str = ""
    latest: bool = True
    invoked_by: Mapping[str, str] = field(default_factory=lambda: {"id": uuid4().hex, **MANUAL})
    status: State = State.QUEUED
    message: str = ""
    start: datetime = field(default_factory=now)
    end: datetime | None = None
    updated: datetime = field(default_factory=now)
    activities: dict[str, ActivityRun] = field(default_factory=dict)
    """By activity run id, in the order of their start."""
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def __post_init__(self) -> None:
        self.group = self.group or self.id

    def put(self, activity: ActivityRun) -> ActivityRun:
        """Add or replace an activity run."""
        with self.lock:
            self.activities[activity.id] = activity
            self.updated = now()
        return activity

    def move(self, status: State, message: str = "") -> bool:
        """Enter ``status`` unless the run has ended already; tell whether it did."""
        with self.lock:
            if self.status.terminal or (self.status is State.CANCELING and not status.terminal):
                return False
            self.status, self.message, self.updated = status, message, now()
            self.end = self.updated if status.terminal else None
            return True

    def supersede(self) -> None:
        """Note that a later run of the group exists."""
        with self.lock:
            self.latest = False

    def listed(self) -> list[ActivityRun]:
        """Return the activity runs so far."""
        with self.lock:
            return list(self.activities.values())

    def document(self) -> dict[str, Any]:
        """Return the JSON of the run; parameter values are texts."""
        with self.lock:
            return {
                "id": self.id,
                "runId": self.id,
                "runGroupId": self.group,
                "isLatest": self.latest,
                "pipelineName": self.pipeline,
                "parameters": {name: text(value) for name, value in self.parameters.items()},
                "runDimension": {},
                "runDimensions": {},
                "invokedBy": dict(self.invoked_by),
                "runStart": moment(self.start),
                "runEnd": moment(self.end),
                "durationInMs": milliseconds(self.start, self.end),
                "status": str(self.status),
                "message": self.message,
                "lastUpdated": moment(self.updated),
                "annotations": [],
                "debugRunId": None,
            }


TIMES = ("start", "end", "updated")


def dump(record: PipelineRun | ActivityRun) -> dict[str, Any]:
    """Return a record as JSON that :func:`load_run` reads again."""
    plain = {one.name: getattr(record, one.name) for one in fields(record) if one.name != "lock"}
    plain.update({name: moment(plain[name]) for name in TIMES if name in plain})
    if isinstance(record, PipelineRun):
        plain["activities"] = [dump(activity) for activity in record.listed()]
    return plain


def _load(plain: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: read(plain[name]) for name in TIMES if plain.get(name)}
    return {**plain, **times, "status": State(plain["status"])}


def load_run(plain: Mapping[str, Any]) -> PipelineRun:
    """Return the run that :func:`dump` wrote."""
    activities = [ActivityRun(**_load(one)) for one in plain["activities"]]
    return PipelineRun(**{**_load(plain), "activities": {one.id: one for one in activities}})
