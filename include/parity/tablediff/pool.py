"""Threads, each with a pair of sessions, that scan groups of tables and partitions of large ones."""

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
"""What is scanned under one pair of snapshots."""


@dataclass
class WorkerPool:
    """The pairs of sessions in use; each thread takes one and returns it."""

    job: Job
    _idle: list[ReconnectingPair] = field(default_factory=list)
    _all: list[ReconnectingPair] = field(default_factory=list)

    def verify(self, groups: Sequence[Sequence[TablePlan]]) -> list[TableResult]:
        """Scan everything, then read again what differs, and judge."""
        throttle = Throttle(self.job.spec.throttle, self.job.clock)
        runs = [[TableRun(self.job, plan, throttle) for plan in group] for group in groups]
        with ThreadPoolExecutor(self.job.spec.throttle.connections) as pool:
            try:
                units = [unit for group in pool.map(self._work_units, runs) for unit in group]
                list(pool.map(self._scan, units))
                return [result for results in pool.map(self._finish, runs) for result in results]
            except BaseException:  # before the pool waits for its threads: they would scan to the end
                pool.shutdown(wait=False, cancel_futures=True)
                self.stop()
                raise

    def _work_units(self, group: Group) -> list[WorkUnit]:
        """Return a group's whole tables as one unit, and each partition of a large one as its own."""
        large = [table for table in group if table.partition_count > 1]
        if large:
            with self._pair() as pair:
                for table in large:
                    table.partition(pair)
        whole = [(table, Partition()) for table in group if len(table.partitions) == 1]
        parts = [[(table, part)] for table in group if len(table.partitions) > 1 for part in table.partitions]
        return [*parts, *([whole] if whole else [])]

    def _scan(self, unit: WorkUnit) -> None:
        with self._pair() as pair:
            with suppress(CouldNotCompare):  # each table reports it itself
                pair.fresh_sessions()
            for table, partition in unit:
                table.scan(pair, partition)

    def _finish(self, group: Group) -> list[TableResult]:
        with self._pair() as pair:
            return [table.finish(pair) for table in group]

    @contextmanager
    def _pair(self) -> Iterator[ReconnectingPair]:
        try:
            pair = self._idle.pop()
        except IndexError:
            pair = ReconnectingPair(self.job.connections, self.job.clock, self.job.spec.throttle.attempts)
            self._all.append(pair)
        try:
            yield pair
        finally:
            self._idle.append(pair)

    def stop(self) -> None:
        """Kill whatever the servers still run for the pool; nothing connects again."""
        for pair in self._all:
            pair.stop()

    def close(self) -> None:
        """Close all sessions."""
        for pair in self._all:
            pair.close()
