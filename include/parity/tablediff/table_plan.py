"""Which tables and columns are compared, by which key, and what is left out: decided before any row is read."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field, replace

from parity.compare.result import NotCompared, Omission
from parity.sql.columns import FREE, NUMBERS, Column, Kind, agree
from parity.sql.keys import allows_lookup, same_order
from parity.suite.databases import Database, TableRules, matches
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
    """Both servers guarantee that no key occurs twice."""
    range_scannable: bool = False
    """Both servers scan the key in one order, so that the table can be cut into chunks."""
    keyless: bool = False
    rules: TableRules = field(default_factory=TableRules)
    not_compared: tuple[NotCompared, ...] = ()
    coverage: float = 1.0
    rows: int = 0
    """The servers' estimate, the larger of both."""
    consistent: bool = True
    """Both servers show the rows as of one snapshot, however long the table is read."""
    only_side: str = ""
    """The side that alone has the table: legacy or target."""
    one_sided: tuple[str, ...] = ()
    """Columns that one side alone has."""
    unreadable: tuple[str, ...] = ()
    """Columns whose type no rule covers."""
    refusal: str = ""
    """Why it cannot be compared at all."""
    refers_to: frozenset[str] = frozenset()
    definition_hashes: tuple[str, str] = ("", "")
    """Of both sides, as they were when this was planned."""

    @property
    def allows_lookup(self) -> bool:
        """Return whether single rows can be fetched by their key."""
        return not self.keyless and allows_lookup(self.key_legacy) and allows_lookup(self.key_target)


@dataclass(frozen=True)
class DatabasePlan:
    """All tables to compare, and those that are left out."""

    tables: tuple[TablePlan, ...]
    left_out: tuple[NotCompared, ...] = ()


def plan_database(
    spec: Database, legacy: dict[str, Table], target: dict[str, Table], names: Set[str] = frozenset()
) -> DatabasePlan:
    """Plan every wanted table; a name or a pattern that matches none is refused.

    ``names`` are those of everything on either side that is named as a table is: views and sequences as well.
    """
    plans, left_out = [], []
    for name in sorted(legacy.keys() | target.keys() | spec.tables.keys() | (spec.named_tables - names)):
        why = spec.exclusion(name) or spec.rules(name).ignore
        if why:
            left_out.append(NotCompared(f"table {name}", why, kind=Omission.IGNORED))
        else:
            plans.append(plan_table(name, legacy.get(name), target.get(name), spec.rules(name)))
    plans += [
        TablePlan(pattern, refusal=f"No table matches {pattern}, which is to be compared.")
        for pattern in sorted({*spec.include} - spec.named_tables - {"*"})
        if not any(matches(name, pattern) for name in (*legacy, *target, *names))
    ]
    return DatabasePlan(tuple(plans), tuple(left_out))


def plan_table(name: str, legacy: Table | None, target: Table | None, rules: TableRules) -> TablePlan:
    """Plan one table."""
    if legacy is None or target is None:
        return _plan_one_sided(name, legacy, target, rules)
    pairs, skipped = _pair_columns(legacy, target, rules)
    refusal = _refusal(name, pairs, skipped, rules)
    total = max(len(pairs) + len(skipped), 1)
    plan = TablePlan(
        name,
        tuple(a for a, _ in pairs),
        tuple(b for _, b in pairs),
        rules=rules,
        not_compared=(*skipped, *_former_rows(legacy, target)),
        coverage=len(pairs) / total,
        rows=max(legacy.rows, target.rows),
        consistent=legacy.consistent and target.consistent,
        refusal=refusal,
        refers_to=legacy.refers_to | target.refers_to,
        definition_hashes=(legacy.definition_hash, target.definition_hash),
        one_sided=tuple(s.column for s in skipped if s.kind is Omission.ONE_SIDED),
        unreadable=tuple(s.column for s in skipped if s.kind is Omission.NO_TEXT),
    )
    return plan if refusal else _with_key(plan, legacy, target)


def _former_rows(*sides: Table) -> tuple[NotCompared, ...]:
    why = "the table is system-versioned; only its current rows are compared"
    return (NotCompared("former rows", why),) if any(side.versioned for side in sides) else ()


def _plan_one_sided(name: str, legacy: Table | None, target: Table | None, rules: TableRules) -> TablePlan:
    found = legacy or target
    if found is None:
        return TablePlan(name, rules=rules, refusal=f"There is no table {name} on either side.")
    side = "legacy" if legacy else "target"
    return TablePlan(name, rules=rules, only_side=side, rows=found.rows, coverage=0.0)


