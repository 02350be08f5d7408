"""Runs pair after pair on every core until time is up, shrinks what fails, and keeps it as a case."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import count, cycle
from multiprocessing import get_context

from fuzz import databases
from fuzz.case import Case
from fuzz.judge import Judgement, judge
from fuzz.known import is_known
from fuzz.pairs import Pairs
from fuzz.shrink import shrink

DATABASES = MARIADB, MYSQL = "MariaDB", "MySQL"
_KINDS = 12
"""Kinds of failure that are shrunk in one run; a minute each at most."""


@dataclass(frozen=True)
class Outcome:
    """What one seed gave; ``shrunk`` is the failing case made small, if it fails."""

    seed: str
    group: str
    judgement: Judgement
    shrunk: str = ""


@dataclass
class Tally:
    """The sum of all outcomes, by group of pairs."""

    groups: dict[str, list[int]] = field(default_factory=dict)
    failures: list[Outcome] = field(default_factory=list)
    shrunk: list[Outcome] = field(default_factory=list)
    """One failure of each kind, made small."""
    known: int = 0
    """Pairs that fail as an open case does."""
    seconds: float = 0.0

    NAMES = ("pairs", "planted", "missed", "invented", "invalid", "crashed")

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        one = outcome.judgement
        if one.complaints and is_known(one):
            self.known += 1
            one = Judgement()
        counts = (1, one.planted, one.missed, one.invented, one.invalid, one.crashed)
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


def group_of(case: Case) -> str:
    """Name the group that a case is counted in."""
    formats = sorted("CSV" if how["format"] == "csv" else "Parquet" for how in case.storage)
    return f"{formats[1]} and {formats[0]}"


def try_seed(seed: str) -> Outcome:
    """Draw and judge the case of one seed."""
    case = Pairs(seed).case()
    return Outcome(seed, group_of(case), judge(case))


def try_databases(seed: str) -> Outcome:
    """Draw and judge two databases of one seed."""
    return Outcome(seed, MYSQL if ":m" in seed else MARIADB, databases.judge(databases.draw(seed)))


def try_again(outcome: Outcome) -> Outcome:
    """Shrink the case of a seed that failed."""
    classes = outcome.judgement.classes
    if outcome.group in DATABASES:
        return replace(outcome, shrunk=databases.shrink(databases.draw(outcome.seed), classes).to_text())
    return replace(outcome, shrunk=shrink(Pairs(outcome.seed).case(), classes).to_text())


def fuzz(run: str, seconds: float, seen: Callable[[Tally], None], processes: int | None = None) -> Tally:
    """Try one seed after another for so long; then shrink one failure of each kind.

    ``seen`` is called with the tally after each pair.
    """
    tally, began, numbers = Tally(), time.monotonic(), count()
    letters = "d" * bool(shutil.which("mariadbd")) + "m" * bool(os.environ.get("PARITY_TEST_MYSQL"))
    servers = cycle(letters)
    workers = processes or len(os.sched_getaffinity(0))
    # Databases have a thread of this process, whose servers end with it.
    with ProcessPoolExecutor(workers, get_context("spawn"), _gently) as pool, ThreadPoolExecutor(1) as thread:

        def more(pairs: int, databases: int) -> set[Future[Outcome]]:
            tally.seconds = time.monotonic() - began
            if tally.seconds >= seconds:
                return set()
            found = {pool.submit(try_seed, f"{run}:{next(numbers)}") for _ in range(pairs)}
            return found | {
                thread.submit(try_databases, f"{run}:{next(servers)}{next(numbers)}") for _ in range(databases)
            }

        waiting = more(workers * 2, bool(letters))
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            outcomes = [one.result() for one in done]
            for outcome in outcomes:
                tally.add(outcome)
            of_databases = sum(outcome.group in DATABASES for outcome in outcomes)
            waiting |= more(len(outcomes) - of_databases, of_databases)
            seen(tally)
        tally.shrunk = list(
            pool.map(try_again, [one for one in tally.kinds if one.group not in DATABASES][:_KINDS])
        )
        tally.shrunk += map(try_again, [one for one in tally.kinds if one.group in DATABASES][:_KINDS])
    return tally


def judge_text(text: str) -> Judgement:
    """Judge a case as a file has it: two databases, or two sides of files."""
    if '"tables"' in text:
        return databases.judge(databases.Databases.of_text(text))
    return judge(Case.of_text(text))


def _gently() -> None:
    os.nice(5)
