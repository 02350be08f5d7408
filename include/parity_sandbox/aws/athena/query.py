"""One query execution: what was asked, how it stands, what came out."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from parity_sandbox.aws.athena.failures import QueryFailed, Stopped
from parity_sandbox.aws.athena.values import ResultColumn
from parity_sandbox.aws.identities import Identity

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
Row = Sequence[str | None]


@dataclass(frozen=True)
class Request:
    """What StartQueryExecution was given, its defaults settled."""

    sql: str
    database: str
    catalog: str
    work_group: str
    output: str
    """The S3 folder for results, without trailing slash."""
    region: str
    parameters: tuple[str, ...] = ()
    cutoff: int | None = None
    """Bytes that the work group allows a query to scan."""
    caller: Identity | None = field(default=None, compare=False)
    """Whose rights the query has; None: all."""


@dataclass
class Result:
    """What a statement gave."""

    columns: Sequence[ResultColumn] = ()
    rows: Sequence[Row] = ()
    header: bool = False
    """Whether the first page begins with the columns' names."""
    update_count: int | None = None
    statement: str = "DML"
    substatement: str = "SELECT"
    location: str = ""
    """Where the result file is."""
    manifest: str = ""


@dataclass
class Query:
    """A query as it lives; thread-safe."""

    request: Request
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    reason: str = ""
    failure: QueryFailed | None = None
    result: Result = field(default_factory=Result)
    scanned: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    interrupt: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self) -> bool:
        """Enter RUNNING; False when it was stopped before."""
        with self._lock:
            if self.state != "QUEUED":
                return False
            self.state, self.started = "RUNNING", time.time()
            return True

    def end(self, state: str, reason: str = "", failure: QueryFailed | None = None) -> None:
        """Enter a final state, once."""
        with self._lock:
            if self.state not in ENDED:
                self.state, self.reason, self.failure = state, reason, failure
                self.completed = time.time()

    def stop(self) -> None:
        """Cancel it, as a user does; ended queries are left alone."""
        self.stopped.set()
        self.end("CANCELLED", "Query cancelled by user")
        if self.interrupt:
            self.interrupt()

    def check(self) -> None:
        """Raise Stopped when it was cancelled meanwhile."""
        if self.stopped.is_set():
            raise Stopped("Query cancelled by user")

    def as_dict(self) -> dict[str, Any]:
        """Return the API's QueryExecution."""
        request, result = self.request, self.result
        document: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": request.sql,
            "StatementType": result.statement,
            "SubstatementType": result.substatement,
            "ResultConfiguration": {"OutputLocation": result.location or f"{request.output}/{self.id}.csv"},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {"Database": request.database, "Catalog": request.catalog},
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": request.work_group,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }
        if request.parameters:
            document["ExecutionParameters"] = list(request.parameters)
        return document

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.failure:
            status["AthenaError"] = self.failure.as_dict()
        return status

    def _statistics(self) -> dict[str, Any]:
        end = self.completed or time.time()
        begun = self.started or end
        statistics: dict[str, Any] = {
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": _millis(self.submitted, end),
            "QueryQueueTimeInMillis": _millis(self.submitted, begun),
            "EngineExecutionTimeInMillis": _millis(begun, end),
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.result.manifest:
            statistics["DataManifestLocation"] = self.result.manifest
        return statistics


def _millis(start: float, end: float) -> int:
    return max(0, int((end - start) * 1000))
