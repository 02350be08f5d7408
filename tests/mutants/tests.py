"""The tests, collected once: which lines each of them runs, and what a mutant's tests say in a fork."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib
import os
import pickle
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest
from _pytest.runner import runtestprotocol
from coverage import Coverage

from mutants.operators import PARITY, ROOT, Mutant, source_of

OPTIONS = ("-p", "no:randomly", "-s", "-o", "timeout=0", "-m", "not slow")
KILLED, SURVIVED, COLD = 1, 0, 98
"""How a child ends; COLD asks for a process in which nothing was imported before the change."""
_STEP = 0.01
"""Seconds of a processor that pytest takes for any test."""
KEPT_EVERY = 10
"""Seconds of measuring after which the map is stored."""
TIMED_OUT = (signal.SIGPROF, signal.SIGALRM)


@dataclass
class Run:
    """One test: the seconds of a processor that it took, and the lines that it ran, by file."""

    digest: str
    seconds: float
    lines: dict[str, set[int]]


@dataclass
class Map:
    """Which test runs what."""

    sources: dict[str, list[str]] = field(default_factory=dict)
    """The lines of the files that may be mutated."""
    imported: dict[str, set[int]] = field(default_factory=dict)
    """Lines that ran while the tests were collected."""
    runs: dict[str, Run] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    """What was imported when all tests had run."""

    def tests(self, mutant: Mutant, killed: Counter[str] | None = None) -> list[str]:
        """Return the tests that run a mutant's statement, or its constant's users, the most promising first.

        What promises most has killed most mutants near it (``killed``), or else is of the files that have the
        module's name in theirs, those of its room, and those of whole results, which look at everything. The
        second case of a function promises half of what the first one does, and so on. The promise of a test is
        divided by what it takes.
        """
        lines = set(range(mutant.lines[0], mutant.lines[1] + 1))
        if not mutant.scope:
            lines |= _users(mutant)
        named = self._naming(mutant.names)
        found = [
            name
            for name, run in self.runs.items()
            if lines & run.lines.get(mutant.path, set()) or name.partition("::")[0] in named
        ]
        if not mutant.scope and not found:
            found = [name for name, run in self.runs.items() if mutant.path in run.lines]
        cases, promises, path = Counter[str](), dict[str, float](), Path(mutant.path)
        room = (f"tests/unit/{path.parent}/",) if len(path.parts) > 2 else ()
        for name in sorted(found, key=lambda name: self.runs[name].seconds):
            own = any(part in name.partition("::")[0] for part in (path.stem, *room, "whole_results"))
            function = name.partition("[")[0]
            promise = (killed or {}).get(name, 0) + (1 if own else 0.2) / (1 + cases[function])
            promises[name] = promise / (self.runs[name].seconds + _STEP)
            cases[function] += 1
        return sorted(found, key=lambda name: -promises[name])

    def keep(self, path: Path) -> None:
        """Store the map; a run that is ended meanwhile leaves the last one."""
        new = path.with_suffix(".new")
        new.write_bytes(pickle.dumps(self))
        new.replace(path)

    def carried_to(self, sources: dict[str, list[str]]) -> Map:
        """Return the map for edited files: lines move, and a new line is run by the tests around it.

        A test that is credited with a line it does not run can only let a mutant survive.
        """
        moves = {
            path: _moved(rows, sources[path])
            for path, rows in self.sources.items()
            if path in sources and rows != sources[path]
        }
        for run in self.runs.values():
            for path, move in moves.items():
                if path in run.lines:
                    run.lines[path] = {new for old in run.lines[path] for new in move.get(old, ())}
        self.sources |= sources
        return self

    def _naming(self, names: Collection[str]) -> set[str]:
        """Return the files of tests that name a constant: what only reads it runs no line of its file."""
        files = {name.partition("::")[0] for name in self.runs} if names else set()
        return {file for file in files if any(name in (ROOT / file).read_text() for name in names)}

    def is_cold(self, mutant: Mutant) -> bool:
        """Return whether the change must be there before anything is imported."""
        lines = range(mutant.lines[0], mutant.lines[1] + 1)
        return not mutant.scope or not self.imported.get(mutant.path, set()).isdisjoint(lines)


def _users(mutant: Mutant) -> set[int]:
    """Return the lines of a constant's file that name it."""
    rows = source_of(mutant.path).splitlines()
    return {at for at, row in enumerate(rows, 1) if any(name in row for name in mutant.names)}


