"""How right the drafts of an estate are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from parity.draft.columns import Mapped, map_columns
from parity.draft.facts import Certainty, TableFacts
from parity.draft.keys import Key, propose_key, sets_to_count
from unit.draft.estates import Case, estate


@dataclass
class Score:
    """Keys and columns: all, right ones, those that no person has to decide, and of these the wrong ones."""

    keys: int = 0
    right_keys: int = 0
    sure_keys: int = 0
    columns: int = 0
    right_columns: int = 0
    sure_columns: int = 0
    wrong_unmarked: list[str] = field(default_factory=list)


def drafted(case: Case) -> tuple[Mapped, Key]:
    """Guess as a draft does, questions to the engines included."""
    columns = map_columns(case.legacy, case.target, case.declared)
    legacy, target = case.legacy, case.target
    if legacy.sampled and target.sampled:
        names = columns.to_target
        wanted = [one for one in sets_to_count(legacy, columns) if all(name in names for name in one)]
        asked = {tuple(names[name] for name in one) for one in wanted} | {target.key} - {()}
        legacy = counted(legacy, case, "legacy", wanted + back(target.key, columns))
        target = counted(target, case, "target", [one for one in asked if len(one) > 1])
    return columns, propose_key(legacy, target, columns)


def back(key: tuple[str, ...], columns: Mapped) -> list[tuple[str, ...]]:
    """Return a target's declared key by its legacy names, where all are known."""
    names = {new: old for old, new in columns.to_target.items()}
    return [tuple(names[name] for name in key)] if len(key) > 1 and all(name in names for name in key) else []


def counted(table: TableFacts, case: Case, side: str, sets: Iterable[tuple[str, ...]]) -> TableFacts:
    return replace(table, sets={names: case.count[side](names) for names in sets})


def score(seeds: Iterable[int]) -> Score:
    """Return the score over some estates."""
    total = Score()
    for seed in seeds:
        for case in estate(seed):
            columns, key = drafted(case)
            _count_key(total, f"{seed}/{case.name}", case, key)
            _count_columns(total, f"{seed}/{case.name}", case, columns)
    return total


def _count_key(total: Score, where: str, case: Case, key: Key) -> None:
    right = frozenset(key.value) in case.keys if case.keys else not key.value
    total.keys += 1
    total.right_keys += right
    total.sure_keys += key.certain
    if key.certain and not right:
        total.wrong_unmarked.append(
            f"{where}: key {key.value} ({key.why}), right: {sorted(map(sorted, case.keys))}"
        )


def _count_columns(total: Score, where: str, case: Case, columns: Mapped) -> None:
    for column in case.legacy.columns:
        pair = next((one for one in columns.pairs if one.legacy.name == column.name), None)
        found, wanted = pair.target.name if pair else None, case.columns.get(column.name)
        sure = pair is not None and pair.certainty is Certainty.CERTAIN
        total.columns += 1
        total.right_columns += found == wanted
        total.sure_columns += sure
        if sure and found != wanted:
            total.wrong_unmarked.append(f"{where}: {column.name} became {wanted}, not {found} ({pair.why})")
