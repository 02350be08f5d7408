"""Everything a MySQL database says about itself, in a dozen queries, however many tables it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from parity.errors import AccessDenied, NotFound, Terminal
from parity.sql.columns import Column
from parity.sql.mysql_types import column_of

Record = Mapping[str, Any]


class Asking(Protocol):
    """What the catalogue needs of a session."""

    def dicts(self, sql: str, arguments: tuple[Any, ...] | None = None) -> list[dict[str, Any]]:
        """Return rows by lower-case column name."""


_OF = "table_schema = DATABASE()"
QUERIES: Mapping[str, str] = {
    "tables": "SELECT table_name AS name, table_type, engine, table_collation, auto_increment, table_rows "
    f"FROM information_schema.tables WHERE {_OF}",
    "columns": "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type, "
    "column_type, numeric_precision, numeric_scale, datetime_precision, character_set_name, collation_name, "
    f"extra, generation_expression FROM information_schema.columns WHERE {_OF} "
    "ORDER BY table_name, ordinal_position",
    "indexes": f"SELECT * FROM information_schema.statistics WHERE {_OF} "
    "ORDER BY table_name, index_name, seq_in_index",
    "foreign_keys": "SELECT k.table_schema, k.table_name, k.constraint_name, k.column_name, "
    "k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule "
    "FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r "
    "ON r.constraint_name = k.constraint_name AND r.table_name = k.table_name "
    "WHERE k.table_schema = DATABASE() AND r.constraint_schema = DATABASE() "
    "ORDER BY k.table_name, k.constraint_name, k.ordinal_position",
    "checks": "SELECT t.table_name, c.constraint_name, c.check_clause, t.enforced "
    "FROM information_schema.check_constraints c JOIN information_schema.table_constraints t "
    "ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name "
    "WHERE c.constraint_schema = DATABASE() AND t.constraint_type = 'CHECK'",
    "views": "SELECT table_name, view_definition, check_option, security_type, table_schema "
    f"FROM information_schema.views WHERE {_OF}",
    "routines": "SELECT routine_name, routine_type, dtd_identifier, routine_definition, is_deterministic, "
    "sql_data_access, security_type, sql_mode FROM information_schema.routines WHERE routine_schema = DATABASE()",
    "parameters": "SELECT specific_name, routine_type, ordinal_position, parameter_mode, parameter_name, "
    "dtd_identifier FROM information_schema.parameters WHERE specific_schema = DATABASE() "
    "ORDER BY specific_name, ordinal_position",
    "triggers": "SELECT trigger_name, event_object_table, action_timing, event_manipulation, "
    "action_order, action_statement, sql_mode FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    "events": "SELECT event_name, event_type, execute_at, interval_value, interval_field, starts, ends, "
    "status, on_completion, time_zone, event_definition, sql_mode "
    "FROM information_schema.events WHERE event_schema = DATABASE()",
    "partitions": "SELECT table_name, partition_name, subpartition_name, partition_ordinal_position, "
    "partition_method, partition_expression, partition_description FROM information_schema.partitions "
    f"WHERE {_OF} AND partition_name IS NOT NULL",
}
"""One query per kind. ``checks`` is a join because MySQL's own table of checks names no table.

The keys are not joined by schema: MariaDB would then open the tables of every other schema as well.
"""

MARIADB_CHECKS = (
    "SELECT table_name, constraint_name, check_clause, 'YES' AS enforced "
    "FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()"
)
"""MariaDB names the table, but lists a column's own check under the column's name only here."""


@dataclass(frozen=True)
class Key:
    """One key that tells rows apart."""

    name: str
    columns: tuple[str, ...]
    walkable: bool = True
    """The index holds whole columns, so that it can be walked in order."""


@dataclass(frozen=True)
class Table:
    """One base table."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[Key, ...] = ()
    """The primary key first, then unique keys without NULLs."""
    rows: int = 0
    """The server's estimate."""
    consistent: bool = True
    """Its engine shows a snapshot's rows, whatever is written meanwhile."""
    auto_increment: int | None = None
    counter: str = ""
    """The column that AUTO_INCREMENT fills."""
    generated: frozenset[str] = frozenset()
    refers_to: frozenset[str] = frozenset()
    """Tables that its foreign keys name."""


