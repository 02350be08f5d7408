"""The Great Expectations classes that a suite may name, listed without importing Great Expectations.

Importing it costs seconds and Dag files are parsed all day; ``gx_expectations.json`` is generated from it by the
test that compares the two.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

CATALOGUE = Path(__file__).with_name("gx_expectations.json")
COMMON = frozenset({"severity", "description", "notes", "meta"})
"""Arguments that every expectation takes."""

_ORDER = "an export has no order, so neighbouring rows mean nothing."
_PANDAS = "Great Expectations has it for pandas only;"
_SERVER = "it needs a second table on the same server."
_TYPES = "the comparison checks every type of both sides already; see the report's schema."
REFUSED: dict[str, str] = {
    "ExpectColumnTypeToBe": _TYPES,
    "ExpectColumnValuesToBeDateutilParseable": f"{_PANDAS} use ExpectColumnValuesToMatchStrftimeFormat.",
    "ExpectColumnValuesToBeDecreasing": _ORDER,
    "ExpectColumnValuesToBeInTypeList": _TYPES,
    "ExpectColumnValuesToBeIncreasing": _ORDER,
    "ExpectColumnValuesToBeOfType": _TYPES,
    "ExpectColumnValuesToMatchJsonSchema": f"{_PANDAS} use ExpectColumnValuesToBeJsonParseable.",
    "ExpectColumnValuesToNotBeOutliers": f"{_PANDAS} use ExpectColumnValueZScoresToBeLessThan.",
    "ExpectMulticolumnValuesToBeUnique": "use ExpectCompoundColumnsToBeUnique.",
    "ExpectQueryResultsToMatchComparison": "it compares 200 rows at most; comparing is what Parity does.",
    "ExpectTableRowCountToEqualOtherTable": _SERVER,
}
"""Classes that cannot be computed over an export, and why; refused before a run."""


@cache
def catalogue() -> dict[str, dict[str, bool]]:
    """Return class name → argument → whether it is required, without the refused ones."""
    known: dict[str, dict[str, bool]] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return {name: arguments for name, arguments in known.items() if name not in REFUSED}
