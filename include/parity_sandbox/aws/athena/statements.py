"""Every kind of statement that Athena takes, and what carries it out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from parity_sandbox.aws import trino
from parity_sandbox.aws.athena import values, writing
from parity_sandbox.aws.athena.failures import SYNTAX, QueryFailed
from parity_sandbox.aws.athena.query import Result, Row
from parity_sandbox.aws.athena.session import Session
from parity_sandbox.aws.athena.tables import Table
from parity_sandbox.aws.athena.values import ResultColumn

NAME = r"[`\"]?(\w+)[`\"]?"
TABLE = rf"(?:{NAME}\.)?{NAME}"
CHUNK = 10_000
Handler = Callable[[Session, re.Match[str]], Result]


def run(session: Session, sql: str) -> Result:
    """Carry out one statement."""
    text = sql.strip().rstrip(";").strip()
    for pattern, handler in HANDLERS:
        found = pattern.fullmatch(text)
        if found:
            return handler(session, found)
    if re.match(r"create\s+(external\s+)?table\b", text, re.IGNORECASE) and not re.search(
        r"\bas\s+(select|with|\()", text, re.IGNORECASE
    ):
        return create_external(session, text)
    return run_tree(session, bound(parse(text), session.query.request.parameters))


def parse(sql: str) -> exp.Expression:
    """Return the syntax tree of a query; QueryFailed as Athena says it."""
    try:
        tree = trino.parse(sql)
        trino.check_words(sql, tree)
    except ParseError as error:
        where = error.errors[0]
        near = f"line {where['line']}:{where['col']}: mismatched input '{where['highlight']}'"
        raise QueryFailed(f"{near}. {where['description']}", SYNTAX) from error
    except TokenError as error:
        raise QueryFailed(f"line 1:1: {error}", SYNTAX) from error
    return tree


def bound(tree: exp.Expression, parameters: Sequence[str]) -> exp.Expression:
    """Return the tree with its ``?`` replaced; each parameter is a literal as Athena wants it."""
    marks = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(parameters):
        raise QueryFailed(
            "SYNTAX_ERROR: line 1:1: Incorrect number of parameters: "
            f"expected {len(marks)} but found {len(parameters)}",
            SYNTAX,
        )
    for mark, parameter in zip(marks, parameters, strict=True):
        mark.replace(parse(parameter))
    return tree


def run_tree(session: Session, tree: exp.Expression) -> Result:
    """Carry out a statement that sqlglot understands."""
    if isinstance(tree, exp.Create) and tree.kind == "TABLE" and tree.expression is not None:
        return writing.create_table_as(session, tree)
    if isinstance(tree, exp.Insert):
        return writing.insert(session, tree)
    if isinstance(tree, exp.Query | exp.Values):
        return select(session, tree)
    raise QueryFailed(f"sandbox limitation: this kind of statement: {tree.sql('trino')[:60]}")


def select(session: Session, tree: exp.Expression) -> Result:
    """Run a query and return its rows as text."""
    prepared = session.prepare(tree)
    cursor = session.connection.execute(prepared.sql)
    columns = [values.column(*described) for described in prepared.columns]
    writers = [values.writer(column.type) for column in columns]
    rows: list[Row] = []
    while chunk := cursor.fetchmany(CHUNK):
        session.query.check()
        rows.extend([write(value) for write, value in zip(writers, row, strict=True)] for row in chunk)
    return Result(columns, rows, header=True)


def utility(name: str, *columns: str, rows: Sequence[Row] = (), statement: str = "DDL") -> Result:
    """Return the result of a statement about the catalogue."""
    described = [ResultColumn(column, "string") for column in columns]
    return Result(described, rows, statement=statement, substatement=name)


def unload(session: Session, found: re.Match[str]) -> Result:
    """UNLOAD."""
    tree = bound(parse(found.group(1)), session.query.request.parameters)
    return writing.unload(session, tree, found.group(2), found.group(3) or "")


def show_databases(session: Session, _found: re.Match[str]) -> Result:
    """SHOW DATABASES."""
    return utility(
        "SHOW_DATABASES",
        "database_name",
        rows=[[name] for name in session.catalog.databases()],
        statement="UTILITY",
    )


def show_tables(session: Session, found: re.Match[str]) -> Result:
    """SHOW TABLES [IN database] ['pattern']."""
    pattern = (found.group(2) or "*").replace("*", ".*")
    names = session.catalog.tables(found.group(1) or session.database)
    kept = [[name] for name in names if re.fullmatch(pattern, name)]
    return utility("SHOW_TABLES", "tab_name", rows=kept, statement="UTILITY")


def _table(session: Session, found: re.Match[str], first: int = 1) -> Table:
    database, name = found.group(first) or session.database, found.group(first + 1)
    return session.catalog.table(database.lower(), name.lower())


def show_partitions(session: Session, found: re.Match[str]) -> Result:
    """SHOW PARTITIONS."""
    table = _table(session, found)
    rows = [
        ["/".join(f"{key.name}={value}" for key, value in zip(table.keys, one.values, strict=True))]
        for one in table.partitions
    ]
    return utility("SHOW_PARTITIONS", "partition", rows=sorted(rows), statement="UTILITY")


def show_columns(session: Session, found: re.Match[str]) -> Result:
    """SHOW COLUMNS."""
    table = _table(session, found)
    return utility("SHOW_COLUMNS", "field", rows=[[one.name] for one in table.all_columns], statement="UTILITY")


def describe(session: Session, found: re.Match[str]) -> Result:
    """DESCRIBE: one line a column, as Hive pads it; partition keys again at the end."""
    table = _table(session, found)
    lines = [f"{one.name:<20}\t{one.hive:<20}\t{'':<20}" for one in table.all_columns]
    if table.keys:
        lines += ["\t \t ", "# Partition Information\t \t ", "# col_name\tdata_type\tcomment", "\t \t "]
        lines += [f"{one.name:<20}\t{one.hive:<20}\t{'':<20}" for one in table.keys]
    rows: list[Row] = [line.split("\t") for line in lines]
    return utility("DESCRIBE_TABLE", "col_name", "data_type", "comment", rows=rows, statement="UTILITY")


def create_database(session: Session, found: re.Match[str]) -> Result:
    """CREATE DATABASE."""
    name = found.group(2).lower()
    if name not in session.catalog.databases():
        session.catalog.create_database(name)
    elif not found.group(1):
        raise QueryFailed(f"SCHEMA_ALREADY_EXISTS: Schema '{name}' already exists")
    return utility("CREATE_DATABASE")


def drop_database(session: Session, found: re.Match[str]) -> Result:
    """DROP DATABASE."""
    name, there = found.group(2).lower(), found.group(2).lower() in session.catalog.databases()
    if there and session.catalog.tables(name) and not found.group(3):
        raise QueryFailed(f"SCHEMA_NOT_EMPTY: Database {name} is not empty")
    if there or not found.group(1):
        session.catalog.drop_database(name)
    return utility("DROP_DATABASE")


def drop_table(session: Session, found: re.Match[str]) -> Result:
    """DROP TABLE: the files stay."""
    database, name = (found.group(2) or session.database).lower(), found.group(3).lower()
    if session.catalog.has_table(database, name):
        session.catalog.drop_table(database, name)
    elif not found.group(1):
        raise QueryFailed(f"FAILED: SemanticException [Error 10001]: Table not found {database}.{name}")
    return utility("DROP_TABLE")


def repair(session: Session, found: re.Match[str]) -> Result:
    """MSCK REPAIR TABLE."""
    table = _table(session, found)
    new = writing.register(session, table)
    keys = [key.name for key in table.keys]
    said = ["/".join(f"{key}={value}" for key, value in zip(keys, one.values, strict=True)) for one in new]
    rows = [[f"Repair: Added partition to metastore {table.name}:{one}"] for one in said]
    return utility("MSCK_REPAIR_TABLE", "result", rows=rows)


def create_external(session: Session, sql: str) -> Result:
    """CREATE EXTERNAL TABLE, in Hive's words."""
    try:
        tree = sqlglot.parse_one(sql, read="hive")
    except ParseError as error:
        raise QueryFailed(f"line 1:1: {error.errors[0]['description']}", SYNTAX) from error
    properties = tree.args.get("properties")
    given = {type(one): one for one in (properties.expressions if properties else [])}
    database, name = session.split(tree.find(exp.Table))
    if exp.LocationProperty not in given or not isinstance(tree.this, exp.Schema):
        raise QueryFailed("FAILED: ParseException: CREATE EXTERNAL TABLE needs columns and a LOCATION", SYNTAX)
    if not (tree.args.get("exists") and session.catalog.has_table(database, name)):
        extra = {
            one.name: one.args["value"].name
            for one in (properties.expressions if properties else [])
            if type(one) is exp.Property
        }
        if extra.get("table_type", "").lower() == "iceberg":
            raise QueryFailed(
                f"sandbox limitation: an Iceberg table ({database}.{name}); make it of Parquet files"
            )
        session.catalog.create_table(database, _external(name, tree, given, extra))
    return utility("CREATE_TABLE")


