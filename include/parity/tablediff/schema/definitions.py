"""The objects of a catalogue, as names and a few normalised attributes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import NamedTuple

from parity.sql.mysql_tokens import Tokens, joined, parts, tokens
from parity.tablediff.mysql.catalogue import Catalogue, Record, json_columns
from parity.tablediff.schema.create_statements import (
    OPTIONS,
    Clauses,
    RoutineText,
    TableText,
    after_name,
    event_body,
    routine_text,
    table_text,
    trigger_text,
    view_text,
)
from parity.tablediff.schema.normalise import (
    Style,
    body,
    charset,
    column_type,
    default,
    expression,
    extra,
    partitioning,
    query,
    sql_mode,
)

Attributes = dict[str, str]


class DefinitionKey(NamedTuple):
    """What identifies an object of a database."""

    kind: str
    table: str
    """The table that it is a part of; empty for an object of the database itself."""
    name: str
    sort: str = ""
    """Which of a function, a procedure and the parts of a package that share a name."""

    @property
    def shown(self) -> str:
        """Return the name for reports."""
        return f"{self.table}.{self.name}" if self.table else self.name


Definitions = dict[DefinitionKey, Attributes]
Found = Iterator[tuple[DefinitionKey, Attributes]]


@dataclass(frozen=True)
class _Side:
    """A catalogue, its tables' definitions, and the style of its server."""

    catalogue: Catalogue
    style: Style
    texts: Mapping[str, TableText]

    def records(self, kind: str) -> Iterable[Record]:
        return self.catalogue.records.get(kind, ())

    def created(self, what: str, name: str) -> str:
        return self.catalogue.created.get(what, {}).get(name, "")


def normalised_definitions(catalogue: Catalogue, style: Style, skipped: Set[str] = frozenset()) -> Definitions:
    """Return every object of the catalogue whose definition is known, normalised.

    Tables that are ``skipped`` are left out, with all that belongs to them but triggers and foreign keys.
    """
    created = catalogue.created.get("table", {})
    texts = {name: table_text(text) for name, text in created.items() if name not in skipped}
    side = _Side(catalogue, style, texts)
    return {key: attributes for reader in _READERS for key, attributes in reader(side)}


def _tables(side: _Side) -> Found:
    for record in side.records("tables"):
        if text := side.texts.get(record["name"]):
            yield (
                DefinitionKey("table", "", record["name"]),
                {
                    "engine": str(record["engine"]).lower(),
                    "collation": charset(record["table_collation"]),
                    "comment": joined(text.options.get("comment", [])),
                    "partition by": partitioning(text.options["partition by"], side.style),
                    "options": _options(text.options, side.style),
                    "versioned": "yes" if record["table_type"] == "SYSTEM VERSIONED" else "",
                },
            )


def _options(clauses: Clauses, style: Style) -> str:
    return expression(clauses.get(OPTIONS, []), style)


def _columns(side: _Side) -> Found:
    documents = json_columns(side.catalogue.records) if side.catalogue.mariadb else set()
    spatial = {(r["table_name"], r["column_name"]): int(r["srid"]) for r in side.records("geometries")}
    for record in side.records("columns"):
        text = side.texts.get(record["table_name"])
        if text:
            clauses = text.columns.get(record["column_name"], {})
            place = (record["table_name"], record["column_name"])
            attributes = _column(record, clauses, place in documents, side.style)
            if spatial.get(place):  # MariaDB has it nowhere else, and 0 for none
                attributes["spatial reference"] = str(spatial[place])
            yield DefinitionKey("column", record["table_name"], record["column_name"].lower()), attributes


def _column(record: Record, clauses: Clauses, document: bool, style: Style) -> Attributes:
    return {
        "name": str(record["column_name"]),
        "type": "json" if document else column_type(clauses.get("type", [])),
        "nullable": str(record["is_nullable"]).lower(),
        "default": default(clauses.get("default", []), style),
        "extra": extra(record["extra"]),
        "generated": expression(clauses.get("generated", []), style),
        "check": "" if document else expression(clauses.get("check", []), style),
        "charset": "" if document else charset(record["character_set_name"]),
        "collation": "" if document else charset(record["collation_name"]),
        "spatial reference": joined(clauses.get("srid", [])),
        "comment": joined(clauses.get("comment", [])),
        "options": _options(clauses, style),
        "position": str(record["ordinal_position"]),
    }


