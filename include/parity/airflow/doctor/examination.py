"""What the doctor looks at: the checks that suites and databases need, and their answers as a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parity.airflow.connections.artefacts import open_artefacts
from parity.airflow.doctor.channels import alert_checks
from parity.airflow.doctor.connected import Connected
from parity.airflow.doctor.estate import Estate
from parity.airflow.step.results import Subject
from parity.doctor.checks import PATIENCE, Check, Progress, answers, run_checks
from parity.doctor.implementation import Move
from parity.doctor.local import date_check, local_checks
from parity.doctor.report import Report
from parity.errors import BadInput, SuiteError
from parity.settings import Settings
from parity.suite.databases import Database
from parity.suite.models import Suite
from parity.wording import did_you_mean


@dataclass(frozen=True)
class Subjects:
    """The suites and databases that are looked at, and what of their files is wrong."""

    suites: tuple[Suite, ...] = ()
    databases: tuple[Database, ...] = ()
    paths: dict[str, Path] = field(default_factory=dict)
    """By key."""
    errors: tuple[SuiteError, ...] = ()
    whole: bool = True
    """Whether these are all that there are."""


def load_subjects(now: Settings, names: Sequence[str] = ()) -> Subjects:
    """Return the suites and databases called ``names``, or all; BadInput for a name that nothing has."""
    from parity.suite.database_files import load_databases
    from parity.suite.suite_files import load_suites

    suites, databases = load_suites(now.suites), load_databases(now.databases)
    known: dict[str, Subject] = {**suites.models, **{f"db.{name}": one for name, one in databases.models.items()}}
    wanted = {_known(name, known) for name in names} or set(known)
    paths = {**suites.paths, **{f"db.{name}": path for name, path in databases.paths.items()}}
    return Subjects(
        tuple(one for one in suites.models.values() if one.key in wanted),
        tuple(one for one in databases.models.values() if one.key in wanted),
        dict(paths),
        () if names else (*suites.errors, *databases.errors),
        whole=not names,
    )


def _known(name: str, known: Mapping[str, Subject]) -> str:
    """Return the key of a suite or database; a database needs no ``db.`` where no suite has its name."""
    for key in (name, f"db.{name}"):
        if key in known:
            return key
    what = f"No suite and no database is called {name!r}."
    raise BadInput(what, remedy=did_you_mean(name, [key.removeprefix("db.") for key in known], "Known:"))


def examine(
    subjects: Subjects,
    now: Settings,
    read: Callable[[str], Any],
    *,
    only: str = "",
    send: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Ask everything and return the report.

    ``only`` is the id of the one connection to look at; with ``send`` each alert channel gets a test message.
    """
    began = time.monotonic()
    estate = Estate(now, Connected(read), subjects.paths)
    checks = list(_checks(subjects, now, estate, send=send))
    if only:
        checks = _only(checks, only)
    lines = run_checks(checks, progress=progress)
    moves = () if only else _moves(subjects, estate)
    return Report(lines, datetime.now(UTC), time.monotonic() - began, moves, _scope(subjects, only))


def _scope(subjects: Subjects, only: str) -> str:
    """Return what alone is looked at, in words; empty: everything."""
    keys = [one.key for one in subjects.suites] + [one.key for one in subjects.databases]
    named = "" if subjects.whole else ", ".join(keys)
    return ", ".join(filter(None, (named, f"connection {only}" if only else "")))


def _checks(subjects: Subjects, now: Settings, estate: Estate, *, send: bool) -> Iterator[Check]:
    yield from estate.checks(subjects.suites, subjects.databases)
    yield from local_checks(now, subjects.errors, lambda: open_artefacts(estate.connected.connection))
    every: tuple[Subject, ...] = (*subjects.suites, *subjects.databases)
    for subject in every:
        yield date_check(subject, datetime.now(UTC))
        yield from alert_checks(subject, estate.connected, send=send)


def _moves(subjects: Subjects, estate: Estate) -> tuple[Move, ...]:
    """Return the implementation status; what no suite or database names, only where all of them are looked at."""
    questions = list(estate.moves(subjects.suites, subjects.databases))
    found = answers(questions, patience=PATIENCE / 2)
    named = [found[at] for at in sorted(found)]
    return (*named, *(estate.unnamed(subjects.suites, subjects.databases) if subjects.whole else ()))


def _only(checks: Sequence[Check], connection: str) -> list[Check]:
    places = {check.place for check in checks if (check.kind, check.name) == ("connection", connection)}
    if not places:
        known = {check.name for check in checks if check.kind == "connection"}
        raise BadInput(
            f"Nothing that is looked at uses connection {connection!r}.",
            remedy=did_you_mean(connection, known, "Used are"),
        )
    return [check for check in checks if check.place in places]
