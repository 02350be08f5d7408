"""The columns that a suite names on each side, and whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from parity.doctor.line import Finding, missing, ok, unreadable
from parity.suite.databases import TableRules
from parity.suite.models import Activity
from parity.wording import did_you_mean, fold

Named = Activity | TableRules
"""What names keys and columns."""


def legacy_names(activity: Named) -> dict[str, str]:
    """Return the columns that the suite names on the legacy side, and what for."""
    names = {_legacy(activity, key): "key" for key in activity.key if not _computed(activity, key, "legacy_sql")}
    for name, rule in activity.columns.items():
        if not rule.legacy_sql and not rule.ignore:
            names.setdefault(rule.legacy or name, "rule")
    return names


def target_names(activity: Named) -> dict[str, str]:
    """Return the columns that the suite names on the target side, and what for."""
    names = {key: "key" for key in activity.key if not _computed(activity, key, "target_sql")}
    for name, rule in activity.columns.items():
        if not rule.target_sql and not rule.ignore:
            names.setdefault(name, "rule")
    return names


def _legacy(activity: Named, name: str) -> str:
    rule = activity.columns.get(name)
    return (rule.legacy if rule else None) or name


def _computed(activity: Named, name: str, part: str) -> bool:
    return bool(getattr(activity.columns.get(name), part, None))


def judge_columns(
    kind: str, name: str, wanted: Mapping[str, str], found: Sequence[str] | None
) -> Iterator[Finding]:
    """Judge whether columns that a suite names are there; the case of letters does not count."""
    if found is None:
        yield unreadable(kind, name, "The text of the query does not show all of its columns; the run will.")
        return
    known = {fold(one) for one in found}
    lacking = {one: use for one, use in wanted.items() if fold(one) not in known}
    for column, use in lacking.items():
        what = f"There is no {'key ' if use == 'key' else ''}column {column!r}."
        yield missing(kind, name, what, did_you_mean(column, found))
    if not lacking:
        keys = [one for one, use in wanted.items() if use == "key"]
        yield ok(kind, name, f"key {', '.join(keys)}" if keys else "no key: whole rows are compared")
