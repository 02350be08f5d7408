"""What a running statement has at hand: a connection, the catalogue, the disk and its own query."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from parity_sandbox.aws import trino
from parity_sandbox.aws.athena.failures import QueryFailed, Stopped
from parity_sandbox.aws.athena.pruning import Reading, chosen, readings, scanned
from parity_sandbox.aws.athena.query import Query
from parity_sandbox.aws.athena.tables import Catalog, Partition, Table
from parity_sandbox.aws.athena.views import Views
from parity_sandbox.aws.policies import Need
from parity_sandbox.aws.rights import Places, reading, refused
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.aws.trino.zones import ZONED

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger("parity_sandbox.aws.athena")
LIMIT_REACHED = "Bytes scanned limit was exceeded"


@dataclass(frozen=True)
class Prepared:
    """A query in DuckDB's words."""

    sql: str
    columns: Sequence[tuple[str, str]]
    """Names and DuckDB types."""
    types: Sequence[str]
    """Trino's types, as far as they are known."""


@dataclass(frozen=True)
class Session:
    """One statement's surroundings."""

    query: Query
    disk: Disk
    catalog: Catalog
    connection: duckdb.DuckDBPyConnection
    drafts: Path
    """A folder of this statement's own, for files that are not yet results."""

    @property
    def database(self) -> str:
        """The database of names without one."""
        return self.query.request.database

    def split(self, table: exp.Table) -> tuple[str, str]:
        """Return the database and name of a table that a statement mentions."""
        return (table.db or self.database).lower(), table.name.lower()

    def prepare(self, tree: exp.Expression) -> Prepared:
        """Return a query in DuckDB's words, its views made and its bytes counted.

        Raises Stopped when the work group allows fewer bytes.
        """
        tables = self._tables(tree)
        self._require_reading(tables.values())
        translated = trino.translate(tree, _schema(tables))
        wanted = readings(translated.tree, tables)
        places = [chosen(self.connection, one) for one in wanted]
        views = Views(self.connection, self.disk)
        for key, table in tables.items():
            views.create(table, _union(table, key, wanted, places))
        self.query.scanned = sum(
            scanned(self.connection, views, one, place) for one, place in zip(wanted, places, strict=True)
        )
        cutoff = self.query.request.cutoff
        if cutoff is not None and self.query.scanned > cutoff:
            raise Stopped(LIMIT_REACHED)
        sql = _over_views(translated)
        log.debug("duckdb: %s", sql)
        described = self.connection.execute(f"describe {sql}").fetchall()
        columns = [(name, kind) for name, kind, *_ in described]
        trino.check_types(translated, columns)
        self.query.check()
        columns = [(name, kind.replace(ZONED, "TIMESTAMP WITH TIME ZONE")) for name, kind in columns]
        return Prepared(sql, columns, [_type(select) for select in translated.tree.selects])

    def require(self, message: str, needs: Iterable[Need]) -> None:
        """Raise QueryFailed, with Athena's words, when the caller lacks a right that the query needs."""
        if denied := refused(self.query.request.caller, needs):
            raise QueryFailed(f"{message} {denied}")

    def _require_reading(self, tables: Iterable[Table]) -> None:
        places = Places(self.query.request.region, lambda _: "")
        for table in tables:
            self.require("Insufficient permissions to execute the query.", places.of_table(table))
            self.require(f"Permission denied on S3 path: {table.location}.", reading(table.location))

    def _tables(self, tree: exp.Expression) -> dict[tuple[str, str], Table]:
        """Return the catalogued tables that a query mentions, and qualify their names in it."""
        names = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
        found: dict[tuple[str, str], Table] = {}
        for table in list(tree.find_all(exp.Table)):
            if isinstance(table.this, exp.Func) or (not table.db and table.name.lower() in names):
                continue
            if table.catalog and table.catalog.lower() != "awsdatacatalog":
                raise QueryFailed(f"CATALOG_NOT_FOUND: line 1:15: Catalog '{table.catalog}' not found", 1301)
            key = self.split(table)
            if key[0] == "information_schema":
                raise QueryFailed("sandbox limitation: information_schema; use SHOW or the Glue catalogue")
            found[key] = found.get(key) or self.catalog.table(*key)
            _qualify(table, key)
        return found


def _type(select: exp.Expression) -> str:
    """Return the type of an output column in Trino's words; empty where it is unknown."""
    units = {one.args["unit"].name.upper() for one in select.find_all(exp.Interval) if one.args.get("unit")}
    if select.type and select.type.this == exp.DataType.Type.INTERVAL:
        return "interval year to month" if units & {"YEAR", "QUARTER", "MONTH"} else "interval day to second"
    return str(select.type.sql("trino")) if select.type else ""


def _qualify(table: exp.Table, key: tuple[str, str]) -> None:
    table.set("this", exp.to_identifier(key[1]))
    table.set("db", exp.to_identifier(key[0]))
    table.set("catalog", None)
    if not table.alias:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(key[1])))


def _over_views(translated: trino.Translated) -> str:
    """Return the query's text over the connection's own views, which are named ``database.table``."""
    for table in translated.tree.find_all(exp.Table):
        if table.db:
            table.set("this", exp.to_identifier(f"{table.db}.{table.name}", quoted=True))
            table.set("db", None)
    return translated.sql


def _schema(tables: dict[tuple[str, str], Table]) -> dict[str, dict[str, dict[str, str]]]:
    schema: dict[str, dict[str, dict[str, str]]] = {}
    for (database, name), table in tables.items():
        schema.setdefault(database, {})[name] = {one.name: one.trino for one in table.all_columns}
    return schema


def _union(
    table: Table, key: tuple[str, str], wanted: list[Reading], places: list[list[Partition] | None]
) -> list[Partition] | None:
    """Return every partition that any mention of a table needs, in the catalogue's order."""
    if not table.keys:
        return None
    own = [
        place or []
        for one, place in zip(wanted, places, strict=True)
        if (one.table.database, one.table.name) == key
    ]
    needed = {partition.values for place in own for partition in place}
    return [partition for partition in table.partitions if partition.values in needed]


class Database:
    """One DuckDB for all statements: functions are made once, each statement has a connection of its own."""

    def __init__(self, disk: Disk) -> None:
        self._disk, self._folder = disk, disk.root.parent / "athena"
        self._root: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        with self._lock:
            if self._root is None:
                spill = str(self._folder / "spill")
                self._root = duckdb.connect(config={"memory_limit": "3GB", "temp_directory": spill})
                trino.prepare(self._root)
            return self._root.cursor()

    @contextmanager
    def session(self, query: Query) -> Iterator[Session]:
        """Open a connection for one statement, and clear up after it."""
        drafts = self._folder / query.id
        drafts.mkdir(parents=True)
        connection = self._connect()
        connection.execute("set timezone = 'UTC'")
        query.interrupt = connection.interrupt
        try:
            yield Session(query, self._disk, Catalog(query.request.region), connection, drafts)
        finally:
            query.interrupt = None
            connection.close()
            shutil.rmtree(drafts, ignore_errors=True)
