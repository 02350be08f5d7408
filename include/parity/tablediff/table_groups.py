"""Which tables belong under one snapshot: those that foreign keys tie together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from parity.tablediff.table_plan import TablePlan


def group_tables(plans: Sequence[TablePlan]) -> tuple[tuple[str, ...], ...]:
    """Return groups of table names, the one with most rows first."""
    head = {plan.name: plan.name for plan in plans}

    def root(name: str) -> str:
        while head[name] != name:
            head[name] = head[head[name]]
            name = head[name]
        return name

    for plan in plans:
        for other in plan.refers_to & head.keys():
            head[root(other)] = root(plan.name)
    groups: dict[str, list[TablePlan]] = {}
    for plan in plans:
        groups.setdefault(root(plan.name), []).append(plan)
    ordered = sorted(groups.values(), key=lambda group: -sum(plan.rows for plan in group))
    return tuple(tuple(plan.name for plan in group) for group in ordered)