@dataclass(frozen=True)
class Catalogue:
    """What one server says of one database."""

    records: Mapping[str, Sequence[Record]]
    mariadb: bool = False
    """Which server's spelling it is."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Kinds that could not be read, and why."""

    @property
    def tables(self) -> dict[str, Table]:
        """Return the base tables by name."""
        return _tables(self.records)

    @property
    def views(self) -> frozenset[str]:
        """Return the names of the views."""
        return frozenset(str(record["table_name"]) for record in self.records.get("views", ()))

    @property
    def bodiless(self) -> dict[str, str]:
        """Return the kinds with an object whose definition the server keeps to itself, and which."""
        return {
            kind: f"the definition of {nameless[0]} is hidden from the user{_RIGHTS.get(kind, '')}"
            for kind, (name, body) in _BODIES.items()
            if (nameless := [r[name] for r in self.records.get(kind, ()) if not r[body]])
        }


_BODIES = {
    "views": ("table_name", "view_definition"),
    "routines": ("routine_name", "routine_definition"),
    "triggers": ("trigger_name", "action_statement"),
    "events": ("event_name", "event_definition"),
}
"""Kind → the columns of its name and of its definition."""
_RIGHTS = {"views": ", who has no SHOW VIEW right on it"}


def read_catalogue(session: Asking, *, mariadb: bool) -> Catalogue:
    """Read the whole catalogue; a kind that may not be read is noted, not fatal."""
    records: dict[str, Sequence[Record]] = {}
    unreadable: dict[str, str] = {}
    for kind, sql in QUERIES.items():
        try:
            records[kind] = session.dicts(MARIADB_CHECKS if kind == "checks" and mariadb else sql)
        except NotFound:  # MySQL before 8.0.16 has no checks, and no list of them
            if kind != "checks":
                raise
            records[kind] = ()
        except (AccessDenied, Terminal) as error:
            if kind in ("tables", "columns", "indexes"):
                raise
            records[kind], unreadable[kind] = (), str(error)
    return Catalogue(records, mariadb, unreadable)


JSON_CHECK = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)
"""The check by which MariaDB tells a JSON column from a long text."""


def json_columns(records: Mapping[str, Sequence[Record]]) -> set[tuple[str, str]]:
    """Return MariaDB's JSON columns: long texts that carry the check json_valid(column) and no more."""
    found = ((r["table_name"], JSON_CHECK.fullmatch(str(r["check_clause"]))) for r in records.get("checks", ()))
    return {(table, match[1].replace("``", "`")) for table, match in found if match}


def _tables(records: Mapping[str, Sequence[Record]]) -> dict[str, Table]:
    columns = _by_table(records["columns"])
    indexes = _by_table(records["indexes"])
    foreign = _by_table(records.get("foreign_keys", ()))
    documents = json_columns(records)
    return {
        record["name"]: _table(record, columns, indexes, foreign, documents)
        for record in records["tables"]
        if record["table_type"] in ("BASE TABLE", "SYSTEM VERSIONED")
    }


def _by_table(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record["table_name"], []).append(record)
    return found


def _table(
    record: Record,
    columns: Mapping[str, list[Record]],
    indexes: Mapping[str, list[Record]],
    foreign: Mapping[str, list[Record]],
    documents: set[tuple[str, str]],
) -> Table:
    name = record["name"]
    own = columns.get(name, [])
    typed = tuple(column_of(c, document=(name, c["column_name"]) in documents) for c in own)
    return Table(
        name=name,
        columns=typed,
        keys=_keys(indexes.get(name, ()), {c.name for c in typed if not c.nullable}),
        rows=int(record["table_rows"] or 0),
        consistent=str(record["engine"]).lower() == "innodb",
        auto_increment=record["auto_increment"],
        counter=next((c["column_name"] for c in own if "auto_increment" in str(c["extra"]).lower()), ""),
        generated=frozenset(c["column_name"] for c in own if c["generation_expression"]),
        refers_to=frozenset(f["referenced_table_name"] for f in foreign.get(name, ())),
    )


def _keys(indexes: Sequence[Record], never_null: set[str]) -> tuple[Key, ...]:
    parts: dict[str, list[Record]] = {}
    for record in indexes:
        if not int(record["non_unique"]) and record["index_name"] is not None:
            parts.setdefault(record["index_name"], []).append(record)
    keys = [
        Key(name, tuple(r["column_name"] for r in own), all(r["sub_part"] is None for r in own))
        for name, own in parts.items()
        if all(r["column_name"] in never_null for r in own)
    ]
    return tuple(sorted(keys, key=lambda key: (key.name != "PRIMARY", len(key.columns), key.name)))
