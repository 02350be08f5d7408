"""Some 1,500 shapes of tables: types by pairs, keys, rules, nested and wide ones, each with rows.

A shape goes the way of the product: :func:`parity.flow.suite_run.digest.strategy.choose` plans it, and the
queries are those that a run would write. What they must answer is worked out here in plain Python.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import chain, count
from typing import Any
from zoneinfo import ZoneInfo

from parity.clients.athena_sql import Statement
from parity.flow.suite_run.digest.buckets import BucketDiff, BucketLines
from parity.flow.suite_run.digest.queries import (
    Side,
    columns_of,
    digest_query,
    legacy_side,
    rows_query,
    target_side,
)
from parity.flow.suite_run.digest.strategy import DigestPlan, choose
from parity.flow.suite_run.digest.survey import Surveyed
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql import reference
from parity.sql.columnar import QUARTERS
from parity.sql.columnar_types import agree_on_text, column_of
from parity.suite.models import Activity, Mode

SEED, SHAPES = 20260302, 1500
BERLIN = ZoneInfo("Europe/Berlin")
TABLE = "shape"
ROW = "row_number"
"""The first column of every shape numbers its rows."""
LETTERS = "aA zZ09\t\n\x1f\x00'\"\\%_;:?$,äßİłÅΩя中あ한🙂𐍈\U000e0101\U0010fffd\u0301\u200d\u00a0\ufeff\uffff"
NAMES = ("amount", "select", "a b", 'a"b', "ü", "x`y", "from", "n1", "_c", "günther's", "a.b", "1st", "😀")

Draw = Callable[[random.Random], Any]


@dataclass(frozen=True)
class TypePair:
    """One column's type on either side, as the engine reports it and as its SQL writes it, and its values."""

    legacy: str
    trino: str
    target: str
    spark: str
    draw: Draw


@dataclass(frozen=True)
class ShapeColumn:
    """A column with its values by row."""

    legacy: str
    target: str
    types: TypePair
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Shape:
    """A table on both sides, and the activity that compares them."""

    name: str
    columns: tuple[ShapeColumn, ...]
    rows: int
    activity: Activity
    buckets: int

    @property
    def legacy_sql(self) -> str:
        """The suite's query."""
        named = ", ".join(_quoted(column.legacy, '"') for column in self.columns)
        rows = self._rows([_trino(column.types.trino) for column in self.columns])
        return f"SELECT * FROM (VALUES {rows}) AS t ({named}){'' if self.rows else ' WHERE 1 = 0'}"

    @property
    def target_sql(self) -> str:
        """The target's table, as a query."""
        named = ", ".join(_quoted(column.target, "`") for column in self.columns)
        rows = self._rows([_spark(column.types.spark) for column in self.columns])
        return f"SELECT * FROM VALUES {rows} AS t({named}){'' if self.rows else ' WHERE 1 = 0'}"

    def _rows(self, writers: Sequence[Callable[[Any], str]]) -> str:
        cells = [
            [write(value) for value in c.values or (None,)] for write, c in zip(writers, self.columns, strict=True)
        ]
        return ",\n".join(f"({', '.join(row)})" for row in zip(*cells, strict=True))

    @property
    def plan(self) -> DigestPlan:
        """The strategy of a run."""
        listed = [[ExportColumn(c.legacy, c.types.legacy) for c in self.columns]]
        listed.append([ExportColumn(c.target, c.types.target) for c in self.columns])
        legacy, target = (Surveyed(self.rows, tuple(columns), version="delta-1") for columns in listed)
        return replace(choose(self.activity, Mode.DIGEST, 0, legacy, target), buckets=self.buckets)


@dataclass(frozen=True)
class Statements:
    """The digest and the rows of some buckets, as one engine is asked for them."""

    digest: str
    rows: str

    @property
    def mark(self) -> str:
        """Twelve digits that change with the texts."""
        return hashlib.sha256(f"{self.digest};{self.rows}".encode()).hexdigest()[:12]


def statements(shape: Shape, plan: DigestPlan, side: Side = "legacy") -> Statements:
    """Return what one engine is asked about a shape that is compared by digest."""
    legacy = legacy_side(Statement(shape.legacy_sql))
    engine = legacy if side == "legacy" else target_side()
    return Statements(digest_query(engine, plan), rows_query(engine, plan, buckets(shape, plan)))


