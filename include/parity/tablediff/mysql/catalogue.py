"""The catalogue of a MySQL database: a dozen queries, and one ``SHOW CREATE`` per object.

``information_schema`` has lists, types and settings. What is lossy there (expressions, defaults, bodies) is read
from ``SHOW CREATE``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from parity.errors import AccessDenied, NotFound, Terminal
from parity.sql.columns import Column
from parity.sql.mysql_types import column_of
from parity.tablediff.mysql.session import QuerySession, definition_hash, show_create

Record = Mapping[str, Any]


_OF = "table_schema = DATABASE()"
QUERIES: Mapping[str, str] = {
    "server": "SELECT DATABASE() AS name, VERSION() AS version, @@lower_case_table_names AS folds",
    "tables": "SELECT table_name AS name, table_type, engine, table_collation, auto_increment, table_rows "
    f"FROM information_schema.tables WHERE {_OF}",
    "columns": "SELECT table_name, column_name, ordinal_position, is_nullable, data_type, "
    "column_type, numeric_precision, numeric_scale, datetime_precision, character_set_name, collation_name, "
    f"extra, generation_expression FROM information_schema.columns WHERE {_OF} "
    "ORDER BY table_name, ordinal_position",
    "indexes": f"SELECT * FROM information_schema.statistics WHERE {_OF} "
    "ORDER BY table_name, index_name, seq_in_index",
    "foreign_keys": "SELECT k.table_schema, k.table_name, k.constraint_name, k.column_name, "
    "k.referenced_table_schema, k.referenced_table_name, k.referenced_column_name, r.update_rule, r.delete_rule, "
    "r.match_option, r.table_name AS ruled_table, r.constraint_name AS ruled "
    "FROM information_schema.key_column_usage k "
    "JOIN information_schema.referential_constraints r "
    "ON r.constraint_name = k.constraint_name AND r.table_name = k.table_name "
    "WHERE k.table_schema = DATABASE() AND r.constraint_schema = DATABASE() "
    "ORDER BY k.table_name, k.constraint_name, k.ordinal_position",
    "views": "SELECT table_name, view_definition, check_option, security_type, definer, character_set_client, "
    f"collation_connection FROM information_schema.views WHERE {_OF}",
    "routines": "SELECT * FROM information_schema.routines WHERE routine_schema = DATABASE()",
    "parameters": "SELECT specific_name, routine_type, ordinal_position, parameter_mode, parameter_name, "
    "dtd_identifier, character_set_name, collation_name FROM information_schema.parameters "
    "WHERE specific_schema = DATABASE() ORDER BY specific_name, ordinal_position",
    "triggers": "SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_order, "
    "action_statement, sql_mode, definer, character_set_client, collation_connection, database_collation "
    "FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
    "events": "SELECT event_name, event_type, execute_at, interval_value, interval_field, starts, ends, "
    "status, on_completion, time_zone, event_definition, sql_mode, definer, event_comment, character_set_client, "
    "collation_connection, database_collation FROM information_schema.events WHERE event_schema = DATABASE()",
}
"""One query per kind. The keys are not joined by schema: MariaDB would open the tables of all other schemas."""

MARIADB_QUERIES: Mapping[str, str] = {
    "checks": "SELECT * FROM information_schema.check_constraints WHERE constraint_schema = DATABASE()",
    "geometries": "SELECT g_table_name AS table_name, g_geometry_column AS column_name, srid "
    "FROM information_schema.geometry_columns WHERE g_table_schema = DATABASE()",
}
"""For MariaDB alone: the check by which it marks a JSON column, and what it shows nowhere else."""
MYSQL_QUERIES: Mapping[str, str] = {
    "libraries": "SELECT library_name FROM information_schema.libraries WHERE library_schema = DATABASE()",
}
"""For MySQL alone; it has libraries since 9.2."""


@dataclass(frozen=True)
class Key:
    """One key that identifies rows."""

    name: str
    columns: tuple[str, ...]
    range_scannable: bool = True
    """The index has whole columns, so that ranges of it can be scanned in order."""


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
    refers_to: frozenset[str] = frozenset()
    """Tables that its foreign keys name."""
    versioned: bool = False
    """It keeps former rows, which only a query for them returns."""
    definition_hash: str = ""
    """Another one once its columns have changed."""


@dataclass(frozen=True)
class Catalogue:
    """What one server shows of one database."""

    records: Mapping[str, Sequence[Record]]
    mariadb: bool = False
    """Whether MariaDB printed it."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Kinds that could not be read, and why."""
    created: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What ``SHOW CREATE`` returns, by kind of object and by name."""
    denied: frozenset[str] = frozenset()
    """Wanted tables whose definition is hidden from the user, who has rights on some of their columns only."""

    @property
    def tables(self) -> dict[str, Table]:
        """Return the base tables by name."""
        hashes = {name: definition_hash(text) for name, text in self.created.get("table", {}).items()}
        tables = _tables(self.records)
        return {name: replace(table, definition_hash=hashes.get(name, "")) for name, table in tables.items()}

    @property
    def views(self) -> frozenset[str]:
        """Return the names of the views."""
        return frozenset(str(record["table_name"]) for record in self.records.get("views", ()))

    def hidden_definitions(self, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Return the kinds with an object whose definition the server hides, and which.

        Views and triggers count where their table is ``wanted``, as when they are compared.
        """
        return {
            kind: f"the definition of {nameless[0]} is hidden from the user{_RIGHTS.get(kind, '')}"
            for kind, (name, body, table) in _BODIES.items()
            if (
                nameless := [
                    r[name]
                    for r in self.records.get(kind, ())
                    if not r[body] and (not table or wanted(str(r[table])))
                ]
            )
        }

    @property
    def server(self) -> Record:
        """Return the database's name, the server's version, and whether it folds the case of tables' names."""
        return self.records["server"][0]

    @property
    def adds_introducers(self) -> bool:
        """Return whether the server puts a character set before every literal of an expression, like MySQL 8."""
        return not self.mariadb and int(str(self.server["version"]).partition(".")[0]) >= 8

    @property
    def folds_case(self) -> bool:
        """Return whether the server ignores the case of tables' names."""
        return bool(int(self.server["folds"]))

    def with_names_of(self, other: Catalogue) -> Catalogue:
        """Return it with the names of tables in the other's case, where one of the two servers folds it."""
        if not (self.folds_case or other.folds_case):
            return self
        theirs = {str(r["name"]).lower(): str(r["name"]) for r in other.records["tables"]}
        records = {kind: [_respelled(r, theirs) for r in rows] for kind, rows in self.records.items()}
        created = {
            kind: {theirs.get(n.lower(), n) if kind in ("table", "view") else n: t for n, t in texts.items()}
            for kind, texts in self.created.items()
        }
        denied = frozenset(theirs.get(name.lower(), name) for name in self.denied)
        return replace(self, records=records, created=created, denied=denied)


