"""Which partitions and columns of its tables a query reads, and how many bytes that is.

The bytes are what Athena bills: of a Parquet file the compressed chunks of the columns that are named (no row
group is left out, so it is an upper bound), of a text file all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from parity_sandbox.aws.athena.tables import PARQUET, Partition, Table
from parity_sandbox.aws.athena.views import Views, literal, quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Reading:
    """One mention of a table in a query."""

    table: Table
    columns: frozenset[str]
    condition: str
    """What the query asks of the partition keys alone, in DuckDB's words; empty for nothing."""


def readings(tree: exp.Expression, tables: dict[tuple[str, str], Table]) -> list[Reading]:
    """Return every mention of a catalogued table in a rewritten query."""
    found = []
    for scope in traverse_scope(tree):
        for alias, source in scope.sources.items():
            table = tables.get((source.db, source.name)) if isinstance(source, exp.Table) else None
            if table is not None:
                found.append(_reading(scope, alias, table))
    return found


def _reading(scope: Scope, alias: str, table: Table) -> Reading:
    columns = frozenset(column.name.lower() for column in scope.source_columns(alias))
    keys = {key.name for key in table.keys}
    where = scope.expression.args.get("where")
    conjuncts = (
        list(where.this.flatten()) if where and isinstance(where.this, exp.And) else [where.this] if where else []
    )
    own = [part for part in conjuncts if _only_keys(part, alias, keys)]
    condition = " and ".join(f"({_unqualified(part)})" for part in own)
    return Reading(table, columns, condition)


def _only_keys(part: exp.Expression, alias: str, keys: set[str]) -> bool:
    columns = list(part.find_all(exp.Column))
    if part.find(exp.Subquery, exp.Select, exp.Exists) or not columns:
        return False
    return all(column.table == alias and column.name.lower() in keys for column in columns)


def _unqualified(part: exp.Expression) -> str:
    bare = part.copy()
    for column in bare.find_all(exp.Column):
        column.set("table", None)
    return str(bare.sql("duckdb"))


def chosen(connection: duckdb.DuckDBPyConnection, reading: Reading) -> list[Partition] | None:
    """Return the partitions that can hold what is asked for; None for a table without keys."""
    table = reading.table
    if not table.keys:
        return None
    if not reading.condition or not table.partitions:
        return list(table.partitions)
    rows = ", ".join(f"({place}, {_values(table, one)})" for place, one in enumerate(table.partitions))
    names = ", ".join(["_place", *(quoted(key.name) for key in table.keys)])
    kept = connection.execute(
        f"select _place from (values {rows}) t({names}) where {reading.condition}"
    ).fetchall()
    return [table.partitions[place] for (place,) in sorted(kept)]


def _values(table: Table, partition: Partition) -> str:
    pairs = zip(table.keys, partition.values, strict=True)
    return ", ".join(f"cast({literal(value)} as {key.duck})" for key, value in pairs)


def scanned(
    connection: duckdb.DuckDBPyConnection, views: Views, reading: Reading, partitions: Sequence[Partition] | None
) -> int:
    """Return the bytes that one mention reads."""
    table = reading.table
    places = [Partition((), table.location)] if partitions is None else partitions
    files = [path for place in places for path in views.files(place)]
    if table.format != PARQUET:
        return sum(path.stat().st_size for path in files)
    names = reading.columns - {key.name for key in table.keys}
    return _chunks(connection, [str(path) for path in files], names) if files and names else 0


def _chunks(connection: duckdb.DuckDBPyConnection, files: Iterable[str], names: Iterable[str]) -> int:
    query = """
        select coalesce(sum(total_compressed_size), 0) from parquet_metadata(?)
        where list_contains(?, lower(split_part(path_in_schema, ', ', 1)))
    """
    row = connection.execute(query, [list(files), list(names)]).fetchone()
    return int(row[0]) if row else 0
