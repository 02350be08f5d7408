"""Fuzzes `parity mysql`: tables of every type on two private servers, equal but for the defects that are planted.

There are no rules here, so the reference is short: two literals of one type are equal if they are the same text.
No type's list holds two literals that the server stores as one value.
"""

from __future__ import annotations

import atexit
import json
import random
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from fuzz.judge import Judgement, stable
from fuzz.shrink import descend, still

_WORDS = (
    "", "a", "A", "á", "a\u0301", "ab", "a\tb", "ß", "ss", "İ", "i", "ı", "😀", "\0", "a\0", "NULL", "0", "'", '"', "\\", "%", "\u200b",
    "\ufeff", "\r\n", "x" * 255,
)  # fmt: skip
_TEXTS = tuple(f"CONVERT(0x{word.encode().hex()} USING utf8mb4)" if word else "''" for word in _WORDS)
_PADDED = ("CONVERT(0x6120 USING utf8mb4)", "' '", "CONVERT(0xc2a0 USING utf8mb4)")
_BYTES = ("''", "0x00", "0x61", "0x6100", "0x41", "0xff", "0x80", "0x5c", f"0x{'ab' * 60}")


def _integers(bits: int, signed: bool) -> tuple[str, ...]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    near = (0, 1, 2, -1, 10, 9, 99, 100, low, low + 1, high, high - 1, high // 2, high // 2 + 1, 2**53, 2**53 + 1)
    return tuple(dict.fromkeys(str(one) for one in near if low <= one <= high))


TYPES: dict[str, tuple[str, ...]] = {
    **{f"{name} {sign}".strip(): _integers(bits, not sign) for name, bits in (("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)) for sign in ("", "UNSIGNED")},
    "DECIMAL(10,2)": ("0", "0.01", "-0.01", "99999999.99", "-99999999.99", "1.10", "1.01"),
    "DECIMAL(65,30)": ("0", f"0.{'0' * 29}1", f"-0.{'0' * 29}1", "9" * 35, f"{'9' * 35}.{'9' * 30}", f"-{'9' * 35}.{'9' * 30}", "1e15"),
    "FLOAT": ("0", "1.5", "-1.5", "16777216", "3.4e38", "1e-38", "0.1", "0.25"),
    "DOUBLE": ("0", "0.1", "0.30000000000000004e0", "0.3e0", "1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072014e-308", "9007199254740992e0", "9007199254740994e0", "1e16", "1e15", "123456789.125"),
    "VARCHAR(300)": (*_TEXTS, *_PADDED),
    "VARCHAR(300) COLLATE utf8mb4_bin": (*_TEXTS, *_PADDED),
    "VARCHAR(20) CHARACTER SET latin1": ("''", "'a'", "'A'", "0xe9", "0x80", "0xff", "'a '", "0x81"),
    "CHAR(20)": ("''", "'a'", "'A'", "'\u00e9'", "' a'", "'ab'"),
    "TEXT": (*_TEXTS, *_PADDED, "REPEAT('y', 60000)", "CONCAT(REPEAT('y', 59999), 'z')"),
    "LONGTEXT": (*_TEXTS, "REPEAT('y', 300000)", "CONCAT(REPEAT('y', 299999), 'z')"),
    "BINARY(4)": ("0x00000000", "0x61000000", "0x61202020", "0xffffffff", "0x61000001"),
    "VARBINARY(80)": _BYTES,
    "BLOB": _BYTES,
    "DATE": ("'0001-01-01'", "'1582-10-10'", "'1969-12-31'", "'1970-01-01'", "'2000-02-29'", "'9999-12-31'"),
    "DATETIME": ("'0001-01-01 00:00:00'", "'1970-01-01 00:00:00'", "'2026-03-29 02:30:00'", "'9999-12-31 23:59:59'"),
    "DATETIME(6)": ("'0001-01-01 00:00:00'", "'1970-01-01 00:00:00'", "'1970-01-01 00:00:00.000001'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999999'"),
    "TIMESTAMP(6) NULL": ("'1970-01-02 00:00:01'", "'2026-10-25 02:30:00'", "'2026-10-25 03:30:00'", "'2038-01-18 03:14:07.999999'", "'2000-01-01 00:00:00.000001'"),
    "TIME(6)": ("'-838:59:59'", "'838:59:59'", "'00:00:00'", "'-00:00:00.000001'", "'00:00:00.000001'", "'24:00:00'", "'23:59:59.999999'"),
    "YEAR": ("0", "1901", "1970", "2026", "2155"),
    "BIT(64)": ("b'0'", "b'1'", f"b'{'1' * 64}'", f"b'1{'0' * 63}'", f"b'0{'1' * 63}'"),
    "BOOLEAN": ("0", "1"),
    "ENUM('','a','b','0')": ("'a'", "'b'", "'0'", "''"),
    "SET('x','y','z')": ("''", "'x'", "'x,y'", "'z'", "'x,z'"),
    "JSON": ("'{\"a\": 1}'", "'{\"a\": 2}'", "'[]'", "'null'", "'[1, 2]'", "'[2, 1]'", "'\"a\"'", "'{\"a\": \"1\"}'"),
}  # fmt: skip
"""Literals by type; no two of one type are stored as one value."""
_KEYS = ("INT", "BIGINT UNSIGNED", "VARCHAR(40) COLLATE utf8mb4_bin", "DECIMAL(20,4)", "DATE", "VARBINARY(40)")


@dataclass(frozen=True)
class Table:
    """One table: types by column, how many of them are the key, and pairs of rows (None where a side has none)."""

    name: str
    columns: tuple[str, ...]
    key: int
    rows: tuple[tuple[list[str] | None, list[str] | None], ...]

    @property
    def counts(self) -> tuple[int, int, int]:
        """Changed, missing and extra rows."""
        changed = sum(one is not None and other is not None and one != other for one, other in self.rows)
        missing = sum(other is None for _, other in self.rows)
        extra = sum(one is None for one, _ in self.rows)
        return (changed, missing, extra) if self.key else (0, missing + changed, extra + changed)


@dataclass(frozen=True)
class Databases:
    """Two databases of the same tables."""

    tables: tuple[Table, ...]
    server: str = "mariadb"
    """``mysql`` for two MySQL servers, ``mixed`` for one of each."""
    what: str = ""
    open: str = ""

    def to_text(self) -> str:
        """Return the JSON document, one pair of rows a line."""
        data = {key: value for key, value in asdict(self).items() if value}
        return json.dumps(data, indent=1).replace("\n     ", " ").replace("\n      ", " ") + "\n"

    @classmethod
    def of_text(cls, text: str) -> Databases:
        """Read a JSON document."""
        data = json.loads(text)
        tables = [
            Table(one["name"], tuple(one["columns"]), one["key"], tuple((a, b) for a, b in one["rows"]))
            for one in data.pop("tables")
        ]
        return cls(tuple(tables), **data)


def draw(seed: str) -> Databases:
    """Draw two databases; on MySQL for the seeds with an m, on one server of each for those with an x."""
    dice = random.Random(seed)
    server = "mysql" if ":m" in seed else "mixed" if ":x" in seed else "mariadb"
    # MariaDB keeps a document as it was written, MySQL in its normal form.
    types = [of for of in TYPES if server != "mixed" or of != "JSON"]
    tables = tuple(_table(dice, f"t{at}", types) for at in range(dice.choice((1, 2, 4))))
    return Databases(tables, server)


def _table(dice: random.Random, name: str, types: list[str]) -> Table:
    values = dice.choices(types, k=dice.choice((1, 3, 6, 10)))
    keys = dice.choices(_KEYS, k=dice.choice((0, 1, 1, 1, 2)))
    count, density = dice.choice((1, 20, 100, 250)), dice.choice((0, 0, 0.02, 0.5, 0.9))
    rows: list[tuple[list[str] | None, list[str] | None]] = []
    for number in range(count):
        row = [*(_key(one, number) for one in keys), *(_literal(dice, one) for one in values)]
        rows.append(_pair(dice, row, len(keys), values) if dice.random() < density else (row, list(row)))
    rows = rows if any(a for a, _ in rows) and any(b for _, b in rows) else [([*row], [*row]) for row in [row]]
    return Table(name, (*keys, *values), len(keys), tuple(rows if keys else _without_twins(rows)))


def _without_twins(rows: list[Any]) -> list[Any]:
    """Leave out what a multiset would settle otherwise: a planted row that another row undoes."""
    sides = [{repr(row[side]) for row in rows if row[0] == row[1]} for side in (0, 1)]
    seen: set[str] = set()
    kept = []
    for one, other in rows:
        words = {repr(one), repr(other)}
        if one == other or not (words & (sides[0] | sides[1] | seen) - {"None"}):
            kept.append((one, other))
            seen |= words if one != other else set()
    return kept


def _key(of: str, number: int) -> str:
    if of == "DATE":
        return f"DATE_ADD('1999-12-01', INTERVAL {number} DAY)"
    if of.startswith("VAR"):
        return f"'k{number}'"
    return str(18446744073709551615 - number if "UNSIGNED" in of else number - 5)


def _literal(dice: random.Random, of: str) -> str:
    return "NULL" if dice.random() < 0.1 else dice.choice(TYPES[of])


def _pair(
    dice: random.Random, row: list[str], keys: int, values: list[str]
) -> tuple[list[str] | None, list[str] | None]:
    """Return a pair with one defect."""
    way = dice.random()
    if way < 0.2:
        return (row, None) if way < 0.1 else (None, row)
    at = dice.randrange(len(values))
    others = [one for one in ("NULL", *TYPES[values[at]]) if one != row[keys + at]]
    return row, [*row[: keys + at], dice.choice(others), *row[keys + at + 1 :]]


@cache
def _two(server: str) -> Any:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-mysql-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    from mysql_servers import MYSQL, TwoDatabases

    return TwoDatabases("fuzz", folder, family=MYSQL if server == "mysql" else server)


def judge(case: Databases) -> Judgement:
    """Fill both databases, verify them, and hold every table's counts against what was planted."""
    two = _two(case.server)
    two.fresh()
    for table in case.tables:
        two.both(_create(table))
        for side, run in ((0, two.legacy), (1, two.target)):
            rows = [f"({', '.join(pair[side])})" for pair in table.rows if pair[side] is not None]
            if rows:
                run(f"INSERT INTO {table.name} VALUES {', '.join(rows)}")
    planted = sum(sum(table.counts) for table in case.tables)
    try:
        result = two.verify().to_json()
    except Exception:  # noqa: BLE001 - that is what is looked for
        words = traceback.format_exc()
        return Judgement(planted, crashed=1, complaints=((f"crashed: {stable(words)}", words),))
    return weigh(case, result, planted)


def _create(table: Table) -> str:
    columns = [f"c{at} {of}{' NOT NULL' if at < table.key else ''}" for at, of in enumerate(table.columns)]
    key = [f"PRIMARY KEY ({', '.join(f'c{at}' for at in range(table.key))})"] if table.key else []
    return f"CREATE TABLE {table.name} ({', '.join([*columns, *key])}) DEFAULT CHARACTER SET utf8mb4"


def weigh(case: Databases, result: dict[str, Any], planted: int) -> Judgement:
    """Hold a result against what was planted."""
    if result["verdict"] == "INVALID":
        return Judgement(
            planted, invalid=1, complaints=((f"invalid: {stable(result['reason'])}", result["reason"]),)
        )
    missed = invented = 0
    complaints = []
    found = {one["table"]: one["rows"] for one in result["tables"]}
    for table in case.tables:
        rows = found.get(table.name, {"changed": 0, "missing": 0, "extra": 0})
        for name, wanted in zip(("changed", "missing", "extra"), table.counts, strict=True):
            missed += max(0, wanted - rows[name])
            invented += max(0, rows[name] - wanted)
            if wanted != rows[name]:
                word = "missed" if rows[name] < wanted else "invented"
                complaints.append((word, f"{table.name}: {name}: {wanted} planted, {rows[name]} found"))
    verdict = result["verdict"]
    if case.server == "mixed":  # MariaDB and MySQL define the same table otherwise
        verdict = "FAIL" if any(one["verdict"] == "FAIL" for one in result["tables"]) else "PASS"
    if verdict != ("FAIL" if planted else "PASS"):
        complaints.append(("verdict", f"{verdict} with {planted} planted: {result['reason']}"))
    return Judgement(planted, missed, invented, complaints=tuple(complaints))


def shrink(case: Databases, classes: frozenset[str]) -> Databases:
    """Return the smallest case found that fails in one of the same ways."""
    return descend(case, _smaller, still(lambda one: judge(one).classes, classes))


def _smaller(case: Databases) -> Iterator[Databases]:
    """Yield smaller cases: fewer tables, rows and columns."""
    for at, table in enumerate(case.tables):
        if len(case.tables) > 1:
            yield replace(case, tables=(table,))
        size = len(table.rows) // 2
        while size:
            for start in range(0, len(table.rows), size):
                rows = table.rows[:start] + table.rows[start + size :]
                yield _with(case, at, replace(table, rows=rows))
            size //= 2
        for place in range(table.key, len(table.columns)):
            columns = table.columns[:place] + table.columns[place + 1 :]
            rows = tuple((_less(one, place), _less(other, place)) for one, other in table.rows)
            if columns:
                yield _with(case, at, replace(table, columns=columns, rows=rows))


def _less(row: list[str] | None, place: int) -> list[str] | None:
    return None if row is None else row[:place] + row[place + 1 :]


def _with(case: Databases, at: int, table: Table) -> Databases:
    return replace(case, tables=(*case.tables[:at], table, *case.tables[at + 1 :]))
