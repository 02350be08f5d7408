"""Which value a parameter has in a run: what the job defines, what the caller overrides, what is referred to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from parity_sandbox.databricks import errors

TASK_LEVEL = (
    "jar_params",
    "notebook_params",
    "python_params",
    "python_named_params",
    "spark_submit_params",
    "sql_params",
    "dbt_commands",
)
"""Overrides that go to every task of a kind; they and job parameters exclude each other."""

REFERENCE = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")


def defined(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the defaults of a job's parameters."""
    return {entry["name"]: str(entry["default"]) for entry in settings.get("parameters") or []}


def overrides(body: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the task-level overrides of a request, or refuse them beside job parameters."""
    given = {name: body[name] for name in TASK_LEVEL if body.get(name)}
    if given and body.get("job_parameters"):
        raise errors.invalid("Job parameters and task parameters cannot be used together.")
    if given and settings.get("parameters"):
        raise errors.invalid(f"{min(given)} cannot be used: the job defines job-level parameters.")
    return given


def resolved(settings: Mapping[str, Any], given: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the job parameters of a run as the API lists them, sorted by name."""
    defaults = defined(settings)
    values = {**defaults, **{name: str(value) for name, value in given.items()}}
    return [{"name": name, "default": defaults.get(name, ""), "value": values[name]} for name in sorted(values)]


def refer(text: Any, known: Mapping[str, Any]) -> str:
    """Return ``text`` with its ``{{job.parameters.x}}`` and the like replaced; unknown ones stay."""
    return REFERENCE.sub(lambda match: str(known.get(match[1], match[0])), str(text))
