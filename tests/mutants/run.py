"""Runs mutants: in forks of a process that has collected the tests, or, for constants, of one that has not yet."""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

import duckdb  # noqa: F401  imported once for all forks
import pyarrow.parquet  # noqa: F401
import pytest
from hypothesis import Phase, settings

from mutants import apply, tests
from mutants.operators import PARITY, ROOT, Mutant, source_of
from mutants.tests import COLD, KILLED, SURVIVED, TIMED_OUT, Map

CACHE = ROOT / ".cache" / "mutants"
KILLERS = CACHE / "killers"
WORDS = {SURVIVED: "survived", COLD: "cold"} | {-late: "timed out" for late in TIMED_OUT}
OURS = ("parity", "plugins", "tests", "unit", "features", "integration", "fuzz", "conftest")
Test = Callable[[Mutant, list[str]], tuple[int, str]]


def say(text: str) -> None:
    """Print for the person who waits, whatever the tests do with stdout."""
    print(text, file=sys.__stderr__, flush=True)


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant: killed, survived, timed out, or untested where no test runs it."""

    mutant: Mutant
    word: str
    seconds: float = 0
    """Of a processor."""


class Work:
    """The mutants to run, and the tests to run them with.

    ``until`` is a time of the monotonic clock; ``afford`` the seconds of a processor for the tests of one mutant,
    by what they took without one. What is left out cannot kill it.
    """

    def __init__(self, mutants: Sequence[Mutant], files: Sequence[str], *, afford: float, until: float) -> None:
        self.mutants, self.files, self.afford, self.until = list(mutants), list(files), afford, until
        self.map = Map()
        self.sources = {path: source_of(path).splitlines() for path in map(_name, PARITY.rglob("*.py"))}
        self.killed = _killed()
        self.kills: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        for (path, scope, _), name in self.killed.items():
            self._count(path, scope, name)
        CACHE.mkdir(parents=True, exist_ok=True)

    def _count(self, path: str, scope: str, name: str) -> None:
        """Count a kill, thrice for others of the same function."""
        self.kills[path,][name] += 1
        self.kills[path, scope][name] += 3

    def run(self) -> Iterator[Outcome]:
        """Yield the outcome of every mutant that the time allows, as it comes."""
        # A failing example need not be made small, nor be reached in 0.2 s.
        settings.register_profile(
            "mutants", derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate]
        )
        os.environ["HYPOTHESIS_PROFILE"] = "mutants"
        reader, writer = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
        child = os.fork()
        if not child:
            self._hot(writer)
        writer.close()
        cold = []
        while (outcome := _next(reader)) is not None:
            if outcome.word == "cold":
                cold.append(outcome.mutant)
            else:
                yield outcome
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            sys.exit(2)
        self.map, self.killed = pickle.loads((CACHE / "map").read_bytes()), _killed()
        self.map.runs = {n: run for n, run in self.map.runs.items() if n.startswith(tuple(self.files))}
        tests.import_all(name for name in self.map.modules if not name.startswith(OURS))
        for mutant in cold:
            if time.monotonic() < self.until:
                yield self._outcome(mutant, self._test_cold)

    def _hot(self, writer: IO[bytes]) -> NoReturn:
        """Collect the tests, run what can be run in this process, and hand the rest back."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # pytest's own report
        cover = tests.watch_imports()

        def work(items: list[pytest.Item]) -> None:
            try:
                for path in sorted({mutant.path for mutant in self.mutants}):
                    importlib.import_module(apply.module_of(path))
                cover.stop()
                self.map.imported = tests.lines_of(cover)
                self._measure(items)
                tests.import_all(self.map.modules)  # what the tests import late, each fork would import again
                self._forks(items, writer)
            except BaseException:  # noqa: BLE001  pytest would write it where nobody looks
                traceback.print_exc()
                os._exit(2)
            os._exit(0)

        tests.collect(self.files, work)
        say("The tests cannot be collected; run pytest on them.")
        os._exit(2)

    def _measure(self, items: list[pytest.Item]) -> None:
        path = CACHE / "map"
        old = pickle.loads(path.read_bytes()) if path.exists() else Map(self.sources)
        old = old.carried_to(self.sources)
        old.imported = self.map.imported
        say(f"{len(items)} tests; noting which lines each of them runs …")
        status, why = tests.forked(lambda: tests.measure(items, old, path))
        if status:
            say(why or f"The tests ended with {status}.")
            os._exit(2)
        self.map = pickle.loads(path.read_bytes())
        collected = {item.nodeid for item in items}
        self.map.runs = {name: run for name, run in self.map.runs.items() if name in collected}

    def _forks(self, items: list[pytest.Item], writer: IO[bytes]) -> None:
        by_name = {item.nodeid: item for item in items}
        live = apply.live_functions({mutant.path for mutant in self.mutants})
        imported = apply.readers()
        gc.collect()
        gc.freeze()

        def test(mutant: Mutant, names: list[str]) -> tuple[int, str]:
            def child() -> tuple[int, str]:
                functions = live.get((mutant.path, mutant.scope), [])
                cold = self.map.is_cold(mutant)
                if not (apply.redefine(mutant, live, imported) if cold else apply.swap(mutant, functions)):
                    return COLD, ""
                return tests.run_items([by_name[name] for name in names], self._patience)

            return tests.forked(child)

        for mutant in self.mutants:
            if time.monotonic() < self.until:
                pickle.dump(self._outcome(mutant, test), writer)
                writer.flush()

    def _outcome(self, mutant: Mutant, test: Test) -> Outcome:
        """Run a mutant's tests, those first that killed it or others near it."""
        began = _spent()
        last = self.killed.get(mutant.key)
        names = self.map.tests(mutant, self.kills[mutant.path,] + self.kills[mutant.path, mutant.scope])
        names.sort(key=lambda name: name != last)
        if not names:
            return Outcome(mutant, "untested")
        status, killer = test(mutant, self._affordable(names))
        if killer:
            if killer != last:
                self._count(mutant.path, mutant.scope, killer)
            self.killed[mutant.key] = killer
            KILLERS.write_bytes(pickle.dumps(self.killed))
        return Outcome(mutant, WORDS.get(status, "killed"), _spent() - began)

    def _affordable(self, names: list[str]) -> list[str]:
        """Return the tests that fit into the time for one mutant, in their order, and always the first."""
        chosen, left = names[:1], self.afford - self.map.runs[names[0]].seconds
        for name in names[1:]:
            if (seconds := self.map.runs[name].seconds) <= left:
                chosen.append(name)
                left -= seconds
        return chosen

    def _test_cold(self, mutant: Mutant, names: list[str]) -> tuple[int, str]:
        def child() -> tuple[int, str]:
            apply.import_mutant(mutant)
            files = sorted({name.partition("::")[0] for name in names})
            found = [(KILLED, "")]

            def work(items: list[pytest.Item]) -> None:
                chosen = {item.nodeid: item for item in items}
                wanted = [chosen[name] for name in names if name in chosen]
                found[0] = tests.run_items(wanted, self._patience)

            tests.collect(files, work)
            return found[0]

        return tests.forked(child)

    def _patience(self, item: pytest.Item) -> float:
        return 15 + 10 * self.map.runs[item.nodeid].seconds


def _name(path: Path) -> str:
    return str(path.relative_to(PARITY))


def _killed() -> dict[tuple[str, str, str], str]:
    """Return which test killed a mutant last time."""
    return pickle.loads(KILLERS.read_bytes()) if KILLERS.exists() else {}


def _spent() -> float:
    """Return the seconds of a processor that children took which have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _next(reader: IO[bytes]) -> Outcome | None:
    try:
        return pickle.load(reader)
    except EOFError:
        return None
