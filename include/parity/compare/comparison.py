"""One comparison from files to result: open, plan, compare, run the canary, explain, judge."""

from __future__ import annotations

import resource
import time
from dataclasses import replace

from parity.compare.canary.runner import run_canary
from parity.compare.explain.proposals import propose
from parity.compare.explain.row_causes import explain_rows
from parity.compare.explain.samples import take_samples
from parity.compare.explain.waiver_drafts import draft_rows
from parity.compare.explain.waivers import apply_waivers
from parity.compare.result import ColumnFacts, Money, NotCompared, Result, Rows, Verdict
from parity.compare.rows.facts import Facts, gather
from parity.compare.rows.money import money_totals, sum_money
from parity.compare.schema.plan import plan_comparison
from parity.compare.schema.zones import refuse_ambiguous_times
from parity.compare.session import DuckSession, session
from parity.compare.sources.relations import Side, open_sides
from parity.compare.spec import OnStep, Source, Spec
from parity.compare.verdict import Evidence, coverage, judge
from parity.errors import CouldNotCompare, ExportRefused
from parity.wording import plural

_WIDE = 200
"""Columns of one table above which planning a statement costs more than running it well saves."""


def compare_sources(legacy: Source, target: Source, spec: Spec, on_step: OnStep | None = None) -> Result:
    """Compare two sources; INVALID for data that cannot be compared, BadInput for a wrong file or rule."""
    started = time.perf_counter()
    try:
        with session(spec) as opened:
            result = _compare(opened, legacy, target, spec, on_step or (lambda _step: None))
    except CouldNotCompare as error:
        result = Result(Verdict.INVALID, str(error))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return replace(result, seconds=round(time.perf_counter() - started, 3), peak_mib=round(peak, 1))


def _compare(session: DuckSession, legacy: Source, target: Source, spec: Spec, on_step: OnStep) -> Result:
    on_step("open")
    left, right = open_sides(session, legacy, target, spec)
    plan = plan_comparison(session, left, right, spec)
    if len(plan.columns) > _WIDE:
        session.use_wide_planning()
    refuse_ambiguous_times(session, plan, {"legacy": left.relation, "target": right.relation})
    for side, opened in (("legacy", left), ("target", right)):
        session.run(f"CREATE VIEW {side} AS {plan.prepared(side, opened.relation)}")
    on_step("compare")
    facts, canary = session.both(
        lambda here: gather(here, plan, "m_", "legacy", "target"),
        lambda here: run_canary(here, plan, left.relation, right.relation),
    )
    _check_promised(facts.rows, left, right)
    on_step("explain")
    (row_causes, covered, money, samples), (proposals, totals) = session.both(
        lambda here: (
            explain_rows(here, facts, spec, {*left.files.partitions, *right.files.partitions}),
            apply_waivers(here, facts, spec),
            sum_money(here, plan, facts.prefix),
            take_samples(here, facts, spec),
        ),
        lambda here: (propose(here, facts, spec), money_totals(here, plan)),
    )
    left.files.refuse_changed()
    right.files.refuse_changed()
    verdict, reason = judge(Evidence(plan, facts.rows, canary, covered.uncovered, covered.waived), spec)
    return Result(
        verdict,
        reason,
        rows=facts.rows,
        columns=_columns(facts, money),
        schema=plan.schema,
        not_compared=plan.left_out,
        coverage=coverage(plan),
        canary=canary,
        row_causes=row_causes,
        samples=samples,
        loosened=_loosened(facts),
        waivers=tuple(one.to_dict() for one in covered.applied),
        proposals=(*proposals, *draft_rows(row_causes, facts, spec)),
        money_totals=totals,
    )


def _check_promised(rows: Rows, legacy: Side, target: Side) -> None:
    """Refuse a side of which other rows were read than its manifest, its footers or its text hold."""
    for side, found in ((legacy, rows.legacy), (target, rows.target)):
        name, manifest = side.files.side, side.files.source.expected_rows
        if manifest is not None and manifest != found:
            raise ExportRefused(
                f"The {name} side has {plural(found, 'row')} where its manifest promised {manifest:,}."
            )
        if side.rows != found:
            raise ExportRefused(
                f"{plural(found, 'row')} of the {name} side could be read, of {side.rows:,} that its files hold.",
                remedy="Export it again.",
            )


def _columns(facts: Facts, money: dict[int, tuple[Money, ...]]) -> tuple[ColumnFacts, ...]:
    pairs = facts.rows.equal + facts.rows.changed
    return tuple(
        ColumnFacts(
            c.name,
            pairs,
            facts.different(c),
            facts.causes(c),
            () if c.rule.sensitive else money.get(c.index, ()),
        )
        for c in facts.plan.columns
    )


def _loosened(facts: Facts) -> tuple[NotCompared, ...]:
    return tuple(
        NotCompared(f"column {c.name}", c.equality_rule.hidden, facts.tolerated.get(c.index, 0))
        for c in facts.plan.columns
        if c.loosened
    )
