"""Counts what pairing found: rows, columns and the causes of each."""

from __future__ import annotations

from dataclasses import dataclass

from parity.compare.causes.sampling import SampledVariants, find_more, find_variants
from parity.compare.causes.variants import Code, Variants
from parity.compare.result import CauseCount, Rows
from parity.compare.rows.hash_scan import Scanned, scan
from parity.compare.rows.pairing import CHANGED, EQUAL, EXTRA, MISSING, explain_again, pair_rows
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.session import DuckSession, batches
from parity.errors import CouldNotCompare
from parity.suite.models import Cause


@dataclass(frozen=True)
class Facts:
    """The counts of one comparison by ``plan``; the tables under ``prefix`` hold the rows themselves."""

    plan: ComparisonPlan
    rows: Rows
    codes: dict[int, dict[int, int]]
    """Rows by code, by column index: only of pairs that were fetched."""
    tolerated: dict[int, int]
    """Rows that only a rule makes equal, by column index."""
    variants: Variants
    prefix: str

    def codes_of(self, column: PlannedColumn, cause: Cause | None = None) -> list[int]:
        """Return the codes that mean a difference in a column: every one, or those of one cause."""
        found = self._differences(column)
        return [code for code in found if cause is None or self.cause(column, code)[0] is cause]

    def different(self, column: PlannedColumn) -> int:
        """Return in how many pairs a column differs."""
        return sum(self._differences(column).values())

    def _differences(self, column: PlannedColumn) -> dict[int, int]:
        """Return the pairs in which a column differs, by code."""
        return {code: n for code, n in self.codes.get(column.index, {}).items() if 0 < code <= Code.UNEXPLAINED}

    def cause(self, column: PlannedColumn, code: int) -> tuple[Cause, str]:
        """Return what a code stands for."""
        if code == Code.UNEXPLAINED:
            return Cause.UNEXPLAINED, ""
        variant = self.variants[column.index][code - 1]
        return variant.cause, variant.detail

    def causes(self, column: PlannedColumn) -> tuple[CauseCount, ...]:
        """Return the causes of a column, most rows first; the variants of one cause are its detail."""
        merged: dict[Cause, list[tuple[str, int]]] = {}
        for code, n in self._differences(column).items():
            cause, detail = self.cause(column, code)
            merged.setdefault(cause, []).append((detail, n))
        counts = [CauseCount(cause, sum(n for _, n in parts), _detail(parts)) for cause, parts in merged.items()]
        return tuple(sorted(counts, key=lambda one: (one.cause is Cause.UNEXPLAINED, -one.rows, one.cause)))


def _detail(parts: list[tuple[str, int]]) -> str:
    named = sorted(((n, detail) for detail, n in parts if detail), reverse=True)
    if len(parts) == 1:
        return named[0][1] if named else ""
    return ", ".join(f"{detail}: {n:,}" for n, detail in named)


def gather(
    session: DuckSession,
    plan: ComparisonPlan,
    prefix: str,
    legacy: str,
    target: str,
    *,
    explain: bool = True,
    count: bool = True,
) -> Facts:
    """Compare two prepared relations and count; ``explain`` looks for causes too, ``count`` for codes."""
    scanned = scan(session, plan, prefix, legacy, target)
    sampled = find_variants(session, plan, prefix, legacy) if explain else SampledVariants({}, True)
    pair_rows(session, plan, prefix, sampled.variants, scanned.many)
    rows = _rows(session, prefix, scanned)
    codes = _codes(session, plan, prefix) if count else {}
    variants = sampled.variants
    if not sampled.complete:
        variants, codes = _look_again(session, plan, prefix, variants, codes, legacy)
    through = dict(scanned.tolerated)
    for index, counts in codes.items():
        if counts.get(Code.TOLERATED):
            through[index] = through.get(index, 0) + counts[Code.TOLERATED]
    return Facts(plan, rows, codes, through, variants, prefix)


def _look_again(
    session: DuckSession,
    plan: ComparisonPlan,
    prefix: str,
    variants: Variants,
    codes: dict[int, dict[int, int]],
    relation: str,
) -> tuple[Variants, dict[int, dict[int, int]]]:
    """Look for variants in the pairs that the sample left unexplained, and explain these again."""
    unexplained = [c for c in plan.values if codes.get(c.index, {}).get(Code.UNEXPLAINED)]
    more = find_more(session, unexplained, prefix, relation) if unexplained else {}
    new = {index: tuple(v for v in found if v not in variants.get(index, ())) for index, found in more.items()}
    new = {index: found for index, found in new.items() if found}
    if not new:
        return variants, codes
    merged = {index: (*variants.get(index, ()), *new.get(index, ())) for index in {*variants, *new}}
    explain_again(session, [c for c in plan.values if c.index in new], prefix, merged)
    return merged, _codes(session, plan, prefix)


def _rows(session: DuckSession, prefix: str, scanned: Scanned) -> Rows:
    kinds = dict(session.rows(f"SELECT kind, count(*) FROM {prefix}res GROUP BY kind"))
    changed, missing, extra = (int(kinds.get(kind, 0)) for kind in (CHANGED, MISSING, EXTRA))
    equal = scanned.legacy - changed - missing
    if scanned.target != equal + changed + extra or equal < int(kinds.get(EQUAL, 0)):
        raise CouldNotCompare(
            f"The counts do not add up: {scanned.legacy} legacy and {scanned.target} target rows, "
            f"{changed} changed, {missing} missing, {extra} extra. Please report this as a defect of Parity."
        )
    doubled = [_doubled(session, prefix, side) if scanned.many else 0 for side in "lt"]
    return Rows(scanned.legacy, scanned.target, equal, changed, missing, extra, *doubled)


def _doubled(session: DuckSession, prefix: str, side: str) -> int:
    """Count the rows whose key occurs more than once on a side."""
    return int(
        session.one(
            f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {prefix}d{side} GROUP BY g HAVING n > 1)"
        )
    )


def _codes(session: DuckSession, plan: ComparisonPlan, prefix: str) -> dict[int, dict[int, int]]:
    """Count the codes of every column that has any; a maximum finds those at little cost."""
    used: list[PlannedColumn] = []
    for batch in batches(plan.values, 500):
        highest = session.row(
            f"SELECT {', '.join(f'max(q{c.index})' for c in batch)} FROM {prefix}res WHERE kind < 2"
        )
        used += [c for c, most in zip(batch, highest, strict=True) if most]
    found: dict[int, dict[int, int]] = {}
    # Planning histograms costs the cube of their number: 400 took 5 s, 100 took 0.1 s.
    for batch in batches(used, 40):
        counts = ", ".join(f"histogram(q{c.index})" for c in batch)
        every = session.row(f"SELECT {counts} FROM {prefix}res WHERE kind < 2")
        found |= {c.index: codes for c, codes in zip(batch, every, strict=True)}
    return found
