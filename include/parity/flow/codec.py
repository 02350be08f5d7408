"""JSON of frozen dataclasses: in XComs, in Airflow's task state store, and in files among the artefacts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from parity.errors import ExportRefused

Kind = TypeVar("Kind")
CLEAR = "Clear the activity's tasks to run it again."


def to_json(value: Any) -> dict[str, Any]:
    """Return a dataclass as plain JSON; None is empty."""
    found: dict[str, Any] = {} if value is None else TypeAdapter(type(value)).dump_python(value, mode="json")
    return found


def from_json(kind: type[Kind], data: object, remedy: str = CLEAR) -> Kind:
    """Return the ``kind`` that :func:`to_json` wrote; ExportRefused, with ``remedy``, for anything else."""
    return _validated(kind, TypeAdapter(kind).validate_python, data, remedy)


def to_text(value: Any) -> str:
    """Return a dataclass as the text of a JSON file."""
    return json.dumps(to_json(value), indent=1, ensure_ascii=False)


def from_text(kind: type[Kind], text: bytes, remedy: str = CLEAR) -> Kind:
    """Return the ``kind`` that :func:`to_text` wrote; ExportRefused, with ``remedy``, for anything else."""
    return _validated(kind, TypeAdapter(kind).validate_json, text, remedy)


def _validated(kind: type[Kind], validate: Callable[[Any], Kind], data: object, remedy: str) -> Kind:
    try:
        return validate(data)
    except ValidationError as error:
        raise ExportRefused(
            f"A {kind.__name__} that this run wrote cannot be read back ({error.error_count()} errors).",
            remedy=remedy,
        ) from error
