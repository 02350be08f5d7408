"""What a Data Factory activity does in Databricks: the notebook, file, JAR or job that it is linked with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS: Mapping[str, tuple[str, str]] = {
    "DatabricksNotebook": ("notebook", "notebookPath"),
    "DatabricksSparkPython": ("file", "pythonFile"),
    "DatabricksSparkJar": ("class", "mainClassName"),
    "DatabricksJob": ("job", "jobId"),
}
"""Type of an activity → what it runs, and the property that names it."""


@dataclass(frozen=True)
class DatabricksWork:
    """What runs in Databricks."""

    kind: str
    """notebook, file, class or job."""
    name: str
    """A path, a class or a job's id; of an expression its text."""
    linked_service: str
    dynamic: bool = False
    """Whether an expression names it, so that only a run shows what it is."""


def work_of(item: Mapping[str, Any]) -> DatabricksWork | None:
    """Return what an activity of the REST answer runs in Databricks, or None when it runs elsewhere."""
    if item["type"] not in KINDS:
        return None
    kind, named = KINDS[item["type"]]
    value = (item.get("typeProperties") or {}).get(named) or ""
    dynamic = isinstance(value, dict) or str(value).startswith("@")
    text = str(value.get("value", "") if isinstance(value, dict) else value)
    service = (item.get("linkedServiceName") or {}).get("referenceName") or ""
    return DatabricksWork(kind, text, service, dynamic)
