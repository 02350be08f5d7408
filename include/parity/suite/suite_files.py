"""Suites read from a folder: every valid one, and an error with file, line and suggestion for each mistake.

A folder holds ``<suite>.yaml``, ``sql/*.sql``, ``waivers.yaml`` and, for expectation classes of its own,
``expectations.py``, which is read here and not run. A broken file does not affect the others.
Nothing heavy is imported: this runs whenever Dag files are parsed.
"""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path

from parity.errors import SuiteError
from parity.suite.checks import SuiteFolder, check_suite
from parity.suite.model_loader import WAIVERS_FILE, LoadedModels, ModelLoader, files_sha, yaml_files
from parity.suite.models import Activity, Suite
from parity.suite.waivers import check_waiver, with_waivers

EXPECTATIONS_FILE = "expectations.py"


def load_suites(folder: Path, wanted: str = "") -> LoadedModels[Suite]:
    """Read every ``*.yaml`` of ``folder`` and its waivers.

    ``wanted`` skips files that cannot hold that suite: a task needs one, and there may be fifty.
    Errors about other suites' waivers are then meaningless.
    """
    if not folder.is_dir():
        error = SuiteError("there is no such folder of suites.", path=folder, remedy="Set PARITY_SUITES.")
        return LoadedModels(errors=(error,))
    loaded = _loader(suite_folder(folder)).read_all(_files(folder, wanted))
    return with_waivers(loaded, folder, check_waiver)


def load_suite(path: Path) -> Suite:
    """Read one suite; raise its first :class:`SuiteError`."""
    return _loader(suite_folder(path.parent)).read_one(path)


def _loader(folder: SuiteFolder) -> ModelLoader[Suite]:
    return ModelLoader("suite", Suite, partial(check_suite, folder=folder))


def legacy_sql(path: Path, activity: Activity) -> str:
    """Return the text of the activity's Athena query; ``path`` is the suite's file."""
    file = path.parent / "sql" / activity.legacy.sql
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"the query of activity {activity.name} cannot be read: {error}.", path=file) from error


def suite_sha(path: Path) -> str:
    """Return the SHA-256 of the suite's file, its SQL files, waivers and own classes, as 64 hex digits."""
    suite = load_suite(path)
    queries = sorted({path.parent / "sql" / activity.legacy.sql for activity in suite.activities})
    own = [file] if (file := path.parent / EXPECTATIONS_FILE).exists() else []
    return files_sha((path, *queries, path.parent / WAIVERS_FILE, *own))


def own_expectations(folder: Path) -> str:
    """Return the text of the folder's expectation classes; empty when it has none."""
    file = folder / EXPECTATIONS_FILE
    return file.read_text(encoding="utf-8-sig") if file.exists() else ""


def _files(folder: Path, wanted: str = "") -> list[Path]:
    found = yaml_files(folder)
    # Far cheaper than YAML; a file that only mentions the name costs no more than reading it.
    return [path for path in found if wanted.encode() in path.read_bytes()] if wanted else found


def suite_folder(folder: Path) -> SuiteFolder:
    """Read what lies beside the suites once for all of them."""
    queries, unreadable = _queries(folder)
    try:
        parsed = ast.parse(own_expectations(folder))
    except (OSError, ValueError, SyntaxError) as error:
        return SuiteFolder(queries, unreadable, broken=f"{EXPECTATIONS_FILE} cannot be read: {error}.")
    classes = frozenset(one.name for one in parsed.body if isinstance(one, ast.ClassDef))
    return SuiteFolder(queries, unreadable, classes)


def _queries(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return the texts below ``sql/``, and why others cannot be read."""
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
    return texts, unreadable
