"""Which tables and columns are compared, under which key, and what is left out: decided before any row is read."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field, replace

from parity.compare.result import NotCompared, Omission
from parity.sql.columns import FREE, NUMBERS, Column, Kind, agree
from parity.sql.keys import allows_lookup, same_order
from parity.suite.databases import Database, TableRules, fits
from parity.suite.models import ColumnRule
from parity.tablediff.mysql.catalogue import Key, Table
from parity.wording import plural

_TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})


@dataclass(frozen=True)
class TablePlan:
    """How one table is compared."""

    name: str
    legacy: tuple[Column, ...] = ()
    """Compared columns in the agreed form, key included, in the target's order."""
    target: tuple[Column, ...] = ()
    key_legacy: tuple[Column, ...] = ()
    """Empty until chosen; all columns when rows are compared as a multiset."""
    key_target: tuple[Column, ...] = ()
    unique: bool = False
    """Both servers guarantee that the key occurs once."""
    walkable: bool = False
    """Both servers walk the key in one order, so that the table can be cut into spans."""
    keyless: bool = False
    rules: TableRules = field(default_factory=TableRules)
    not_compared: tuple[NotCompared, ...] = ()
    coverage: float = 1.0
    rows: int = 0
    """The servers' estimate, the larger of both."""
    consistent: bool = True
    """Both servers show the rows as of one snapshot, however long the table is read."""
    only: str = ""
    """The side that alone has the table: legacy or target."""
    one_sided: tuple[str, ...] = ()
    """Columns that one side alone has."""
    unreadable: tuple[str, ...] = ()
    """Columns whose type no rule covers."""
    refusal: str = ""
    """Why it cannot be compared at all."""
    refers_to: frozenset[str] = frozenset()
    marks: tuple[str, str] = ("", "")
    """Of both sides' definitions, from which all of this was made."""

    @property
    def allows_lookup(self) -> bool:
        """Tell whether single rows can be asked for by their key."""
        return not self.keyless and allows_lookup(self.key_legacy) and allows_lookup(self.key_target)


@dataclass(frozen=True)
class DatabasePlan:
    """All tables to compare, and those that are left out."""

    tables: tuple[TablePlan, ...]
    left_out: tuple[NotCompared, ...] = ()


def plan_database(
    spec: Database, legacy: dict[str, Table], target: dict[str, Table], names: Set[str] = frozenset()
) -> DatabasePlan:
    """Plan every wanted table; one that is nowhere to be found is refused, by name or by pattern.

    ``names`` are those of everything on either side that is called as a table is: views and sequences as well.
    """
    plans, left_out = [], []
    for name in sorted(legacy.keys() | target.keys() | spec.tables.keys() | (spec.named - names)):
        why = spec.wants(name) or spec.rules(name).ignore
        if why:
            left_out.append(NotCompared(f"table {name}", why, kind=Omission.IGNORED))
        else:
            plans.append(plan_table(name, legacy.get(name), target.get(name), spec.rules(name)))
    plans += [
        TablePlan(pattern, refusal=f"No table matches {pattern}, which is to be compared.")
        for pattern in sorted({*spec.include} - spec.named - {"*"})
        if not any(fits(name, pattern) for name in (*legacy, *target, *names))
    ]
    return DatabasePlan(tuple(plans), tuple(left_out))


def plan_table(name: str, legacy: Table | None, target: Table | None, rules: TableRules) -> TablePlan:
    """Plan one table."""
    if legacy is None or target is None:
        return _lonely(name, legacy, target, rules)
    pairs, skipped = _columns(legacy, target, rules)
    refusal = _refusal(name, pairs, skipped, rules)
    total = max(len(pairs) + len(skipped), 1)
    plan = TablePlan(
        name,
        tuple(a for a, _ in pairs),
        tuple(b for _, b in pairs),
        rules=rules,
        not_compared=(*skipped, *_history(legacy, target)),
        coverage=len(pairs) / total,
        rows=max(legacy.rows, target.rows),
        consistent=legacy.consistent and target.consistent,
        refusal=refusal,
        refers_to=legacy.refers_to | target.refers_to,
        marks=(legacy.mark, target.mark),
        one_sided=tuple(s.column for s in skipped if s.kind is Omission.ONE_SIDED),
        unreadable=tuple(s.column for s in skipped if s.kind is Omission.NO_TEXT),
    )
    return plan if refusal else _with_key(plan, legacy, target)


def _history(*sides: Table) -> tuple[NotCompared, ...]:
    why = "the table is system-versioned; only its current rows are compared"
    return (NotCompared("former rows", why),) if any(side.versioned for side in sides) else ()


def _lonely(name: str, legacy: Table | None, target: Table | None, rules: TableRules) -> TablePlan:
    found = legacy or target
    if found is None:
        return TablePlan(name, rules=rules, refusal=f"There is no table {name} on either side.")
    only = "legacy" if legacy else "target"
    return TablePlan(name, rules=rules, only=only, rows=found.rows, coverage=0.0)


