"""The JSON Schema of suites, databases, waivers and waves, for completion and checks in an editor.

``parity suites schema`` prints it; ``include/suites/suite.schema.json`` is the same, as a test checks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from parity.suite.catalogue import COMMON, catalogue
from parity.suite.databases import Database
from parity.suite.models import Severity, Suite
from parity.suite.waivers import WaiverFile
from parity.suite.waves import WavesFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def suite_schema(own: Iterable[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema of one suite, expectations and their arguments included.

    ``own`` are the classes of ``expectations.py`` beside it.
    """
    schema = _with_tolerance(_schema(Suite, "A Parity suite"))
    definitions = schema["$defs"]
    sides = definitions["Expectations"]["properties"]
    for side in sides.values():
        side["items"] = {"$ref": "#/$defs/Expectation"}
    definitions["Expectation"] = _expectation(own)
    return schema


def database_schema() -> dict[str, Any]:
    """Return the JSON Schema of one database's file."""
    schema = _with_tolerance(_schema(Database, "A database that Parity verifies"))
    excluded = schema["properties"]["exclude"]
    names = {"type": "array", "items": {"type": "string"}}
    schema["properties"]["exclude"] = {"description": excluded["description"], "anyOf": [excluded, names]}
    return schema


def _with_tolerance(schema: dict[str, Any]) -> dict[str, Any]:
    rule = schema["$defs"]["ColumnRule"]["properties"]
    rule["tolerance"] = _tolerance(rule["tolerance"])
    return schema


def waivers_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``waivers.yaml``."""
    return _schema(WaiverFile, "Parity waivers")


def waves_schema() -> dict[str, Any]:
    """Return the JSON Schema of ``waves.yaml``."""
    return _schema(WavesFile, "Parity waves")


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, **model.model_json_schema(), "title": title}


def _tolerance(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow a number, a percentage and a duration beside the long form."""
    short = [
        {"type": "number", "minimum": 0},
        {"type": "string", "examples": ["1e-9", "0.1 %", "1ms"]},
    ]
    return {**schema, "anyOf": [*short, *schema["anyOf"]]}


def _expectation(own: Iterable[str]) -> dict[str, Any]:
    classes: dict[str, Any] = {name: {"type": "object"} for name in sorted(own)}
    return {
        "type": "object",
        "description": "One Great Expectations class with its arguments.",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {**{name: _arguments(known) for name, known in catalogue().items()}, **classes},
    }


def _arguments(known: dict[str, bool]) -> dict[str, Any]:
    common: dict[str, Any] = {name: {} for name in sorted(COMMON)}
    common["severity"] = {"enum": [str(severity) for severity in Severity]}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {**{key: {} for key in known}, **common},
        "required": [name for name, required in known.items() if required],
    }
