"""Suites from a folder: every good one, and for every bad one the file, the line and what was meant.

A folder holds ``<suite>.yaml``, ``sql/*.sql`` and ``waivers.yaml``. One broken file never takes another down.
Nothing heavy is imported, because Dag files come through here whenever they are parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from parity.errors import SuiteError
from parity.suite.checks import Queries, check_suite
from parity.suite.loading import Reader, sha_of
from parity.suite.models import Activity, Suite, Waiver
from parity.suite.waivers import FILE, names_of, read_waivers
from parity.suite.yaml_source import read_document


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
    held = _reader(_queries(folder)).read_all(_files(folder, wanted))
    waivers, found = _waivers(folder, held.models, names_of(held.errors))
    return Loaded(tuple(held.models.values()), (*held.errors, *found), waivers, held.paths)


def load_suite(path: Path) -> Suite:
    """Read one suite; raise the first :class:`SuiteError` when it is wrong."""
    return _reader(_queries(path.parent)).read_one(path)


def _reader(queries: Queries) -> Reader[Suite]:
    return Reader("suite", Suite, partial(check_suite, queries=queries))


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
    return sha_of((path, *queries, path.parent / FILE))


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
