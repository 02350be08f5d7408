"""Tables as the Glue catalogue describes them, and the changes that Athena's DDL makes there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from moto.core import DEFAULT_ACCOUNT_ID
from moto.core.exceptions import JsonRESTError, ServiceException
from moto.glue.models import glue_backends
from sqlglot import exp

from parity_sandbox.aws.athena.failures import QueryFailed, table_not_found

PARQUET, CSV, JSON = "parquet", "csv", "json"


@dataclass(frozen=True)
class Column:
    """A column; ``hive`` is its type as the catalogue spells it."""

    name: str
    hive: str

    @cached_property
    def duck(self) -> str:
        """The type in DuckDB's words."""
        return str(exp.DataType.build(self.hive, dialect="hive").sql("duckdb"))

    @cached_property
    def trino(self) -> str:
        """The type in Trino's words."""
        return str(exp.DataType.build(self.hive, dialect="hive").sql("trino"))


@dataclass(frozen=True)
class Partition:
    """Files of one set of partition values."""

    values: tuple[str, ...]
    location: str


@dataclass(frozen=True)
class Table:
    """One external table."""

    database: str
    name: str
    columns: tuple[Column, ...]
    keys: tuple[Column, ...]
    location: str
    serde: str
    parameters: Mapping[str, str]
    partitions: tuple[Partition, ...]
    storage: Mapping[str, Any]

    @property
    def format(self) -> str:
        """How its files are written."""
        named = [self.parameters.get(key) for key in ("classification", "table_type")]
        said = (self.serde, self.storage.get("InputFormat"), *named)
        hint = " ".join(filter(None, said)).lower()
        if "parquet" in hint:
            return PARQUET
        if "json" in hint:
            return JSON
        if any(word in hint for word in ("orc", "avro", "iceberg")):
            raise QueryFailed(f"sandbox limitation: the format of {self.database}.{self.name} ({self.serde})")
        return CSV

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """Data columns, then partition keys."""
        return self.columns + self.keys


class Catalog:
    """The Glue catalogue of one region."""

    def __init__(self, region: str) -> None:
        self._glue = glue_backends[DEFAULT_ACCOUNT_ID][region]

    def table(self, database: str, name: str) -> Table:
        """Return a table; QueryFailed when there is none."""
        try:
            found = self._glue.get_table(database, name)
        except (JsonRESTError, ServiceException):
            raise table_not_found(database, name) from None
        return _table(database, found.as_dict(), list(found.partitions.values()))

    def has_table(self, database: str, name: str) -> bool:
        """Return whether the table exists."""
        return database in self._glue.databases and name in self._glue.databases[database].tables

    def databases(self) -> list[str]:
        """Return the names of all databases, in order."""
        return sorted(self._glue.databases)

    def tables(self, database: str) -> list[str]:
        """Return the names of a database's tables, in order."""
        self.check_database(database)
        return sorted(self._glue.databases[database].tables)

    def check_database(self, database: str) -> None:
        """Raise QueryFailed when the database does not exist."""
        if database not in self._glue.databases:
            raise QueryFailed(f"SCHEMA_NOT_FOUND: line 1:1: Schema '{database}' does not exist", 1301)

    def create_database(self, name: str) -> None:
        """Add a database."""
        self._glue.create_database(name, {"Name": name})

    def drop_database(self, name: str) -> None:
        """Remove a database."""
        self.check_database(name)
        self._glue.delete_database(name)

    def drop_table(self, database: str, name: str) -> None:
        """Remove a table; its files stay."""
        self._glue.delete_table(database, name)

    def create_table(self, database: str, definition: Mapping[str, Any]) -> None:
        """Add a table; QueryFailed when it exists."""
        self.check_database(database)
        if self.has_table(database, definition["Name"]):
            raise QueryFailed(f"TABLE_ALREADY_EXISTS: Table '{database}.{definition['Name']}' already exists")
        self._glue.create_table(database, definition["Name"], dict(definition))

    def add_partitions(self, table: Table, partitions: Sequence[Partition]) -> list[Partition]:
        """Register what is not yet registered, and return that."""
        known = {partition.values for partition in table.partitions}
        new = [partition for partition in partitions if partition.values not in known]
        for partition in new:
            storage = {**table.storage, "Location": partition.location}
            document = {"Values": list(partition.values), "StorageDescriptor": storage}
            self._glue.create_partition(table.database, table.name, document)
        return new


def _table(database: str, document: Mapping[str, Any], partitions: Sequence[Any]) -> Table:
    storage = document.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    if document.get("TableType") == "VIRTUAL_VIEW":
        raise QueryFailed(f"sandbox limitation: the view {database}.{document['Name']}")
    if str((document.get("Parameters") or {}).get("projection.enabled", "")).lower() == "true":
        raise QueryFailed(f"sandbox limitation: partition projection of {database}.{document['Name']}")
    return Table(
        database=database,
        name=document["Name"],
        columns=_columns(storage.get("Columns")),
        keys=_columns(document.get("PartitionKeys")),
        location=storage.get("Location", ""),
        serde=serde.get("SerializationLibrary", ""),
        parameters={**(serde.get("Parameters") or {}), **(document.get("Parameters") or {})},
        partitions=tuple(_partition(one) for one in partitions),
        storage=storage,
    )


def _columns(documents: Sequence[Mapping[str, str]] | None) -> tuple[Column, ...]:
    return tuple(Column(one["Name"].lower(), one["Type"]) for one in documents or ())


def _partition(found: Any) -> Partition:
    document = found.as_dict()
    return Partition(tuple(document["Values"]), (document.get("StorageDescriptor") or {}).get("Location", ""))