def _moved(old: list[str], new: list[str]) -> dict[int, set[int]]:
    """Return where each line went, counted from 1."""
    found: dict[int, set[int]] = {}
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found |= {a + at: found.get(a + at, set()) | {c + at} for at in range(1, b - a + 1)}
        else:  # the lines before and after it vouch for what is new
            for at in range(a, b + 2):
                found.setdefault(at, set()).update(range(c + 1, d + 1))
    return found


def digest(paths: Iterable[Path]) -> str:
    """Return one digest of the contents of files."""
    found = hashlib.sha256()
    for path in sorted(paths):
        found.update(str(path).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


class Tests:
    """A pytest session that hands its collected tests to ``work`` instead of running them."""

    def __init__(self, work: Callable[[list[pytest.Item]], None]) -> None:
        self.work = work

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do the work; a file that cannot be collected is a failed test."""
        if session.testsfailed:
            os._exit(KILLED)
        self.work(session.items)
        return True


def collect(paths: Sequence[str], work: Callable[[list[pytest.Item]], None]) -> None:
    """Collect tests and do ``work`` with them in this process."""
    pytest.main([*OPTIONS, *paths], plugins=[Tests(work)])


def run_items(items: Sequence[pytest.Item], patience: Callable[[pytest.Item], float]) -> tuple[int, str]:
    """Run tests until one fails, and name it; one that computes too long, or waits ten times that, ends it."""
    for item, following in zip(items, [*items[1:], None], strict=True):
        signal.setitimer(signal.ITIMER_PROF, patience(item))
        signal.setitimer(signal.ITIMER_REAL, 10 * patience(item))
        if any(report.failed for report in runtestprotocol(item, log=False, nextitem=following)):
            return KILLED, item.nodeid
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return SURVIVED, ""


def forked(work: Callable[[], tuple[int, str]]) -> tuple[int, str]:
    """Do ``work`` in a child with its own temporary folder; return its status, or minus its signal, and a note."""
    folder, (reader, writer) = tempfile.mkdtemp(prefix="mutant-"), os.pipe()
    child = os.fork()
    if not child:
        _child(work, folder, writer)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(ProcessLookupError):  # unless it left processes behind
        os.killpg(child, signal.SIGKILL)
    with os.fdopen(reader) as notes:
        note = notes.read()
    shutil.rmtree(folder, ignore_errors=True)
    return os.waitstatus_to_exitcode(status), note


def _child(work: Callable[[], tuple[int, str]], folder: str, writer: int) -> NoReturn:
    status = KILLED
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(silence, stream)
        for late in TIMED_OUT:
            signal.signal(late, signal.SIG_DFL)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = os.environ["TMPDIR"] = tempfile.tempdir = folder
        status, note = work()
        os.write(writer, note.encode()[:4096])
    finally:
        os._exit(status)


def measure(items: Sequence[pytest.Item], old: Map, into: Path) -> tuple[int, str]:
    """Run every test whose file is new, note the lines that it runs, and store the map; in a child."""
    found = Map(old.sources, old.imported, dict(old.runs), old.modules)
    cover, kept = _coverage(), time.process_time()
    for item in items:
        known, now = old.runs.get(item.nodeid), digest([item.path])
        if known and known.digest == now:
            continue
        if time.process_time() - kept > KEPT_EVERY:
            kept = time.process_time()
            found.keep(into)
        cover.erase()
        began = time.process_time()
        cover.start()
        reports = runtestprotocol(item, log=False, nextitem=None)
        cover.stop()
        if any(report.failed for report in reports):
            why = next(report.longreprtext for report in reports if report.failed)
            found.keep(into)
            return KILLED, f"{item.nodeid} fails without a mutant:\n{why[-3000:]}"
        found.runs[item.nodeid] = Run(now, time.process_time() - began, lines_of(cover))
    found.modules = old.modules | {name for name in sys.modules if not name.startswith("_")}
    found.keep(into)
    return SURVIVED, ""


def import_all(names: Iterable[str]) -> None:
    """Import what can be imported by name."""
    for name in sorted(names):
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)


def _coverage() -> Coverage:
    return Coverage(data_file=None, config_file=False, include=[f"{PARITY}/*"])


def watch_imports() -> Coverage:
    """Start to note what runs while tests are collected."""
    cover = _coverage()
    cover.start()
    return cover


def lines_of(cover: Coverage) -> dict[str, set[int]]:
    """Return the lines that ran, by file below ``include/parity``."""
    data = cover.get_data()
    return {str(Path(file).relative_to(PARITY)): set(data.lines(file) or ()) for file in data.measured_files()}
