"""One table from plan to result, walked whole or in sections; an error in it is its own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parity.compare.result import CanaryCheck
from parity.errors import ExportRefused, ParityError
from parity.sql.keys import Cells
from parity.tablediff.explain import completed, explain
from parity.tablediff.job import Job, folder_of
from parity.tablediff.mysql.definition import created, mark_of
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
from parity.tablediff.sessions.pair import SessionPair, both
from parity.tablediff.sessions.reconnecting import ReconnectingPair
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.verdict import TableFacts, TableResult, judge_one_sided, judge_table, refused


@dataclass
class TableRun:
    """One table; its sections may be walked by several threads, each over a line of its own."""

    job: Job
    plan: TablePlan
    brake: Throttle
    partitions: tuple[Partition, ...] = (Partition(),)
    trouble: str = ""
    began: float = 0.0
    ended: float = 0.0
    seen: float = 0.0
    """When its rows were as they were read: at the latest snapshot, or at the end without one."""
    alone: int = 0
    """Rows of a table that one side alone has."""
    eyesight: CanaryCheck = field(default_factory=lambda: CanaryCheck(0))
    duplicates: tuple[int, int] = (0, 0)
    states: dict[int, Checkpoint] = field(default_factory=dict)
    """By section."""

    def __post_init__(self) -> None:
        """Refuse what the plan refuses."""
        self.trouble = self.plan.refusal

    @property
    def parts(self) -> int:
        """Return into how many sections it should be cut."""
        return 1 if self.trouble else partition_count(self.plan, self.job.spec.throttle.connections)

    def cut(self, line: ReconnectingPair) -> None:
        """Cut it into sections, unless it was walked to its end before."""
        self._guarded(lambda: self._cut(line))

    def _cut(self, line: ReconnectingPair) -> None:
        store, run, mark = self.job.store, self.job.run, fingerprint(self.plan, Partition())
        text = store.load(run, self.plan.name)
        kept = Checkpoint.from_json(text) if text else Checkpoint("")
        if kept.fingerprint == mark and (kept.done or kept.spans):
            return
        cuts = kept.cuts if kept.fingerprint == mark else ()
        if not cuts:
            cuts = line.retried(self._cuts)
            store.save(run, self.plan.name, Checkpoint(mark, cuts=cuts).to_json())
        self.partitions = partitions_between(cuts)

    def _cuts(self, sides: SessionPair) -> tuple[Cells, ...]:
        legacy, _ = sides.tables(self.plan)
        return find_cuts(self.plan, self.parts, legacy.boundary)

    def walk(self, line: ReconnectingPair, partition: Partition) -> None:
        """Walk one section, and with the first prove the digest's eyesight; remembers trouble."""
        self.began = self.began or time.monotonic()
        if not self.trouble:
            self._guarded(lambda: self._gather(line, partition))
        self.ended = time.monotonic()
        self.seen = max(self.seen, line.seen if self.plan.consistent else self.ended)

    def _gather(self, line: ReconnectingPair, partition: Partition) -> None:
        if self.plan.only:
            at = ("legacy", "target").index(self.plan.only)
            self.alone = line.retried(lambda sides: sides.tables(self.plan)[at].count())
            return
        self.states[partition.number] = self._steps(line, partition).walk()
        if partition.number == 0:
            self.eyesight = line.retried(self._canary)
            self.duplicates = line.retried(self._duplicates)

    def _canary(self, sides: SessionPair) -> CanaryCheck:
        legacy, target = sides.tables(self.plan)
        eyes = both(legacy.canary, target.canary)
        blind = tuple(dict.fromkeys((*eyes[0].blind, *eyes[1].blind)))
        return replace(eyes[0], planted=max(e.planted for e in eyes), blind=blind)

    def _duplicates(self, sides: SessionPair) -> tuple[int, int]:
        if self.plan.unique or self.plan.keyless:
            return 0, 0
        legacy, target = sides.tables(self.plan)
        return both(legacy.duplicates, target.duplicates)

    def _steps(self, line: ReconnectingPair, partition: Partition) -> ChunkScan:
        job = self.job
        folder = job.artefacts / job.run / folder_of(self.plan.name)
        stride = ChunkSizer(job.spec.throttle)
        return ChunkScan(
            self.plan, line, job.store, job.run, folder, job.clock, stride, self.brake, partition=partition
        )

    def finish(self, line: ReconnectingPair) -> TableResult:
        """Read different rows again over ``line``, explain them, and judge."""
        began = time.monotonic()
        facts: list[TableFacts] = []
        if not self.trouble and not self.plan.only:
            self._guarded(lambda: facts.append(self._explained(line)))
        if not self.trouble and self.plan.only:
            return judge_one_sided(self.plan, self.alone, waived=None in self._waived())
        if self.trouble:
            return refused(self.plan, self.trouble)
        seconds = self.ended - self.began + time.monotonic() - began
        return judge_table(replace(facts[0], seconds=seconds, peak_mib=peak_mib()))

    def _explained(self, line: ReconnectingPair) -> TableFacts:
        """Return the facts, with the differences that remain after a second look."""
        covered = self._waived()
        waived = tuple(name for name in self.plan.one_sided if name in covered or None in covered)
        facts = TableFacts(self.plan, self._state(), self.eyesight, duplicates=self.duplicates, waived=waived)
        line.retried(self._unaltered)
        if not facts.progress.different:
            return facts
        steps = self._steps(line, Partition())
        settle = self.job.spec.throttle.settle.total_seconds()
        state, again = recheck(steps, facts.progress, settle, time.monotonic() - self.seen)
        facts = replace(facts, progress=state, recheck=again)
        if not state.different:
            return facts
        found = explain(self.plan, steps.folder, self.job.desk(self.plan.name))
        return replace(facts, detail=completed(found, self.plan, state.legacy, state.target))

    def _unaltered(self, sides: SessionPair) -> None:
        """Refuse a table whose definition is not that from which its plan was made."""
        name = self.plan.name
        now = both(lambda: created(sides.legacy, "table", name), lambda: created(sides.target, "table", name))
        for side, before, text in zip(("legacy", "target"), self.plan.marks, now, strict=True):
            if before and before != mark_of(text):
                raise ExportRefused(
                    f"{name}: its definition on the {side} side was altered while the run went.",
                    remedy="Compare again, from the survey on.",
                )

    def _state(self) -> Checkpoint:
        states = [self.states[partition.number] for partition in self.partitions]
        whole = fingerprint(self.plan, Partition())
        return states[0] if len(states) == 1 else merge_checkpoints(states, whole)

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ParityError as error:
            self.trouble = str(error)

    def _waived(self) -> tuple[str | None, ...]:
        job = self.job
        return waived_columns(self.plan.name, job.spec.database, job.waivers, job.today)


def peak_mib() -> float:
    """Return the largest memory that this process has had, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
