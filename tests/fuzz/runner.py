"""Runs pair after pair on every core until time is up, shrinks what fails, and keeps it as a case."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing import get_context
from typing import Any

from fuzz import databases, runs
from fuzz.case import Case
from fuzz.judge import Judgement, judge
from fuzz.known import is_known
from fuzz.pairs import Pairs
from fuzz.shrink import shrink

PARQUET, CSV, MARIADB, MYSQL, RUNS = KINDS = "Parquet", "CSV", "MariaDB", "MySQL", "runs"
DATABASES = MARIADB, MYSQL
_RUNS = 25
"""Runs of a Dag that are played at a time, in a process of their own (importing Airflow takes seconds)."""
_SHARE = 0.1
"""Share of the time for these."""
_MOST = 12
"""Kinds of failure that are shrunk in one run; a minute each at most."""


@dataclass(frozen=True)
class Outcome:
    """What one seed gave; ``shrunk`` is the failing case made small, if it fails."""

    seed: str
    group: str
    judgement: Judgement
    shrunk: str = ""
    pairs: int = 1
    """Of runs, how many were played well."""


@dataclass
class Tally:
    """The sum of all outcomes, by kind."""

    run: str = ""
    groups: dict[str, list[int]] = field(default_factory=dict)
    failures: list[Outcome] = field(default_factory=list)
    shrunk: list[Outcome] = field(default_factory=list)
    """One failure of each kind, made small."""
    alone: int = 0
    """Pairs with one defect alone."""
    known: int = 0
    """Pairs that fail as an open case does."""
    seconds: float = 0.0

    NAMES = ("pairs", "planted", "missed", "invented", "refused")

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        one = outcome.judgement
        if one.complaints and is_known(one):
            self.known += 1
            one = Judgement()
        self.alone += one.planted == 1
        counts = (outcome.pairs, one.planted, one.missed, one.invented, one.invalid + one.crashed)
        before = self.groups.get(outcome.group, [0] * len(counts))
        self.groups[outcome.group] = [a + b for a, b in zip(before, counts, strict=True)]
        if one.complaints:
            self.failures.append(outcome)

    @property
    def kinds(self) -> list[Outcome]:
        """The failures that fail in a way in which no earlier one does."""
        known: set[str] = set()
        found = []
        for outcome in self.failures:
            if outcome.judgement.classes - known:
                found.append(outcome)
            known |= outcome.judgement.classes
        return found

    @property
    def total(self) -> list[int]:
        """The sums over all groups."""
        return [sum(column) for column in zip(*self.groups.values(), strict=True)] or [0] * len(self.NAMES)


def case_of(seed: str) -> Any:
    """Draw what a seed stands for; the letter after the colon says which kind it is, if there is one."""
    letter = seed.rpartition(":")[2][0]
    return {**dict.fromkeys("dmx", databases.draw), "r": runs.draw}.get(letter, lambda one: Pairs(one).case())(
        seed
    )


def case_of_text(text: str) -> Any:
    """Read a case as a file has it."""
    kinds = {"tables": databases.Databases, "events": runs.Run}
    found: Any = next((kind for name, kind in kinds.items() if name in json.loads(text)), Case)
    return found.of_text(text)


def judge_case(case: Any) -> Judgement:
    """Judge a case of any kind."""
    of = {databases.Databases: databases.judge, runs.Run: runs.judge}
    return of.get(type(case), judge)(case)


def group_of(case: Any) -> str:
    """Name the kind that a case is counted in."""
    if isinstance(case, runs.Run):
        return RUNS
    if isinstance(case, databases.Databases):
        return MARIADB if case.server == "mariadb" else MYSQL
    return CSV if any(how["format"] == "csv" for how in case.storage) else PARQUET


def try_seed(seed: str) -> Outcome:
    """Draw and judge the case of one seed."""
    case = case_of(seed)
    return Outcome(seed, group_of(case), judge_case(case))


def try_runs(seeds: list[str]) -> list[Outcome]:
    """Play some runs; return those that fail, and one outcome for all others."""
    found = [try_seed(seed) for seed in seeds]
    failed = [one for one in found if one.judgement.complaints]
    return [*failed, Outcome(seeds[0], RUNS, Judgement(), pairs=len(found) - len(failed))]


def try_again(outcome: Outcome) -> Outcome:
    """Shrink the case of a seed that failed."""
    case = case_of(outcome.seed)
    of = {databases.Databases: databases.shrink, runs.Run: runs.shrink}
    return replace(outcome, shrunk=of.get(type(case), shrink)(case, outcome.judgement.classes).to_text())


def fuzz(run: str, seconds: float, seen: Callable[[Tally], None], processes: int | None = None) -> Tally:
    """Try one seed after another for so long; then shrink one failure of each kind.

    ``seen`` is called with the tally after each pair.
    """
    tally, began, numbers = Tally(run), time.monotonic(), count()
    letter = {"9.7": "m", "mixed": "x"}.get(os.environ.get("PARITY_TEST_MYSQL", ""), "d")
    databases_too = letter != "d" or shutil.which("mariadbd")
    workers = processes or len(os.sched_getaffinity(0))
    spawn = get_context("spawn")
    # Databases have a thread of this process, whose servers end with it.
    with (
        ProcessPoolExecutor(workers, spawn, _gently) as pool,
        ProcessPoolExecutor(1, spawn, _gently) as player,
        ThreadPoolExecutor(1) as thread,
    ):

        def next_of(kind: str) -> Future[Any] | None:
            tally.seconds = time.monotonic() - began
            if tally.seconds >= seconds:
                return None
            if kind == RUNS:
                return player.submit(_paced, [f"{run}:r{next(numbers)}" for _ in range(_RUNS)])
            if kind in DATABASES:
                return thread.submit(try_seed, f"{run}:{letter}{next(numbers)}")
            return pool.submit(try_seed, f"{run}:{next(numbers)}")

        first = [PARQUET] * workers * 2 + [MARIADB] * bool(databases_too) + [RUNS]
        waiting = {future: kind for kind in first if (future := next_of(kind))}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for one in done:
                found, kind = one.result(), waiting.pop(one)
                for outcome in found if isinstance(found, list) else [found]:
                    tally.add(outcome)
                if future := next_of(kind):
                    waiting[future] = kind
            seen(tally)
        failed = tally.kinds
        tally.shrunk = list(pool.map(try_again, [one for one in failed if one.group not in DATABASES][:_MOST]))
        tally.shrunk += map(try_again, [one for one in failed if one.group in DATABASES][:_MOST])
    return tally


def _paced(seeds: list[str]) -> list[Outcome]:
    """Play some runs, then rest, so that they have no more than their share of the time."""
    runs.ready()
    began = time.process_time()
    found = try_runs(seeds)
    time.sleep((time.process_time() - began) * (1 / _SHARE - 1))
    return found


def judge_text(text: str) -> Judgement:
    """Judge a case as a file has it."""
    return judge_case(case_of_text(text))


def _gently() -> None:
    os.nice(5)
