"""What a script leaves running inside Spark: jobs of its group, and sessions of Spark Connect of its name."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

WATCHDOG_INTERVAL = 0.5
"""Seconds between two looks for what runs for nobody."""
TAG = re.compile(r"SparkConnect_OperationTag_User_(.*?)_Session_")
"""The tag that Spark Connect gives to the Spark jobs of an operation."""


@dataclass(frozen=True)
class RunningSpark:
    """The jobs and sessions of one SparkContext, which Spark's Python API does not reach."""

    context: Any
    """The SparkContext of the JVM."""
    tracker: Any
    connect: Any
    """The Spark Connect service of the JVM."""

    @classmethod
    def of(cls, session: Any) -> RunningSpark:
        """Start Spark Connect beside a classic session, over the same catalogue: 0.2 s and a few MiB."""
        java, context = session._jvm.org.apache.spark.sql.connect.service, session.sparkContext  # noqa: SLF001
        connect = getattr(getattr(java, "SparkConnectService$"), "MODULE$")
        connect.start(context._jsc.sc())  # noqa: SLF001
        return cls(context._jsc.sc(), context.statusTracker(), connect)  # noqa: SLF001

    def rows_written(self, handle: str) -> int:
        """Return how many rows the Spark jobs of a script's classic session wrote into files."""
        self.context.listenerBus().waitUntilEmpty()  # metrics come by events
        jobs = map(self.tracker.getJobInfo, self.tracker.getJobIdsForGroup(handle))
        stages = {stage for job in jobs if job for stage in job.stageIds}
        return sum(self.context.statusStore().lastStageAttempt(stage).outputRecords() for stage in stages)

    def cancel(self, handle: str) -> None:
        """Cancel all that runs for a script.

        Future jobs too: a query that is still being planned when its script is killed would run for nobody.
        """
        self.context.cancelJobGroupAndFutureJobs(handle)
        self._close(lambda user: user == handle)

    def cancel_orphans(self, ended: Callable[[str], bool]) -> None:
        """Cancel what runs for scripts that have ended.

        A script's later jobs are refused once it is cancelled, but not the shuffle stages that an adaptive query
        submits, nor the jobs of a Connect operation that was still being planned: one held both cores for ever.
        And a request that was on its way when its script was killed opens a new session.
        """
        for number in self.tracker.getActiveJobsIds():
            if ended(self._handle(number)):
                self.context.cancelJob(number)
        self._close(ended)

    def watch(self, ended: Callable[[str], bool]) -> None:
        """Cancel orphans for as long as the process lives."""
        while True:
            time.sleep(WATCHDOG_INTERVAL)
            self.cancel_orphans(ended)

    def _close(self, ended: Callable[[str], bool]) -> None:
        sessions = self.connect.sessionManager().listActiveSessions().iterator()
        while sessions.hasNext():
            session = sessions.next()
            if ended(session.userId()):
                self._close_one(session)

    def _close_one(self, session: Any) -> None:
        """Close a session; its script, the watchdog and a cancel may do so at the same moment."""
        from py4j.protocol import Py4JJavaError

        try:
            self.connect.sessionManager().closeSession(session.key(), False)
        except Py4JJavaError as error:
            if "SESSION_ALREADY_CLOSED" not in str(error.java_exception):
                raise

    def _handle(self, number: int) -> str:
        """Return the handle of a Spark job's script; empty for none, and for a job that just ended."""
        from py4j.protocol import Py4JJavaError

        try:
            job = self.context.statusStore().job(number)
        except Py4JJavaError:
            return ""
        if found := TAG.search(job.jobTags().mkString(" ")):
            return found[1]
        group = job.jobGroup()
        return str(group.get()) if group.isDefined() else ""
