"""One table from plan to result, walked whole or in sections; an error in it is its own."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parity.errors import ExportRefused, ParityError
from parity.sql.keys import Cells
from parity.tablediff.explain import completed, explain
from parity.tablediff.job import Job, folder_of
from parity.tablediff.mysql.definition import created, mark_of
from parity.tablediff.mysql.table import Eyesight
from parity.tablediff.rows.checkpoint import Progress
from parity.tablediff.rows.chunk_scan import Walk, fingerprint
from parity.tablediff.rows.partitions import Section, cut, merged, sections, wanted
from parity.tablediff.rows.recheck import recheck
from parity.tablediff.rows.throttle import Brake, Stride
from parity.tablediff.schema.waivers import waived_columns
from parity.tablediff.sessions.pair import Sides, both
from parity.tablediff.sessions.reconnecting import Line
from parity.tablediff.table_plan import TablePlan
from parity.tablediff.verdict import TableFacts, TableResult, judge_lonely, judge_table, refused


@dataclass
class TableRun:
    """One table; its sections may be walked by several threads, each over a line of its own."""

    job: Job
    plan: TablePlan
    brake: Brake
    sections: tuple[Section, ...] = (Section(),)
    trouble: str = ""
    began: float = 0.0
    ended: float = 0.0
    seen: float = 0.0
    """When its rows were as they were read: at the latest snapshot, or at the end without one."""
    alone: int = 0
    """Rows of a table that one side alone has."""
    eyesight: Eyesight = field(default_factory=lambda: Eyesight(0))
    duplicates: tuple[int, int] = (0, 0)
    states: dict[int, Progress] = field(default_factory=dict)
    """By section."""

    def __post_init__(self) -> None:
        """Refuse what the plan refuses."""
        self.trouble = self.plan.refusal

    @property
    def parts(self) -> int:
        """Return into how many sections it should be cut."""
        return 1 if self.trouble else wanted(self.plan, self.job.spec.pace.connections)

    def cut(self, line: Line) -> None:
        """Cut it into sections, unless it was walked to its end before."""
        self._guarded(lambda: self._cut(line))

    def _cut(self, line: Line) -> None:
        store, run, mark = self.job.store, self.job.run, fingerprint(self.plan, Section())
        text = store.load(run, self.plan.name)
        kept = Progress.from_json(text) if text else Progress("")
        if kept.fingerprint == mark and (kept.done or kept.spans):
            return
        cuts = kept.cuts if kept.fingerprint == mark else ()
        if not cuts:
            cuts = line.retried(self._cuts)
            store.save(run, self.plan.name, Progress(mark, cuts=cuts).to_json())
        self.sections = sections(cuts)

    def _cuts(self, sides: Sides) -> tuple[Cells, ...]:
        legacy, _ = sides.tables(self.plan)
        return cut(self.plan, self.parts, legacy.boundary)

    def walk(self, line: Line, section: Section) -> None:
        """Walk one section, and with the first prove the digest's eyesight; remembers trouble."""
        self.began = self.began or time.monotonic()
        if not self.trouble:
            self._guarded(lambda: self._gather(line, section))
        self.ended = time.monotonic()
        self.seen = max(self.seen, line.seen if self.plan.consistent else self.ended)

    def _gather(self, line: Line, section: Section) -> None:
        if self.plan.only:
            at = ("legacy", "target").index(self.plan.only)
            self.alone = line.retried(lambda sides: sides.tables(self.plan)[at].count())
            return
        self.states[section.number] = self._steps(line, section).walk()
        if section.number == 0:
            self.eyesight = line.retried(self._canary)
            self.duplicates = line.retried(self._duplicates)

    def _canary(self, sides: Sides) -> Eyesight:
        legacy, target = sides.tables(self.plan)
        eyes = both(legacy.canary, target.canary)
        blind = tuple(dict.fromkeys((*eyes[0].blind, *eyes[1].blind)))
        return replace(eyes[0], planted=max(e.planted for e in eyes), blind=blind)

    def _duplicates(self, sides: Sides) -> tuple[int, int]:
        if self.plan.unique or self.plan.keyless:
            return 0, 0
        legacy, target = sides.tables(self.plan)
        return both(legacy.duplicates, target.duplicates)

    def _steps(self, line: Line, section: Section) -> Walk:
        job = self.job
        folder = job.artefacts / job.run / folder_of(self.plan.name)
        stride = Stride(job.spec.pace)
        return Walk(self.plan, line, job.store, job.run, folder, job.clock, stride, self.brake, section=section)

    def finish(self, line: Line) -> TableResult:
        """Read different rows again over ``line``, explain them, and judge."""
        began = time.monotonic()
        facts: list[TableFacts] = []
        if not self.trouble and not self.plan.only:
            self._guarded(lambda: facts.append(self._explained(line)))
        if not self.trouble and self.plan.only:
            return judge_lonely(self.plan, self.alone, waived=None in self._waived())
        if self.trouble:
            return refused(self.plan, self.trouble)
        seconds = self.ended - self.began + time.monotonic() - began
        return judge_table(replace(facts[0], seconds=seconds, peak_mib=peak_mib()))

    def _explained(self, line: Line) -> TableFacts:
        """Return the facts, with the differences that remain after a second look."""
        covered = self._waived()
        waived = tuple(name for name in self.plan.one_sided if name in covered or None in covered)
        facts = TableFacts(self.plan, self._state(), self.eyesight, duplicates=self.duplicates, waived=waived)
        line.retried(self._unaltered)
        if not facts.progress.different:
            return facts
        steps = self._steps(line, Section())
        settle = self.job.spec.pace.settle.total_seconds()
        state, again = recheck(steps, facts.progress, settle, time.monotonic() - self.seen)
        facts = replace(facts, progress=state, recheck=again)
        if not state.different:
            return facts
        found = explain(self.plan, steps.folder, self.job.desk(self.plan.name))
        return replace(facts, detail=completed(found, self.plan, state.legacy, state.target))

    def _unaltered(self, sides: Sides) -> None:
        """Refuse a table whose definition is not that from which its plan was made."""
        name = self.plan.name
        now = both(lambda: created(sides.legacy, "table", name), lambda: created(sides.target, "table", name))
        for side, before, text in zip(("legacy", "target"), self.plan.marks, now, strict=True):
            if before and before != mark_of(text):
                raise ExportRefused(
                    f"{name}: its definition on the {side} side was altered while the run went.",
                    remedy="Compare again, from the survey on.",
                )

    def _state(self) -> Progress:
        states = [self.states[section.number] for section in self.sections]
        whole = fingerprint(self.plan, Section())
        return states[0] if len(states) == 1 else merged(states, whole)

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
