"""One table from plan to result, scanned whole or in partitions; its errors stay its own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parity.compare.result import CanaryCheck
from parity.errors import ExportRefused, ParityError
from parity.sql.keys import Cells
from parity.tablediff.explain import explain, with_equal_rows
from parity.tablediff.job import Job, folder_of
from parity.tablediff.mysql.session import definition_hash, show_create
from parity.tablediff.mysql.table import MySQLTable
from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.rows.chunk_scan import ChunkScan, fingerprint
from parity.tablediff.rows.partitions import (
    Partition,
    find_cuts,
    merge_checkpoints,
    partition_count,
    partitions_between,
)
from parity.tablediff.rows.recheck import recheck
from parity.tablediff.rows.throttle import ChunkSizer, Throttle
from parity.tablediff.schema.waivers import waived_columns
from parity.tablediff.sessions.pair import SessionPair
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.verdict import TableFacts, TableResult, judge_one_sided, judge_table, refused


@dataclass
class TableRun:
    """One table; its partitions may be scanned by several threads, each over a pair of sessions of its own."""

    job: Job
    plan: TablePlan
    throttle: Throttle
    partitions: tuple[Partition, ...] = (Partition(),)
    refusal: str = ""
    """Why the table could not be compared."""
    began: float = 0.0
    ended: float = 0.0
    read_at: float = 0.0
    """When its rows were as they were read: at the latest snapshot, or at the end without one."""
    one_sided_rows: int = 0
    """Rows of a table that one side alone has."""
    canary: CanaryCheck = field(default_factory=lambda: CanaryCheck(0))
    duplicates: tuple[int, int] = (0, 0)
    states: dict[int, Checkpoint] = field(default_factory=dict)
    """By partition."""

    def __post_init__(self) -> None:
        """Refuse what the plan refuses."""
        self.refusal = self.plan.refusal

    @property
    def partition_count(self) -> int:
        """Return into how many partitions it should be cut."""
        return 1 if self.refusal else partition_count(self.plan, self.job.spec.throttle.connections)

    def partition(self, pair: ReconnectingPair) -> None:
        """Cut it into partitions, unless it was scanned to its end before."""
        self._guarded(lambda: self._partition(pair))

    def _partition(self, pair: ReconnectingPair) -> None:
        store, run, mark = self.job.store, self.job.run, fingerprint(self.plan, Partition())
        text = store.load(run, self.plan.name)
        stored = Checkpoint.from_json(text) if text else Checkpoint("")
        if stored.fingerprint == mark and (stored.done or stored.chunks):
            return
        cuts = stored.cuts if stored.fingerprint == mark else ()
        if not cuts:
            cuts = pair.retry(self._cuts)
            store.save(run, self.plan.name, Checkpoint(mark, cuts=cuts).to_json())
        self.partitions = partitions_between(cuts)

    def _cuts(self, sessions: SessionPair) -> tuple[Cells, ...]:
        return find_cuts(self.plan, self.partition_count, sessions.tables(self.plan).legacy.boundary)

    def scan(self, pair: ReconnectingPair, partition: Partition) -> None:
        """Scan one partition, and check the canary with the first; an error becomes the table's refusal."""
        self.began = self.began or time.monotonic()
        if not self.refusal:
            self._guarded(lambda: self._scan(pair, partition))
        self.ended = time.monotonic()
        self.read_at = max(self.read_at, pair.snapshot_at if self.plan.consistent else self.ended)

    def _scan(self, pair: ReconnectingPair, partition: Partition) -> None:
        if self.plan.only_side:
            self.one_sided_rows = pair.retry(
                lambda sessions: getattr(sessions.tables(self.plan), self.plan.only_side).count()
            )
            return
        self.states[partition.number] = self._chunk_scan(pair, partition).scan()
        if partition.number == 0:
            self.canary = pair.retry(self._check_canary)
            self.duplicates = pair.retry(self._count_duplicates)

    def _check_canary(self, sessions: SessionPair) -> CanaryCheck:
        legacy, target = sessions.tables(self.plan).both(MySQLTable.canary)
        blind = tuple(dict.fromkeys((*legacy.blind, *target.blind)))
        return replace(legacy, planted=max(legacy.planted, target.planted), blind=blind)

    def _count_duplicates(self, sessions: SessionPair) -> tuple[int, int]:
        if self.plan.unique or self.plan.keyless:
            return 0, 0
        return sessions.tables(self.plan).both(MySQLTable.duplicates)

    def _chunk_scan(self, pair: ReconnectingPair, partition: Partition) -> ChunkScan:
        job = self.job
        folder = job.artefacts / job.run / folder_of(self.plan.name)
        sizer = ChunkSizer(job.spec.throttle)
        return ChunkScan(self.plan, pair, job.store, job.run, folder, sizer, self.throttle, partition=partition)

    def finish(self, pair: ReconnectingPair) -> TableResult:
        """Read different rows again over ``pair``, explain them, and judge."""
        began = time.monotonic()
        facts: list[TableFacts] = []
        if not self.refusal and not self.plan.only_side:
            self._guarded(lambda: facts.append(self._facts(pair)))
        if not self.refusal and self.plan.only_side:
            return judge_one_sided(self.plan, self.one_sided_rows, waived=None in self._waived())
        if self.refusal:
            return refused(self.plan, self.refusal)
        seconds = self.ended - self.began + time.monotonic() - began
        return judge_table(replace(facts[0], seconds=seconds, peak_mib=peak_mib()))

    def _facts(self, pair: ReconnectingPair) -> TableFacts:
        """Return the facts, with the differences that remain after they were read again."""
        covered = self._waived()
        waived = tuple(name for name in self.plan.one_sided if name in covered or None in covered)
        facts = TableFacts(self.plan, self._checkpoint(), self.canary, duplicates=self.duplicates, waived=waived)
        pair.retry(self._require_unaltered)
        if not facts.checkpoint.different:
            return facts
        scan = self._chunk_scan(pair, Partition())
        settle = self.job.spec.throttle.settle.total_seconds()
        state, again = recheck(scan, facts.checkpoint, settle, time.monotonic() - self.read_at)
        facts = replace(facts, checkpoint=state, recheck=again)
        if not state.different:
            return facts
        found = explain(self.plan, scan.folder, self.job.explain_options(self.plan.name))
        return replace(facts, explained=with_equal_rows(found, self.plan, state.legacy, state.target))

    def _require_unaltered(self, sessions: SessionPair) -> None:
        """Refuse a table whose definition is not that from which its plan was made."""
        name = self.plan.name
        now = sessions.both(lambda session: show_create(session, "table", name))
        for side, before, text in zip(("legacy", "target"), self.plan.definition_hashes, now, strict=True):
            if before and before != definition_hash(text):
                raise ExportRefused(
                    f"{name}: its definition on the {side} side was altered during the run.",
                    remedy="Compare again, from the survey on.",
                )

    def _checkpoint(self) -> Checkpoint:
        states = [self.states[partition.number] for partition in self.partitions]
        return states[0] if len(states) == 1 else merge_checkpoints(states, fingerprint(self.plan, Partition()))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ParityError as error:
            self.refusal = str(error)

    def _waived(self) -> tuple[str | None, ...]:
        job = self.job
        return waived_columns(self.plan.name, job.spec.database, job.waivers, job.today)


def peak_mib() -> float:
    """Return the largest memory that this process has had, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
