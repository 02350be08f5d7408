"""What the doctor looks at: the checks that suites and databases need, and their answers as a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from parity.airflow.doctor.connected import Connected
from parity.airflow.doctor.estate import Estate
from parity.doctor.checks import Check, Progress, run_checks
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


def load_subjects(now: Settings, names: Sequence[str] = ()) -> Subjects:
    """Return the suites and databases called ``names``, or all; BadInput for a name that nothing has."""
    from parity.suite.database_files import load_databases
    from parity.suite.suite_files import load_suites

    suites, databases = load_suites(now.suites), load_databases(now.databases)
    known = {**{name: name for name in suites.models}, **{name: f"db.{name}" for name in databases.models}}
    for name in names:
        if name not in known and name.removeprefix("db.") not in databases.models:
            raise BadInput(
                f"No suite and no database is called {name!r}.", remedy=did_you_mean(name, known, "Known:")
            )
    wanted = {name.removeprefix("db.") for name in names} or set(known)
    paths = {**suites.paths, **{f"db.{name}": path for name, path in databases.paths.items()}}
    return Subjects(
        tuple(suite for name, suite in suites.models.items() if name in wanted),
        tuple(database for name, database in databases.models.items() if name in wanted),
        dict(paths),
        () if names else (*suites.errors, *databases.errors),
    )


def examine(
    subjects: Subjects,
    now: Settings,
    read: Callable[[str], Any],
    *,
    only: str = "",
    progress: Progress | None = None,
) -> Report:
    """Ask everything and return the report; ``only`` is the id of the one connection to look at."""
    began = time.monotonic()
    checks = list(Estate(now, Connected(read), subjects.paths).checks(subjects.suites))
    if only:
        checks = _only(checks, only)
    lines = run_checks(checks, progress=progress)
    return Report(lines, datetime.now(UTC), time.monotonic() - began)


def _only(checks: Sequence[Check], connection: str) -> list[Check]:
    places = {check.place for check in checks if (check.kind, check.name) == ("connection", connection)}
    if not places:
        known = {check.name for check in checks if check.kind == "connection"}
        raise BadInput(
            f"Nothing that is looked at uses connection {connection!r}.",
            remedy=did_you_mean(connection, known, "Used are"),
        )
    return [check for check in checks if check.place in places]
