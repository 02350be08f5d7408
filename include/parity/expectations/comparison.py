"""What the comparison found, as expectations with names of their own, so that Data Docs explain themselves.

They are asked of a data frame of one row, with a cell for each fact, whose values the class reads
(:func:`parity.expectations.specs.comparison_facts`). Importing this module imports Great Expectations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

from parity.compare.result import Verdict
from parity.wording import plural

Values = Mapping[str, Any]
_FACT = "table.comparison_fact"
SAME_TYPES = frozenset({"equal", "widened"})


class _ComparisonFact(TableMetricProvider):  # type: ignore[misc]
    metric_name = _FACT
    value_keys = ("fact",)

    @metric_value(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls,  # noqa: N805 - as Great Expectations calls it
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> Values:
        frame, *_rest = execution_engine.get_compute_domain(metric_domain_kwargs, "table")
        values: Values = frame[metric_value_kwargs["fact"]].iloc[0]
        return values


class _OnComparison(BatchExpectation):  # type: ignore[misc]
    """Judges one fact; ``fact`` is its name in the data frame."""

    fact: str
    metric_dependencies: ClassVar[tuple[str, ...]] = (_FACT,)
    success_keys: ClassVar[tuple[str, ...]] = ("fact",)

    def holds(self, values: Values) -> bool:
        """Return whether the fact is as it should be."""
        raise NotImplementedError

    def observed(self, values: Values) -> str:
        """Return the fact in words."""
        raise NotImplementedError

    def _validate(self, metrics: dict[str, Any], *_: Any, **__: Any) -> dict[str, Any]:
        values = metrics[_FACT]
        return {"success": self.holds(values), "result": {"observed_value": self.observed(values)}}


class ExpectComparisonToBeGreen(_OnComparison):
    """The comparison's verdict is PASS or WAIVED."""

    def holds(self, values: Values) -> bool:
        """Return whether the verdict is green."""
        return Verdict(values["verdict"]).green

    def observed(self, values: Values) -> str:
        """Return the verdict and its reason."""
        return f"{values['verdict']}: {values['reason']}"


class _NoRows(_OnComparison):
    def holds(self, values: Values) -> bool:
        """Return whether there is none, or each is covered by a waiver."""
        return bool(values["waived"] or values["rows"] == 0)

    def observed(self, values: Values) -> str:
        """Return their number, and of how many."""
        covered = ", covered by waivers" if values["waived"] and values["rows"] else ""
        return f"{values['rows']:,} of {plural(values['of'], 'row')}{covered}"


class ExpectNoChangedRows(_NoRows):
    """No row has the same key and other values."""


class ExpectNoMissingRows(_NoRows):
    """No row is on the legacy side alone."""


class ExpectNoExtraRows(_NoRows):
    """No row is on the target side alone."""


class ExpectColumnToMatchLegacy(_NoRows):
    """A column has the same value in every pair of rows."""

    column: str


class ExpectOtherColumnsToMatchLegacy(_NoRows):
    """The columns without an expectation of their own have the same values."""


class ExpectRowsToCompare(_OnComparison):
    """At least one side has rows."""

    def holds(self, values: Values) -> bool:
        """Return whether there is a row."""
        return bool(values["legacy"] or values["target"])

    def observed(self, values: Values) -> str:
        """Return the rows of both sides."""
        return f"{plural(values['legacy'], 'legacy row')}, {plural(values['target'], 'target row')}"


class ExpectColumnsToBeCompared(_OnComparison):
    """The compared share of the columns is at least ``floor``, 0 to 1."""

    floor: float
    success_keys: ClassVar[tuple[str, ...]] = ("fact", "floor")

    def holds(self, values: Values) -> bool:
        """Return whether the floor is reached."""
        return bool(values["coverage"] >= self.floor)

    def observed(self, values: Values) -> str:
        """Return the share in percent."""
        return f"{values['coverage']:.1%} of the columns"


class ExpectEveryPlantedCorruptionToBeFound(_OnComparison):
    """The canary found, or explained, every corruption that it planted."""

    def holds(self, values: Values) -> bool:
        """Return whether it was blind to none."""
        return not values["blind"]

    def observed(self, values: Values) -> str:
        """Return how many were found, and how many a rule hides."""
        hidden = f", {plural(values['hidden'], 'kind')} hidden by rules" if values["hidden"] else ""
        blind = f", not found: {', '.join(values['blind'])}" if values["blind"] else ""
        return f"{values['found']:,} of {values['planted']:,} found{hidden}{blind}"


class ExpectColumnTypeToMatchLegacy(_OnComparison):
    """A column is on both sides, with the same type or a wider one on the target."""

    column: str

    def holds(self, values: Values) -> bool:
        """Return whether the schemas agree."""
        return values["verdict"] in SAME_TYPES

    def observed(self, values: Values) -> str:
        """Return both types."""
        legacy, target = (values[side] or "no such column" for side in ("legacy", "target"))
        return f"{legacy} on the legacy side, {target} on the target side"
