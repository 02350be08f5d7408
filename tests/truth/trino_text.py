"""Text tables of every type, as Trino's Hive connector reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from truth import records
from truth.engines import Outcome
from truth.trino_server import TrinoServer

RECORD = "trino_text"
OPTIONS = {
    "field.delim": "textfile_field_separator",
    "escape.delim": "textfile_field_separator_escape",
    "serialization.null.format": "null_format",
    "skip.header.line.count": "skip_header_line_count",
    "separatorChar": "csv_separator",
    "quoteChar": "csv_quote",
}
"""A SerDe's parameter, and the property of Trino's that sets it."""


@dataclass(frozen=True)
class TextTable:
    """One file: its columns in Hive's words, its content and its SerDe."""

    columns: str
    content: bytes
    options: dict[str, str]
    csv: bool = False


def lazy(columns: str, content: bytes, **options: str) -> TextTable:
    """Return a table of LazySimpleSerDe; an underscore of an option stands for a dot."""
    return TextTable(columns, content, {name.replace("_", "."): value for name, value in options.items()})


def csv(content: bytes, **options: str) -> TextTable:
    """Return a table of OpenCSVSerde with two columns."""
    return TextTable("a string, b string", content, options, csv=True)


TABLES = {
    "blank lines": lazy("a string, b string", b"x\x01y\n\n\nz\n\x01\n"),
    "blank lines of numbers": lazy("a int, b string", b"1\x01y\n\n 2 \x01z\n+3\x01q\n"),
    "carriage returns": lazy("a string, b int", b"x\x011\r\ny\x012\r\n"),
    "too many and too few": lazy("a string, b string", b"x,y,z,w\nv", field_delim=","),
    "a header and a blank line": lazy(
        "a string, b string", b"h1,h2\n\nv,w\n", field_delim=",", skip_header_line_count="1"
    ),
    "no quotes": lazy("a string, b string", b'x\\,y,z\n"q",w\\n\n', field_delim=","),
    "escapes": lazy(
        "a string, b string", b'x\\,y,z\n"q",w\\n\n\\N,\\N\n\\\\,\n', field_delim=",", escape_delim="\\"
    ),
    "another NULL": lazy(
        "a string, b int", b"NULL\x01NULL\n\\N\x01\\N\nnull\x011\n", serialization_null_format="NULL"
    ),
    "whole numbers": lazy(
        "a tinyint, b smallint, c bigint",
        b"127\x0132767\x019223372036854775807\n128\x0132768\x019223372036854775808\n-128.9\x01 1\x01\n"
        b"1.5\x011e2\x01.5\n1.\x01-\x01+\n00012\x011_0\x01\\N\n",
    ),
    "numbers": lazy(
        "x double, r float, d decimal(4,1)",
        b"1e3\x011.5\x011e2\n1.\x011.\x011.\n.5\x01.5\x01.5\n0x10\x010x10\x0199999\n1d\x011f\x011.25\n-0\x01-0\x01-0\n"
        b"1_0\x011,0\x01+1\nNaN\x01Infinity\x01NaN\ninf\x01infinity\x01-1.25\n 1.5 \x01 1.5 \x01 1.5\n"
        b"+.5e1\x01-Infinity\x01\n",
    ),
    "booleans": lazy("b boolean", b"true\nTRUE\nTrue\nfalse\n1\n0\nt\nyes\n true\n\n"),
    "dates": lazy(
        "d date",
        b"2020-02-30\n0001-01-01\n 2020-01-02\n2020-01-02 \n2020-01-02 10:00:00\n2020-1-2\n2020-01-02x\n20200102\n"
        b"2020/01/02\n2020-01\n2020-13-01\n2020-00-01\n2020-01-00\n2020-01-02T10:00:00\nx\n\n",
    ),
    "times": lazy(
        "t timestamp",
        b"2020-01-02 03:04:05.123456\n2020-01-02 03:04\n2020-01-02 03:04:05\n2020-01-02 03:04:05.1\n"
        b"2020-01-02 24:00:00\n2020-02-30 00:00:00\n1580000000\n2020-01-02 03:04:05.1235\n"
        b"2020-01-02 03:04:05.999999999\n"
        b" 2020-01-02 03:04:05 \n2020-1-2 3:4:5\n2020-01-02 03:04:05Z\n2020-01-02T03:04:05.5\n"
        b"0001-01-01 00:00:00\n"
        b"2020-01-02 03:04:60\n2020-01-02 03:04:05.1234567891\n2020-01-02\n",
    ),
    "texts that are cut": lazy("a varchar(2), b string", b"abc\x01 x \na b\x01\n\x01\xc3\xa9\n"),
    "binary": lazy("a binary, b string", b"AQID\x01x\nnot base64!\x01y\n\x01z\nAQI\x01w\nAQI=\x01v\n\\N\x01\n"),
    "nested": lazy(
        "a array<int>, m map<string,int>, r struct<x:int,y:string>",
        b"1\x022\x02\\N\x01a\x031\x02b\x032\x017\x02q\n\x01\x01\n\\N\x01\\N\x01\\N\n\x02\x01a\x031\x02a\x032\x01x\n"
        b"x\x01b\x02c\x033\x011\x02\\N\x023\n\x01\x02\x01\n",
    ),
    "nested deeper": lazy(
        "a array<struct<x:int,y:string>>, m map<string,array<int>>, r struct<a:struct<b:int,c:int>,d:int>",
        b"1\x03p\x022\x03q\x01a\x031\x042\x02b\x03\x011\x032\x023\n\\N\x02\x01\\N\x031\x02c\x03\\N\x01\n",
    ),
    "CSV": csv(
        b'x,y\n\n"a,b","c""d"\n\'s\',\\N\n,\n"",z\n"multi\nline",w\nx,y,z\n  a , b \n'
        b'"a\\"b",c\\,d\n"x" ,y\n"unclosed,z\n\\\\,\\n\n'
    ),
    "CSV with other marks": csv(b"x;y\n|a;b|;c\n", separatorChar=";", quoteChar="|"),
}


