"""The result of one comparison: frozen facts, and the JSON that others rely on.

The shape of :meth:`Result.to_json` is a contract, version 1; add keys, never rename or remove them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from parity.suite.models import Cause


class Verdict(StrEnum):
    """The four results of a comparison."""

    PASS = "PASS"
    WAIVED = "WAIVED"
    FAIL = "FAIL"
    INVALID = "INVALID"

    @property
    def green(self) -> bool:
        """Return whether what comes next may run."""
        return self in (Verdict.PASS, Verdict.WAIVED)

    @property
    def exit_code(self) -> int:
        """Return 0 for green, 1 for different, 2 for could not compare."""
        return {Verdict.FAIL: 1, Verdict.INVALID: 2}.get(self, 0)


@dataclass(frozen=True)
class Rows:
    """Counts of rows; ``legacy = equal + changed + missing`` and ``target = equal + changed + extra``."""

    legacy: int = 0
    target: int = 0
    equal: int = 0
    changed: int = 0
    missing: int = 0
    extra: int = 0
    duplicate_legacy: int = 0
    """Rows of the legacy side whose key occurs there more than once."""
    duplicate_target: int = 0

    @property
    def different(self) -> int:
        """Return how many rows are changed, missing or extra."""
        return self.changed + self.missing + self.extra


@dataclass(frozen=True)
class CauseCount:
    """How many different rows of a column one cause explains."""

    cause: Cause
    rows: int
    detail: str = ""


@dataclass(frozen=True)
class RowCause(CauseCount):
    """How many missing or extra rows (``kind``) one cause explains.

    ``condition`` is SQL that picks these rows, as a waiver's ``rows``; empty when there is none.
    """

    kind: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Money:
    """Exact differences (target minus legacy) of one column in one currency."""

    currency: str
    net: Decimal
    absolute: Decimal
    rows: int
    kind: str = "changed"
    """changed, missing or extra: which rows it was summed over."""


@dataclass(frozen=True)
class MoneyTotal:
    """The sums of one money column in one currency, over all rows of each side."""

    column: str
    currency: str
    legacy: Decimal
    target: Decimal

    def __str__(self) -> str:
        if self.legacy == self.target:
            return f"{self.column} {self.legacy:,f} {self.currency} on both sides"
        return f"{self.column} {self.legacy:,f} → {self.target:,f} {self.currency}"


@dataclass(frozen=True)
class ColumnFacts:
    """What the comparison found in one column."""

    name: str
    compared: int
    different: int
    causes: tuple[CauseCount, ...] = ()
    money: tuple[Money, ...] = ()


@dataclass(frozen=True)
class SchemaFact:
    """One column's types on both sides."""

    name: str
    legacy: str | None
    target: str | None
    verdict: str
    """equal, widened, narrowed, incompatible, legacy_only or target_only."""
    note: str = ""


class Omission(StrEnum):
    """Why something was left out, for decisions; ``why`` is for people only."""

    OTHER = "other"
    IGNORED = "ignored"
    """A rule says so."""
    ONE_SIDED = "one_sided"
    """One side alone has it."""
    NO_TEXT = "no_text"
    """Its type has no canonical text."""
    HIDDEN = "hidden"
    """The server does not show it, or might not."""


@dataclass(frozen=True)
class NotCompared:
    """Something that was left out, and why."""

    what: str
    why: str
    rows: int | None = None
    kind: Omission = Omission.OTHER
    column: str = ""
    """The column that was left out; empty where it is none."""


@dataclass(frozen=True)
class Canary:
    """Planted corruptions, and how many of them the run's own rules found."""

    planted: int = 0
    found: int = 0
    hidden: tuple[str, ...] = ()
    """Corruptions that a rule makes invisible, each with the rule's name."""
    blind: tuple[str, ...] = ()
    """Corruptions that were not found and that no rule hides; any of these is INVALID."""
    smallest: tuple[str, ...] = ()
    """The smallest difference that was found, per column."""


@dataclass(frozen=True)
class CanaryCheck:
    """Columns that a digest was tested with, and those whose change it did not find."""

    planted: int = 0
    blind: tuple[str, ...] = ()

    @property
    def found(self) -> int:
        """Return how many changes the digest found."""
        return self.planted - len(self.blind)


@dataclass(frozen=True)
class Result:
    """Everything one comparison found. The verdict is derived by :mod:`parity.compare.verdict`."""

    verdict: Verdict
    reason: str
    rows: Rows = Rows()
    columns: tuple[ColumnFacts, ...] = ()
    schema: tuple[SchemaFact, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    coverage: float = 0.0
    """Fraction of the columns of either side that were compared."""
    canary: Canary = Canary()
    row_causes: tuple[RowCause, ...] = ()
    samples: tuple[dict[str, Any], ...] = ()
    loosened: tuple[NotCompared, ...] = ()
    """Rules that let rows through, each with how many."""
    waivers: tuple[dict[str, Any], ...] = ()
    proposals: tuple[dict[str, Any], ...] = ()
    money_totals: tuple[MoneyTotal, ...] = ()
    """Of each money column that is not sensitive and has a sum; none where not all rows were exported."""
    seconds: float = 0.0
    peak_mib: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)
    """Facts of one source only, such as Athena's cost."""

    def to_json(self) -> dict[str, Any]:
        """Return the contract's JSON; decimals as text, so that no cent is lost."""
        return {"version": 1, **_plain(asdict(self))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Decimal) else value
