"""Great Expectations' results, redacted and judged.

Counts stay. For an expectation that names a sensitive column everything else of the result goes: listed values,
observed values, details, and exceptions, whose text may quote a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parity.expectations.classes import NOT_IMPORTED
from parity.expectations.findings import Finding, Outcome, Side
from parity.expectations.specs import ExpectationSpec
from parity.wording import plural

COUNTS = frozenset(
    {
        "element_count",
        "unexpected_count",
        "unexpected_percent",
        "unexpected_percent_total",
        "unexpected_percent_nonmissing",
        "missing_count",
        "missing_percent",
    }
)
"""Keys of a result that are counts of rows, never values."""
HIDDEN = "hidden: the column is sensitive"
_SAFE = ("does not exist", "No provider found", "not supported", "is not supported")
"""Parts of exception messages that name columns and classes, never values."""


def with_count(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result of a query of one's own with its observed value under its name: a count of rows."""
    details = dict(result.get("result") or {})
    if isinstance(rows := details.get("observed_value"), int):
        details["unexpected_count"] = rows
    return {**result, "result": details}


def masked(result: Mapping[str, Any], sensitive: bool) -> dict[str, Any]:
    """Return one expectation's result as JSON, without values when it touches a sensitive column."""
    if not sensitive:
        return dict(result)
    kept = {key: value for key, value in (result.get("result") or {}).items() if key in COUNTS}
    return {**result, "result": {**kept, "details": HIDDEN}, "exception_info": _hide(result)}


def _hide(result: Mapping[str, Any]) -> dict[str, Any]:
    raised = exception_of(result) is not None
    text = HIDDEN if raised else None
    return {"raised_exception": raised, "exception_message": text, "exception_traceback": text}


def exception_of(result: Mapping[str, Any]) -> str | None:
    """Return the message of the exception that kept an expectation from being computed, or None.

    Great Expectations writes one flat record, or one record per metric.
    """
    info = result.get("exception_info") or {}
    records = [info] if "raised_exception" in info else list(info.values())
    raised = [record for record in records if record and record.get("raised_exception")]
    return str(raised[0].get("exception_message") or "unknown") if raised else None


def finding(spec: ExpectationSpec, side: Side, result: Mapping[str, Any], sensitive: bool) -> Finding:
    """Judge one result. What raised, or lacks a clear yes or no, is INVALID."""
    details = result.get("result") or {}
    outcome, message = _judge(spec, result, sensitive)
    if side == "comparison" and outcome is Outcome.FAIL:  # its observed values are words of our own
        message = f"{message.removesuffix('.')}; found: {str(details.get('observed_value')).removesuffix('.')}."
    return Finding(
        side=side,
        expectation=spec.name,
        subject=spec.subject,
        severity=spec.severity,
        outcome=outcome,
        message=message,
        checked=details.get("element_count"),
        unexpected=details.get("unexpected_count"),
    )


def _judge(spec: ExpectationSpec, result: Mapping[str, Any], sensitive: bool) -> tuple[Outcome, str]:
    raised = exception_of(result)
    if raised is not None:
        return Outcome.INVALID, _why(raised, sensitive)
    if not isinstance(result.get("success"), bool):
        return Outcome.INVALID, "It could not be computed: Great Expectations gave no answer."
    if result["success"]:
        return Outcome.PASS, ""
    return Outcome.FAIL, _failure(spec, result.get("result") or {})


def _failure(spec: ExpectationSpec, details: Mapping[str, Any]) -> str:
    if description := spec.arguments.get("description"):
        return f"Expected that {description}."
    if details.get("unexpected_count") and details.get("element_count"):
        return f"{details['unexpected_count']:,} of {details['element_count']:,} rows break it."
    if rows := details.get("unexpected_count"):
        return f"{plural(rows, 'row')} {'breaks' if rows == 1 else 'break'} it."
    return "The observed value is outside the limits; Data Docs show it."


def _why(raised: str, sensitive: bool) -> str:
    if NOT_IMPORTED in raised or (not sensitive and any(part in raised for part in _SAFE)):
        return f"It could not be computed: {raised.splitlines()[0][:200]}"
    return "It could not be computed; the full result in the artefact store has the details."
