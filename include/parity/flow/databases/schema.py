"""Two catalogues, one list of differences. What only the server's version spells differently is none.

Every object becomes a name and a few normalised attributes; two objects are compared attribute by attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from parity.engines.mysql_catalogue import Catalogue, Record, json_columns
from parity.flow.databases.spelling import charset, column_type, default, extra, sql_text

Attributes = dict[str, str]
Objects = dict[tuple[str, str], Attributes]
"""(kind, name) → attributes."""


@dataclass(frozen=True)
class SchemaDifference:
    """One thing that is not the same on both sides."""

    object: str
    kind: str
    difference: str
    """The attribute's name, or ``missing`` (legacy only), or ``extra`` (target only)."""
    legacy: str | None
    target: str | None
    waived: str = ""
    """Ticket of the waiver that covers it."""

    @property
    def table(self) -> str:
        """Return the table it belongs to, or its own name."""
        return self.object.partition(".")[0]


def diff_schema(
    legacy: Catalogue, target: Catalogue, wanted: Callable[[str], bool]
) -> tuple[SchemaDifference, ...]:
    """Compare all objects of wanted tables, and all that belong to no table."""
    olds, news = objects(legacy), objects(target)
    lonely = {name for kind, name in olds.keys() ^ news.keys() if kind == "table"}
    return tuple(
        difference
        for kind, name in sorted(olds.keys() | news.keys())
        if kind in _FREE or (wanted(_table(name)) and (kind == "table" or _table(name) not in lonely))
        for difference in _compare(kind, name, olds.get((kind, name)), news.get((kind, name)))
    )


_FREE = ("routine", "event")


def _table(name: str) -> str:
    return name.partition(".")[0]


def _compare(kind: str, name: str, old: Attributes | None, new: Attributes | None) -> Iterable[SchemaDifference]:
    if old is None or new is None:
        shown = ", ".join(f"{k} {v}" for k, v in (old or new or {}).items() if v) or kind
        yield SchemaDifference(
            name, kind, "extra" if old is None else "missing", shown if old else None, shown if new else None
        )
        return
    for attribute in sorted(old.keys() | new.keys()):
        if old.get(attribute, "") != new.get(attribute, ""):
            yield SchemaDifference(name, kind, attribute, old.get(attribute, ""), new.get(attribute, ""))


def objects(catalogue: Catalogue) -> Objects:
    """Return everything that the catalogue names, normalised."""
    records = catalogue.records
    documents = json_columns(records)
    found: Objects = {}
    for record in records["tables"]:
        if record["table_type"] in ("BASE TABLE", "SYSTEM VERSIONED"):
            found["table", record["name"]] = _table_attributes(record)
    for record in records["columns"]:
        if ("table", record["table_name"]) in found:
            document = (record["table_name"], record["column_name"]) in documents
            found["column", f"{record['table_name']}.{record['column_name'].lower()}"] = _column(record, document)
    for kind, read in _READERS.items():
        for name, attributes in read(records):
            found[kind, name] = attributes
    return found


def _table_attributes(record: Record) -> Attributes:
    return {"engine": str(record["engine"]).lower(), "collation": charset(record["table_collation"])}


def _column(record: Record, document: bool) -> Attributes:
    return {
        "type": "json" if document else column_type(record["column_type"]),
        "nullable": str(record["is_nullable"]).lower(),
        "default": default(record["column_default"], str(record["extra"] or "")),
        "extra": extra(record["extra"]),
        "generated": sql_text(record["generation_expression"]),
        "charset": "" if document else charset(record["character_set_name"]),
        "collation": "" if document else charset(record["collation_name"]),
        "position": str(record["ordinal_position"]),
    }


Named = Iterable[tuple[str, Attributes]]
Records = Mapping[str, Iterable[Record]]


def _grouped(records: Iterable[Record], *names: str) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(".".join(str(record[name]) for name in names), []).append(record)
    return found