_TABLE_NAMES = ("table_name", "event_object_table", "referenced_table_name")


def _respelled(record: Record, names: Mapping[str, str]) -> Record:
    own = ("name", *_TABLE_NAMES) if "table_type" in record else _TABLE_NAMES
    return {
        key: names.get(str(value).lower(), value) if key in own and value is not None else value
        for key, value in record.items()
    }


_BODIES = {
    "views": ("table_name", "view_definition", "table_name"),
    "routines": ("routine_name", "routine_definition", ""),
    "triggers": ("trigger_name", "action_statement", "event_object_table"),
    "events": ("event_name", "event_definition", ""),
}
"""Kind → the columns of its name, of its definition, and of the table by which it is wanted, if there is one."""
_RIGHTS = {"views": ", who has no SHOW VIEW right on it"}


def read_catalogue(session: QuerySession, *, mariadb: bool, wanted: Callable[[str], bool] = bool) -> Catalogue:
    """Read the whole catalogue; a kind that may not be read is noted, not fatal.

    Definitions are read of the tables and views that are ``wanted``, and of everything that belongs to no table.
    """
    unreadable: dict[str, str] = {}
    records = _lists(session, MARIADB_QUERIES if mariadb else MYSQL_QUERIES, unreadable)
    unknown = [r for r in records["tables"] if r["table_type"] not in _KNOWN and wanted(r["name"])]
    if unknown:
        unreadable["tables"] = f"{unknown[0]['name']} is of an unknown type, {unknown[0]['table_type']}"
    texts: dict[str, dict[str, str]] = {}
    denied: set[str] = set()
    folds_case = int(records["server"][0]["folds"])  # then its spelling may not be that of the wanted names
    for kind, what, name in _objects(records, bool if folds_case else wanted):
        try:
            texts.setdefault(what, {})[name] = show_create(session, what, name)
        except (AccessDenied, NotFound, Terminal) as error:
            if what == "table" and isinstance(error, AccessDenied):
                denied.add(name)
            else:
                unreadable.setdefault(kind, f"the definition of {name} cannot be read: {error}")
    return Catalogue(records, mariadb, unreadable, texts, frozenset(denied))


