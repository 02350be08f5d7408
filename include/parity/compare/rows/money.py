"""Differences in money: summed exactly per currency, over changed, missing and extra rows.

A row that one side lacks counts with its whole amount; NULL counts as zero. A float amount is summed by its
digits (15 places), never by its binary value. A difference that is no number of 38 digits (NaN, infinity), or
whose currency changed, has no sum: it is NULL in ``m<index>``, and no cap on money covers it.
"""

from __future__ import annotations

import re
from decimal import Decimal

from parity.compare.result import Money, MoneyTotal
from parity.compare.schema.plan import ComparisonPlan, PlannedColumn
from parity.compare.session import DuckSession, text
from parity.compare.types import ValueKind
from parity.errors import CouldNotCompare
from parity.wording import fold

_CODE = re.compile(r"[A-Z]{3}")
_MOST_CURRENCIES = 100
_KINDS = {1: "changed", 2: "missing", 3: "extra"}


def money_columns(plan: ComparisonPlan) -> list[PlannedColumn]:
    """Return the value columns that are marked as money and are numbers."""
    return [c for c in plan.values if c.rule.money and (c.kind.numeric or c.numbers_as_text)]


def amounts(plan: ComparisonPlan) -> str:
    """Return, for every money column, the SQL of its difference ``m<index>`` and currency ``y<index>``."""
    return "".join(
        f", {_difference(c, _holder(c, plan))} AS m{c.index}, {_currency(c, plan)} AS y{c.index}"
        for c in money_columns(plan)
    )


def _difference(column: PlannedColumn, holder: PlannedColumn | None) -> str:
    """Return the SQL of a row's difference; between two currencies there is none, unless both amounts are zero."""
    legacy, target = (_amount(column, side) for side in "lt")
    gap = f"TRY({target} - {legacy})"
    if holder is None:
        return gap
    exchanged = f"l.rid IS NOT NULL AND t.rid IS NOT NULL AND NOT ({holder.equal})"
    nothing = f"coalesce({legacy} = 0 AND {target} = 0, false)"
    return f"CASE WHEN {exchanged} AND NOT {nothing} THEN NULL ELSE {gap} END"


def _amount(column: PlannedColumn, side: str) -> str:
    value = f"{side}.{column.value}"
    return f"CASE WHEN {value} IS NOT NULL THEN {_number(column, value)} ELSE 0 END"


def _number(column: PlannedColumn, value: str) -> str:
    digits = f"{value}::VARCHAR" if column.kind is ValueKind.FLOAT else value
    return f"TRY_CAST({digits} AS DECIMAL(38,{_scale(column)}))"


def _scale(column: PlannedColumn) -> int:
    return {ValueKind.DECIMAL: column.scale, ValueKind.INTEGER: 0}.get(column.kind, 15)


def _holder(column: PlannedColumn, plan: ComparisonPlan) -> PlannedColumn | None:
    """Return the compared column that holds the currency of a money column, if it is one."""
    name = fold(str(column.rule.money))
    return next((c for c in plan.columns if fold(c.name) == name), None)


def _currency(column: PlannedColumn, plan: ComparisonPlan) -> str:
    if holder := _holder(column, plan):
        return f"coalesce(l.{holder.value}, t.{holder.value})::VARCHAR"
    name = str(column.rule.money)
    return text(name if _CODE.fullmatch(name) else "unknown currency")


def sum_money(session: DuckSession, plan: ComparisonPlan, prefix: str) -> dict[int, tuple[Money, ...]]:
    """Sum every money column's differences by kind of row and currency, largest first."""
    return {c.index: _sums(session, c, prefix) for c in money_columns(plan)}