def _grouped(records: Iterable[Record], *names: str) -> dict[tuple[str, ...], list[Record]]:
    found: dict[tuple[str, ...], list[Record]] = {}
    for record in records:
        found.setdefault(tuple(str(record[name]) for name in names), []).append(record)
    return found


def _indexes(side: _Side) -> Found:
    for (table, name), pieces in _grouped(side.records("indexes"), "table_name", "index_name").items():
        if text := side.texts.get(table):
            clauses = text.indexes.get(name, {})
            written = parts(clauses.get("parts", []))
            yield (
                DefinitionKey("index", table, name),
                {
                    "columns": ", ".join(_part(p, written, side.style) for p in pieces),
                    "unique": "no" if int(pieces[0]["non_unique"]) else "yes",
                    "type": str(pieces[0]["index_type"]).lower(),
                    "visible": _visible(pieces[0]),
                    "comment": joined(clauses.get("comment", [])),
                    "parser": expression(clauses.get("parser", [])),
                    "options": _options({OPTIONS: [*clauses.get(OPTIONS, []), *_period(written)]}, side.style),
                },
            )


def _period(written: list[Tokens]) -> Tokens:
    """Return the words by which MariaDB forbids that periods overlap; information_schema has none."""
    return [token for part in written for token in part if token.matches("WITHOUT", "OVERLAPS")]


def _part(record: Record, written: list[Tokens], style: Style) -> str:
    """Return one part of an index: a column or its first characters, or an expression; and its order."""
    length = f"({record['sub_part']})" if record["sub_part"] else ""
    order = " desc" if str(record["collation"]).upper() == "D" else ""
    if record["column_name"]:
        return f"{record['column_name']}{length}{order}"
    at = int(record["seq_in_index"]) - 1
    found = [token for token in written[at] if not token.matches("DESC")] if at < len(written) else []
    return f"{expression(found, style)}{length}{order}"


def _visible(record: Record) -> str:
    """Return whether the optimiser uses an index: MySQL has IS_VISIBLE, MariaDB IGNORED, older servers neither."""
    hidden = str(record.get("ignored", "NO")).upper() == "YES" or str(record.get("is_visible")).upper() == "NO"
    return "no" if hidden else "yes"


def _foreign_keys(side: _Side) -> Found:
    for (table, name), pieces in _grouped(side.records("foreign_keys"), "table_name", "constraint_name").items():
        first = pieces[0]
        yield (
            DefinitionKey("foreign key", table, name),
            {
                "columns": ", ".join(str(p["column_name"]) for p in pieces),
                "refers to": f"{_elsewhere(first)}{first['referenced_table_name']}"
                f" ({', '.join(str(p['referenced_column_name']) for p in pieces)})",
                "on update": _rule(first["update_rule"]),
                "on delete": _rule(first["delete_rule"]),
                "match": str(first["match_option"]).lower(),
            },
        )


def _elsewhere(record: Record) -> str:
    """Return the database of the table referred to, unless it is the same one, whose name may differ."""
    other = record["referenced_table_schema"]
    return "" if other == record["table_schema"] else f"{other}."


def _rule(value: object) -> str:
    """Return the rule; to InnoDB NO ACTION and RESTRICT are the same."""
    return str(value).lower().replace("no action", "restrict")


def _elements(side: _Side) -> Found:
    """Yield the elements of a table's definition other than columns, indexes and foreign keys."""
    for table, text in side.texts.items():
        for name, clauses in text.checks.items():
            yield (
                DefinitionKey("check", table, name),
                {
                    "check": expression(clauses.get("check", []), side.style),
                    "enforced": "no" if "not enforced" in clauses else "yes",
                    "options": _options(clauses, side.style),
                },
            )
        for name, found in text.partitions.items():
            yield DefinitionKey("partition", table, name), {"definition": partitioning(found, side.style)}
        for element in text.others:
            written = expression(element, side.style)
            yield DefinitionKey("clause", table, written), {"definition": written}


def _views(side: _Side) -> Found:
    for record in side.records("views"):
        if text := side.created("view", record["table_name"]):
            clauses = view_text(text)
            yield (
                DefinitionKey("view", "", record["table_name"]),
                {
                    "definition": query(clauses["query"], side.style),
                    "algorithm": expression(clauses.get("algorithm", [])),
                    "options": _options(clauses, side.style),
                    "check option": str(record["check_option"]).lower(),
                    "security": str(record["security_type"]).lower(),
                    **_origin(record),
                },
            )


