"""Values of a report's samples, compared again under another rule by the comparison itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from parity.compare import Source, Spec, compare
from parity.compare.result import ColumnFacts, Result, Verdict
from parity.flow.backtest.differences import CHANGED, CannotSay
from parity.suite.models import ColumnRule

Pair = tuple[str | None, str | None]
"""The legacy and the target value of a row, as text."""
LONGEST = 300
"""Characters of a value that a sample holds at most."""
PLAIN = ("VARCHAR", "DATE", "BOOLEAN", "TIMESTAMP", "DOUBLE", "FLOAT", "BIGINT", "INTEGER", "SMALLINT", "DECIMAL(")
"""Types whose text says everything of a value."""


def differing_again(result: Result, column: ColumnFacts, rules: tuple[ColumnRule, ColumnRule]) -> int:
    """Return how many of a column's differing rows still differ by the second rule; the first is the stored one's.

    CannotSay unless the samples hold all of them, and differ by the first rule, too.
    """
    pairs = _pairs(result, column)
    if len(pairs) != column.different:
        raise CannotSay(f"the rule of column {column.name} changed, and reports hold only some differing values")
    if any(rule.sensitive for rule in rules) or any(_is_masked(value) for pair in pairs for value in pair):
        raise CannotSay(f"the rule of column {column.name} changed, and its values are masked or cut")
    before, after = (_compared(result, column, pairs, rule) for rule in rules)
    if before != len(pairs):
        raise CannotSay(f"the samples of column {column.name} do not differ when they are compared again")
    return after


def refuse_misfit(result: Result, column: ColumnFacts, rule: ColumnRule) -> None:
    """Refuse a rule that the column's types do not take; a comparison by it would have been INVALID."""
    code = "EUR" if rule.money else None
    _compared(result, column, [(None, None)], rule, code)


def _pairs(result: Result, column: ColumnFacts) -> list[Pair]:
    return [
        (sample["legacy"], sample["target"])
        for sample in result.samples
        if sample["kind"] == CHANGED and sample["column"] == column.name
    ]


def _is_masked(value: str | None) -> bool:
    return value is not None and (len(value) >= LONGEST or value.startswith(("#", "…")))


def _types(result: Result, column: ColumnFacts) -> tuple[str, str]:
    """Return a column's types on both sides, where the texts of their values say everything."""
    fact = next((one for one in result.schema if one.name == column.name), None)
    kinds = (fact.legacy or "", fact.target or "") if fact else ("", "")
    if not all(kind.startswith(PLAIN) for kind in kinds):
        raise CannotSay(f"the rule of column {column.name} changed, whose values have no plain text")
    return kinds


def _compared(
    result: Result, column: ColumnFacts, pairs: Sequence[Pair], rule: ColumnRule, money: str | None = None
) -> int:
    """Return how many pairs of values differ by a rule."""
    name, shown = column.name, rule.model_copy(update={"money": money, "legacy": None})
    with TemporaryDirectory(prefix="parity-backtest-") as scratch:
        legacy, target = (
            _write(Path(scratch) / f"{at}.parquet", name, kind, [pair[at] for pair in pairs])
            for at, kind in enumerate(_types(result, column))
        )
        spec = Spec(key=("parity pair",), columns={name: shown}, samples=0, scratch=Path(scratch))
        found = compare(legacy, target, spec)
    if found.verdict is Verdict.INVALID:
        raise CannotSay(f"the rule of column {name} changed, and its values could not be compared by it")
    return found.rows.changed


def _write(file: Path, name: str, kind: str, values: list[str | None]) -> Source:
    """Write one side's values as Parquet, numbered."""
    import duckdb

    from parity.compare.session import ident

    rows: list[tuple[Any, ...]] = [*enumerate(values)]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f'CREATE TABLE shown ("parity pair" BIGINT, {ident(name)} {kind})')
        try:
            connection.executemany("INSERT INTO shown VALUES (?, ?)", rows)
        except duckdb.Error as error:
            raise CannotSay(f"a sample of column {name} cannot be read as {kind}") from error
        connection.execute(f"COPY shown TO '{file}' (FORMAT parquet)")
    return Source.of(file, expected_rows=len(rows))
