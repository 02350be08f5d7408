"""Text tables, value by value, as real Trino read them."""

from __future__ import annotations

import base64
import math
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from parity_sandbox.aws.athena.tables import Column, Table
from parity_sandbox.aws.athena.text_files import arrow_table
from truth import records
from truth.trino_text import RECORD, TABLES, TextTable
from unit.sandbox.aws.conftest import Place

SERDE = {
    False: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
    True: "org.apache.hadoop.hive.serde2.OpenCSVSerde",
}


def table(text: TextTable) -> Table:
    columns = tuple(Column(*one.strip().split(" ", 1)) for one in text.columns.split(", "))
    return Table("d", "t", columns, (), "", SERDE[text.csv], text.options, (), {})


def as_json(value: Any, kind: Any) -> Any:
    """Return a value as Trino's protocol writes it."""
    if value is None:
        return None
    if pa.types.is_struct(kind):
        return [as_json(value[field.name], field.type) for field in kind]
    if pa.types.is_map(kind):
        return {key: as_json(one, kind.item_type) for key, one in value}
    if pa.types.is_list(kind):
        return [as_json(one, kind.value_type) for one in value]
    return plain(value)


def plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds")
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return str(value) if isinstance(value, Decimal | date) else value


@pytest.mark.parametrize("name", TABLES)
def test_a_text_table_is_read_as_trino_reads_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "rows.txt").write_bytes(TABLES[name].content)
    read = arrow_table(table(TABLES[name]), [tmp_path / "rows.txt"])
    cells = [[as_json(one, column.type) for one in column.to_pylist()] for column in read.columns]
    assert [list(row) for row in zip(*cells, strict=True)] == records.read(RECORD).cases[name]


def test_a_text_table_answers_queries(place: Place) -> None:
    place.aws.put(place.bucket, "nested/a.txt", b"1\x022,a\x033\n\n")
    made = place.query(
        "CREATE EXTERNAL TABLE nested (a array<int>, m map<string,int>)"
        f" ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{place.uri('nested/')}'"
    )
    assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
    assert place.rows("SELECT element_at(a, 2) AS second, element_at(m, 'a') AS b FROM nested") == [
        ["2", "3"],
        [None, None],
    ]


@pytest.mark.parametrize("partitioned", ["", " PARTITIONED BY (day(d))", " PARTITIONED BY (a)"])
def test_an_iceberg_table_is_a_limitation_and_no_crash(place: Place, partitioned: str) -> None:
    made = place.failure(
        f"CREATE TABLE ice (a int, d date){partitioned} LOCATION '{place.uri('ice/')}'"
        " TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    assert made.startswith("sandbox limitation: an Iceberg table")


def test_a_partition_key_without_a_type_is_a_limitation_and_no_crash(place: Place) -> None:
    made = place.failure(f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (day(a)) LOCATION '{place.uri('t/')}'")
    assert made.startswith("sandbox limitation: a table partitioned by")


def test_an_iceberg_table_of_the_catalogue_is_not_read_as_files(place: Place) -> None:
    storage = {"Columns": [{"Name": "a", "Type": "int"}], "Location": place.uri("ice/")}
    made = {"Name": "ice", "TableType": "EXTERNAL_TABLE", "Parameters": {"table_type": "ICEBERG"}}
    place.aws.put(place.bucket, "ice/a.txt", b"1\n")
    place.aws.client("glue").create_table(
        DatabaseName=place.name, TableInput={**made, "StorageDescriptor": storage}
    )
    assert place.failure("SELECT * FROM ice").startswith("sandbox limitation: the format of")
