"""What a catalogue names, as names and a few normalised attributes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from parity.engines.mysql_catalogue import JSON_CHECK, Catalogue, Record, json_columns
from parity.flow.databases.spelling import charset, column_type, default, extra, sql_mode, sql_text

Attributes = dict[str, str]
Objects = dict[tuple[str, str], Attributes]
"""(kind, name) → attributes."""


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
            found["column", f"{record['table_name']}.{record['column_name'].lower()}"] = _column(
                record, document, mariadb=catalogue.mariadb
            )
    for kind, read in _READERS.items():
        for name, attributes in read(records):
            found[kind, name] = attributes
    return found


def _table_attributes(record: Record) -> Attributes:
    return {"engine": str(record["engine"]).lower(), "collation": charset(record["table_collation"])}


def _column(record: Record, document: bool, *, mariadb: bool) -> Attributes:
    return {
        "type": "json" if document else column_type(record["column_type"]),
        "nullable": str(record["is_nullable"]).lower(),
        "default": default(record["column_default"], str(record["extra"] or ""), mariadb=mariadb),
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
                "visible": _visible(parts[0]),
            },
        )


def _part(record: Record) -> str:
    """Return one part of an index: a column, maybe its first characters only, or an expression; and its order."""
    length = f"({record['sub_part']})" if record["sub_part"] else ""
    order = " desc" if str(record["collation"]).upper() == "D" else ""
    return f"{record['column_name'] or sql_text(record.get('expression'))}{length}{order}"


def _visible(record: Record) -> str:
    """Tell whether the optimiser sees an index: MySQL says IS_VISIBLE, MariaDB IGNORED, older servers neither."""
    hidden = str(record.get("ignored", "NO")).upper() == "YES" or str(record.get("is_visible")).upper() == "NO"
    return "no" if hidden else "yes"


def _foreign_keys(records: Records) -> Named:
    for name, parts in _grouped(records["foreign_keys"], "table_name", "constraint_name").items():
        yield (
            name,
            {
                "columns": ", ".join(str(p["column_name"]) for p in parts),
                "refers to": f"{_elsewhere(parts[0])}{parts[0]['referenced_table_name']}"
                f" ({', '.join(str(p['referenced_column_name']) for p in parts)})",
                "on update": _rule(parts[0]["update_rule"]),
                "on delete": _rule(parts[0]["delete_rule"]),
            },
        )


def _elsewhere(record: Record) -> str:
    """Return the database of the table referred to, unless it is the own one, whose name may differ."""
    other = record["referenced_table_schema"]
    return "" if other == record["table_schema"] else f"{other}."


def _rule(value: object) -> str:
    """Return the rule; InnoDB makes no difference between NO ACTION and RESTRICT."""
    return str(value).lower().replace("no action", "restrict")


def _checks(records: Records) -> Named:
    for record in records["checks"]:
        if not JSON_CHECK.fullmatch(str(record["check_clause"])):
            yield (
                f"{record['table_name']}.{record['constraint_name']}",
                {"check": sql_text(record["check_clause"]), "enforced": str(record["enforced"]).lower()},
            )


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
    """Yield routines by name; a function and a procedure may share one."""
    parameters = _grouped(records["parameters"], "routine_type", "specific_name")
    for name, namesakes in _grouped(records["routines"], "routine_name").items():
        attributes: Attributes = {}
        for record in namesakes:
            kind = str(record["routine_type"]).lower()
            own = parameters.get(f"{record['routine_type']}.{record['routine_name']}", ())
            attributes |= {f"{kind} {what}": text for what, text in _routine(record, own).items()}
        yield name, attributes


def _routine(record: Record, parameters: Iterable[Record]) -> Attributes:
    return {
        "returns": column_type(record["dtd_identifier"] or ""),
        "parameters": ", ".join(
            f"{p['parameter_mode'] or 'IN'} {p['parameter_name']} {column_type(p['dtd_identifier'])}"
            for p in parameters
            if int(p["ordinal_position"])
        ),
        "body": sql_text(record["routine_definition"]),
        "deterministic": str(record["is_deterministic"]).lower(),
        "data access": str(record["sql_data_access"]).lower(),
        "security": str(record["security_type"]).lower(),
        "sql mode": sql_mode(record["sql_mode"]),
    }


def _triggers(records: Records) -> Named:
    for record in records["triggers"]:
        yield (
            record["trigger_name"],
            {
                "table": record["event_object_table"],
                "when": f"{record['action_timing']} {record['event_manipulation']}".lower(),
                "order": str(record["action_order"]),
                "body": sql_text(record["action_statement"]),
                "sql mode": sql_mode(record["sql_mode"]),
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
                "time zone": str(record["time_zone"]).lower(),
                "status": str(record["status"]).lower(),
                "on completion": str(record["on_completion"]).lower(),
                "body": sql_text(record["event_definition"]),
                "sql mode": sql_mode(record["sql_mode"]),
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
