"""What ``SHOW CREATE TABLE`` declares: as Spark printed it, and as Databricks documents it."""

from __future__ import annotations

from parity.draft.declared import Declared, read_description, read_statement
from truth import records

RECORDED = records.read("spark_delta").cases["statement and description of a table"]
OF_SPARK = """CREATE TABLE spark_catalog.dd.t (
  id BIGINT COMMENT 'a, b NOT NULL',
  `odd ``n` STRING COLLATE UTF8_BINARY,
  x DECIMAL(3,2) DEFAULT 1,
  s STRUCT<a: INT>,
  d DATE)
USING parquet
PARTITIONED BY (d, `odd ``n`)
COMMENT 'PRIMARY KEY (id)'
"""
OF_DATABRICKS = """CREATE TABLE main.pay.refunds (
  id BIGINT NOT NULL COMMENT 'PRIMARY KEY (x)',
  `line no` INT NOT NULL,
  parts STRUCT<a: ARRAY<STRUCT<b: INT NOT NULL>>>,
  day DATE,
  CONSTRAINT `refunds_pk` PRIMARY KEY (`id`, `line no`))
USING delta
PARTITIONED BY (day)
"""


def test_partitions_are_read_and_words_inside_of_texts_are_not() -> None:
    assert read_statement(OF_SPARK) == Declared(partitions=("d", "odd `n"))


def test_a_key_and_columns_that_forbid_null_are_read() -> None:
    assert read_statement(OF_DATABRICKS) == Declared(frozenset({"id", "line no"}), ("id", "line no"), ("day",))


def test_a_view_declares_nothing() -> None:
    assert read_statement("CREATE VIEW spark_catalog.pay.v (\n  id)\nAS SELECT * FROM pay.refunds") == Declared()


def test_of_a_description_the_partitions_and_a_listed_key_are_read() -> None:
    lines = [
        ("id", "bigint"),
        ("day", "date"),
        ("# Partition Information", ""),
        ("# col_name", "data_type"),
        ("day", "date"),
        ("", ""),
        ("# Detailed Table Information", ""),
        ("Name", "pay.refunds"),
        ("", ""),
        ("# Constraints", ""),
        ("refunds_pk", "PRIMARY KEY (`id`)"),
    ]
    assert read_description(lines) == Declared(key=("id",), partitions=("day",))
    assert read_description(lines[:2]) == Declared()


def test_a_real_delta_prints_no_statement_and_is_described() -> None:
    refusal, lines = RECORDED
    assert "`SHOW CREATE TABLE` is not supported for Delta tables" in refusal
    assert read_description([(name, kind) for name, kind in lines]) == Declared(partitions=("day",))
