"""Suites from a folder: every good one, and for every bad one the file, the line and what was meant.

A folder holds ``<suite>.yaml``, ``sql/*.sql`` and ``waivers.yaml``. One broken file never takes another down.
Nothing heavy is imported, because Dag files come through here whenever they are parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from parity.errors import SuiteError
from parity.suite.checks import Queries, check_suite
from parity.suite.documents import Document, read_document
from parity.suite.models import Activity, Suite, Waiver
from parity.suite.problems import Problem, explain
from parity.suite.waivers import FILE, names_of, read_waivers


@dataclass(frozen=True)
class Loaded:
    """What a folder holds: the suites that are right, and an error for each mistake."""

    suites: tuple[Suite, ...] = ()
    errors: tuple[SuiteError, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    """File of each suite, by the suite's name; broken ones are left out."""


def load_suites(folder: Path, wanted: str = "") -> Loaded:
    """Read every ``*.yaml`` of ``folder`` and its waivers; one broken file never hides another.

    ``wanted`` reads no file that cannot be of that suite: a task needs one, and there may be fifty. What is then
    said of other suites' waivers means nothing.
    """
    if not folder.is_dir():
        error = SuiteError("there is no such folder of suites.", path=folder, remedy="Set PARITY_SUITES.")
        return Loaded(errors=(error,))
    queries = _queries(folder)
    suites: dict[str, Suite] = {}
    paths: dict[str, Path] = {}
    errors: list[SuiteError] = []
    for path in _files(folder, wanted):
        suite, found = _suite(path, queries)
        errors += found
        if suite is None:
            continue
        if suite.suite in suites:
            errors.append(_same_name(suite, path, paths[suite.suite]))
            continue
        suites[suite.suite], paths[suite.suite] = suite, path
    waivers, found = _waivers(folder, suites, names_of(errors))
    return Loaded(tuple(suites.values()), (*errors, *found), waivers, paths)


def load_suite(path: Path) -> Suite:
    """Read one suite; raise the first :class:`SuiteError` when it is wrong."""
    suite, errors = _suite(path, _queries(path.parent))
    if suite is None:
        raise errors[0]
    return suite


def legacy_sql(path: Path, activity: Activity) -> str:
    """Return the text of the activity's Athena query; ``path`` is the suite's file."""
    file = path.parent / "sql" / activity.legacy.sql
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"the query of activity {activity.name} cannot be read: {error}.", path=file) from error


def suite_sha(path: Path) -> str:
    """Return the SHA-256 of the suite's file, its SQL files and the folder's waivers, as 64 hex digits."""
    suite = load_suite(path)
    queries = sorted({path.parent / "sql" / activity.legacy.sql for activity in suite.activities})
    digest = hashlib.sha256()
    for file in (path, *queries, path.parent / FILE):
        content = file.read_bytes() if file.exists() else b""
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _files(folder: Path, wanted: str = "") -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml") and path.name != FILE)
    # Far cheaper than YAML; a file that mentions the name without being the suite costs only its reading.
    return [path for path in found if wanted.encode() in path.read_bytes()] if wanted else found


def _queries(folder: Path) -> Queries:
    """Read ``sql/`` once for all suites."""
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    root = folder / "sql"
    for path in sorted(root.rglob("*.sql")):
        name = path.relative_to(root).as_posix()
        try:
            texts[name] = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            unreadable[name] = error.strerror or str(error)
        except UnicodeDecodeError as error:
            unreadable[name] = f"byte {error.start} is not UTF-8"
    return Queries(texts, unreadable)


def _suite(path: Path, queries: Queries) -> tuple[Suite | None, list[SuiteError]]:
    try:
        document = read_document(path)
    except SuiteError as error:
        return None, [error]
    if not isinstance(document.data, dict):
        problem = Problem(
            (), "a suite is a mapping of keys, and this file is not.", "Begin with suite: and a name."
        )
        return None, [problem.error(document)]
    return _validated(document, queries)


def _validated(document: Document, queries: Queries) -> tuple[Suite | None, list[SuiteError]]:
    try:
        suite = Suite.model_validate(document.data)
    except ValidationError as error:
        return None, [problem.error(document) for problem in explain(error, Suite, document.data)]
    errors = [problem.error(document) for problem in check_suite(suite, queries)]
    return (None if errors else suite), errors


def _same_name(suite: Suite, path: Path, first: Path) -> SuiteError:
    what = f"suite {suite.suite!r} is already in {first.name}."
    return SuiteError(what, path=path, line=read_document(path).line(("suite",)), remedy="Rename one of them.")


def _waivers(
    folder: Path, suites: Mapping[str, Suite], broken: frozenset[str]
) -> tuple[tuple[Waiver, ...], list[SuiteError]]:
    path = folder / FILE
    if not path.exists():
        return (), []
    try:
        return read_waivers(read_document(path), suites, broken)
    except SuiteError as error:
        return (), [error]