def _sums(session: DuckSession, column: PlannedColumn, prefix: str) -> tuple[Money, ...]:
    """Return a column's sums; none where they outgrow 38 digits."""
    query = (
        f"SELECT kind, coalesce(y{column.index}, 'NULL'), sum(m{column.index}), "
        f"sum(abs(m{column.index})) AS whole, "
        f"count(m{column.index}) FROM {prefix}res WHERE {money_rows(column)} GROUP BY ALL ORDER BY 4 DESC, 1, 2"
    )
    try:
        rows = session.rows(query)
    except CouldNotCompare:
        return ()
    return tuple(
        Money(currency, Decimal(net), Decimal(whole), int(n), _KINDS[kind])
        for kind, currency, net, whole, n in rows
        if n
    )


def money_totals(session: DuckSession, plan: ComparisonPlan) -> tuple[MoneyTotal, ...]:
    """Return the sums of all rows of both sides, by column and currency; none of what is sensitive."""
    shown = [c for c in money_columns(plan) if not c.rule.sensitive and not _holds_secrets(_holder(c, plan))]
    return tuple(total for column in shown for total in _totals(session, column, plan))


def _holds_secrets(holder: PlannedColumn | None) -> bool:
    return holder is not None and holder.rule.sensitive


def _totals(session: DuckSession, column: PlannedColumn, plan: ComparisonPlan) -> list[MoneyTotal]:
    """Return a column's sums; none where an amount has no 38 digits, a sum outgrows them, or currencies abound."""
    holder = _holder(column, plan)
    currency = f"coalesce({holder.value}::VARCHAR, 'NULL')" if holder else _currency(column, plan)
    amount = _number(column, column.value)
    sums = ", ".join(f"sum({amount}) FILTER (side = '{side}')" for side in ("legacy", "target"))
    lost = f"count(*) FILTER ({column.value} IS NOT NULL AND {amount} IS NULL)"
    both = " UNION ALL ".join(f"SELECT *, '{side}' AS side FROM {side}" for side in ("legacy", "target"))
    try:
        rows = session.rows(
            f"SELECT {currency}, {sums}, {lost} FROM ({both}) GROUP BY 1 ORDER BY 1 LIMIT {_MOST_CURRENCIES + 1}"
        )
    except CouldNotCompare:
        return []
    if len(rows) > _MOST_CURRENCIES or any(unsummed for *_, unsummed in rows):
        return []
    return [MoneyTotal(column.name, one, Decimal(left or 0), Decimal(right or 0)) for one, left, right, _ in rows]


def absolute_sums(session: DuckSession, column: PlannedColumn, rows: str) -> list[tuple[str, Decimal]]:
    """Return a column's absolute differences, by currency, summed over ``rows`` of ``res``, however large."""
    amount, currency = f"abs(m{column.index})", f"y{column.index}"
    try:
        found = session.rows(f"SELECT {currency}, sum({amount}), 0 FROM {rows} GROUP BY ALL")
        return [(str(one), Decimal(whole or 0)) for one, whole, _ in found]
    except CouldNotCompare:  # A sum has 127 bits, which two decimals of 38 digits can outgrow: by halves, then.
        digits = f"replace({amount}::VARCHAR, '.', '')"
        halves = f"sum(('0' || left({digits}, -19))::HUGEINT), sum(right({digits}, 19)::HUGEINT)"
        found = session.rows(f"SELECT {currency}, {halves} FROM {rows} GROUP BY ALL")
        units = ((str(one), (high or 0) * 10**19 + (low or 0)) for one, high, low in found)
        return [(one, Decimal(f"{whole}e-{_scale(column)}")) for one, whole in units]


def money_rows(column: PlannedColumn) -> str:
    """Return the condition on ``res`` that a row's difference in a money column counts."""
    return f"(kind IN (2, 3) OR (kind = 1 AND q{column.index} BETWEEN 1 AND 254))"


def unsummed(column: PlannedColumn, plan: ComparisonPlan) -> str:
    """Return the condition on ``res`` that a row's difference in money, or in its currency, has no sum."""
    holder = _holder(column, plan)
    exchanged = f" OR q{holder.index} BETWEEN 1 AND 254" if holder in plan.values and holder else ""
    return f"(m{column.index} IS NULL AND ({money_rows(column)}{exchanged}))"
