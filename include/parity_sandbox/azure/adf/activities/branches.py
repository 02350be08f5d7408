"""Activities with activities inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from parity_sandbox.azure.adf.expressions.errors import ExpressionError
from parity_sandbox.azure.adf.expressions.functions import text, truth
from parity_sandbox.azure.adf.failures import ActivityFailure
from parity_sandbox.azure.adf.graph import Activity, broken_by
from parity_sandbox.azure.adf.step import Scope, Step, Watch
from parity_sandbox.azure.adf.timestamps import seconds

DEFAULT_BATCH, LARGEST_BATCH = 20, 50
WEEK = "7.00:00:00"
POLL = 0.05


def _inside(step: Step, activities: Sequence[Activity], scope: Scope, watch: Watch) -> None:
    """Run a branch; ActivityFailure when it failed as a whole."""
    ended = step.engine.execute(activities, scope, watch)
    culprit = broken_by(activities, ended)
    if culprit:
        message = scope.results[culprit].error["message"]
        where = f"Activity failed because an inner activity failed; Inner activity name: {culprit}"
        raise ActivityFailure("ActionFailed", f"{where}, Error: {message}")


def _truth(step: Step, value: Any) -> bool:
    try:
        return truth(step.evaluate(value))
    except ExpressionError as error:
        raise ActivityFailure("InvalidTemplate", str(error)) from error


def if_condition(step: Step) -> Mapping[str, Any]:
    """Run one of two branches."""
    holds = _truth(step, step.raw["expression"])
    step.show(input={"expression": holds})
    _inside(step, step.raw.get(f"if{holds}Activities") or [], step.scope, step.watch)
    return {}


def switch(step: Step) -> Mapping[str, Any]:
    """Run the branch whose value the expression has, or the default."""
    value = text(step.evaluate(step.raw["on"]))
    step.show(input={"on": value})
    cases = {case["value"]: case.get("activities") or [] for case in step.raw.get("cases") or []}
    _inside(step, cases.get(value, step.raw.get("defaultActivities") or []), step.scope, step.watch)
    return {}


def for_each(step: Step) -> Mapping[str, Any]:
    """Run the branch once per item, one after the other or some at a time."""
    items = step.evaluate(step.raw["items"])
    if not isinstance(items, list):
        raise ActivityFailure("InvalidTemplate", "The items of the ForEach activity are not an array.")
    step.show(input={"itemsCount": len(items)})

    def round_(item: Any) -> ActivityFailure | None:
        try:
            _inside(step, step.raw["activities"], step.scope.inside(item), step.watch)
        except ActivityFailure as failure:
            return failure
        return None

    failures = [failure for failure in _each(round_, items, _batch(step)) if failure]
    counts = {"itemsCount": len(items), "successfulItemsCount": len(items) - len(failures)}
    step.show(output={**counts, "failedItemsCount": len(failures)})
    if failures:
        raise failures[0]
    return step.record.output  # type: ignore[no-any-return]


def _each(round_: Any, items: Sequence[Any], batch: int) -> list[ActivityFailure | None]:
    if not items:
        return []
    with ThreadPoolExecutor(min(batch, len(items))) as pool:
        return list(pool.map(round_, items))


def _batch(step: Step) -> int:
    if step.raw.get("isSequential"):
        return 1
    return min(max(int(step.raw.get("batchCount") or DEFAULT_BATCH), 1), LARGEST_BATCH)


def until(step: Step) -> Mapping[str, Any]:
    """Repeat the branch until the condition holds after it."""
    watch = step.watch.within(seconds(str(step.evaluate(step.raw.get("timeout", WEEK)))))
    while True:
        _inside(step, step.raw["activities"], step.scope, watch)
        if _truth(step, step.raw["expression"]):
            return {}
        watch.sleep(POLL)