def digests(shape: Shape, plan: DigestPlan) -> list[list[int]]:
    """Return the lines of both digests, in the order of their buckets, by plain Python."""
    found: dict[int, list[int]] = {}
    hashes = [_hashes(shape, plan, at) for at in range(shape.rows)]
    alone = Counter(key for key, _ in hashes)
    for at, (key, row) in enumerate(hashes):
        bucket = int(key[:7], 16) % plan.buckets
        line = found.setdefault(bucket, [bucket, 0, 0, 0, 0, 0, 0, 0])
        line[1] += 1
        line[2] += alone[key] > 1
        for place, start in enumerate(QUARTERS, 3):
            line[place] += int(row[start - 1 : start + 7], 16)
        line[-1] += _finer(shape, plan, at)
    return [found[bucket] for bucket in sorted(found)]


def buckets(shape: Shape, plan: DigestPlan) -> BucketDiff:
    """Return a difference of every other bucket."""
    lines = digests(shape, plan)[::2]
    seen = tuple(BucketLines(bucket, None, None) for bucket, *_ in lines)
    return BucketDiff(shape.rows, shape.rows, len(lines), len(lines), seen, False, 0, 0, "", ("", ""), 0)


def rows(shape: Shape, plan: DigestPlan) -> list[list[int]]:
    """Return number and non-NULL cells of each row that the query for rows returns, by plain Python."""
    inside = set(buckets(shape, plan).inside)
    always = {*(one.name for one in plan.by_value), *(one.name for one in plan.key)} if plan.by_value else set()
    found = []
    for at in range(shape.rows):
        shown = int(_hashes(shape, plan, at)[0][:7], 16) % plan.buckets in inside
        cells = [column.values[at] for column in shape.columns if shown or column.target in always]
        if cells:
            found.append([at, sum(cell is not None for cell in cells)])
    return found


def summed(plan: DigestPlan, answer: Iterable[Sequence[Any]]) -> list[list[int]]:
    """Return number and non-NULL cells of each row of an engine's answer."""
    place = plan.legacy.index(ROW)
    return sorted([int(row[place]), sum(cell is not None for cell in row)] for row in answer)


def _hashes(shape: Shape, plan: DigestPlan, at: int) -> tuple[str, str]:
    values = {column.target: column.values[at] for column in shape.columns}

    def md5(part: Sequence[Any]) -> str:
        return reference.md5(columns_of(part, "legacy"), [_utc(values[one.name]) for one in part])

    return md5(plan.key or plan.hashed), md5(plan.hashed)


def _finer(shape: Shape, plan: DigestPlan, at: int) -> int:
    names = {one.name for one in plan.hashed}
    values = [column.values[at] for column in shape.columns if column.target in names]
    return sum(isinstance(value, datetime) and bool(value.microsecond % 1000) for value in values)


def _utc(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo else value


# --- values as literals ---------------------------------------------------------------------------------------


def _quoted(name: str, mark: str) -> str:
    return mark + name.replace(mark, mark * 2) + mark


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}{_zone(value)}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _zone(value: datetime) -> str:
    """Return a zone by its name, or by its offset where a clock change repeats the hour."""
    if value.tzinfo is None or value.utcoffset() == value.replace(fold=1 - value.fold).utcoffset():
        return f" {value.tzinfo or ''}".rstrip()
    return " " + value.isoformat()[-len("+00:00") :]


def _trino(kind: str) -> Callable[[Any], str]:
    """Return how Trino is given a value of one of its types."""

    def written(value: Any) -> str:
        if isinstance(value, str):
            return f"CAST(from_utf8(X'{value.encode().hex()}') AS {kind})"
        if isinstance(value, tuple):
            return f"CAST({value[0]} AS {kind})"
        return _either(value, kind) or f"CAST({_text(_plain(value))} AS {kind})"

    return written


def _spark(kind: str) -> Callable[[Any], str]:
    """Return how Spark is given a value of one of its types."""

    def written(value: Any) -> str:
        if isinstance(value, str):
            return f"CAST(X'{value.encode().hex()}' AS STRING)"
        if isinstance(value, tuple):
            return f"CAST({value[1]} AS {kind})"
        return _either(value, kind) or f"CAST({_text(_plain(_utc(value)).removesuffix(' UTC'))} AS {kind})"

    return written


def _either(value: Any, kind: str) -> str:
    """Return what both engines are given alike; empty for other values."""
    if value is None:
        return f"CAST(NULL AS {kind})"
    if isinstance(value, bool):
        return str(value).upper()
    return f"X'{value.hex()}'" if isinstance(value, bytes) else ""


# --- types and their values ------------------------------------------------------------------------------------

