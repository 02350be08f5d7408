"""Verifies a database: survey both catalogues, walk every table, read again what differs, explain, judge.

:func:`verify_database` does all of it. A Dag maps over :attr:`Survey.groups` instead: :func:`survey_database`
once, :func:`verify_tables` per group, :func:`conclude` at the end.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from parity.clients.mysql import Limits
from parity.clock import Clock
from parity.compare.result import NotCompared, Verdict
from parity.engines.mysql_catalogue import Catalogue, read_catalogue
from parity.engines.mysql_server import ServerFacts, read_server
from parity.errors import CouldNotCompare, ParityError
from parity.flow.databases.cutover import CutoverLine, check_cutover
from parity.flow.databases.detail import Desk, completed, explain
from parity.flow.databases.groups import group_tables
from parity.flow.databases.line import Line
from parity.flow.databases.outcome import (
    DatabaseResult,
    TableFacts,
    TableResult,
    judge_database,
    judge_lonely,
    judge_table,
    refused,
)
from parity.flow.databases.pace import Brake, Stride
from parity.flow.databases.plan import DatabasePlan, TablePlan, plan_database
from parity.flow.databases.progress import Progress, ProgressStore
from parity.flow.databases.recheck import Recheck, recheck
from parity.flow.databases.schema import SchemaDifference, diff_schema
from parity.flow.databases.sides import Connections, Sides, both, dialect
from parity.flow.databases.waiving import waive_schema, waived_columns
from parity.flow.databases.walk import Walk
from parity.suite.databases import Database, Pace
from parity.suite.models import Waiver


@dataclass(frozen=True)
class Job:
    """One verification: what, where, and with what."""

    spec: Database
    connections: Connections
    store: ProgressStore
    artefacts: Path
    """Where differences are kept while the run lasts; a resumed run must find the same folder."""
    clock: Clock
    run: str = "once"
    """Names the run in the progress store."""
    waivers: tuple[Waiver, ...] = ()
    mask_key: bytes = b"parity"

    def desk(self, table: str) -> Desk:
        """Return what the engine needs for one table."""
        own = [w for w in self.waivers if w.suite == self.spec.database and w.activity == table]
        return Desk(self.mask_key, waivers=tuple(w for w in own if w.kind != "schema"))


@dataclass(frozen=True)
class Survey:
    """What is known before a row is read."""

    plan: DatabasePlan
    schema: tuple[SchemaDifference, ...] = ()
    cutover: tuple[CutoverLine, ...] = ()
    unreadable: tuple[str, ...] = ()
    versions: tuple[str, str] = ("", "")

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the tables in groups that foreign keys tie together, the largest first."""
        return group_tables(self.plan.tables)


def connections_of(spec: Database, connections: Connections) -> Connections:
    """Return the connections with the limits that the database's file sets."""
    pace = spec.pace
    limits = Limits(
        statement_seconds=pace.statement.total_seconds(), lock_seconds=round(pace.lock_wait.total_seconds())
    )
    return replace(connections, limits=limits, name=f"parity {spec.database}")


def survey_database(spec: Database, connections: Connections) -> Survey:
    """Read both catalogues and both servers' settings; raises what a connection can raise."""
    sides = Sides.open(connections_of(spec, connections))
    try:
        old, new = both(lambda: _catalogue(sides, "legacy"), lambda: _catalogue(sides, "target"))
        plan = plan_database(spec, old.tables, new.tables)
        named = {table.name for table in plan.tables}
        servers = both(
            lambda: _server(sides, "legacy", old, named, spec), lambda: _server(sides, "target", new, named, spec)
        )
        return Survey(
            plan,
            diff_schema(old, new, lambda name: spec.wants(name) is None),
            check_cutover(*servers, spec.users),
            tuple(f"{kind}: {why}" for side in (old, new) for kind, why in side.unreadable.items()),
            (sides.legacy.version, sides.target.version),
        )
    finally:
        sides.close()


def _catalogue(sides: Sides, side: str) -> Catalogue:
    session = getattr(sides, side)
    return read_catalogue(session, mariadb=session.mariadb)


def _server(sides: Sides, side: str, catalogue: Catalogue, named: set[str], spec: Database) -> ServerFacts:
    session = getattr(sides, side)
    tables = [table for name, table in catalogue.tables.items() if name in named]
    return read_server(session, dialect(session), tables, users=bool(spec.users))


def verify_database(job: Job) -> DatabaseResult:
    """Verify everything; answers INVALID, and never raises, when a server cannot be asked."""
    began = time.monotonic()
    try:
        survey = survey_database(job.spec, job.connections)
    except CouldNotCompare as error:
        return DatabaseResult(job.spec.database, Verdict.INVALID, str(error))
    tables = verify_tables(job, survey.plan.tables)
    found = conclude(job, survey, tables)
    return replace(found, seconds=round(time.monotonic() - began, 3))


def conclude(job: Job, survey: Survey, tables: Sequence[TableResult]) -> DatabaseResult:
    """Put the tables' results and the survey together and judge; the run's progress is forgotten."""
    missing = {plan.name for plan in survey.plan.tables} - {table.table for table in tables}
    tables = [*tables, *(refused(TablePlan(name), "It was never compared.") for name in sorted(missing))]
    job.store.forget(job.run)
    found = DatabaseResult(
        job.spec.database,
        Verdict.INVALID,
        "",
        tuple(sorted(tables, key=lambda table: table.table)),
        waive_schema(survey.schema, job.spec.database, job.waivers, job.clock.now().date()),
        survey.cutover,
        survey.plan.left_out,
        survey.versions,
        peak_mib=peak_mib(),
    )
    return judge_database(found, survey.unreadable)