def _indexes(records: Records) -> Named:
    for name, parts in _grouped(records["indexes"], "table_name", "index_name").items():
        yield (
            name,
            {
                "columns": ", ".join(map(_part, parts)),
                "unique": "no" if int(parts[0]["non_unique"]) else "yes",
                "type": str(parts[0]["index_type"]).lower(),
            },
        )


def _part(record: Record) -> str:
    """Return one part of an index: a column, maybe its first characters only, or an expression."""
    length = f"({record['sub_part']})" if record["sub_part"] else ""
    return f"{record['column_name'] or sql_text(record.get('expression'))}{length}"


def _foreign_keys(records: Records) -> Named:
    for name, parts in _grouped(records["foreign_keys"], "table_name", "constraint_name").items():
        yield (
            name,
            {
                "columns": ", ".join(str(p["column_name"]) for p in parts),
                "refers to": f"{parts[0]['referenced_table_name']}"
                f" ({', '.join(str(p['referenced_column_name']) for p in parts)})",
                "on update": _rule(parts[0]["update_rule"]),
                "on delete": _rule(parts[0]["delete_rule"]),
            },
        )


def _rule(value: object) -> str:
    """Return the rule; InnoDB makes no difference between NO ACTION and RESTRICT."""
    return str(value).lower().replace("no action", "restrict")


def _checks(records: Records) -> Named:
    for record in records["checks"]:
        clause = sql_text(record["check_clause"])
        if not clause.startswith("json_valid("):
            yield f"{record['table_name']}.{record['constraint_name']}", {"check": clause}


def _views(records: Records) -> Named:
    for record in records["views"]:
        text = sql_text(record["view_definition"], record["table_schema"])
        yield (
            record["table_name"],
            {
                "definition": text,
                "check option": str(record["check_option"]).lower(),
                "security": str(record["security_type"]).lower(),
            },
        )


def _routines(records: Records) -> Named:
    parameters = _grouped(records["parameters"], "specific_name")
    for record in records["routines"]:
        own = [p for p in parameters.get(str(record["routine_name"]), ()) if int(p["ordinal_position"])]
        yield (
            record["routine_name"],
            {
                "type": str(record["routine_type"]).lower(),
                "returns": column_type(record["dtd_identifier"] or ""),
                "parameters": ", ".join(
                    f"{p['parameter_mode'] or 'IN'} {p['parameter_name']} {column_type(p['dtd_identifier'])}"
                    for p in own
                ),
                "body": sql_text(record["routine_definition"]),
                "deterministic": str(record["is_deterministic"]).lower(),
                "security": str(record["security_type"]).lower(),
            },
        )


def _triggers(records: Records) -> Named:
    for record in records["triggers"]:
        yield (
            record["trigger_name"],
            {
                "table": record["event_object_table"],
                "when": f"{record['action_timing']} {record['event_manipulation']}".lower(),
                "body": sql_text(record["action_statement"]),
            },
        )


def _events(records: Records) -> Named:
    for record in records["events"]:
        yield (
            record["event_name"],
            {
                "schedule": " ".join(
                    str(record[k])
                    for k in ("event_type", "execute_at", "interval_value", "interval_field", "starts", "ends")
                    if record[k] is not None
                ).lower(),
                "status": str(record["status"]).lower(),
                "body": sql_text(record["event_definition"]),
            },
        )


def _partitions(records: Records) -> Named:
    for record in records["partitions"]:
        inner = f"/{record['subpartition_name']}" if record["subpartition_name"] else ""
        yield (
            f"{record['table_name']}.{record['partition_name']}{inner}",
            {
                "by": f"{str(record['partition_method']).lower()} {sql_text(record['partition_expression'])}",
                "holds": sql_text(record["partition_description"]),
            },
        )


_READERS: Mapping[str, Callable[[Records], Named]] = {
    "index": _indexes,
    "foreign key": _foreign_keys,
    "check": _checks,
    "view": _views,
    "routine": _routines,
    "trigger": _triggers,
    "event": _events,
    "partition": _partitions,
}