INTEGERS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
DECIMALS = ((1, 0), (5, 2), (9, 9), (10, 2), (18, 0), (18, 18), (19, 0), (20, 4), (38, 0), (38, 10), (38, 38))
NESTED = (
    ("array", "array(integer)", "array<int>", ("ARRAY[1, NULL]", "array(1, NULL)")),
    ("map", "map(varchar, bigint)", "map<string,bigint>", ("MAP(ARRAY['a'], ARRAY[1])", "map('a', 1)")),
    ("row", "row(a integer, b varchar)", "struct<a:int,b:string>", ("ROW(1, 'x')", "struct(1, 'x')")),
    ("double", "double", "double", ("1.5E0", "1.5D")),
    ("float", "real", "float", ("0.1E0", "0.1D")),
)
"""Types without a common text: they travel by value."""


def _whole(bits: int, digits: int = 38) -> Draw:
    least, most = max(-(2 ** (bits - 1)), -(10**digits) + 1), min(2 ** (bits - 1), 10**digits) - 1
    return lambda dice: max(least, min(most, dice.choice((0, 1, -1, least, most, dice.randint(least, most)))))


def _exact(whole: int, scale: int) -> Draw:
    most = 10 ** (whole + scale) - 1

    def draw(dice: random.Random) -> Decimal:
        chosen = dice.choice((0, 1, -1, most, -most, dice.randint(-most, most)))
        return _scaled(max(-most, min(most, chosen)), scale)

    return draw


def _scaled(digits: int, scale: int) -> Decimal:
    return Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), -scale))


def _day(dice: random.Random) -> date:
    listed = ("0001-01-01", "1582-10-04", "1582-10-15", "1899-12-31", "1969-12-31", "1970-01-01", "9999-12-31")
    return dice.choice((date.fromisoformat(dice.choice(listed)), date.fromordinal(dice.randint(1, 3652059))))


def _moment(step: int, *, latest: int = 253402300799) -> Draw:
    """Draw times of whole ``step`` microseconds between years 1 and 9999."""

    def draw(dice: random.Random) -> datetime:
        if dice.random() < 0.4:
            seconds = dice.choice((-62135596800, -12219292801, -1, 0, 1774747799, 1774749600, latest))
            return datetime(1970, 1, 1) + timedelta(seconds=seconds, microseconds=0 if step == 10**6 else step)  # noqa: DTZ001
        micros = dice.randint(-62135596800, latest - 1) * 10**6 + dice.randrange(0, 10**6, step)
        return datetime(1970, 1, 1) + timedelta(microseconds=micros)  # noqa: DTZ001

    return draw


def _zoned(dice: random.Random) -> datetime:
    seconds = dice.choice((0, 1774747799, 1774749600, 1792890000, 1792893600, dice.randint(0, 4102444800)))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, milliseconds=5)).astimezone(BERLIN)


def _letters(most: int, *, padded: bool = False) -> Draw:
    def draw(dice: random.Random) -> str:
        text = "".join(dice.choices(LETTERS, k=dice.choice((0, 1, most, dice.randint(0, most)))))
        return text.rstrip(" ") if padded else text

    return draw


def _any_bytes(dice: random.Random) -> bytes:
    return dice.choice((b"", b"\x00", b"\xff\xfe", dice.randbytes(dice.randint(0, 20))))


_ROWS = TypePair("bigint", "bigint", "bigint", "bigint", lambda dice: dice.random())


@cache
def type_pairs() -> tuple[TypePair, ...]:
    """Return every pair of types that have one text."""
    return tuple(pair for pair in (*_numbers(), *_others()) if _has_text(pair))


def _has_text(pair: TypePair) -> bool:
    return not isinstance(agree_on_text(column_of("a", pair.legacy), column_of("a", pair.target)), str)


def _numbers() -> Iterator[TypePair]:
    for left, bits in INTEGERS.items():
        for right, more in INTEGERS.items():
            spark = right.replace("integer", "int")
            yield TypePair(left, left, spark, spark, _whole(min(bits, more)))
    for precision, scale in DECIMALS:
        decimal = f"decimal({precision},{scale})"
        for other, own in DECIMALS:
            whole, places = min(precision - scale, other - own), min(scale, own)
            right = f"decimal({other},{own})"
            yield TypePair(decimal, decimal, right, right, _exact(whole, places))
        for integer, bits in INTEGERS.items():
            spark = integer.replace("integer", "int")
            drawn = _whole(bits, precision - scale)
            yield TypePair(decimal, decimal, spark, spark, drawn)
            yield TypePair(integer, integer, decimal, decimal, drawn)


