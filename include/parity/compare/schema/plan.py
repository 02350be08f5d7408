"""Decides, before a row is read, what is compared with what, how, and what is left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from parity.compare.common_type import find_common_type, with_intervals
from parity.compare.result import NotCompared, SchemaFact
from parity.compare.schema.expressions import refuse_non_scalar
from parity.compare.schema.rules import (
    EqualityRule,
    equality_rule,
    hashed,
    refuse_duplicate_rules,
    refuse_idle_zones,
    refuse_unions,
)
from parity.compare.session import DuckSession, ident, text
from parity.compare.sources.relations import Side
from parity.compare.spec import Spec
from parity.compare.types import CommonType, DataType, ValueKind, data_type, fill
from parity.errors import BadInput, CouldNotCompare
from parity.suite.models import ColumnRule
from parity.wording import did_you_mean, fold


@dataclass(frozen=True)
class RawColumn:
    """One side of a column: SQL over a raw row, its type, and a template to the common type."""

    sql: str
    kind: DataType
    cast: str

    @property
    def prepared(self) -> str:
        """Return the SQL of the column in its common type, over a raw row."""
        return fill(self.cast, f"({self.sql})")


@dataclass(frozen=True)
class PlannedColumn:
    """One compared column: where it comes from on each side, its common type ``sql``, and its rule."""

    index: int
    name: str
    kind: ValueKind
    sql: str
    scale: int
    rule: ColumnRule
    key: bool
    legacy: RawColumn
    target: RawColumn
    equality_rule: EqualityRule

    def raw(self, side: str) -> RawColumn:
        """Return where the column comes from on a side."""
        return self.legacy if side == "legacy" else self.target

    @property
    def value(self) -> str:
        """Return the column's name in a prepared relation."""
        return f"v{self.index}"

    def canonical(self, table: str = "") -> str:
        """Return the canonical value of this column in ``table``."""
        return fill(self.equality_rule.canonical, f"{table}.{self.value}" if table else self.value)

    @property
    def equal(self) -> str:
        """Return the test that the values of ``l`` and ``t`` are equal under the rule; never NULL."""
        return fill(self.equality_rule.equal, self.canonical("l"), self.canonical("t"))

    @property
    def identical(self) -> str:
        """Return the test that the values of ``l`` and ``t`` are equal without the rule."""
        return f"l.{self.value} IS NOT DISTINCT FROM t.{self.value}"

    def hashed(self, table: str = "") -> tuple[str, str]:
        """Return two ways to write this column's canonical value for a hash."""
        return hashed(self.kind, self.sql, self.canonical(table))

    @property
    def stored(self) -> tuple[str, str]:
        """Return two ways to write the value that no rule has touched for a hash."""
        return hashed(self.kind, self.sql, self.value)

    @property
    def numbers_as_text(self) -> bool:
        """Return whether both sides hold numbers that have no common type but their digits."""
        return self.kind is ValueKind.TEXT and self.legacy.kind.numeric and self.target.kind.numeric

    @property
    def loosened(self) -> bool:
        """Return whether the rule can make two different values equal."""
        return bool(self.equality_rule.hidden)


@dataclass(frozen=True)
class ComparisonPlan:
    """The compared columns (keys included), schema facts, and what is left out."""

    columns: tuple[PlannedColumn, ...]
    schema: tuple[SchemaFact, ...]
    left_out: tuple[NotCompared, ...]
    ignored: int
    total_columns: int
    """Columns of either side, those that a rule ignores included."""
    keyless: bool
    secrets: tuple[str, ...] = ()
    """Queries of the sensitive texts (``cell``) that are not compared."""

    @property
    def schema_differences(self) -> tuple[SchemaFact, ...]:
        """Return the columns whose very schema differs; an SQL expression of the suite settles a type."""
        return tuple(f for f in self.schema if f.verdict in ("incompatible", "legacy_only", "target_only"))

    @property
    def key(self) -> tuple[PlannedColumn, ...]:
        """Return the columns that find a row's partner; all of them when no key was given."""
        return self.columns if self.keyless else tuple(c for c in self.columns if c.key)

    @property
    def values(self) -> tuple[PlannedColumn, ...]:
        """Return the columns whose values are compared once the partner is found."""
        return () if self.keyless else tuple(c for c in self.columns if not c.key)

    def prepared(self, side: str, relation: str) -> str:
        """Return the query of a side's prepared rows: every compared value in its common type."""
        parts = (f"{c.raw(side).prepared} AS {c.value}" for c in self.columns)
        return f"SELECT {', '.join(parts)} FROM {relation}"


@dataclass(frozen=True)
class _Pair:
    name: str
    rule: ColumnRule
    legacy: str
    target: str
    """SQL over the raw row; empty when that side has no such column."""

    @property
    def only(self) -> str:
        """Return the one side that has the column; empty when both have it."""
        return "" if self.legacy and self.target else "legacy" if self.legacy else "target"


