"""What Great Expectations found, as frozen facts small enough for XCom; never a raw value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal

from parity.compare.result import Verdict
from parity.suite.models import Severity

Side = Literal["legacy", "target", "comparison"]


class Outcome(StrEnum):
    """How one expectation ended."""

    PASS = "pass"
    FAIL = "fail"
    INVALID = "invalid"
    """It could not be computed; never counted as a pass."""


@dataclass(frozen=True)
class Finding:
    """One expectation on one side, or on what the comparison found."""

    side: Side
    expectation: str
    """Great Expectations class name."""
    subject: str
    """Column, ``a, b`` for several, or the table."""
    severity: Severity
    outcome: Outcome
    message: str = ""
    """One sentence; never a value of a row."""
    checked: int | None = None
    """Rows that were checked, where the expectation counts rows."""
    unexpected: int | None = None
    """Rows that failed it, where the expectation counts rows."""


@dataclass(frozen=True)
class Findings:
    """The findings of one activity, and where the details are stored."""

    findings: tuple[Finding, ...] = ()
    details: tuple[str, ...] = ()
    """Paths of the full Great Expectations results, relative to the artefact store."""
    docs: str = ""
    """Path of the Data Docs' index page, relative to the artefact store."""
    seconds: float = 0.0
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Their provenance (:mod:`parity.flow.provenance`), as JSON."""

    @property
    def verdict(self) -> Verdict:
        """INVALID when anything could not be computed, FAIL when anything critical failed, else PASS."""
        if any(f.outcome is Outcome.INVALID for f in self.findings):
            return Verdict.INVALID
        return Verdict.FAIL if self.failed(Severity.CRITICAL) else Verdict.PASS

    def failed(self, severity: Severity) -> tuple[Finding, ...]:
        """Return what failed at ``severity``."""
        return tuple(f for f in self.findings if f.outcome is Outcome.FAIL and f.severity is severity)

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the outcomes by severity: ``{"critical": {"pass": 7, "fail": 1, "invalid": 0}, …}``."""
        return {s: tally(f for f in self.findings if f.severity is s) for s in Severity}

    def to_json(self) -> dict[str, Any]:
        """Return the summary for XCom and the results store."""
        return {"verdict": self.verdict, "counts": self.counts(), **asdict(self)}


def tally(findings: Iterable[Finding]) -> dict[str, int]:
    """Count the findings by outcome."""
    outcomes = [f.outcome for f in findings]
    return {outcome.value: outcomes.count(outcome) for outcome in Outcome}
