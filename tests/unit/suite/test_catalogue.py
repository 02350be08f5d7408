"""The list of expectations agrees with the installed Great Expectations; PARITY_REGENERATE=1 writes it again."""

from __future__ import annotations

import inspect
import json
import os
from typing import Any

from parity.suite.catalogue import CATALOGUE, REFUSED, catalogue

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

    classes = {name: kind for name, kind in vars(core).items() if "Expect" in name}
    return {name: _arguments(kind) for name, kind in sorted(classes.items()) if inspect.isclass(kind)}


def _arguments(kind: Any) -> dict[str, bool]:
    fields = kind.__fields__.items()
    return {name: bool(field.required) for name, field in sorted(fields) if name not in EXCLUDED}


def test_the_committed_list_is_what_great_expectations_has() -> None:
    if os.environ.get("PARITY_REGENERATE"):
        CATALOGUE.write_text(json.dumps(generate(), indent=1) + "\n", encoding="utf-8")
    assert json.loads(CATALOGUE.read_text()) == generate()


def test_only_existing_classes_are_refused() -> None:
    assert set(REFUSED) <= set(json.loads(CATALOGUE.read_text()))
    assert not set(REFUSED) & set(catalogue())
