"""A slow, obvious comparison in plain Python: the judge of the product, with which it shares no line.

It knows what docs/suite.md and docs/comparison.md promise, and nothing of how it is done: exact decimals and
fractions, whole nanoseconds, nested loops. Where the documents leave an answer open (the last bit of a float
on the boundary of its tolerance), the answer is :data:`EITHER`, and nothing is planted there.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import struct
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from fuzz.case import Case, Column
from fuzz.kinds import Kind, decode, kind

SAME, DIFFERENT, EITHER = "same", "different", "either"
WHITE_SPACE = (
    "".join(
        map(
            chr,
            (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F),
        )
    )
    + "\u3000\u200b\ufeff"
)
"""Unicode's White_Space, the zero-width space and the byte-order mark."""
DURATIONS = {"us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}
PATTERNS = {
    ("[0-9]+", ""): (r"[0-9]+", ""),
    ("^0+", ""): (r"\A0+", ""),
    ("[[:punct:]]", "-"): (r"[!-/:-@\[-`{-~]", "-"),
    ("(a)(b)?", r"<\1>"): (r"(a)(b)?", r"<\1>"),
    ("é|\\x00", "e"): ("é|\\x00", "e"),
    ("(?i)null", ""): ("(?i)null", ""),
}
"""Replacements as a rule gives them, and as Python's own regular expressions have them."""
NUMBER = "n"
"""A key column that numbers the rows of a pair: by it every defect's place is known."""


@dataclass(frozen=True)
class Expression:
    """An SQL expression over one column, and what it means."""

    sql: str
    """With ``{}`` for the column's quoted name."""
    of: tuple[str, ...]
    gives: str
    value: Callable[[Any], Any]
    of_null: Any = None

    def __call__(self, value: Any) -> Any:
        """Return what it makes of a decoded value."""
        return self.of_null if value is None else self.value(value)


EXPRESSIONS = (
    Expression("{} || '!'", ("text",), "text", lambda text: text + "!"),
    Expression("coalesce({}, '')", ("text",), "text", lambda text: text, ""),
    Expression("length({})", ("text",), "int64", lambda text: Decimal(len(text))),
    Expression("CAST({} AS VARCHAR)", ("int32", "int64"), "text", str),
    Expression("CAST({} AS HUGEINT) * 100", ("int32",), "int64", lambda number: number * 100),
    Expression("{} IS NULL", ("text", "int64", "date", "float64"), "bool", lambda _: False, True),
    Expression(
        "CAST({} AS DATE)", ("timestamp(us)", "timestamp(ms)"), "date", lambda ns: ns - ns % DURATIONS["d"]
    ),
    Expression("epoch_us({})", ("timestamp(us)",), "int64", lambda ns: Decimal(ns // 1000)),
    Expression("{}[1]", ("list<int32>",), "int32", lambda items: items[0] if items else None),
    Expression("({}).a", ("struct<a:int32,b:text>",), "int32", lambda fields: fields["a"]),
)


def expression(column: Column, side: int) -> Expression | None:
    """Return the expression that a rule puts in place of a side's column."""
    given = column.rule.get(f"{('legacy', 'target')[side]}_sql")
    return next((one for one in EXPRESSIONS if one.sql.format(f'"{column.on(side)}"') == given), None)


@dataclass(frozen=True)
class Tolerance:
    """How far apart two values may lie."""

    absolute: Fraction | None = None
    relative: Fraction | None = None
    nanos: int | None = None


def tolerance(rule: dict[str, Any]) -> Tolerance | None:
    """Read a rule's tolerance: ``0.01``, ``0.1%`` or ``1ms``."""
    given = rule.get("tolerance")
    if given is None:
        return None
    if found := re.fullmatch(r"([0-9.]+)(us|ms|s|m|h|d)", given):
        return Tolerance(nanos=int(Fraction(found[1]) * DURATIONS[found[2]]))
    if given.endswith("%"):
        return Tolerance(relative=Fraction(given[:-1].strip()) / 100)
    return Tolerance(absolute=Fraction(Decimal(given)))


def families(column: Column) -> tuple[Kind, Kind]:
    """Return the kinds that are compared, a column of nothing but NULL taking the other side's."""
    left, right = (
        kind(made.gives) if (made := expression(column, side)) else column.kind(side) for side in (0, 1)
    )
    if left.family == "null":
        left = right
    return left, right if right.family != "null" else left


def incompatible(column: Column) -> bool:
    """Return whether two types have no exact common one, which is a difference in itself."""
    left, right = families(column)
    return not _meet(left, right)


def _meet(left: Kind, right: Kind) -> bool:
    if left.nested and left.family == right.family:
        one, other = dict(left.fields), dict(right.fields)
        return one.keys() == other.keys() and all(_meet(one[name], other[name]) for name in one)
    moments = ("date", "timestamp")
    return (
        left.family == right.family
        or (left.exact and right.exact)
        or (left.family in moments and right.family in moments)
        or {left.family, right.family} == {"text", "uuid"}
    )


def token(column: Column, side: int, cell: Any) -> Any:
    """Return a hashable value that is equal for cells which the rule, tolerances aside, calls equal."""
    own, made = families(column), expression(column, side)
    value = made(decode(column.kind(side), cell)) if made else decode(own[side], cell)
    if value is not None and own[side].family == "timestamp" and not own[side].zoned:
        value = to_utc(value, column.rule.get(f"{('legacy', 'target')[side]}_timezone"))
    if {own[0].family, own[1].family} == {"text", "uuid"} and value is not None:
        value = value.lower()
    if own[0].family == own[1].family == "text":
        value = _text(column.rule, value)
    return _freeze(own[side], value, incompatible(column))


def _freeze(of: Kind, value: Any, digits: bool) -> Any:
    if value is None:
        return None
    if of.family == "float":
        return _freeze_float(value, digits)
    if of.family == "list":
        return ("list", *(_freeze(of.fields[0][1], one, digits) for one in value))
    if of.family == "map":
        key, item = of.fields[0][1], of.fields[1][1]
        return frozenset((_freeze(key, one, digits), _freeze(item, other, digits)) for one, other in value)
    if of.family == "struct":
        return frozenset((name, _freeze(part, value[name], digits)) for name, part in of.fields)
    if digits and of.family in ("integer", "text", "binary"):
        return value if isinstance(value, bytes) else str(value).encode()
    return value


def _freeze_float(value: float, digits: bool) -> Any:
    if math.isnan(value):
        return "nan"
    if digits and math.isfinite(value):
        return Decimal(repr(value)) + 0  # an exact number against a float: by the digits
    return value + 0.0


def to_utc(nanos: int, zone: str | None) -> int:
    """Move a naive time, read in its zone, to UTC; ValueError for a wall time that occurs twice or never."""
    if zone is None:
        return nanos
    wall = dt.datetime(1970, 1, 1, tzinfo=ZoneInfo(zone)) + dt.timedelta(microseconds=nanos // 1000)
    first, second = (wall.replace(fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    if first != second:
        raise ValueError("no single moment")
    return nanos - (first // dt.timedelta(microseconds=1)) * 1000


def _text(rule: dict[str, Any], value: str | None) -> Any:
    """Apply the rules for texts in their order: replace, trim, case, NULL; then JSON."""
    if value is not None and "replace" in rule:
        pattern, new = PATTERNS[tuple(rule["replace"])]
        value = re.sub(pattern, new, value, flags=re.ASCII)
    trim = rule.get("trim", "none")
    if value is not None and trim in ("left", "both"):
        value = value.lstrip(WHITE_SPACE)
    if value is not None and trim in ("right", "both"):
        value = value.rstrip(WHITE_SPACE)
    if value is not None and rule.get("case") == "ignore":
        value = "".join(map(_lower, value))
    if value == "" and rule.get("null_equals_empty"):
        value = None
    return _document(value) if rule.get("json_equal") and value is not None else value


def _lower(letter: str) -> str:
    """Return a letter's one lower-case letter (of ``İ``, which has two, the first)."""
    return letter.lower()[0]


def _document(value: str) -> Any:
    try:
        found = json.loads(
            value,
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_not_json,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError):
        return value
    return ("json", _meaning(found))


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _meaning(value: Any) -> Any:
    if isinstance(value, dict):
        return frozenset((name, _meaning(one)) for name, one in value.items())
    if isinstance(value, list):
        return ("list", *map(_meaning, value))
    return (type(value).__name__, value)


def same(column: Column, legacy: Any, target: Any) -> str:
    """Return whether two cells are equal under the column's rule: SAME, DIFFERENT, or EITHER."""
    left, right = token(column, 0, legacy), token(column, 1, target)
    if left == right:
        return SAME
    allowed = tolerance(column.rule)
    if allowed is None or left is None or right is None:
        return DIFFERENT
    if allowed.nanos is not None:
        return SAME if abs(left - right) <= allowed.nanos else DIFFERENT
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _near_exactly(allowed, Fraction(left), Fraction(right), max(one.scale for one in families(column)))
    kinds = families(column)
    single = all(one.bits == 32 for one in kinds)
    return _near_float(allowed, decode(kinds[0], legacy), decode(kinds[1], target), _single if single else repr)


def _single(value: float) -> str | None:
    """Write a 32-bit float by the fewest digits that tell it from its neighbours; None where writers differ.

    They do where a text is exactly half-way between two floats, or the float between two texts.
    """
    exact, step = Fraction(value), Fraction(2) ** (max(math.frexp(value)[1], -125) - 24)
    for digits in range(9):
        text = f"{value:.{digits}e}"
        gap = 2 * abs(Fraction(text) - exact)
        if gap in (step, Fraction(10) ** (int(text.partition("e")[2]) - digits)):
            return None
        if struct.unpack("f", struct.pack("f", float(text)))[0] == value:
            return text
    raise AssertionError(f"nine digits do not tell {value!r} from its neighbours")


def _near_exactly(allowed: Tolerance, left: Fraction, right: Fraction, scale: int = 0) -> str:
    most, gap = _most(allowed, left, right), abs(left - right)
    if allowed.relative and max(abs(left), abs(right)) * 10**scale >= 10**30 and abs(gap - most) <= most / 10**11:
        return EITHER  # products of more than 38 digits are judged a little more strictly
    return SAME if gap <= most else DIFFERENT


def _most(allowed: Tolerance, left: Fraction, right: Fraction) -> Fraction:
    if allowed.absolute is not None:
        return allowed.absolute
    assert allowed.relative is not None
    return allowed.relative * max(abs(left), abs(right))


def _near_float(allowed: Tolerance, left: float, right: float, write: Callable[[float], str | None]) -> str:
    if not (math.isfinite(left) and math.isfinite(right)):
        return DIFFERENT
    binary = Fraction(left), Fraction(right)
    most, gap, size = _most(allowed, *binary), _apart(binary), max(map(abs, binary))
    if size >= 2 ** (24 if write is _single else 53):  # whole numbers, and exact
        unsure = abs(gap - most) <= size / 2**50 and (allowed.relative or gap != most)
        return EITHER if unsure else _near_exactly(allowed, *binary)
    texts = write(left), write(right)
    if texts[0] is None or texts[1] is None:  # within one step of the boundary, the writer decides
        return EITHER if abs(gap - most) <= size / 2**22 else _near_exactly(allowed, *binary)
    digits = Fraction(texts[0]), Fraction(texts[1])
    answers = {_near_exactly(allowed, *binary), _near_exactly(allowed, *digits)}
    if len(answers) == 1 and abs(gap - most) > Fraction(1, 2**50) * size + Fraction(1, 10**320):
        return answers.pop()
    if allowed.absolute is not None and _by_digits(allowed.absolute) and _apart(digits) == most:
        return SAME
    return EITHER


def _apart(pair: tuple[Fraction, Fraction]) -> Fraction:
    return abs(pair[0] - pair[1])


def _by_digits(most: Fraction) -> bool:
    """Return whether decimal digits can judge the boundary."""
    return 0 < most < 10**15 and (most * 10**15).denominator == 1


@dataclass
class Expected:
    """What a comparison must find."""

    verdict: str = "PASS"
    legacy: int = 0
    target: int = 0
    equal: int = 0
    changed: int = 0
    missing: int = 0
    extra: int = 0
    duplicate_legacy: int = 0
    duplicate_target: int = 0
    different: Counter[str] = field(default_factory=Counter)
    """Different cells by column; of unique keys only."""
    unique: bool = True
    unsure: list[str] = field(default_factory=list)
    """Columns with cells that may be judged either way, and ``pairing``."""
    schema: list[str] = field(default_factory=list)
    """Columns whose very schema differs."""
    waivers: list[str] = field(default_factory=list)
    """The state of each waiver."""
    places: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set), repr=False)
    """Numbers of the rows that are ``changed`` in a column, ``missing`` or ``extra``, where rows are numbered."""

    @property
    def planted(self) -> int:
        """Defects to be found: different cells, and rows of one side only; without unique keys, rows."""
        cells = sum(self.different.values()) if self.unique else self.changed
        return cells + self.missing + self.extra + len(self.schema)


Row = list[Any]
_Hit = tuple[Row | None, Row | None, frozenset[str]]
"""Two rows that belong together, and the columns in which they differ."""


def compare(case: Case) -> Expected:
    """Compare every row of one side with every row of the other that has its key."""
    found = Expected(legacy=len(case.rows[0]), target=len(case.rows[1]))
    compared = [at for at, c in enumerate(case.columns) if c.legacy and c.target and "ignore" not in c.rule]
    _schema(case, found)
    parts = [at for at in compared if not case.key or case.columns[at].name in case.key]
    values = [at for at in compared if at not in parts]
    groups: tuple[dict[Any, list[Row]], ...] = (defaultdict(list), defaultdict(list))
    for side in (0, 1):
        for row in case.rows[side]:
            groups[side][tuple(token(case.columns[at], side, row[at]) for at in parts)].append(row)
    hits: list[_Hit] = []
    for key in groups[0].keys() | groups[1].keys():
        _group(case, values, groups[0].get(key, []), groups[1].get(key, []), found, hits)
    _judge(case, found, hits)
    return found


def _schema(case: Case, found: Expected) -> None:
    for column in case.columns:
        if "ignore" in column.rule:
            continue
        if not (column.legacy and column.target) or (
            incompatible(column) and not {"legacy_sql", "target_sql"} & set(column.rule)
        ):
            found.schema.append(column.name)


def _group(
    case: Case, values: Sequence[int], left: list[Row], right: list[Row], found: Expected, hits: list[_Hit]
) -> None:
    """Pair the rows of one key: identical copies first, then by the fewest unequal columns."""
    found.duplicate_legacy += len(left) if len(left) > 1 else 0
    found.duplicate_target += len(right) if len(right) > 1 else 0
    if len(left) > 1 or len(right) > 1:
        found.unique = False
        _multiset(case, values, left, right, found)
        return
    number = case.key.index(NUMBER) if NUMBER in case.key else None
    if not left or not right:
        found.missing += len(left)
        found.extra += len(right)
        if number is not None:
            found.places["missing" if left else "extra", ""].add(str((left or right)[0][number]))
        hits.append((left[0] if left else None, right[0] if right else None, frozenset()))
        return
    answers = {case.columns[at].name: same(case.columns[at], left[0][at], right[0][at]) for at in values}
    different = frozenset(name for name, answer in answers.items() if answer == DIFFERENT)
    found.unsure += [name for name, answer in answers.items() if answer == EITHER]
    found.different.update(different)
    for name in different if number is not None else ():
        found.places["changed", name].add(str(left[0][number]))
    found.changed += bool(different)
    found.equal += not different
    hits.append((left[0], right[0], different))


def _multiset(case: Case, values: Sequence[int], left: list[Row], right: list[Row], found: Expected) -> None:
    pairs = min(len(left), len(right))
    rest: list[list[Row]] = [[], []]
    tokens = [
        [tuple(token(case.columns[at], side, row[at]) for at in values) for row in rows]
        for side, rows in enumerate((left, right))
    ]
    copies = Counter(tokens[0]) & Counter(tokens[1])
    alike = copies.total()
    for side, rows in enumerate((left, right)):
        unused = Counter(copies)
        for row, one in zip(rows, tokens[side], strict=True):
            if unused[one]:
                unused[one] -= 1
            else:
                rest[side].append(row)
    alike += _within(case, values, rest, found)
    found.equal += alike
    found.changed += pairs - alike
    found.missing += len(left) - pairs
    found.extra += len(right) - pairs


def _within(case: Case, values: Sequence[int], rest: list[list[Row]], found: Expected) -> int:
    """Count pairs of unequal rows that tolerances make equal, where there is but one way to pair them."""
    if not any("tolerance" in case.columns[at].rule for at in values):
        return 0
    groups: list[dict[Any, list[Row]]] = [{}, {}]
    for side, rows in enumerate(rest):
        for row in rows:
            one = tuple(token(case.columns[at], side, row[at]) for at in values)
            groups[side].setdefault(one, []).append(row)
    taken: set[Any] = set()
    alike = 0
    for rows in groups[0].values():
        near = []
        for one, others in groups[1].items():
            answers = {same(case.columns[at], rows[0][at], others[0][at]) for at in values}
            near += [one] if DIFFERENT not in answers else []
            if near and (len(near) > 1 or near[0] in taken or (near[0] == one and EITHER in answers)):
                found.unsure.append("pairing")
                return 0
        taken |= {*near}
        alike += min(len(rows), len(groups[1][near[0]])) if near else 0
    return alike


def _judge(case: Case, found: Expected, hits: list[_Hit]) -> None:
    different = found.changed + found.missing + found.extra + len(found.schema)
    covered = _waive(case, found, hits) if case.waivers else 0
    found.verdict = "FAIL" if covered < different else "WAIVED" if different else "PASS"


def _waive(case: Case, found: Expected, hits: list[_Hit]) -> int:
    """Return how many differences (rows, and columns of another schema) waivers in force cover."""
    active = []
    for waiver in case.waivers:
        state = _state(case, found, hits, waiver)
        found.waivers.append(state)
        active += [waiver] if state == "covers" else []
    rows = sum(_covered(case, hit, active) for hit in hits)
    return rows + sum(any(_for_schema(waiver, name) for waiver in active) for name in found.schema)


def _for_schema(waiver: dict[str, Any], name: str) -> bool:
    return waiver["kind"] == "schema" and waiver.get("column") in (None, name)


def _fate(hit: _Hit) -> str:
    left, right, different = hit
    return "missing" if right is None else "extra" if left is None else "changed" if different else "equal"


def _matches(case: Case, waiver: dict[str, Any], hit: _Hit) -> frozenset[str] | None:
    """Return the different columns of a row that a waiver matches; None where it does not match the row."""
    if waiver["kind"] != _fate(hit):
        return None
    if "rows" in waiver:
        name, most = waiver["rows"]
        at = next(at for at, c in enumerate(case.columns) if c.name == name)
        if not any(row is not None and row[at] is not None and row[at] <= most for row in hit[:2]):
            return None
    columns = frozenset(name for name in hit[2] if waiver.get("column") in (None, name))
    return columns if columns or waiver["kind"] != "changed" else None


def _state(case: Case, found: Expected, hits: list[_Hit], waiver: dict[str, Any]) -> str:
    if waiver["kind"] == "schema":
        rows = sum(_for_schema(waiver, name) for name in found.schema)
    else:
        rows = sum(_matches(case, waiver, hit) is not None for hit in hits)
    money = [c.name for c in case.columns if "money" in c.rule and "ignore" not in c.rule]
    if "max_money" in waiver and waiver["kind"] == "changed" and waiver.get("column") not in (None, *money):
        return "broken"  # it caps what is no money
    if waiver.get("expired"):
        return "expired"
    if not rows:
        return "unused"
    over = rows > waiver["max_rows"] or _over_money(case, hits, waiver)
    return "over_cap" if over else "covers"


def _over_money(case: Case, hits: list[_Hit], waiver: dict[str, Any]) -> bool:
    if "max_money" not in waiver:
        return False
    sums: Counter[str] = Counter()
    for hit in hits:
        if _matches(case, waiver, hit) is None:
            continue
        for at, column in enumerate(case.columns):
            if "money" in column.rule and (
                waiver["kind"] != "changed" or waiver.get("column") in (None, column.name)
            ):
                cells = [0 if row is None or row[at] is None else Fraction(Decimal(row[at])) for row in hit[:2]]
                gap = abs(cells[0] - cells[1])
                if gap * 10 ** max(one.scale for one in families(column)) >= 10**38:
                    return True  # more than 38 digits have no sum
                sums[column.rule["money"]] += gap  # type: ignore[assignment]
    return any(one > Fraction(Decimal(waiver["max_money"])) for one in sums.values())


def _covered(case: Case, hit: _Hit, active: list[dict[str, Any]]) -> bool:
    fate = _fate(hit)
    if fate == "equal":
        return False
    found = [columns for waiver in active if (columns := _matches(case, waiver, hit)) is not None]
    return bool(found) and (fate != "changed" or frozenset().union(*found) >= hit[2])
