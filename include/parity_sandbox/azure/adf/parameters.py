"""A pipeline's parameters: what was given, and what the pipeline declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity_sandbox.azure.adf.arm import ArmError
from parity_sandbox.azure.adf.factory import Resource


def resolve(pipeline: Resource, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every declared parameter with its value; ArmError 400 when one has none.

    What is not declared is ignored, as Data Factory does.
    """
    declared = pipeline.properties.get("parameters") or {}
    values = {name: given.get(name, one.get("defaultValue")) for name, one in declared.items()}
    for name, value in values.items():
        if value is None:
            text = f"The pipeline parameter '{name}' is required and has no value."
            raise ArmError(400, "BadRequest", text, target=f"pipeline/{pipeline.name}/")
    return values