def _lists(
    session: QuerySession, more: Mapping[str, str], unreadable: dict[str, str]
) -> Mapping[str, Sequence[Record]]:
    records: dict[str, Sequence[Record]] = {}
    for kind, sql in {**QUERIES, **more}.items():
        try:
            found = session.dicts(sql)
            records[kind] = [record for record in found if _belongs(record)]
        except NotFound:  # MySQL before 9.2 has no libraries, and no list of them
            if kind != "libraries":
                raise
            records[kind] = ()
        except (AccessDenied, Terminal) as error:
            if kind in ("server", "tables", "columns", "indexes"):
                raise
            records[kind], unreadable[kind] = (), str(error)
    return records


def _belongs(record: Record) -> bool:
    """Return whether a join was exact: information_schema may treat names as equal that differ in case alone."""
    return "ruled" not in record or (record["ruled_table"], record["ruled"]) == (
        record["table_name"],
        record["constraint_name"],
    )


def _objects(
    records: Mapping[str, Sequence[Record]], wanted: Callable[[str], bool]
) -> Iterator[tuple[str, str, str]]:
    """Yield kind, kind in ``SHOW CREATE``, and name of every object that has a definition."""
    for record in records["tables"]:
        what = _SHOWN.get(record["table_type"], "table")
        if wanted(record["name"]):
            yield f"{what}s", what, record["name"]
    for record in records["routines"]:
        yield "routines", str(record["routine_type"]).lower(), record["routine_name"]
    for record in records["triggers"]:
        if wanted(record["event_object_table"]):
            yield "triggers", "trigger", record["trigger_name"]
    for record in records["events"]:
        yield "events", "event", record["event_name"]
    for record in records.get("libraries", ()):
        yield "libraries", "library", record["library_name"]


_SHOWN = {"VIEW": "view", "SEQUENCE": "sequence"}
"""Type of what is listed among the tables → its kind in ``SHOW CREATE``."""
_WITH_ROWS = ("BASE TABLE", "SYSTEM VERSIONED")
_KNOWN = (*_WITH_ROWS, *_SHOWN)


_JSON_CHECK = re.compile(r"json_valid\(`((?:[^`]|``)+)`\)", re.IGNORECASE)


def json_columns(records: Mapping[str, Sequence[Record]]) -> set[tuple[str, str]]:
    """Return MariaDB's JSON columns.

    To MariaDB, JSON is a longtext in utf8mb4_bin with the column's own check json_valid(column), and nothing else:
    the same check on a text of another type, or of the whole table, makes no JSON column.
    """
    checked = {
        (r["table_name"], r["constraint_name"])
        for r in records.get("checks", ())
        if r.get("level", "Column") == "Column"
        and (match := _JSON_CHECK.fullmatch(str(r["check_clause"])))
        and match[1].replace("``", "`") == r["constraint_name"]
    }
    return {
        (r["table_name"], r["column_name"])
        for r in records["columns"]
        if (r["table_name"], r["column_name"]) in checked
        and (str(r["data_type"]).lower(), r["collation_name"]) == ("longtext", "utf8mb4_bin")
    }


def _tables(records: Mapping[str, Sequence[Record]]) -> dict[str, Table]:
    columns = _by_table(records["columns"])
    indexes = _by_table(records["indexes"])
    foreign = _by_table(records.get("foreign_keys", ()))
    return {
        record["name"]: _table(record, columns, indexes, foreign)
        for record in records["tables"]
        if record["table_type"] in _WITH_ROWS
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
) -> Table:
    name = record["name"]
    own = columns.get(name, [])
    typed = tuple(column_of(c) for c in own)
    return Table(
        name=name,
        columns=typed,
        keys=_keys(indexes.get(name, ()), {c.name for c in typed if not c.nullable}),
        rows=int(record["table_rows"] or 0),
        consistent=str(record["engine"]).lower() == "innodb",
        auto_increment=record["auto_increment"],
        counter=next((c["column_name"] for c in own if "auto_increment" in str(c["extra"]).lower()), ""),
        refers_to=frozenset(f["referenced_table_name"] for f in foreign.get(name, ())),
        versioned=record["table_type"] == "SYSTEM VERSIONED",
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
