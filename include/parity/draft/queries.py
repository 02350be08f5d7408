"""The queries of a draft to either engine, and the reading of their answers. None of them returns a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from parity.draft.facts import ColumnFacts, TableFacts, Values
from parity.sql.columnar import HASHABLE, Columnar
from parity.sql.columnar_types import column_of
from parity.sql.columns import Column, Kind

ROWS = "row_count"
HASH = "parity_hash_"
SCALE = 10
"""Digits after the point under which numbers of all types are compared."""
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_RESERVED_WORDS = (
    "all alter and any array as asc at between by case cast column constraint create cross cube current_date"
    " current_time current_timestamp current_user deallocate delete desc describe distinct drop else end escape"
    " except execute exists extract false filter first for foreign from full function grant group grouping having"
    " in inner insert intersect interval into is join last left like listagg localtime localtimestamp map natural"
    " not null on or order outer partition prepare primary range recursive references right rollup row rows select"
    " set skip some start table then to trim true uescape union unnest update user using values view when where"
    " window with"
)
_RESERVED = frozenset(_RESERVED_WORDS.split())


def identifier(dialect: Columnar, name: str) -> str:
    """Return a column's name as a person would write it: quoted only where it must be."""
    plain = _PLAIN.fullmatch(name) and name not in _RESERVED
    return name if plain else dialect.quote(name)


def legacy_query(table: TableFacts, dialect: Columnar, where: str) -> str:
    """Return the Athena query of a suite: every column by name, one business date."""
    lines, line = [], "SELECT "
    names = [identifier(dialect, column.name) for column in table.columns]
    for at, name in enumerate(names):
        word = name + ("," if at + 1 < len(names) else "")
        if len(line) + len(word) > 100:
            lines.append(line.rstrip())
            line = "       "
        line += word + " "
    lines += [line.rstrip(), f"FROM {identifier(dialect, table.name)}", *([f"WHERE {where}"] if where else [])]
    return "\n".join(lines) + "\n"


def profile_query(columns: Sequence[ColumnFacts], dialect: Columnar, source: str) -> str:
    """Return the query for one row of counts: of all rows, and of each column what :func:`read_profile` needs."""
    counts = [
        f"count(*) AS {ROWS}",
        *(count for at, one in enumerate(columns) for count in _counts(at, one, dialect)),
    ]
    hashed = [
        f"         {_hash(dialect, column)} AS {HASH}{at}"
        for at, one in enumerate(columns)
        if (column := _column(one))
    ]
    inner = ",\n".join(["  SELECT stored.*", *hashed])
    return "SELECT " + ",\n       ".join(counts) + f"\nFROM (\n{inner}\n  FROM {source}\n) AS hashed"


def read_profile(table: TableFacts, columns: Sequence[ColumnFacts], answer: Mapping[str, object]) -> TableFacts:
    """Return a table with what its sample is like."""
    rows = _number(answer[ROWS])
    values = {one.name: _values(at, one, rows, answer) for at, one in enumerate(columns)}
    found = tuple(replace(one, values=values.get(one.name)) for one in table.columns)
    return replace(table, columns=found, rows=rows)


def sets_query(table: TableFacts, sets: Sequence[Sequence[str]], dialect: Columnar, source: str) -> str:
    """Return the query for how many combinations each set of columns has, rows with a NULL in them apart."""
    counts = [f"count(DISTINCT {_combined(table, names, dialect)}) AS c{at}" for at, names in enumerate(sets)]
    return "SELECT " + ",\n       ".join(counts) + f"\nFROM {source}"


def read_sets(table: TableFacts, sets: Sequence[tuple[str, ...]], answer: Mapping[str, object]) -> TableFacts:
    """Return a table with how many combinations its sets of columns have."""
    return replace(table, sets={names: _number(answer[f"c{at}"]) for at, names in enumerate(sets)})


def countable(table: TableFacts, names: Sequence[str]) -> bool:
    """Return whether all of a set's columns are there and have a text."""
    by_name = table.by_name
    return all(name in by_name and _column(by_name[name]) for name in names)


def _combined(table: TableFacts, names: Sequence[str], dialect: Columnar) -> str:
    columns = [column for name in names if (column := _column(table.by_name[name]))]
    filled = " AND ".join(f"{dialect.quote(name)} IS NOT NULL" for name in names)
    return f"CASE WHEN {filled} THEN {dialect.md5(dialect.joined([dialect.text(one) for one in columns]))} END"


def _counts(at: int, column: ColumnFacts, dialect: Columnar) -> Iterator[str]:
    name = dialect.quote(column.name)
    yield f"count({name}) AS n{at}"
    hashed = _column(column)
    yield f"count(DISTINCT {f'{HASH}{at}' if hashed else name}) AS d{at}" if _countable(column) else f"0 AS d{at}"
    if hashed is None:
        return
    number = dialect.hexadecimal_number(f"substr({HASH}{at}, 1, 8)")
    yield from (f"{function}({number}) AS {function}{at}" for function in ("sum", "min", "max"))
    if column.kind is Kind.TIMESTAMP:
        yield f"sum({dialect.finer([column_of(column.name, column.type)])}) AS f{at}"


def _values(at: int, column: ColumnFacts, rows: int, answer: Mapping[str, object]) -> Values:
    known, distinct = _number(answer[f"n{at}"]), _number(answer[f"d{at}"])
    if _column(column) is None:
        return Values(rows - known, distinct)
    total, low, high = (answer.get(f"{function}{at}") for function in ("sum", "min", "max"))
    finer = _number(answer.get(f"f{at}") or 0)
    return Values(rows - known, distinct, _number(total or 0), _maybe(low), _maybe(high), finer)


def _column(column: ColumnFacts) -> Column | None:
    """Return a column as both engines can write it alike whatever its exact type, or None."""
    found = column_of(column.name, column.type)
    if found.kind in (Kind.INTEGER, Kind.DECIMAL):
        room = found.kind is Kind.INTEGER or found.precision - found.scale + SCALE <= 38
        return replace(found, kind=Kind.DECIMAL, scale=SCALE if room else found.scale)
    if found.kind is Kind.DATE:
        return replace(found, kind=Kind.TIMESTAMP)
    return found if found.kind in HASHABLE else None


def _countable(column: ColumnFacts) -> bool:
    return column.kind in HASHABLE or column.kind is Kind.FLOAT


def _hash(dialect: Columnar, column: Column) -> str:
    text = dialect.text(column)
    return dialect.md5(f"substr({text}, 1, 19)" if column.kind is Kind.TIMESTAMP else text)


def _number(value: object) -> int:
    return int(str(value))


def _maybe(value: object) -> int | None:
    return None if value in (None, "") else _number(value)
