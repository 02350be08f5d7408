"""The condition that keeps one business date of a table, in either engine's SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parity.draft.facts import Certainty, ColumnFacts, Guess, TableFacts
from parity.draft.names import is_business_date, words
from parity.draft.queries import identifier
from parity.sql.columnar import Columnar
from parity.sql.columns import Kind
from parity.sql.spark import Spark
from parity.sql.trino import Trino

DATE = ":business_date"
_DASHES, _DIGITS = re.compile(r"\d{4}-\d\d-\d\d"), re.compile(r"\d{8}")
_PARTS = ("year", "month", "day")


@dataclass(frozen=True)
class DateSql:
    """How one engine writes what a condition needs."""

    dialect: Columnar
    text: str
    """The date as text with dashes."""
    digits: str
    """The date as a text of eight digits."""


ATHENA = DateSql(Trino(), f"CAST({DATE} AS varchar)", f"date_format({DATE}, '%Y%m%d')")
SPARK = DateSql(Spark(), f"CAST({DATE} AS STRING)", f"date_format({DATE}, 'yyyyMMdd')")


def condition(table: TableFacts, sql: DateSql) -> Guess[str]:
    """Return the condition; empty where the table shows no date."""
    partitions = [column for column in table.columns if column.name in table.partitions]
    if found := next(_by_partition(table, partitions, sql), ""):
        return Guess(found, Certainty.CERTAIN, "partitioned by this date")
    dated = [one for one in table.columns if one.kind is Kind.DATE and is_business_date(one.name)]
    if not partitions and dated:
        why = f"not partitioned; {dated[0].name} is named like the date of a run"
        return Guess(f"{identifier(sql.dialect, dated[0].name)} = {DATE}", Certainty.LIKELY, why)
    return Guess("", Certainty.UNKNOWN, "no partition and no column shows the date, so all rows are read")


def _by_partition(table: TableFacts, partitions: Sequence[ColumnFacts], sql: DateSql) -> Iterator[str]:
    """Yield conditions on partitions that are dates for certain."""
    for column in partitions:
        name, example = identifier(sql.dialect, column.name), table.examples.get(column.name, "")
        if column.kind is Kind.DATE:
            yield f"{name} = {DATE}"
        elif column.kind is Kind.TEXT and _DASHES.fullmatch(example):
            yield f"{name} = {sql.text}"
        elif column.kind is Kind.TEXT and _DIGITS.fullmatch(example):
            yield f"{name} = {sql.digits}"
        elif column.kind is Kind.INTEGER and _DIGITS.fullmatch(example):
            yield f"{name} = CAST({sql.digits} AS integer)"
    named = {words(column.name)[-1:]: column for column in partitions}
    if all((part,) in named for part in _PARTS):
        tests = (
            f"CAST({identifier(sql.dialect, named[(part,)].name)} AS integer) = {part}({DATE})" for part in _PARTS
        )
        yield " AND ".join(tests)