def ask(server: TrinoServer) -> Outcome:
    """Read every table, and record its rows."""
    version = server.query("SELECT version()").value
    server.query("CREATE SCHEMA IF NOT EXISTS hive.text")
    cases = {name: _rows(server, table, at) for at, (name, table) in enumerate(TABLES.items())}
    records.write(RECORD, "Trino", version, cases)
    return Outcome("Trino, text tables", version, len(cases))


def _rows(server: TrinoServer, table: TextTable, at: int) -> list[list[Any]]:
    assert server.warehouse is not None
    folder = server.warehouse / "text" / f"t{at}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.txt").write_bytes(table.content)
    kinds = exp.DataType.build(f"struct<{_with_colons(table.columns)}>", dialect="hive").expressions
    columns = ", ".join(f"{one.name} {one.args['kind'].sql('trino')}" for one in kinds)
    given = {"external_location": f"local:///text/t{at}", "format": "CSV" if table.csv else "TEXTFILE"}
    given |= {OPTIONS[name]: value for name, value in table.options.items()}
    listed = ", ".join(f"{key} = {_literal(key, value)}" for key, value in given.items())
    server.query(f"DROP TABLE IF EXISTS hive.text.t{at}")
    server.query(f"CREATE TABLE hive.text.t{at} ({columns.replace('TIMESTAMP', 'TIMESTAMP(3)')}) WITH ({listed})")
    return server.query(f"SELECT * FROM hive.text.t{at}").rows


def _with_colons(columns: str) -> str:
    return ",".join(one.strip().replace(" ", ":", 1) for one in columns.split(", "))


def _literal(name: str, value: str) -> str:
    return value if name.endswith("count") else "'" + value.replace("'", "''") + "'"
