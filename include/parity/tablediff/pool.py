"""Some threads, each with a line to both servers, that walk groups of tables and sections of large ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from parity.errors import CouldNotCompare
from parity.tablediff.job import Job
from parity.tablediff.rows.partitions import Partition
from parity.tablediff.rows.throttle import Throttle
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.table_run import TableRun
from parity.tablediff.verdict import TableResult

Group = Sequence[TableRun]
WorkUnit = Sequence[tuple[TableRun, Partition]]
"""What is walked under one pair of snapshots."""


@dataclass
class WorkerPool:
    """The lines in use; each thread takes one and gives it back."""

    job: Job
    _idle: list[ReconnectingPair] = field(default_factory=list)
    _all: list[ReconnectingPair] = field(default_factory=list)

    def verify(self, groups: Sequence[Sequence[TablePlan]]) -> list[TableResult]:
        """Walk everything, then read again what differs, and judge."""
        brake = Throttle(self.job.spec.throttle, self.job.clock)
        runs = [[TableRun(self.job, plan, brake) for plan in group] for group in groups]
        with ThreadPoolExecutor(self.job.spec.throttle.connections) as pool:
            try:
                units = [unit for group in pool.map(self._work_units, runs) for unit in group]
                list(pool.map(self._walk, units))
                return [result for results in pool.map(self._finish, runs) for result in results]
            except BaseException:  # before the pool waits for its threads: they would walk to the end
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise

    def _work_units(self, group: Group) -> list[WorkUnit]:
        """Return a group's whole tables as one stint, and each section of a large one as its own."""
        large = [table for table in group if table.parts > 1]
        if large:
            with self._line() as line:
                for table in large:
                    table.cut(line)
        whole = [(table, Partition()) for table in group if len(table.partitions) == 1]
        parts = [[(table, part)] for table in group if len(table.partitions) > 1 for part in table.partitions]
        return [*parts, *([whole] if whole else [])]

    def _walk(self, unit: WorkUnit) -> None:
        with self._line() as line:
            with suppress(CouldNotCompare):  # each table says so itself
                line.fresh()
            for table, partition in unit:
                table.walk(line, partition)

    def _finish(self, group: Group) -> list[TableResult]:
        with self._line() as line:
            return [table.finish(line) for table in group]

    @contextmanager
    def _line(self) -> Iterator[ReconnectingPair]:
        try:
            line = self._idle.pop()
        except IndexError:
            line = ReconnectingPair(self.job.connections, self.job.clock, self.job.spec.throttle.attempts)
            self._all.append(line)
        try:
            yield line
        finally:
            self._idle.append(line)

    def stop(self) -> None:
        """Kill whatever the servers still run for us; no line connects again."""
        for line in self._all:
            line.stop()

    def close(self) -> None:
        """Hang up."""
        for line in self._all:
            line.hang_up()
