"""Draws whole cases: columns and rules, rows that are equal within them, defects, and how each side is stored."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from fuzz import files, reference
from fuzz.case import Case, Column
from fuzz.kinds import DAY, Kind, decode, encode, kind
from fuzz.known import avoided
from fuzz.reference import DIFFERENT, SAME, same, token
from fuzz.values import Drawer

NUMBERS = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "decimal(4,4)",
    "decimal(9,2)", "decimal(18,2)",
    "decimal(18,18)", "decimal(20,6)", "decimal(38,0)", "decimal(38,10)", "decimal(38,30)",
    "decimal(38,38)",
)  # fmt: skip
TIMES = (
    "date",
    "timestamp(s)",
    "timestamp(ms)",
    "timestamp(us)",
    "timestamp(ns)",
    "timestamp(us,utc)",
    "timestamp(ns,utc)",
)
FLAT = (*NUMBERS, *TIMES, "float32", "float64", "bool", "text", "time(ms)", "time(us)")
ALIKE = (
    *FLAT, "text", "text", "text", "float64", "binary", "uuid", "time(ns)", "list<int32>", "list<text>",
    "list<float64>", "list<list<int8>>",
    "struct<a:int32,b:text>", "struct<x:struct<y:decimal(9,2)>,d:date>", "map<text,int32>",
    "list<struct<a:text,b:timestamp(us)>>",
    "map<int32,list<text>>", "struct<f:float64,t:time(us),b:bool>",
)  # fmt: skip
CASTS = (
    ("int8", "int64"), ("int64", "int16"), ("uint8", "int8"), ("uint64", "int64"), ("int64", "uint64"),
    ("uint32", "int32"),
    ("int32", "decimal(18,2)"), ("decimal(38,0)", "int64"), ("decimal(9,1)", "decimal(18,2)"),
    ("decimal(38,10)", "decimal(38,1)"),
    ("int64", "decimal(38,30)"), ("uint64", "decimal(20,0)"), ("decimal(38,38)", "decimal(38,0)"),
    ("float32", "float64"),
    ("float64", "float32"), ("date", "timestamp(us)"), ("timestamp(ns)", "date"),
    ("timestamp(ms)", "timestamp(us)"),
    ("timestamp(us)", "timestamp(ns)"), ("timestamp(us)", "timestamp(us,utc)"),
    ("timestamp(ns,utc)", "timestamp(us)"),
    ("timestamp(s)", "timestamp(ns)"), ("time(ms)", "time(us)"), ("time(us)", "time(ns)"),
    ("null", "int32"), ("text", "null"),
    ("uuid", "text"), ("text", "uuid"), ("list<int32>", "list<int64>"),
    ("struct<a:int32,b:text>", "struct<b:text,a:int64>"),
    ("map<text,int8>", "map<text,int64>"), ("list<decimal(9,1)>", "list<decimal(18,2)>"),
    ("list<float32>", "list<float64>"),
)  # fmt: skip
CLASHES = (
    ("int64", "text"),
    ("int32", "float64"),
    ("float64", "decimal(18,2)"),
    ("decimal(38,10)", "float64"),
    ("text", "binary"),
)
"""Types without an exact common one: compared by their digits, and different whatever they hold."""
KEYS = (
    ("int64",), ("int32",), ("text",), ("decimal(18,2)",), ("date",), ("timestamp(us)",), ("uuid",),
    ("binary",), ("float64",),
    ("int64", "text"), ("text", "date"), ("bool", "int64"), ("decimal(38,10)", "int8", "text"),
    ("timestamp(ns)",), ("uint64",),
)  # fmt: skip
ABSOLUTE = (
    "0",
    "0.01",
    "0.05",
    "0.1",
    "0.005",
    "0.37",
    "1",
    "2",
    "3",
    "5",
    "7",
    "10",
    "64",
    "100",
    "1000",
    "1000000",
    "1e-9",
    "1e-10",
)
RELATIVE = ("1%", "0.1%", "10 %", "50%", "100%", "200%", "0.0001%", "33.3%")
DURATIONS = ("1us", "1ms", "1s", "2s", "90s", "1m", "1h", "1d", "36h", "0.5s")
ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "UTC")
_ZONED = (-60 * 365 * DAY, 60 * 365 * DAY)
_TRIES = 60


class Pairs:
    """Draws cases from one seed."""

    def __init__(self, seed: str) -> None:
        self.dice = random.Random(seed)
        self.drawer = Drawer(self.dice)
        self.storage: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self.mode = "unique"

    def case(self) -> Case:
        """Draw one case; its rows hold nothing that the documents leave open."""
        dice = self.dice
        self.storage = self._storages()
        self.mode = dice.choices(("unique", "duplicates", "keyless"), (6, 2, 2))[0]
        key = self._key_columns() if self.mode != "keyless" else ()
        values = [self._column(f"c{at}") for at in range(dice.choice((1, 2, 3, 5, 8)))]
        if all("ignore" in column.rule for column in values):  # nothing but the key would be compared
            values.append(Column("c", "int64", "int64"))
        columns = (*key, *values)
        for side, how in enumerate(self.storage):
            if how["format"] == "spark" and any("timestamp(ns" in (c.legacy, c.target)[side] for c in columns):
                how["format"] = "pyarrow"  # Spark has no nanoseconds
        for side, how in enumerate(self.storage):
            if sum(bool(c.on(side)) for c in columns) == 1:
                how.pop("delimiter", None)  # a file of one column does not show it
        case = Case(columns, tuple(c.name for c in key), ([], []), self.storage)
        rows = self._rows(case)
        through = "command" if dice.random() < 0.01 else "function"
        case = replace(case, rows=rows, through=through)
        case = replace(case, waivers=tuple(self._waivers(case)))
        return case if case.rows[0] and case.rows[1] else self.case()

    # How a side is stored

    def _storages(self) -> tuple[dict[str, Any], dict[str, Any]]:
        way = self.dice.random()
        csv = (way < 0.2 and self.dice.randrange(2) == 0, way < 0.2) if way > 0.05 else (True, True)
        if self.dice.random() < 0.5:
            csv = (csv[1], csv[0])
        one, other = (self._csv() if is_csv else self._parquet() for is_csv in csv)
        return one, other

    def _parquet(self) -> dict[str, Any]:
        dice = self.dice
        how: dict[str, Any] = {"format": dice.choices(("pyarrow", "duckdb", "spark"), (6, 2, 2))[0]}
        how |= {"group": dice.choice((1, 3, 10, 1000))} if dice.random() < 0.6 else {}
        how |= {"files": dice.choice((2, 3, 5))} if dice.random() < 0.25 else {}
        if how["format"] == "pyarrow" and dice.random() < 0.5:
            how |= {
                "codec": dice.choice(("zstd", "none", "gzip")),
                "dictionary": dice.random() < 0.5,
                "statistics": dice.random() < 0.7,
                "pages": dice.choice(("1.0", "2.0")),
                "texts": dice.choice(("string", "large", "dictionary")),
                "integers": dice.random() < 0.3,
            }
        if how["format"] == "spark":
            how["int96"] = dice.random() < 0.5
        return how

    def _csv(self) -> dict[str, Any]:
        dice = self.dice
        how: dict[str, Any] = {"format": "csv", "quotes": dice.random() < 0.5}
        how |= {"delimiter": dice.choice((";", "\t", "|"))} if dice.random() < 0.3 else {}
        how |= {"newline": "\r\n"} if dice.random() < 0.2 else {}
        how |= {"mark": True} if dice.random() < 0.1 else {}
        how |= {"gzip": True} if dice.random() < 0.1 else {}
        return how | ({"files": 2} if dice.random() < 0.15 else {})

    @property
    def csv(self) -> int:
        """How many sides are CSV."""
        return sum(how["format"] == "csv" for how in self.storage)

    # Columns and rules

    def _key_columns(self) -> tuple[Column, ...]:
        dice = self.dice
        options = [kinds for kinds in KEYS if not self.csv or all(one in FLAT for one in kinds)]
        found = []
        for at, name in enumerate(dice.choice(options)):
            rule: dict[str, Any] = {}
            if name == "text" and dice.random() < 0.4:
                rule |= self._text_rule(json=False)
            if dice.random() < 0.1:
                rule["legacy"] = f"old_k{at}"
            other = {"int64": "int32", "int32": "int64"}.get(name, name) if dice.random() < 0.2 else name
            found.append(Column(f"k{at}", name, other, rule))
        return tuple(found)

    def _column(self, name: str) -> Column:
        dice = self.dice
        way = dice.random()
        if self.csv:
            alike = dice.choice(FLAT)
            column = Column(name, alike, alike)
        elif way < 0.7:
            alike = dice.choice(ALIKE)
            column = Column(name, alike, alike)
        else:
            column = Column(name, *dice.choice(CASTS if way < 0.975 else CLASHES))
        column = replace(column, rule=self._rule(column))
        return self._column(name) if avoided(column) else column

    def _rule(self, column: Column) -> dict[str, Any]:
        dice = self.dice
        rule: dict[str, Any] = {}
        if dice.random() < 0.6 and not reference.incompatible(column):
            rule |= self._loosening(column)
        if dice.random() < 0.1:
            rule["legacy"] = f"old {column.name}"
        if dice.random() < 0.04:
            rule["ignore"] = "it is fuzzed elsewhere"
        if dice.random() < 0.05:
            rule["sensitive"] = True
        if all(one.exact for one in reference.families(column)) and dice.random() < 0.2:
            rule["money"] = dice.choice(("EUR", "USD"))
        return rule

    def _loosening(self, column: Column) -> dict[str, Any]:
        dice = self.dice
        left, right = reference.families(column)
        if {left.family, right.family} == {"text"} and "null" not in (column.legacy, column.target):
            return self._text_rule(json=True)
        if self.mode == "keyless":
            return self._zones(left, right)
        if left.exact and right.exact:
            return {"tolerance": dice.choice(ABSOLUTE if dice.random() < 0.7 else RELATIVE)}
        if left.family == right.family == "float" and self.csv < 2:
            return {"tolerance": dice.choice((*ABSOLUTE, "1e-300", "0.5") if dice.random() < 0.6 else RELATIVE)}
        if left.family in ("date", "timestamp", "time") and dice.random() < 0.7:
            return {"tolerance": dice.choice(DURATIONS)} | (
                self._zones(left, right) if dice.random() < 0.2 else {}
            )
        return self._zones(left, right)

    def _zones(self, left: Kind, right: Kind) -> dict[str, Any]:
        rule = {}
        if left.family == right.family == "timestamp" and self.dice.random() < 0.6:
            for side, one in (("legacy", left), ("target", right)):
                if not one.zoned and self.dice.random() < 0.7:
                    rule[f"{side}_timezone"] = self.dice.choice(ZONES)
        return rule

    def _text_rule(self, json: bool) -> dict[str, Any]:
        dice = self.dice
        rule: dict[str, Any] = {}
        if dice.random() < 0.4:
            rule["trim"] = dice.choice(("left", "right", "both"))
        if dice.random() < 0.4:
            rule["case"] = "ignore"
        if dice.random() < 0.3:
            rule["null_equals_empty"] = True
        if dice.random() < 0.25:
            rule["replace"] = list(dice.choice(list(reference.PATTERNS)))
        if json and dice.random() < 0.3:
            rule["json_equal"] = True
        return rule

    # Rows

    def _rows(self, case: Case) -> tuple[list[list[Any]], list[list[Any]]]:
        dice = self.dice
        count = dice.choice((1, 2, 5, 20, 60, 150, 300))
        density = dice.choice((0, 0, 0, 1 / count, 0.3, 0.6, 0.9))
        sides: tuple[list[list[Any]], list[list[Any]]] = ([], [])
        keys = list(self._keys(case, count))
        extra = list(self._extra_keys(case, keys, density))
        for number, (one, other) in enumerate(keys):
            calm = number == 0 and self.csv == 2
            cells = [self._equal(column, calm) for column in case.columns[len(one) :]]
            left, right = [*one, *(a for a, _ in cells)], [*other, *(b for _, b in cells)]
            if not calm and dice.random() < density:
                self._plant(case, left, right, sides)
            else:
                sides[0].append(left)
                sides[1].append(right)
                if self.mode != "unique" and dice.random() < 0.2:
                    sides[0].append(list(left))
                    sides[1].append(list(right))
        for one, other in extra:
            cells = [self._equal(column, False) for column in case.columns[len(one) :]]
            side = dice.randrange(2)
            sides[side].append([*(one, other)[side], *(pair[side] for pair in cells)])
        dice.shuffle(sides[1])
        return sides

    def _plant(self, case: Case, left: list[Any], right: list[Any], sides: tuple[list[Any], list[Any]]) -> None:
        """Change one cell, or take or double the row."""
        dice = self.dice
        way = dice.random()
        if way < 0.1:
            kept = dice.randrange(2)
            sides[kept].append((left, right)[kept])
            return
        sides[0].append(left)
        sides[1].append(right)
        if way < 0.2 and self.mode != "unique":
            doubled = dice.randrange(2)
            sides[doubled].append(list((left, right)[doubled]))
            return
        start = len(case.key)
        places = [at for at in range(start, len(case.columns)) if "ignore" not in case.columns[at].rule]
        dice.shuffle(places)
        for at in places:
            changed = self._different(case.columns[at], left[at], right[at])
            if changed is not _NOTHING:
                right[at] = changed
                return

    def _keys(self, case: Case, count: int) -> Iterator[tuple[list[Any], list[Any]]]:
        """Draw keys; of unique ones, no two that the rules make equal."""
        columns = case.columns[: len(case.key)]
        used: set[Any] = set()
        pool: list[tuple[list[Any], list[Any]]] = []
        for _ in range(count if columns else 0):
            if self.mode == "duplicates" and pool and self.dice.random() < 0.5:
                yield self.dice.choice(pool)
                continue
            drawn = self._unused(columns, used)
            if drawn is not None:
                pool.append(drawn)
                yield drawn
        if not columns:
            yield from (([], []) for _ in range(count))

    def _unused(self, columns: tuple[Column, ...], used: set[Any]) -> tuple[list[Any], list[Any]] | None:
        for _ in range(_TRIES):
            cells = [self._equal(column, False) for column in columns]
            one, other = [a for a, _ in cells], [b for _, b in cells]
            seen = tuple(token(column, 0, cell) for column, cell in zip(columns, one, strict=True))
            if seen not in used:
                used.add(seen)
                return one, other
        return None

    def _extra_keys(
        self, case: Case, keys: list[tuple[list[Any], list[Any]]], density: float
    ) -> Iterator[tuple[list[Any], list[Any]]]:
        columns = case.columns[: len(case.key)]
        used = {tuple(token(c, 0, cell) for c, cell in zip(columns, one, strict=True)) for one, _ in keys}
        for _ in range(len(keys)):
            if self.dice.random() < density * 0.15:
                drawn = self._unused(columns, used) if columns else ([], [])
                if drawn is not None:
                    yield drawn

    # Cells

    def _equal(self, column: Column, calm: bool) -> tuple[Any, Any]:
        """Draw two cells that are equal under the column's rule, at times only just."""
        dice = self.dice
        if calm and column.legacy == "text":
            return "word", "word"
        if "null" in (column.legacy, column.target) or dice.random() < 0.08:
            return None, None
        for _ in range(_TRIES):
            try:
                legacy, target = self._both(column)
            except (ValueError, OverflowError):
                continue
            if (
                same(column, legacy, target) == SAME
                and self._fits(column, 0, legacy)
                and self._fits(column, 1, target)
            ):
                break
        else:
            return None, None
        if dice.random() < 0.4 and not calm:
            loose = self._changed(column, legacy, target, SAME)
            target = target if loose is _NOTHING else loose
        return legacy, target

    def _both(self, column: Column) -> tuple[Any, Any]:
        """Draw a legacy cell and the target cell of the same value."""
        allowed = reference.tolerance(column.rule)
        left, right = column.kind(0), column.kind(1)
        turned = self.dice.random() < 0.5
        one, other = (right, left) if turned else (left, right)
        cell = self._draw(column, one, allowed)
        value = decode(one, cell)
        zones = [column.rule.get(f"{side}_timezone") for side in ("legacy", "target")]
        if any(zones):
            value = _moved(value, *(reversed(zones) if turned else zones))
        made = encode(other, _cast(one, other, value))
        return (made, cell) if turned else (cell, made)

    def _draw(self, column: Column, of: Kind, allowed: Any) -> Any:
        if of.family == "text" and {column.legacy, column.target} == {"text", "uuid"}:
            return self.drawer.cell(kind("uuid"))
        if column.rule.get("json_equal") and self.dice.random() < 0.8:
            return self.drawer.document()
        if {column.legacy, column.target} == {"int64", "text"}:
            return str(self.drawer.cell(kind("int64"))) if of.family == "text" else self.drawer.cell(of)
        return self.drawer.cell(of, allowed)

    def _different(self, column: Column, legacy: Any, target: Any) -> Any:
        return self._changed(column, legacy, target, DIFFERENT)

    def _changed(self, column: Column, legacy: Any, target: Any, wanted: str) -> Any:
        """Return another target cell of which the reference says ``wanted``, or _NOTHING."""
        of, allowed = column.kind(1), reference.tolerance(column.rule)
        if of.family == "null":
            return _NOTHING
        for _ in range(_TRIES if wanted == DIFFERENT else 6):
            try:
                if column.rule.get("json_equal") and self.dice.random() < 0.7:
                    found = self.drawer.document()
                else:
                    found = self.drawer.neighbour(of, target, allowed)
                if found != target and same(column, legacy, found) == wanted and self._fits(column, 1, found):
                    return found
            except (ValueError, OverflowError):
                continue
        return _NOTHING

    def _fits(self, column: Column, side: int, cell: Any) -> bool:
        """Return whether the side's files can hold a cell."""
        if cell is None:
            return True
        of, how = column.kind(side), self.storage[side]
        if self.csv == 2 and of.family == "float" and float(cell) == 0 and str(cell).startswith("-"):
            return False  # two texts, if the column is taken for one
        if how["format"] == "csv":
            try:
                files.csv_text(of, cell)
            except OverflowError:
                return False
        pair = reference.families(column)
        nanos = any(one.unit == "ns" and one.family == "timestamp" for one in pair)
        if nanos and of.family in ("date", "timestamp"):
            encode(kind("timestamp(ns)"), decode(of, cell))
        return True

    # Waivers

    def _waivers(self, case: Case) -> Iterator[dict[str, Any]]:
        dice = self.dice
        if self.mode != "unique" or case.through == "command" or dice.random() > 0.3:
            return
        kinds = ["changed", "missing", "extra", *(["schema"] if dice.random() < 0.2 else [])]
        whole = dice.random() < 0.6
        money = any("money" in c.rule and "ignore" not in c.rule for c in case.columns)
        for one in kinds if whole else dice.sample(kinds, 2):
            waiver: dict[str, Any] = {
                "kind": one,
                "max_rows": 10**6 if dice.random() < 0.8 else dice.randrange(10),
            }
            if one == "changed" and dice.random() < 0.3:
                waiver["column"] = dice.choice([c.name for c in case.columns])
            if dice.random() < 0.1:
                waiver["expired"] = True
            if case.columns[0].legacy == "int64" and not case.columns[0].rule and dice.random() < 0.2:
                waiver["rows"] = [case.columns[0].name, dice.choice((0, 2**62, 10, -5))]
            if money and one != "schema" and dice.random() < 0.3:
                waiver["max_money"] = dice.choice(("0", "0.01", "100", "1000000"))
            yield waiver


_NOTHING = object()


def _moved(nanos: int, own: str | None, other: str | None) -> int:
    """Return a wall time of one zone as that of another."""
    if not _ZONED[0] <= nanos <= _ZONED[1]:
        raise ValueError("clock changes of other years are nobody's business")
    utc = reference.to_utc(nanos, own)
    if other is None:
        return utc
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=utc // 1000)
    offset = moment.astimezone(ZoneInfo(other)).utcoffset()
    assert offset is not None
    return utc + offset // dt.timedelta(microseconds=1) * 1000


def _cast(of: Kind, to: Kind, value: Any) -> Any:
    """Return a value as another kind's, where that takes more than storing it."""
    if of.family == to.family or value is None:
        return value
    pair = (of.family, to.family)
    if pair == ("text", "binary"):
        return value.encode()
    if pair == ("binary", "text"):
        return value.decode()
    if to.family == "text" and of.exact:
        return str(value)
    if to.family == "float":
        return float(value)
    if of.family == "float":
        return Decimal(repr(value))
    return value