def _others() -> Iterator[TypePair]:
    yield TypePair("boolean", "boolean", "boolean", "boolean", lambda dice: dice.random() < 0.5)
    yield TypePair("date", "date", "date", "date", _day)
    for kind in ("timestamp", "timestamp_ntz"):
        yield TypePair("date", "date", kind, kind, _day)
        yield TypePair("timestamp", "timestamp(3)", "date", "date", _day)
        for digits, step in ((0, 10**6), (3, 1000), (6, 1), (9, 1)):
            yield TypePair("timestamp", f"timestamp({digits})", kind, kind, _moment(step))
        for digits in (3, 6):
            zoned = f"timestamp({digits}) with time zone"
            yield TypePair("timestamp with time zone", zoned, kind, kind, _zoned)
    yield TypePair("varchar", "varchar", "string", "string", _letters(30))
    yield TypePair("varchar", "varchar(9)", "string", "string", _letters(9))
    yield TypePair("char", "char(9)", "string", "string", _letters(9, padded=True))
    yield TypePair("varchar", "varchar", "char(9)", "string", _letters(9, padded=True))
    yield TypePair("varbinary", "varbinary", "binary", "binary", _any_bytes)


def _by_value() -> tuple[TypePair, ...]:
    return tuple(
        TypePair(legacy, trino, target, target, lambda _, texts=texts: texts)
        for legacy, trino, target, texts in NESTED
    )


# --- shapes -----------------------------------------------------------------------------------------------------


@cache
def shapes() -> tuple[Shape, ...]:
    """Return all shapes, the same ones each time: every pair of types with each kind of key, then mixtures."""
    dice = random.Random(SEED)
    drawn = (_shape(dice, [pair], key) for pair in type_pairs() for key in range(3))
    more = (_mixture(dice, at) for at in count())
    digested = (shape for shape in chain(drawn, more) if shape.plan.mode is Mode.DIGEST)
    return tuple(
        replace(shape, name=f"{at:04d} {shape.name}") for at, shape in zip(range(SHAPES), digested, strict=False)
    )


def _mixture(dice: random.Random, at: int) -> Shape:
    width = 130 if at % 100 == 0 else 40 if at % 25 == 0 else dice.randint(1, 8)
    nested = [dice.choice(_by_value())] if at % 4 == 0 else []
    return _shape(dice, [*dice.choices(type_pairs(), k=width), *nested], 0 if nested else dice.randrange(3))


def _shape(dice: random.Random, pairs: Sequence[TypePair], key: int) -> Shape:
    """Return a shape with these columns; the key is the row's number, the first two columns, or nothing."""
    rows = dice.choice((0, 1, 2, 5, 9))
    names = dice.sample(NAMES, min(len(NAMES), len(pairs)))
    names += [f"c{at}" for at in range(len(names), len(pairs))]
    columns = [ShapeColumn(ROW, ROW, _ROWS, tuple(range(rows)))]
    columns += [_column(dice, name, pair, rows) for name, pair in zip(names, pairs, strict=True)]
    keys = ([ROW], [column.target for column in columns[1:3] if column.types in type_pairs()], [])[key]
    rules = {column.target: rule for column in columns[1:] if (rule := _rule(dice, column, keys))}
    activity = {
        "name": "shape", "legacy": {"sql": "shape.sql"}, "target": {"table": TABLE}, "key": keys, "columns": rules,
    }  # fmt: skip
    types = ", ".join(f"{pair.trino}={pair.target}" for pair in pairs[:3]) + (
        f" … {len(pairs)}" * (len(pairs) > 3)
    )
    name = f"{types}; {rows} rows by {', '.join(keys) or 'nothing'}"
    return Shape(name, tuple(columns), rows, Activity.model_validate(activity), dice.choice((1, 2, 3, 1024)))


def _column(dice: random.Random, name: str, pair: TypePair, rows: int) -> ShapeColumn:
    few = [pair.draw(dice) for _ in range(3)]
    drawn = (dice.choice((None, pair.draw(dice), pair.draw(dice), dice.choice(few))) for _ in range(rows))
    target = dice.choice((name, name, name.upper() if name.isascii() else name))
    legacy = f"old_{name}" if dice.random() < 0.2 else name
    return ShapeColumn(legacy, target, pair, tuple(drawn))


def _rule(dice: random.Random, column: ShapeColumn, keys: Sequence[str]) -> dict[str, Any]:
    rule: dict[str, Any] = {} if column.legacy.lower() == column.target.lower() else {"legacy": column.legacy}
    if "char(9)" in (column.types.legacy, column.types.target) or column.types.trino == "char(9)":
        rule["trim"] = "right"
    elif column.target not in keys and dice.random() < 0.1:
        rule["ignore"] = "a reason"
    elif column.target not in keys and column.types.legacy.startswith("decimal"):
        rule["tolerance"] = "0.01"
    return rule