def _pair_columns(
    legacy: Table, target: Table, rules: TableRules
) -> tuple[list[tuple[Column, Column]], list[NotCompared]]:
    exact = {c.name: c for c in legacy.columns}
    # Servers ignore the case of names; Python folds more of them, so the exact name goes first.
    folded = {c.name.lower(): c for c in legacy.columns}
    pairs: list[tuple[Column, Column]] = []
    skipped, used = [], set()
    for new in target.columns:
        rule = rules.columns.get(new.name)
        name = (rule.legacy if rule else None) or new.name
        old = exact.get(name) or folded.get(name.lower())
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
    unknown = sorted(set(rules.columns) - {b.name for _, b in pairs} - {s.column for s in skipped})
    if unknown:
        return f"Table {name} has no column {unknown[0]}, for which there is a rule."
    if rewritten := _rewritten(rules):
        return (
            f"Table {name}: the rule of column {rewritten} rewrites a side (an expression or a time zone). The "
            "servers' digests compare columns as they are stored, so it cannot be applied here."
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
    """Return what is wrong with a rule that can do nothing for its column; empty for none."""
    for old, new in pairs:
        kinds = {kind for one in (old, new) for kind in (one.kind, *(one.stored or ())[:1])}
        if part := _useless_part(rules.columns.get(new.name, ColumnRule()), kinds):
            return f"column {new.name} is {new.native}: {part} does not fit it. Leave it out of the rule."
    return ""


def _useless_part(rule: ColumnRule, kinds: Set[object]) -> str:
    """Return the part of a rule that can do nothing for columns of these kinds; empty for none."""
    if rule.for_texts and not kinds & FREE:
        return rule.for_texts[0]
    if rule.tolerance and rule.tolerance.time is not None and not kinds & _TIMES:
        return "a tolerance in time"
    if rule.tolerance and rule.tolerance.time is None and not kinds & NUMBERS:
        return "a numeric tolerance"
    return "a time zone" if rule.legacy_timezone and Kind.TIMESTAMP not in kinds else ""


def _with_key(plan: TablePlan, legacy: Table, target: Table) -> TablePlan:
    """Choose the key: that of the rules, else one that both sides guarantee, else the whole row."""
    names = {b.name: (a, b) for a, b in zip(plan.legacy, plan.target, strict=True)}
    unknown = [name for name in plan.rules.key if name not in names]
    if unknown:
        return replace(plan, refusal=f"Table {plan.name} has no compared column {unknown[0]} for its key.")
    pairs = {a.name: b.name for a, b in names.values()}
    shared = _shared_keys(legacy, target, pairs)
    chosen = _choose_key(plan.rules.key, shared)
    if chosen is None and not plan.rules.key:
        return replace(plan, keyless=True, key_legacy=plan.legacy, key_target=plan.target)
    columns = plan.rules.key or (chosen.columns if chosen else ())
    old, new = tuple(names[n][0] for n in columns), tuple(names[n][1] for n in columns)
    scannable = chosen is not None and chosen.range_scannable and same_order(old, new)
    return replace(plan, key_legacy=old, key_target=new, unique=chosen is not None, range_scannable=scannable)


def _choose_key(wanted: tuple[str, ...], shared: list[Key]) -> Key | None:
    if wanted:
        return next((key for key in shared if key.columns == wanted), None)
    return shared[0] if shared else None


def _shared_keys(legacy: Table, target: Table, renamed: dict[str, str]) -> list[Key]:
    """Return the keys that both sides have, under the target's names."""
    theirs = {tuple(renamed.get(c, "") for c in key.columns): key for key in legacy.keys}
    return [
        replace(key, range_scannable=key.range_scannable and theirs[key.columns].range_scannable)
        for key in target.keys
        if key.columns in theirs
    ]


def group_tables(plans: Sequence[TablePlan]) -> tuple[tuple[str, ...], ...]:
    """Return groups of tables that foreign keys connect, by name, the one with most rows first."""
    parent = {plan.name: plan.name for plan in plans}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for plan in plans:
        for other in plan.refers_to & parent.keys():
            parent[root(other)] = root(plan.name)
    groups: dict[str, list[TablePlan]] = {}
    for plan in plans:
        groups.setdefault(root(plan.name), []).append(plan)
    ordered = sorted(groups.values(), key=lambda group: -sum(plan.rows for plan in group))
    return tuple(tuple(plan.name for plan in group) for group in ordered)