def _external(name: str, tree: exp.Expression, given: dict[Any, Any], extra: dict[str, str]) -> dict[str, Any]:
    keys = given[exp.PartitionedByProperty].this.expressions if exp.PartitionedByProperty in given else []
    serde, parameters = _serde(given)
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", **extra},
        "PartitionKeys": [_column(one) for one in keys],
        "StorageDescriptor": {
            "Columns": [_column(one) for one in tree.this.expressions],
            "Location": given[exp.LocationProperty].this.name,
            "InputFormat": serde,
            "SerdeInfo": {"SerializationLibrary": serde, "Parameters": parameters},
        },
    }


def _column(found: exp.Expression) -> dict[str, str]:
    if not isinstance(found, exp.ColumnDef) or "kind" not in found.args:
        raise QueryFailed(
            f"sandbox limitation: a table partitioned by {found.sql('hive')}, without a type", SYNTAX
        )
    return {"Name": found.name.lower(), "Type": found.args["kind"].sql("hive").lower()}


def _serde(given: dict[Any, Any]) -> tuple[str, dict[str, str]]:
    """Return the SerDe of a CREATE TABLE and its parameters."""
    if exp.RowFormatSerdeProperty in given:
        own = given[exp.RowFormatSerdeProperty]
        named = given.get(exp.SerdeProperties) or own.args.get("serde_properties")
        pairs = {one.name: one.args["value"].name for one in named.expressions} if named is not None else {}
        return own.this.name, pairs
    stored = given[exp.FileFormatProperty].sql("hive").upper() if exp.FileFormatProperty in given else ""
    if "PARQUET" in stored:
        return "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe", {}
    fields = (
        given[exp.RowFormatDelimitedProperty].args.get("fields")
        if exp.RowFormatDelimitedProperty in given
        else None
    )
    return "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", {"field.delim": fields.name} if fields else {}


