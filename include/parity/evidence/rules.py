"""The rules that a run was judged by, as they stood in the files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from parity.suite.databases import Database
from parity.suite.models import Suite, Waiver
from parity.suite.suite_files import EXPECTATIONS_FILE


def rules_of(subject: Suite | Database, path: Path, waivers: Iterable[Waiver]) -> dict[str, Any]:
    """Return the texts that declare a suite or a database, whose file is ``path``, and its own waivers.

    Another one's waiver in the same file changes nothing here.
    """
    files = [path]
    if isinstance(subject, Suite):
        files += sorted({path.parent / "sql" / activity.legacy.sql for activity in subject.activities})
        files += [own] if (own := path.parent / EXPECTATIONS_FILE).exists() else []
    name = subject.suite if isinstance(subject, Suite) else subject.database
    return {
        "files": {file.relative_to(path.parent).as_posix(): file.read_text("utf-8-sig") for file in files},
        "waivers": [waiver.model_dump(mode="json") for waiver in waivers if waiver.suite == name],
    }