def verify_tables(job: Job, plans: Sequence[TablePlan]) -> tuple[TableResult, ...]:
    """Verify some tables, each whatever becomes of the others, and return one result per table."""
    groups = group_tables(plans)
    by_name = {plan.name: plan for plan in plans}
    workers = Workers(replace(job, connections=connections_of(job.spec, job.connections)))
    try:
        with ThreadPoolExecutor(job.spec.pace.connections) as pool:
            walked = list(pool.map(lambda group: workers.group([by_name[name] for name in group]), groups))
            found = list(pool.map(workers.finish, walked))
    except BaseException:
        workers.stop()
        raise
    finally:
        workers.close()
    return tuple(result for results in found for result in results)


@dataclass
class Workers:
    """The lines in use; each thread takes one and gives it back."""

    job: Job
    _idle: list[Line] = field(default_factory=list)
    _all: list[Line] = field(default_factory=list)

    def group(self, plans: Sequence[TablePlan]) -> list[TableRun]:
        """Walk one group under one pair of snapshots."""
        line = self._take()
        try:
            with suppress(CouldNotCompare):  # each table says so itself
                line.fresh()
            walked = [TableRun(self.job, plan, line) for plan in plans]
            for table in walked:
                table.walk()
            return walked
        finally:
            self._idle.append(line)

    def finish(self, walked: Sequence[TableRun]) -> list[TableResult]:
        """Read different rows again, once they had time to settle, and judge."""
        line = self._take()
        try:
            return [table.finish(line) for table in walked]
        finally:
            self._idle.append(line)

    def _take(self) -> Line:
        with suppress(IndexError):
            return self._idle.pop()
        line = Line(self.job.connections, self.job.clock, self.job.spec.pace.attempts)
        self._all.append(line)
        return line

    def stop(self) -> None:
        """Kill whatever the servers still run for us."""
        for line in self._all:
            line.stop()

    def close(self) -> None:
        """Hang up."""
        for line in self._all:
            line.hang_up()


@dataclass
class TableRun:
    """One table from plan to result; an error in it is its own."""

    job: Job
    plan: TablePlan
    line: Line
    state: Progress | None = None
    trouble: str = ""
    seconds: float = 0.0
    ended: float = 0.0
    alone: int = 0
    """Rows of a table that one side alone has."""
    facts: TableFacts | None = None
    steps: Walk = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the walk."""
        pace: Pace = self.job.spec.pace
        folder = self.job.artefacts / self.job.run / _safe(self.plan.name)
        self.steps = Walk(
            self.plan,
            self.line,
            self.job.store,
            self.job.run,
            folder,
            self.job.clock,
            Stride(pace),
            Brake(pace, self.job.clock),
        )

    def walk(self) -> None:
        """Walk the table and prove the digest's eyesight; remembers trouble instead of raising it."""
        began = time.monotonic()
        self.trouble = self.plan.refusal
        if not self.trouble:
            self._guarded(self._gather)
        self.ended = time.monotonic()
        self.seconds = self.ended - began

    def finish(self, line: Line) -> TableResult:
        """Read different rows again over ``line``, explain them, and judge."""
        began = time.monotonic()
        self.steps.line = line
        if not self.trouble:
            self._guarded(self._explain)
        if not self.trouble and self.plan.only:
            return judge_lonely(self.plan, self.alone, waived=None in self._waived())
        if self.trouble or self.facts is None:
            return refused(self.plan, self.trouble)
        seconds = self.seconds + time.monotonic() - began
        return judge_table(replace(self.facts, seconds=seconds, peak_mib=peak_mib()))

    def _guarded(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ParityError as error:
            self.trouble = str(error)

    def _waived(self) -> tuple[str | None, ...]:
        job = self.job
        return waived_columns(self.plan.name, job.spec.database, job.waivers, job.clock.now().date())

    def _gather(self) -> None:
        if self.plan.only:
            tables = dict(zip(("legacy", "target"), self.line.sides().tables(self.plan), strict=True))
            self.alone = tables[self.plan.only].count()
            return
        self.state = self.steps.walk()
        sides = self.line.sides()
        legacy, target = sides.tables(self.plan)
        eyes = both(legacy.canary, target.canary)
        several = (0, 0) if self.plan.unique or self.plan.keyless else both(legacy.duplicates, target.duplicates)
        covered = self._waived()
        waived = tuple(name for name in self.plan.one_sided if name in covered or None in covered)
        eyesight = replace(
            eyes[0],
            planted=max(e.planted for e in eyes),
            blind=tuple(dict.fromkeys((*eyes[0].blind, *eyes[1].blind))),
        )
        self.facts = TableFacts(self.plan, self.state, eyesight, duplicates=several, waived=waived)

    def _explain(self) -> None:
        if self.state is None or self.facts is None or not self.state.different:
            return
        settle = self.job.spec.pace.settle.total_seconds()
        rest = max(settle - (time.monotonic() - self.ended), 0.001) if settle else 0.0
        state, again = self._again(rest)
        self.facts = replace(self.facts, progress=state, recheck=again)
        if state.different:
            found = explain(self.plan, self.steps.folder, self.job.desk(self.plan.name))
            self.facts = replace(self.facts, detail=completed(found, self.plan, state.legacy, state.target))

    def _again(self, settle: float) -> tuple[Progress, Recheck]:
        assert self.state is not None
        return recheck(self.steps, self.state, settle)


def _safe(name: str) -> str:
    """Return a table's name as a folder's."""
    return "".join(c if c.isalnum() or c in "-_" else f"%{ord(c):x}" for c in name)


def peak_mib() -> float:
    """Return the largest memory that this process has had, in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def left_out(survey: Survey) -> tuple[NotCompared, ...]:
    """Return the tables that nobody wanted compared."""
    return survey.plan.left_out
