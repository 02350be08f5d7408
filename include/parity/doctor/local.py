"""What has to be in place on Parity's own side: files of suites, the results store, artefacts, scratch, dates."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path

from parity.clients.artefacts import Artefacts
from parity.doctor.checks import Check
from parity.doctor.line import Finding, differs, missing, ok
from parity.errors import SuiteError
from parity.history.migrate import HEAD
from parity.history.store import store_revision
from parity.settings import Settings
from parity.suite.databases import Database
from parity.suite.models import Suite

PLACE = "Parity"
LEAST_FREE = 2 * 10**9
"""Bytes; a comparison spills and downloads to scratch."""


def local_checks(
    now: Settings, errors: Iterable[SuiteError], open_artefacts: Callable[[], Artefacts]
) -> Iterator[Check]:
    """Yield what is needed on this side."""
    for at, error in enumerate(errors):
        finding = differs("file", str(error.path), str(error))
        yield Check(PLACE, "file", f"{error.path} {at}", lambda finding=finding: [finding])  # type: ignore[misc]
    yield Check(PLACE, "results store", "", lambda: [judge_revision(store_revision(now.results_store))])
    yield Check(PLACE, "artefacts", now.artefact_root, lambda: _artefacts(now, open_artefacts))
    yield Check(PLACE, "scratch", str(now.scratch_root), lambda: [_scratch(now.scratch_root)])


def judge_revision(found: str | None) -> Finding:
    """Judge the results store by the revision of its tables."""
    if found is None:
        return ok("results store", "", "no tables yet; the first run makes them")
    if found < HEAD:
        return ok("results store", "", f"revision {found}; the next run brings it to {HEAD}")
    if found > HEAD:
        what = f"Its revision {found} is newer than this Parity, which knows {HEAD}."
        return differs("results store", "", what, "Upgrade Parity, or give PARITY_STORE_URL another database.")
    return ok("results store", "", f"revision {found}")


def _artefacts(now: Settings, open_artefacts: Callable[[], Artefacts]) -> Iterator[Finding]:
    artefacts, root = open_artefacts(), now.artefact_root
    if artefacts.root.startswith("file:"):
        yield _folder("artefacts", Path(root.removeprefix("file://")))
        return
    artefacts.folders()
    yield ok("artefacts", root, "can be listed")


def _scratch(folder: Path) -> Finding:
    found = _folder("scratch", folder)
    free = shutil.disk_usage(_existing(folder)).free
    if free < LEAST_FREE:
        return differs(
            "scratch", str(folder), f"{free / 1e9:.1f} GB are free.", "Free some, or set PARITY_SCRATCH."
        )
    return found


def _folder(kind: str, folder: Path) -> Finding:
    """Judge a folder that is made on first use."""
    place = _existing(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        return missing(kind, str(folder), f"{place} may not be written to.", f"chown or chmod u+wx {place}")
    return ok(kind, str(folder), "" if place == folder else "will be made")


def _existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def date_check(subject: Suite | Database, now: datetime) -> Check:
    """Return which business date a run would have now: a wrong time zone shows there."""
    day = subject.business_date(now)
    schedule = subject.schedule or "by hand"
    detail = f"a run at {now:%Y-%m-%d %H:%M} UTC is of {day}; {subject.timezone}, schedule {schedule}"
    return Check(PLACE, "business date", subject.key, lambda: [ok("business date", subject.key, detail)])
