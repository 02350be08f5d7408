"""What a Data Factory activity does: its program in Databricks, what it hands on, the columns that it maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
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


def arguments_of(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the literal texts that an activity hands on, by name."""
    properties = item.get("typeProperties") or {}
    named = [properties.get(part) or {} for part in ("baseParameters", "jobParameters")]
    named += [end.get("parameters") or {} for part in ("inputs", "outputs") for end in item.get(part) or []]
    listed = properties.get("parameters")
    given = [str(one) for one in listed] if isinstance(listed, list) else []
    flags = {name.lstrip("-"): value for name, value in pairwise(given) if name.startswith("--")}
    found = {name: value for some in (*named, flags) for name, value in some.items()}
    return {name: value for name, value in found.items() if isinstance(value, str) and not value.startswith("@")}


def mapping_of(item: Mapping[str, Any]) -> dict[str, str]:
    """Return a Copy activity's sink columns by source column; none where it maps by name or by an expression."""
    translator = (item.get("typeProperties") or {}).get("translator")
    if not isinstance(translator, dict):
        return {}
    older = translator.get("columnMappings")
    found = dict(older) if isinstance(older, dict) else {}
    for one in translator.get("mappings") or [] if isinstance(translator.get("mappings"), list) else []:
        source, sink = (str((one.get(end) or {}).get("name") or "") for end in ("source", "sink"))
        if source and sink:
            found[source] = sink
    return {str(source): str(sink) for source, sink in found.items()}
