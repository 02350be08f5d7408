"""Estates of fifty activities from a seed: tables of both sides with rows, and what is true of them.

Nothing here knows how a draft guesses. What people do to tables in a migration is drawn: they rename, drop, add,
swap and retype columns, declare keys that are none, lose and repeat rows, and have not run half of it yet. What a
draft is shown, is counted from the rows as the engines would.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import md5
from random import Random
from typing import Any

from parity.draft.facts import ColumnFacts, TableFacts, Values

NOUN_TEXT = (
    "payment refund invoice shipment merchant card order_line ledger_entry chargeback payout dispute transfer"
    " mandate subscription voucher wallet device session campaign click impression claim policy quote contract"
    " supplier product price_list stock_move purchase_order tax_record exchange_rate customer_note loan deposit"
    " fee_plan settlement_batch audit_event address_change terminal"
)
NOUNS = NOUN_TEXT.split()
OWNERS = ("client", "customer", "merchant", "partner", "vendor", "account", "payment", "order")
DIMENSIONS = ("currency", "country", "channel", "scheme", "segment", "region", "product_type", "cost_center")
SYNONYMS = {
    "client": "customer",
    "merchant": "seller",
    "vendor": "supplier",
    "created": "opened",
    "amount": "value",
    "channel": "medium",
    "status": "state",
    "remark": "comment",
    "country": "nation",
}
ABBREVIATIONS = {
    "amount": "amt",
    "number": "no",
    "reference": "ref",
    "currency": "ccy",
    "customer": "cust",
    "merchant": "merch",
    "quantity": "qty",
    "date": "dt",
    "account": "acct",
    "description": "desc",
    "created": "crt",
    "status": "stat",
    "country": "ctry",
}
PER_ESTATE = 50


@dataclass
class Made:
    """A column on both sides with its values; ``None`` for a side that lacks it."""

    name: str
    type: str
    values: list[Any]
    target: str | None = ""
    target_type: str = ""
    legacy: bool = True


@dataclass(frozen=True)
class Case:
    """One activity: what a draft is shown, and what is true."""

    name: str
    legacy: TableFacts
    target: TableFacts
    declared: Mapping[str, str]
    keys: frozenset[frozenset[str]]
    """Every right key by target names; empty: there is none."""
    columns: Mapping[str, str]
    """Target by legacy name of the columns that hold the same thing."""
    count: Mapping[str, Callable[[Sequence[str]], int]] = field(repr=False, default_factory=dict)
    """Side → what counts the combinations of some columns, as an engine does."""


def estate(seed: int) -> list[Case]:
    """Return fifty activities; the same seed gives the same ones."""
    random = Random(seed)
    nouns = [random.choice(NOUNS) for _ in range(PER_ESTATE)]
    return [_Maker(Random(f"{seed}/{at}"), noun).case(f"a{at}") for at, noun in enumerate(nouns)]


class _Maker:
    def __init__(self, random: Random, noun: str) -> None:
        self.random, self.noun = random, noun
        small = self.chance(0.1)
        self.rows = random.randint(15, 80) if small else random.randint(150, 500)
        self.columns: list[Made] = []
        self.keys: list[frozenset[str]] = []
        self.start = datetime(2026, 3, 1, tzinfo=UTC)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # What a table is about.

    def case(self, name: str) -> Case:
        kind = self.random.choices(
            ["own", "number", "pair", "ordinal", "foreign", "natural", "versions", "none"],
            [35, 15, 15, 10, 8, 5, 5, 7],
        )[0]
        getattr(self, f"_{kind}")()
        for _ in range(self.random.randint(4, 16)):
            self._other()
        self._twin()
        keys = [set(key) for key in self.keys]
        self._migrate(keys)
        return self._case(name, keys)

    def column(self, name: str, kind: str, values: list[Any]) -> Made | None:
        if any(one.name == name for one in self.columns):
            return None
        made = Made(name, kind, values, name, "string" if kind.startswith("varchar") else kind)
        self.columns.append(made)
        return made

    def _ids(self, count: int, prefix: str) -> list[str]:
        taken = self.random.sample(range(10**6), count)
        return [f"{prefix}{number:07d}" for number in taken]

    def _own(self) -> None:
        name = self.random.choice([f"{self.noun}_id", f"{self.noun.split('_')[-1]}_id", "id", f"{self.noun}_uuid"])
        self.column(name, "string", self._ids(self.rows, self.noun[:2]))
        self.keys.append(frozenset({name}))
        if self.chance(0.25):
            other = f"{self.random.choice(['external', 'bank'])}_reference"
            self.column(other, "string", self._ids(self.rows, "X"))
            self.keys.append(frozenset({other}))

    def _number(self) -> None:
        name = self.random.choice([f"{self.noun}_id", "id"])
        start = self.random.randint(1, 10**6)
        self.column(name, self.random.choice(["int", "bigint"]), [start + at for at in range(self.rows)])
        self.keys.append(frozenset({name}))

    def _pair(self) -> None:
        owner, dimension = self.random.choice(OWNERS), self.random.choice(DIMENSIONS)
        each = self.random.randint(3, 8)
        owners = self._ids(-(-self.rows // each) + 1, "o")
        rows = [(one, f"{dimension[:2].upper()}{at}") for one in owners for at in range(each)]
        self._combined(self.random.sample(rows, self.rows), f"{owner}_id", dimension)

    def _combined(self, rows: list[tuple[Any, Any]], first: str, second: str, kind: str = "string") -> None:
        self.column(first, "string", [row[0] for row in rows])
        self.column(second, kind, [row[1] for row in rows])
        self.keys.append(frozenset({first, second}))

    def _ordinal(self) -> None:
        owner = self.random.choice(OWNERS)
        ordinal = self.random.choice(["line_no", "seq", "item_number", "leg", "version", "position"])
        mean, rows = self.random.choice([1, 3]), []
        for one in self._ids(self.rows, "o"):
            rows += [(one, at + 1) for at in range(self.random.randint(1, 2 * mean - 1))]
        self._combined(rows[: self.rows], f"{owner}_id", ordinal, "int")

    def _foreign(self) -> None:
        name = f"{self.random.choice(OWNERS)}_id"
        self.column(name, "string", self._ids(self.rows, "f"))
        self.keys.append(frozenset({name}))

    def _natural(self) -> None:
        name = f"{self.noun}_{self.random.choice(['number', 'code', 'no', 'reference'])}"
        self.column(name, "string", self._ids(self.rows, "N"))
        self.keys.append(frozenset({name}))

    def _versions(self) -> None:
        """An identifier that looks like a key, of which some rows are later versions, in the sample or not."""
        name, ids = f"{self.noun}_id", self._ids(self.rows, "v")
        again = self.rows // 20 if self.chance(0.5) else 0
        rows = [(one, 1) for one in ids[: self.rows - again]] + [(one, 2) for one in ids[:again]]
        self._combined(rows, name, self.random.choice(["version", "revision", "valid_from"]), "int")

    def _none(self) -> None:
        owners = self._ids(max(2, self.rows // 10), "n")
        self.column(f"{self.random.choice(OWNERS)}_id", "string", self.random.choices(owners, k=self.rows))

    # What else it holds.

    def _other(self) -> None:
        text, numbers = [self._category, self._text, self._person, self._pointer], [self._money, self._rate]
        plain = [self._moment, self._day, self._flag, self._count]
        maker = self.random.choice([*text, *numbers, *plain, self._category, self._money])
        maker()

    def _category(self) -> None:
        name = self.random.choice((*DIMENSIONS, "status", "reason_code", "source_system", "category"))
        values = [f"{name[:3].upper()}{at}" for at in range(self.random.randint(1, 12))]
        self.column(name, self.random.choice(["string", "string", "varchar(20)"]), self._drawn(values))

    def _text(self) -> None:
        name = self.random.choice(["remark", "description", "narrative", "title", "trading_name"])
        self.column(name, "string", ["".join(self.random.choices(string.ascii_letters, k=12)) for _ in self._each])

    @property
    def _each(self) -> range:
        return range(self.rows)

    def _drawn(self, values: Sequence[Any]) -> list[Any]:
        empty = self.random.choice([0, 0, 0.1])
        return [None if self.chance(empty) else self.random.choice(values) for _ in self._each]

    def _money(self) -> None:
        name = self.random.choice(
            ["amount", "gross_amount", "net_amount", "fee", "tax_amount", "balance", "price"]
        )
        top = self.random.choice([300, 10**7])
        values = [Decimal(self.random.randrange(top)) / 100 for _ in self._each]
        self.column(name, self.random.choice(["decimal(18,2)", "decimal(12,2)"]), values)

    def _rate(self) -> None:
        name = self.random.choice(["fx_rate", "rating", "share", "score"])
        self.column(name, "double", [self.random.random() for _ in self._each])

    def _moment(self) -> None:
        name = self.random.choice(["created_at", "updated_at", "settled_at", "received_at"])
        values = [self.start + timedelta(milliseconds=self.random.randrange(86_400_000)) for _ in self._each]
        self.column(name, "timestamp", values)

    def _day(self) -> None:
        name = self.random.choice(["due_date", "created_date", "booking_date", "contract_from", "expiry_date"])
        self.column(
            name, "date", [(self.start + timedelta(days=self.random.randrange(90))).date() for _ in self._each]
        )

    def _flag(self) -> None:
        name = self.random.choice(["is_active", "is_test", "approved", "is_refundable"])
        self.column(name, "boolean", [self.chance(0.8) for _ in self._each])

    def _count(self) -> None:
        name = self.random.choice(["clicks", "quantity", "attempts", "terms_days", "points"])
        self.column(name, "int", [self.random.randrange(self.random.choice([5, 5000])) for _ in self._each])

    def _person(self) -> None:
        name = self.random.choice(["email", "iban", "phone", "card_pan", "legal_name"])
        self.column(name, "string", self._ids(self.rows, name[:1]))

    def _pointer(self) -> None:
        """A reference to something else, which may be unique in the sample by chance."""
        top = self.random.choice([20, self.rows * 50])
        values = [f"p{self.random.randrange(top):07d}" for _ in self._each]
        self.column(f"{self.random.choice(OWNERS)}_{self.random.choice(['id', 'ref'])}", "string", values)

    def _twin(self) -> None:
        if self.chance(0.1):
            one = self.random.choice(self.columns)
            self.column(
                f"{one.name}_{self.random.choice(['orig', 'copy', 'reported'])}", one.type, list(one.values)
            )

    # What the migration does to it.

    def _migrate(self, keys: list[set[str]]) -> None:
        inside = {name for key in keys for name in key}
        camel = self.chance(0.12)
        for one in self.columns:
            if self.chance(0.06) and one.name not in inside:
                one.target = None
                continue
            one.target = self._renamed(one.name) if self.chance(0.08 if one.name in inside else 0.12) else one.name
            one.target = _camel(one.target) if camel else one.target
            one.target_type = self._retyped(one.type)
        self._unclash()
        self._swap()
        self._add()

    def _renamed(self, name: str) -> str:
        parts = name.split("_")
        ways = [lambda: f"{self.noun.split('_')[-1]}_{name}", lambda: f"src_{name}", lambda: f"{name}_value"]
        known = [one for one in (SYNONYMS, ABBREVIATIONS, ABBREVIATIONS) if any(part in one for part in parts)]
        ways += [lambda one=one: "_".join(one.get(part, part) for part in parts) for one in known]  # type: ignore[misc]
        if self.chance(0.1):
            return self.random.choice(["attr_1", "field_a", "col7", "ext_text", "misc"])
        return self.random.choice(ways)()

    def _retyped(self, kind: str) -> str:
        wider = {"int": "bigint", "decimal(12,2)": "decimal(18,4)", "date": "timestamp", "boolean": "int"}
        plain = "string" if kind.startswith("varchar") else kind
        return wider.get(kind, plain) if self.chance(0.15) else plain

    def _unclash(self) -> None:
        seen: set[str] = set()
        for one in self.columns:
            while one.target and one.target.lower() in seen:
                one.target += "_2"
            seen.add((one.target or "").lower())

    def _swap(self) -> None:
        """Let two columns of one type exchange their names."""
        there = [one for one in self.columns if one.target]
        pairs = [(a, b) for a in there for b in there if a.name < b.name and a.type == b.type]
        if pairs and self.chance(0.06):
            one, other = self.random.choice(pairs)
            one.target, other.target = other.target, one.target

    def _add(self) -> None:
        if self.chance(0.3):
            self._new("loaded_at", "timestamp", [self.start + timedelta(seconds=at) for at in self._each])
        if self.chance(0.1):
            self._new("row_hash", "string", self._ids(self.rows, "h"))
        if self.chance(0.1):
            self._new("surrogate_key", "bigint", list(self._each))
        money = [one for one in self.columns if one.type.startswith("decimal")]
        if money and self.chance(0.2):
            one = self.random.choice(money)
            copied = self.chance(0.5)
            values = one.values if copied else [value * 2 for value in one.values]
            self._new(f"{one.name}_eur", one.type, list(values))

    def _new(self, name: str, kind: str, values: list[Any]) -> None:
        if not any((one.target or "").lower() == name for one in self.columns):
            self.columns.append(Made(name, kind, values, name, kind, legacy=False))

    # What is shown of it.

    def _case(self, name: str, keys: list[set[str]]) -> Case:
        to_target = {one.name: one.target for one in self.columns if one.legacy and one.target}
        right = {frozenset(str(to_target[part]) for part in key) for key in keys}
        old = {one.name: one.values for one in self.columns if one.legacy}
        new = self._landed()
        table = self.random.choice(
            [f"{self.noun}s", f"fact_{self.noun}", f"stg_{self.noun}s", f"{self.noun}s_daily"]
        )
        legacy = _facts(table, {one.name: one.type for one in self.columns if one.legacy}, old)
        target = _facts(f"lake.{table}", {one.target: one.target_type for one in self.columns if one.target}, new)
        if self.chance(0.04):
            target = _unsampled(target)
        if self.chance(0.03):
            legacy = _unsampled(legacy)
        target = self._declared(target, right)
        copied = {old: str(new) for old, new in to_target.items()} if self.chance(0.1) else {}
        counters = {"legacy": _counter(old), "target": _counter(new)}
        return Case(
            name, legacy, target, copied, frozenset(right), {k: str(v) for k, v in to_target.items()}, counters
        )

    def _landed(self) -> dict[str, list[Any]]:
        """Return the target's values, with what its jobs got wrong."""
        there = [one for one in self.columns if one.target]
        values = {str(one.target): list(one.values) for one in there}
        if self.chance(0.2):
            broken = values[str(self.random.choice(there).target)]
            for at in self.random.sample(range(len(broken)), max(1, len(broken) // self.random.choice([10, 100]))):
                broken[at] = None if self.chance(0.3) else broken[at - 1]
        kept = list(range(len(next(iter(values.values())))))
        if self.chance(0.1):
            kept = kept[: -max(1, len(kept) // 50)]
        if self.chance(0.08):
            kept += kept[:3]
        return {name: [column[at] for at in kept] for name, column in values.items()}

    def _declared(self, target: TableFacts, right: set[frozenset[str]]) -> TableFacts:
        """Declare a key on the target, now and then one that is none."""
        key: Sequence[str] = ()
        if self.chance(0.3):
            names = [column.name for column in target.columns]
            wrong = self.chance(0.12) or not right
            key = [self.random.choice(names)] if wrong else sorted(min(right, key=sorted))
        return replace(target, key=tuple(key))


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _facts(name: str, types: Mapping[str, str], values: Mapping[str, list[Any]]) -> TableFacts:
    columns = [ColumnFacts(column, kind, _values(kind, values[column])) for column, kind in types.items()]
    return TableFacts(name, tuple(columns), rows=len(next(iter(values.values()))))


def _unsampled(table: TableFacts) -> TableFacts:
    return TableFacts(table.name, tuple(ColumnFacts(one.name, one.type) for one in table.columns))


def _values(kind: str, values: list[Any]) -> Values:
    known = [one for one in values if one is not None]
    if kind == "double":
        return Values(len(values) - len(known), len(set(known)))
    hashes = [int(md5(_text(kind, one).encode()).hexdigest()[:8], 16) for one in known]
    low, high = (min(hashes), max(hashes)) if hashes else (None, None)
    return Values(len(values) - len(known), len(set(known)), sum(hashes), low, high)


def _text(kind: str, value: Any) -> str:
    """Write a value as both engines do: numbers with one scale, days and times to the second."""
    if kind == "boolean":
        return "1" if value else "0"
    if kind in ("date", "timestamp"):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int | Decimal):
        return f"{Decimal(value):.10f}"
    return str(value)


def _counter(values: Mapping[str, list[Any]]) -> Callable[[Sequence[str]], int]:
    def count(names: Sequence[str]) -> int:
        rows = zip(*(values[name] for name in names), strict=True)
        return len({row for row in rows if None not in row})

    return count
