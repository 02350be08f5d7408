"""The rules of columns that a draft proposes: renames, types that need one, money, what is sensitive."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from parity.draft.columns import Mapped, Pair
from parity.draft.facts import Certainty, ColumnFacts, TableFacts
from parity.draft.names import currency_of, is_money, is_sensitive
from parity.sql.columns import NUMBERS, Kind

_EXACT = (frozenset({Kind.INTEGER, Kind.DECIMAL}), frozenset({Kind.DATE, Kind.TIMESTAMP}))
"""Pairs of kinds that are compared exactly without a rule."""


@dataclass(frozen=True)
class Entry:
    """A column's rule as a suite has it, and what is to be said beside it."""

    rule: dict[str, Any]
    doubts: tuple[str, ...] = ()
    """What a person has to decide."""
    notes: tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """Return one line; it begins with TODO where a person has to decide."""
        return ("TODO " if self.doubts else "") + "; ".join((*self.doubts, *self.notes))


def column_entries(
    mapped: Mapped, target: TableFacts, doubts: Callable[[Pair], Iterable[str]] | None = None
) -> dict[str, Entry]:
    """Return the entries of ``columns`` by target name; a column that needs no word has none.

    ``doubts`` says why a pair of types may need a rule, where the engines are others than Athena and Spark.
    """
    sampled = target.sampled and all(pair.legacy.values for pair in mapped.pairs)
    names = [column.name for column in target.columns]
    found = {
        pair.target.name: _of_pair(pair, names, (doubts or type_doubts)(pair), sampled=sampled)
        for pair in mapped.pairs
    }
    for side, columns in (("legacy", mapped.legacy_only), ("target", mapped.target_only)):
        for column in columns:
            alone, beside = _of_one_side(column, side), found.get(column.name, Entry({}))
            rule = {**alone.rule, **beside.rule}
            found[column.name] = Entry(rule, (*alone.doubts, *beside.doubts), beside.notes)
    return {name: entry for name, entry in found.items() if entry.rule or entry.doubts}


def _of_one_side(column: ColumnFacts, side: str) -> Entry:
    """Return the entry of a column without a counterpart, which the comparison reports until somebody decides."""
    remedy = "ignore it with a reason, or pair it (legacy: NAME)"
    sensitive = {"sensitive": True} if is_sensitive(column.name, column.kind) else {}
    return Entry(sensitive, (f"{Certainty.UNKNOWN}: only the {side} side has it: {remedy}",))


def _of_pair(pair: Pair, names: list[str], of_types: Iterable[str], *, sampled: bool) -> Entry:
    rule: dict[str, Any] = {}
    doubts, notes = list(of_types), list[str]()
    if pair.renamed:
        rule["legacy"] = pair.legacy.name
        (notes if pair.certainty is Certainty.CERTAIN else doubts).append(f"{pair.certainty}: {pair.why}")
    elif sampled and pair.certainty is not Certainty.CERTAIN:
        doubts.append(f"{pair.certainty}: {pair.why}")
    if is_money(pair.target.name, pair.target.kind) and pair.legacy.kind in NUMBERS:
        _money(pair, names, rule, doubts, notes)
    if is_sensitive(pair.target.name, pair.target.kind) or is_sensitive(pair.legacy.name, pair.legacy.kind):
        rule["sensitive"] = True
        notes.append(f"{Certainty.LIKELY}: sensitive by its name")
    return Entry(rule, tuple(doubts), tuple(notes))


def _money(pair: Pair, names: list[str], rule: dict[str, Any], doubts: list[str], notes: list[str]) -> None:
    currencies = [one for one in currency_of(pair.target.name, names) if one != pair.target.name]
    if len(currencies) == 1:
        rule["money"] = currencies[0]
        notes.append(f"{Certainty.LIKELY}: money by its name")
    else:
        which = f"which of {', '.join(currencies)} is its currency" if currencies else "no column is its currency"
        doubts.append(
            f"{Certainty.LIKELY}: money by its name, but {which}: write money: COLUMN or a code, or nothing"
        )


def type_doubts(pair: Pair) -> Iterator[str]:
    """Yield why a pair of types may need a rule; a draft never writes one that loosens."""
    legacy, target = pair.legacy, pair.target
    kinds = frozenset({legacy.kind, target.kind})
    types = f"{legacy.type} became {target.type}"
    if Kind.FLOAT in kinds and len(kinds) > 1 and kinds <= NUMBERS:
        yield f"{Certainty.LIKELY}: {types}: every digit counts; write a tolerance if it need not"
    elif len(kinds) > 1 and kinds not in _EXACT:
        yield f"{Certainty.LIKELY}: {types}, which are compared as texts: write legacy_sql or target_sql"
    if legacy.kind is target.kind is Kind.TIMESTAMP and target.values and target.values.finer:
        yield (
            f"{Certainty.LIKELY}: {target.values.finer} of its times have microseconds, which Athena does not"
            " read: write tolerance: 1ms if they may differ"
        )


def expectations(target: TableFacts, mapped: Mapped) -> dict[str, list[dict[str, Any]]]:
    """Return Great Expectations by side, of what the tables declare."""
    of_target: list[dict[str, Any]] = []
    if len(target.key) == 1:
        of_target.append({"ExpectColumnValuesToBeUnique": {"column": target.key[0]}})
    elif target.key:
        of_target.append({"ExpectCompoundColumnsToBeUnique": {"column_list": list(target.key)}})
    of_target += [
        {"ExpectColumnValuesToNotBeNull": {"column": column.name}} for column in target.columns if column.required
    ]
    lengths = [
        {"ExpectColumnValueLengthsToBeBetween": {"column": pair.target.name, "max_value": longest}}
        for pair in mapped.pairs
        if pair.certainty is Certainty.CERTAIN and (longest := _length(pair.legacy.type))
    ]
    return {side: listed for side, listed in (("both", lengths), ("target", of_target)) if listed}


def _length(native: str) -> int:
    """Return the most characters of a varchar, or 0."""
    words = native.strip().lower()
    digits = words.removeprefix("varchar(").removesuffix(")") if words.startswith("varchar(") else ""
    return int(digits) if digits.isdecimal() else 0