def unsupported(_session: Session, found: re.Match[str]) -> Result:
    """A statement that the sandbox does not carry out."""
    raise QueryFailed(f"sandbox limitation: this kind of statement: {found.group(0)[:60]}")


def _statement(pattern: str, handler: Handler) -> tuple[re.Pattern[str], Handler]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), handler


HANDLERS: tuple[tuple[re.Pattern[str], Handler], ...] = (
    _statement(r"unload\s*\((.*)\)\s*to\s*'([^']+)'\s*(?:with\s*\((.*)\)\s*)?", unload),
    _statement(r"show\s+(?:databases|schemas)", show_databases),
    _statement(rf"show\s+tables(?:\s+(?:in|from)\s+{NAME})?(?:\s+'([^']*)')?", show_tables),
    _statement(rf"show\s+partitions\s+{TABLE}", show_partitions),
    _statement(rf"show\s+columns\s+(?:in|from)\s+{TABLE}", show_columns),
    _statement(rf"desc(?:ribe)?\s+(?:extended\s+|formatted\s+)?{TABLE}", describe),
    _statement(rf"create\s+(?:database|schema)\s+(if\s+not\s+exists\s+)?{NAME}.*", create_database),
    _statement(rf"drop\s+(?:database|schema)\s+(if\s+exists\s+)?{NAME}(?:\s+(cascade))?", drop_database),
    _statement(rf"drop\s+table\s+(if\s+exists\s+)?{TABLE}", drop_table),
    _statement(rf"msck\s+repair\s+table\s+{TABLE}", repair),
    _statement(
        r"(?:alter|explain|show|merge|update|delete|vacuum|optimize|prepare|execute|deallocate|analyze)\s.*",
        unsupported,
    ),
)
