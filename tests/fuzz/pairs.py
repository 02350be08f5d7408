"""Draws whole cases: columns and rules, rows that are equal within them, defects, and how each side is stored."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fuzz import reference
from fuzz.case import Case, Column
from fuzz.kinds import Kind
from fuzz.known import avoided
from fuzz.reference import EXPRESSIONS, NUMBER
from fuzz.rows import Rows
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
FOLDERS = ("text", "int64", "int32", "date")
"""Types of columns that folders are named by."""


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
        dense = self.mode == "unique" and dice.random() < 0.25
        key = self._key_columns() if self.mode != "keyless" else ()
        if dense or (self.mode == "unique" and dice.random() < 0.5):
            key = (*key, Column(NUMBER, "int64", "int64"))
        values = [self._column(f"c{at}") for at in range(dice.choice((1, 2, 3, 5, 8)))]
        if not any(c.legacy and c.target and "ignore" not in c.rule for c in values):
            values.append(Column("c", "int64", "int64"))  # or nothing but the key would be compared
        columns = (*key, *values)
        for side, how in enumerate(self.storage):
            if how["format"] == "spark" and any("timestamp(ns" in (c.legacy, c.target)[side] for c in columns):
                how["format"] = "pyarrow"  # Spark has no nanoseconds
            if sum(bool(c.on(side)) for c in columns) == 1:
                how.pop("delimiter", None)  # a file of one column does not show it
        if not dense and len(columns) > 2 and dice.random() < 0.1:
            self._name_folders(values)
        case = Case(columns, tuple(c.name for c in key), ([], []), self.storage)
        case = replace(case, rows=Rows(case, self.drawer, self.mode, dense).sides())
        plain = not any("encoding" in how for how in self.storage)
        case = replace(case, through="command" if plain and dice.random() < 0.01 else "function")
        case = replace(case, waivers=tuple(self._waivers(case)))
        return case if case.rows[0] and case.rows[1] else self.case()

    def _name_folders(self, values: list[Column]) -> None:
        """Let one column, of one side or of both, be the names of folders."""
        sides = self.dice.choice(((0,), (1,), (0, 1)))
        typed = len(sides) == 1 and not self.csv
        found = [
            c
            for c in values
            if c.legacy == c.target and c.legacy in FOLDERS and (typed or not {"tolerance", "money"} & set(c.rule))
        ]
        if found:
            name = self.dice.choice(found).name
            for side in sides:
                self.storage[side]["hive"] = name

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
        how |= {"files": dice.choice((2, 3, 5)), "mixed": dice.random() < 0.5} if dice.random() < 0.25 else {}
        if how["format"] == "pyarrow" and dice.random() < 0.5:
            how |= {
                "codec": dice.choice(("zstd", "none", "gzip")),
                "dictionary": dice.random() < 0.5,
                "statistics": dice.random() < 0.7,
                "pages": dice.choice(("1.0", "2.0")),
                "texts": dice.choice(("string", "large", "dictionary")),
                "integers": dice.random() < 0.3,
            }
        if how["format"] == "spark":  # INT96 names no zone, so beside other writers' zoned times it is refused
            how["int96"] = dice.random() < 0.5 and not how.get("mixed")
        return how

    def _csv(self) -> dict[str, Any]:
        dice = self.dice
        how: dict[str, Any] = {"format": "csv", "quotes": dice.random() < 0.5}
        how |= {"delimiter": dice.choice((";", "\t", "|"))} if dice.random() < 0.3 else {}
        how |= {"newline": "\r\n"} if dice.random() < 0.2 else {}
        way = dice.random()
        how |= {"mark": True} if way < 0.1 else {}
        how |= {"encoding": dice.choice(("latin-1", "cp1252", "utf-16"))} if way > 0.85 else {}
        how |= {dice.choice(("gzip", "zstd")): True} if dice.random() < 0.2 else {}
        return how | ({"files": 3, "mixed": dice.random() < 0.5} if dice.random() < 0.15 else {})

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
        if dice.random() < 0.05:
            return self._one_sided(name)
        if self.csv:
            alike = dice.choice(FLAT)
            column = Column(name, alike, alike)
        elif dice.random() < 0.06:
            return self._by_expression(name)
        elif way < 0.7:
            alike = dice.choice(ALIKE)
            column = Column(name, alike, alike)
        else:
            column = Column(name, *dice.choice(CASTS if way < 0.975 else CLASHES))
        column = replace(column, rule=self._rule(column))
        return self._column(name) if avoided(column) else column

    def _one_sided(self, name: str) -> Column:
        of = self.dice.choice(FLAT if self.csv else ALIKE)
        sides = (of, "") if self.dice.random() < 0.5 else ("", of)
        return Column(name, *sides, {"ignore": "one side lacks it"} if self.dice.random() < 0.7 else {})

    def _by_expression(self, name: str) -> Column:
        made, side = self.dice.choice(EXPRESSIONS), self.dice.choice(("legacy", "target"))
        of = self.dice.choice(made.of)
        kinds = (of, made.gives) if side == "legacy" else (made.gives, of)
        rule = {"legacy": f"old {name}"} if self.dice.random() < 0.2 else {}
        own = Column(name, *kinds, rule).on(0 if side == "legacy" else 1)
        return Column(name, *kinds, {**rule, f"{side}_sql": made.sql.format(f'"{own}"')})

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
            first = case.columns[0]
            if one != "schema" and first.legacy == "int64" and not first.rule and dice.random() < 0.2:
                waiver["rows"] = [first.name, dice.choice((0, 2**62, 10, -5))]
            if money and one != "schema" and dice.random() < 0.3:
                waiver["max_money"] = dice.choice(("0", "0.01", "100", "1000000"))
            yield waiver