def plan_comparison(session: DuckSession, legacy: Side, target: Side, spec: Spec) -> ComparisonPlan:
    """Pair the columns, find their common types and turn their rules into SQL."""
    pairs = _pair(legacy.columns, target.columns, spec.columns)
    key = _key_names(spec.key, pairs)
    ignored = [pair for pair in pairs if pair.rule.ignore]
    if any(pair.rule.json_equal or pair.rule.tolerance for pair in pairs):
        session.add_functions()
    for pair in pairs:
        _check_rule(session, pair)
    both = [pair for pair in pairs if not (pair.only or pair.rule.ignore)]
    left = _types(session, legacy.relation, [pair.legacy for pair in both])
    right = _types(session, target.relation, [pair.target for pair in both])
    columns, schema = [], []
    for at, (pair, one, other) in enumerate(zip(both, left, right, strict=True)):
        refuse_idle_zones(pair.name, pair.rule, one, other)
        refuse_unions(pair.name, (one, other))
        apart = pair.rule.tolerance is not None and pair.rule.tolerance.time is not None
        common = find_common_type(one, other, pair.rule.legacy_timezone, pair.rule.target_timezone, moments=apart)
        if pair.rule.legacy_sql or pair.rule.target_sql:
            common = with_intervals(common)
        schema.append(_fact(pair, one, other, common))
        sides = RawColumn(pair.legacy, one, common.legacy), RawColumn(pair.target, other, common.target)
        columns.append(_column(at, pair, common, sides, (pair.name in key, not spec.key)))
    return ComparisonPlan(
        tuple(columns),
        (*schema, *_one_sided(pairs, legacy.columns, target.columns)),
        (
            *(NotCompared(f"column {pair.name}", why) for pair in pairs if (why := _left_out(pair))),
            *legacy.notes,
            *target.notes,
        ),
        len(ignored),
        len(pairs),
        not spec.key,
        tuple(
            f"SELECT ({sql})::VARCHAR AS cell FROM {side.relation}"
            for pair in pairs
            if pair.rule.sensitive and pair not in both
            for sql, side in ((pair.legacy, legacy), (pair.target, target))
            if sql
        ),
    )


def _check_rule(session: DuckSession, pair: _Pair) -> None:
    """Evaluate a rule's expressions and zones once, so that a mistake is reported before any row is read."""
    for sql in filter(None, (pair.rule.legacy_sql, pair.rule.target_sql)):
        refuse_non_scalar(session, sql, f"Column {pair.name}")
    zones = filter(None, (pair.rule.legacy_timezone, pair.rule.target_timezone))
    tries = [f"timezone({text(zone)}, TIMESTAMP '2026-01-01')" for zone in zones]
    if pair.rule.replace:
        pattern, new = pair.rule.replace
        tries.append(f"regexp_replace('', {text(pattern)}, {text(new)}, 'g')")
    for one in tries:
        try:
            session.rows(f"SELECT {one}")
        except CouldNotCompare as error:
            reason = " ".join(str(error.__cause__).split(":", 1)[-1].split())
            raise BadInput(f"Column {pair.name}: {reason}") from error


def _fact(pair: _Pair, one: DataType, other: DataType, common: CommonType) -> SchemaFact:
    """Return the verdict on a pair of types; an SQL expression of the suite settles what was incompatible."""
    if common.verdict == "incompatible" and (pair.rule.legacy_sql or pair.rule.target_sql):
        return SchemaFact(pair.name, one.sql, other.sql, "narrowed", f"SQL expression; {common.note}")
    return SchemaFact(pair.name, one.sql, other.sql, common.verdict, common.note)


def _column(
    at: int, pair: _Pair, common: CommonType, sides: tuple[RawColumn, RawColumn], role: tuple[bool, bool]
) -> PlannedColumn:
    key, keyless = role
    if sides[0].kind.untyped and sides[1].kind.untyped:
        # There is no type that a tolerance could miss.
        pair = replace(pair, rule=pair.rule.model_copy(update={"tolerance": None}))
    digits = sides[0].kind.numeric and sides[1].kind.numeric
    rule = equality_rule(pair.name, pair.rule, common.kind, common.sql, key or keyless, digits=digits)
    return PlannedColumn(at, pair.name, common.kind, common.sql, common.scale, pair.rule, key, *sides, rule)


def _types(session: DuckSession, relation: str, expressions: list[str]) -> list[DataType]:
    if not expressions:
        raise BadInput("The two sides have no column in common.", remedy="Rename columns with `legacy:`.")
    selected = ", ".join(f"({sql}) AS u{at}" for at, sql in enumerate(expressions))
    return [data_type(kind) for _, kind in session.describe(f"SELECT {selected} FROM {relation}")]