def _origin(record: Record) -> Attributes:
    """Return the account and the character sets that an object runs with."""
    database = {"collation of the database": charset(record.get("database_collation"))}
    return {
        "definer": str(record["definer"]),
        "charset of the client": charset(record["character_set_client"]),
        "collation of the connection": charset(record["collation_connection"]),
        **(database if "database_collation" in record else {}),
    }


def _routines(side: _Side) -> Found:
    """Yield routines by name and sort: a function and a procedure may share a name."""
    parameters = _grouped(side.records("parameters"), "routine_type", "specific_name")
    for record in side.records("routines"):
        name, sort = str(record["routine_name"]), str(record["routine_type"])
        own = parameters.get((sort, name), [])
        attributes = _routine(record, own, side.created(sort.lower(), name), side.style)
        yield (
            DefinitionKey("routine", "", name, sort.lower()),
            {f"{sort.lower()} {what}": value for what, value in attributes.items()},
        )


def _routine(record: Record, parameters: Iterable[Record], text: str, style: Style) -> Attributes:
    kind, mode = str(record["routine_type"]), str(record["sql_mode"])
    if kind.startswith("PACKAGE"):
        found = RoutineText([], [], {}, after_name(text, *kind.split(), sql_mode=mode))
    else:
        found = routine_text(text, mode)
    clauses = found.traits
    language = joined(clauses.get("language", [])).lower()
    return {
        "returns": column_type(found.returns),
        "parameters": body(found.parameters),
        "charsets": ", ".join(charset(p["character_set_name"]) for p in parameters),
        "collations": ", ".join(charset(p["collation_name"]) for p in parameters),
        "language": language,
        "body": found.body if language else body(tokens(found.body, mode)),
        "options": _options(clauses, style),
        "deterministic": str(record["is_deterministic"]).lower(),
        "data access": str(record["sql_data_access"]).lower(),
        "security": str(record["security_type"]).lower(),
        "sql mode": sql_mode(mode, style),
        "comment": str(record["routine_comment"]),
        **_origin(record),
    }


def _triggers(side: _Side) -> Found:
    for record in side.records("triggers"):
        if text := side.created("trigger", record["trigger_name"]):
            condition, found = trigger_text(text, str(record["sql_mode"]))
            yield (
                DefinitionKey("trigger", "", record["trigger_name"]),
                {
                    "table": str(record["event_object_table"]),
                    "when": f"{record['action_timing']} {record['event_manipulation']}".lower(),
                    "order": str(record["action_order"]),
                    "options": expression(condition, side.style),
                    "body": body(found),
                    "sql mode": sql_mode(record["sql_mode"], side.style),
                    **_origin(record),
                },
            )


def _events(side: _Side) -> Found:
    for record in side.records("events"):
        text = side.created("event", record["event_name"])
        yield (
            DefinitionKey("event", "", record["event_name"]),
            {
                "schedule": " ".join(
                    str(record[k])
                    for k in ("event_type", "execute_at", "interval_value", "interval_field", "starts", "ends")
                    if record[k] is not None
                ).lower(),
                "time zone": str(record["time_zone"]).lower(),
                "status": str(record["status"]).lower(),
                "on completion": str(record["on_completion"]).lower(),
                "body": body(event_body(text, str(record["sql_mode"]))),
                "sql mode": sql_mode(record["sql_mode"], side.style),
                "comment": str(record["event_comment"]),
                **_origin(record),
            },
        )


def _others(side: _Side) -> Found:
    for name, text in side.catalogue.created.get("sequence", {}).items():
        written = tokens(after_name(text, "SEQUENCE"))
        yield DefinitionKey("sequence", "", name), {"definition": expression(written, side.style)}
    for name, text in side.catalogue.created.get("library", {}).items():
        yield DefinitionKey("library", "", name), {"definition": after_name(text, "LIBRARY")}


_READERS: tuple[Callable[[_Side], Found], ...] = (
    _tables,
    _columns,
    _indexes,
    _foreign_keys,
    _elements,
    _views,
    _routines,
    _triggers,
    _events,
    _others,
)