def _columns(
    legacy: Table, target: Table, rules: TableRules
) -> tuple[list[tuple[Column, Column]], list[NotCompared]]:
    olds = {c.name: c for c in legacy.columns}
    # Servers take names that differ in case for one; Python folds more of them, so the exact name goes first.
    folded = {c.name.lower(): c for c in legacy.columns}
    pairs: list[tuple[Column, Column]] = []
    skipped, used = [], set()
    for new in target.columns:
        rule = rules.columns.get(new.name)
        name = (rule.legacy if rule else None) or new.name
        old = olds.get(name) or folded.get(name.lower())
        used |= {old.name} if old else set()
        left_out = _left_out(old, new, rule.ignore if rule else None)
        if left_out:
            skipped.append(left_out)
        elif old:
            pairs.append(agree(old, new))
    skipped += [_one_sided(c, "legacy") for c in legacy.columns if c.name not in used]
    return pairs, skipped


def _one_sided(column: Column, side: str) -> NotCompared:
    return NotCompared(
        f"column {column.name}", f"is on the {side} side only", kind=Omission.ONE_SIDED, column=column.name
    )


def _left_out(old: Column | None, new: Column, ignored: str | None) -> NotCompared | None:
    """Return why a column of the target is left out, or None when it is compared."""
    what = f"column {new.name}"
    if ignored:
        return NotCompared(what, f"ignored: {ignored}", kind=Omission.IGNORED, column=new.name)
    if old is None:
        return _one_sided(new, "target")
    unknown = [c.native for c in (old, new) if c.kind is Kind.UNKNOWN]
    if unknown:
        why = f"its type {unknown[0]} has no canonical text"
        return NotCompared(what, why, kind=Omission.NO_TEXT, column=new.name)
    return None


def _refusal(name: str, pairs: list[tuple[Column, Column]], skipped: list[NotCompared], rules: TableRules) -> str:
    ghosts = sorted(set(rules.columns) - {b.name for _, b in pairs} - {s.column for s in skipped})
    if ghosts:
        return f"Table {name} has no column {ghosts[0]}, for which there is a rule."
    if rewritten := _rewritten(rules):
        return (
            f"Table {name}: the rule of column {rewritten} rewrites a side (an expression or a time zone). The "
            "servers' digests compare columns as they are stored, so it cannot be obeyed here."
        )
    if unfit := _unfit(pairs, rules):
        return f"Table {name}: {unfit}"
    if not pairs:
        return f"Table {name} has no column that both sides share."
    if len(pairs) / (len(pairs) + len(skipped)) < rules.coverage < 1.0:
        return f"Table {name}: only {len(pairs)} of {plural(len(pairs) + len(skipped), 'column')} can be compared."
    return ""


def _rewritten(rules: TableRules) -> str:
    """Return a column whose rule could make equal stored values unequal; a digest would never show it."""
    return next(
        (
            name
            for name, rule in sorted(rules.columns.items())
            if rule.legacy_sql or rule.target_sql or rule.legacy_timezone != rule.target_timezone
        ),
        "",
    )


def _unfit(pairs: list[tuple[Column, Column]], rules: TableRules) -> str:
    """Return what is wrong with a rule that no value of its column could obey; empty for none."""
    for old, new in pairs:
        kinds = {kind for one in (old, new) for kind in (one.kind, *(one.stored or ())[:1])}
        if part := _idle_part(rules.columns.get(new.name, ColumnRule()), kinds):
            return f"column {new.name} is {new.native}: {part} does not fit it. Leave it out of the rule."
    return ""


def _idle_part(rule: ColumnRule, kinds: Set[object]) -> str:
    """Return the part of a rule that can do nothing for columns of these kinds; empty for none."""
    if rule.for_texts and not kinds & FREE:
        return rule.for_texts[0]
    if rule.tolerance and rule.tolerance.time is not None and not kinds & _TIMES:
        return "a tolerance in time"
    if rule.tolerance and rule.tolerance.time is None and not kinds & NUMBERS:
        return "a numeric tolerance"
    return "a time zone" if rule.legacy_timezone and Kind.TIMESTAMP not in kinds else ""


def _with_key(plan: TablePlan, legacy: Table, target: Table) -> TablePlan:
    """Choose the key: the rules', else one that both sides guarantee, else the whole row."""
    names = {b.name: (a, b) for a, b in zip(plan.legacy, plan.target, strict=True)}
    unknown = [name for name in plan.rules.key if name not in names]
    if unknown:
        return replace(plan, refusal=f"Table {plan.name} has no compared column {unknown[0]} for its key.")
    pairs = {a.name: b.name for a, b in names.values()}
    shared = _shared_keys(legacy, target, pairs)
    chosen = _chosen(plan.rules.key, shared)
    if chosen is None and not plan.rules.key:
        return replace(plan, keyless=True, key_legacy=plan.legacy, key_target=plan.target)
    columns = plan.rules.key or (chosen.columns if chosen else ())
    olds, news = tuple(names[n][0] for n in columns), tuple(names[n][1] for n in columns)
    walkable = chosen is not None and chosen.walkable and same_order(olds, news)
    return replace(plan, key_legacy=olds, key_target=news, unique=chosen is not None, walkable=walkable)


def _chosen(asked: tuple[str, ...], shared: list[Key]) -> Key | None:
    if asked:
        return next((key for key in shared if key.columns == asked), None)
    return shared[0] if shared else None


def _shared_keys(legacy: Table, target: Table, renamed: dict[str, str]) -> list[Key]:
    """Return the keys that both sides have, under the target's names."""
    olds = {tuple(renamed.get(c, "") for c in key.columns): key for key in legacy.keys}
    return [
        replace(key, walkable=key.walkable and olds[key.columns].walkable)
        for key in target.keys
        if key.columns in olds
    ]
