"""What changed rules would have made of stored differences, where the report decides it.

A column's rule is symmetric where it treats both sides alike: tolerance, trim, case, NULL as empty, JSON, replace.
Values that are identical stay equal under any such rule. Values that differ are compared again, by the comparison
itself, when the report's samples hold every one of them. Pairs that only the old rule made equal are counted, not
kept: they differ again when the rule is taken away, and leave it open when it is replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.compare.result import Result, Verdict
from parity.flow.backtest.differences import CannotSay, Differences, differences_of
from parity.flow.backtest.samples import differing_again, refuse_misfit
from parity.suite.models import Activity, ColumnRule

IDLE = {"severity", "description", "expect", "columns", "coverage", "allow_empty"}
"""Fields of an activity that change no difference, and those that are looked at here."""
SYMMETRIC = {"tolerance", "case", "trim", "null_equals_empty", "json_equal", "replace"}
WORDS = {"sensitive", "ignore"}
"""Fields that change no value and no sum: what is shown, and why a column is ignored."""


@dataclass(frozen=True)
class Judged:
    """What the comparison would have found: differences, or why it would have been INVALID."""

    differences: Differences
    invalid: str = ""
    same_rules: bool = True
    """Whether nothing but waivers has changed, so that what was counted by pick still holds."""


def under_rules(result: Result, old: Activity, new: Activity) -> Judged:
    """Return what the comparison would have found by the rules of ``new``; CannotSay where that is open.

    ``old`` is the declaration that the result was made by.
    """
    changed = {name for name in Activity.model_fields if getattr(old, name) != getattr(new, name)}
    if others := sorted(changed - IDLE):
        raise CannotSay(f"{' and '.join(others)} changed, which decides what is exported and paired")
    rules = sorted(_changed_columns(old, new))
    if result.verdict is Verdict.INVALID:
        if rules or changed & {"coverage", "allow_empty"}:
            raise CannotSay("it could not be compared then, and its rules have changed since")
        return Judged(Differences(), result.reason)
    if "allow_empty" in changed and not (result.rows.legacy and result.rows.target):
        raise CannotSay("allow_empty changed, and a side has no rows")
    if rules:
        _refuse_other_pairs(result, new)
    found, left = differences_of(result), len(result.columns)
    for name in rules:
        _refuse_key(new, name)
        if _ignored(old, name) is not _ignored(new, name):
            found, left = _without(result, found, new, name), left - any(c.name == name for c in result.columns)
        else:
            found = _with_rule(result, found, name, (_rule(old, name), _rule(new, name)))
    return Judged(found, _invalid(result, new, left), not rules)


def _changed_columns(old: Activity, new: Activity) -> Iterator[str]:
    """Yield the columns whose rules say something else of a value."""
    for name in {*old.columns, *new.columns}:
        one, other = _rule(old, name), _rule(new, name)
        words = WORDS if bool(one.ignore) is bool(other.ignore) else set()
        if name not in old.columns or one.model_dump(exclude=words) != other.model_dump(exclude=words):
            yield name


def _rule(activity: Activity, name: str) -> ColumnRule:
    return activity.columns.get(name, ColumnRule())


def _ignored(activity: Activity, name: str) -> bool:
    return bool(_rule(activity, name).ignore)


def _refuse_other_pairs(result: Result, new: Activity) -> None:
    """Refuse results in which a column's rule may decide which rows are paired."""
    if not new.key or result.rows.duplicate_legacy or result.rows.duplicate_target:
        raise CannotSay("rules of columns changed, and rows were not paired by a unique key")
    if dict(result.extra.get("digest") or {}).get("mode") not in (None, "rows"):
        raise CannotSay("rules of columns changed, and digests were compared")


def _without(result: Result, found: Differences, new: Activity, name: str) -> Differences:
    """Return the differences when a column is ignored that was not."""
    if not _ignored(new, name):
        raise CannotSay(f"column {name} was ignored, so its values were not compared")
    if all(fact.name != name for fact in result.schema):
        raise CannotSay(f"its report knows no column {name}")
    return found.without(name)


def _refuse_key(activity: Activity, name: str) -> None:
    if name.lower() in {part.lower() for part in activity.key}:
        raise CannotSay(f"the rule of column {name} changed, by which rows are paired")


def _with_rule(result: Result, found: Differences, name: str, rules: tuple[ColumnRule, ColumnRule]) -> Differences:
    """Return the differences when a column has another rule, the first of ``rules`` being the old one."""
    old, new = rules
    _refuse_asymmetric(name, old, new)
    column = next((one for one in result.columns if one.name == name), None)
    if column is None:
        raise CannotSay(f"its report knows no column {name}")
    hidden = _hidden(result, name) if old.loosens else 0
    if hidden and new.loosens:
        raise CannotSay(f"the old rule of column {name} made values equal, which are not in its report")
    refuse_misfit(result, column, new)
    if old.money != new.money:
        found = found.without_money(name)
    if old.model_dump(include=SYMMETRIC) == new.model_dump(include=SYMMETRIC) or not column.different + hidden:
        return found
    again = differing_again(result, column, rules) if new.loosens else column.different + hidden
    return found.with_unknown(name, again, hidden)


def _hidden(result: Result, name: str) -> int:
    """Return how many rows only the old rule made equal in a column."""
    for one in result.loosened:
        if one.what == f"column {name}" and one.rows is not None:
            return one.rows
    raise CannotSay(f"its report does not count what the old rule of column {name} made equal")


def _refuse_asymmetric(name: str, old: ColumnRule, new: ColumnRule) -> None:
    differs = {part for part in ColumnRule.model_fields if getattr(old, part) != getattr(new, part)}
    if others := sorted(differs - SYMMETRIC - WORDS - {"money"}):
        raise CannotSay(f"{' and '.join(others)} of column {name} changed, which is applied to whole rows")


def _invalid(result: Result, new: Activity, left: int) -> str:
    """Return why the comparison would have been INVALID; ``left`` are the columns that are compared."""
    if not result.coverage:
        raise CannotSay("its report does not say how many columns there were")
    share = left / round(len(result.columns) / result.coverage)
    if new.coverage < 1 and share < new.coverage:
        return f"Coverage {share:.1%} is under its floor of {new.coverage:.1%}."
    if left < len(result.columns) and left <= len(new.key):
        raise CannotSay("hardly a column but the key is left")
    return ""
