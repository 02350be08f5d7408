"""Writes the list of expectations that suites are checked against, from the installed Great Expectations.

``python -m parity.expectations.catalogue`` regenerates it; a test fails when it is out of date.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

from parity.suite.catalogue import CATALOGUE

EXCLUDED = frozenset(
    {
        "batch_id",
        "catch_exceptions",
        "description",
        "id",
        "library_metadata",
        "meta",
        "notes",
        "rendered_content",
        "result_format",
        "severity",
        "windows",
    }
)
"""Arguments that every expectation has; a suite may set those of :data:`parity.suite.catalogue.COMMON`."""


def generate() -> dict[str, dict[str, bool]]:
    """Return class name → argument → whether it is required, for every core expectation."""
    from great_expectations.expectations import core

    classes = {name: kind for name, kind in vars(core).items() if name.startswith("Expect")}
    return {name: _arguments(kind) for name, kind in sorted(classes.items()) if inspect.isclass(kind)}


def _arguments(kind: Any) -> dict[str, bool]:
    fields = kind.__fields__.items()
    return {name: bool(field.required) for name, field in sorted(fields) if name not in EXCLUDED}


if __name__ == "__main__":
    CATALOGUE.write_text(json.dumps(generate(), indent=1) + "\n", encoding="utf-8")