def _pair(
    legacy: Mapping[str, DataType], target: Mapping[str, DataType], rules: Mapping[str, ColumnRule]
) -> list[_Pair]:
    """Match the columns of both sides by rule, by name, and then by name without regard to case."""
    _refuse_unknown(legacy, target, rules)
    renamed = {_find(rule.legacy, legacy) for rule in rules.values() if rule.legacy}
    folded = {fold(name): name for name in rules}
    pairs: list[_Pair] = []
    used: set[str] = set()
    for name in [*target, *(rule for rule in rules if _find(rule, target) is None and rules[rule].target_sql)]:
        rule = rules.get(name) or rules.get(folded.get(fold(name), ""), ColumnRule())
        own = _find(rule.legacy, legacy) if rule.legacy else _find(name, legacy, without=renamed)
        used |= {own} if own else set()
        left = rule.legacy_sql or (ident(own) if own else "")
        pairs.append(_Pair(name, rule, left, rule.target_sql or ident(name)))
    for name, rule in rules.items():
        own = _find(rule.legacy, legacy) if rule.legacy else None
        if own and _find(name, target) is None and not rule.target_sql:
            used.add(own)
            pairs.append(_Pair(name, rule, rule.legacy_sql or ident(own), ""))
    for name in legacy:
        if name not in used:
            rule = rules.get(name) or rules.get(folded.get(fold(name), ""), ColumnRule())
            if rule.legacy:
                rule = ColumnRule()  # That rule is for another column, which it renames to this one's name.
            pairs.append(_Pair(name, rule, rule.legacy_sql or ident(name), ""))
    return pairs


def _find(name: str, names: Collection[str], without: Collection[str | None] = ()) -> str | None:
    """Return the column called ``name``; failing that, the only one that differs from it by case alone."""
    if name in names and name not in without:
        return name
    near = [one for one in names if one not in without and fold(one) == fold(name)]
    return near[0] if len(near) == 1 else None


def _refuse_unknown(
    legacy: Mapping[str, DataType], target: Mapping[str, DataType], rules: Mapping[str, ColumnRule]
) -> None:
    refuse_duplicate_rules(rules, {*target, *legacy})
    for name, rule in rules.items():
        if rule.legacy and _find(rule.legacy, legacy) is None and not rule.ignore:
            raise BadInput(
                f"Column {name}: the legacy side has no column {rule.legacy!r}.",
                remedy=did_you_mean(rule.legacy, legacy),
            )
        derived = rule.legacy_sql and rule.target_sql
        if (
            _find(name, target) is None
            and _find(name, legacy) is None
            and not (derived or rule.target_sql or rule.legacy)
        ):
            raise BadInput(
                f"A rule names column {name!r}, which neither side has.",
                remedy=did_you_mean(name, [*target, *legacy]),
            )


def _key_names(key: tuple[str, ...], pairs: list[_Pair]) -> set[str]:
    """Return the pairs that the key names, by target name or, for a renamed column, by legacy name."""
    found = set()
    # A legacy column may still have the name that another one was given: the pair of both sides comes last.
    names = {pair.name: pair for pair in sorted(pairs, key=lambda pair: not pair.only)}
    for part in key:
        name = _find(part, names) or next((p.name for p in pairs if p.rule.legacy == part), None)
        if name is None:
            raise BadInput(f"The key column {part!r} is on neither side.", remedy=did_you_mean(part, names))
        pair = names[name]
        if pair.rule.ignore or pair.only:
            missing = f"missing on the {'target' if pair.legacy else 'legacy'} side"
            side = "ignored by a rule" if pair.rule.ignore else missing
            raise BadInput(
                f"The key column {part!r} is {side}.", remedy="Rename it with `legacy:`, or choose another key."
            )
        found.add(name)
    return found


def _one_sided(
    pairs: list[_Pair], legacy: Mapping[str, DataType], target: Mapping[str, DataType]
) -> list[SchemaFact]:
    facts = []
    for pair in pairs:
        if pair.only and not pair.rule.ignore:
            side = legacy if pair.legacy else target
            own = _find((pair.rule.legacy if pair.legacy else None) or pair.name, side)
            kind = side[own].sql if own else None
            left, right = (kind, None) if pair.legacy else (None, kind)
            facts.append(SchemaFact(pair.name, left, right, f"{pair.only}_only"))
    return facts


def _left_out(pair: _Pair) -> str:
    """Return why a column is not compared as it is stored; empty when it is."""
    if pair.rule.ignore:
        return f"ignored: {pair.rule.ignore}"
    if pair.only:
        return f"only on the {pair.only} side"
    rewritten = pair.rule.legacy_sql or pair.rule.target_sql
    return "compared through an SQL expression, not as stored" if rewritten else ""
