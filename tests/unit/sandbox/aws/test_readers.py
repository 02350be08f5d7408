"""The sandbox's Athena and the worker's DuckDB read Parquet files as real Trino and Spark were seen to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from parity.sql.columns import Kind
from parity.sql.duckdb_dialect import DuckDB, read_parquet
from parity.sql.trino import Trino
from truth import records
from truth.reader_files import Written, write_arrow
from truth.trino_readers import RECORD, expected
from unit.sandbox.aws.harness import RunningAws

FAR = ("0000", "-", "+", "10000")
"""How dates begin that the sandbox's Athena writes in its own way, or refuses: years before 1 and after 9999."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[Written, ...]]:
    folder = tmp_path_factory.mktemp("readers")
    return folder, tuple(write_arrow(folder))


def test_every_value_was_read_as_it_was_written_but_for_what_is_known(files: Any) -> None:
    cases = records.read(RECORD).cases
    assert {one.name for one in files[1]} < set(cases)
    for one in files[1]:
        for reader, answers in cases[one.name].items():
            assert answers == expected(one, reader), (one.name, reader)
    assert sum(len(answers) for found in cases.values() for answers in found.values()) > 1000


def test_the_worker_reads_as_recorded(files: Any) -> None:
    cases = records.read(RECORD).cases
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for one in files[1]:
            if one.values.kind is not Kind.UNKNOWN:
                source = read_parquet((files[0] / one.folder).glob("*.parquet"))
                spelled = DuckDB().spell(one.values.column, "v")
                found = connection.execute(f"SELECT {spelled} FROM {source} ORDER BY n").fetchall()
                assert [text for (text,) in found] == cases[one.name]["duckdb"], one.name


def test_the_sandboxs_athena_reads_as_real_trino_did(aws: RunningAws, files: Any) -> None:
    cases = records.read(RECORD).cases
    aws.query("CREATE DATABASE readers")
    for one in files[1]:
        if one.values.kind is Kind.UNKNOWN:
            continue
        for path in (files[0] / one.folder).iterdir():
            aws.put("lake", f"{one.folder}/{path.name}", path.read_bytes())
        kind = one.values.hive.partition("(")[0] if one.values.kind is Kind.TIMESTAMP else one.values.hive
        kind = {"varchar": "string", "varbinary": "binary", "integer": "int"}.get(kind, kind)
        made = aws.query(
            f"CREATE EXTERNAL TABLE readers.{one.folder} (n int, v {kind}) STORED AS PARQUET"
            f" LOCATION 's3://lake/{one.folder}/'"
        )
        assert made["Status"]["State"] == "SUCCEEDED", made["Status"]
        spelled = Trino().spell(one.values.column, "v")
        found = aws.rows(f"SELECT n, {spelled} AS text FROM readers.{one.folder} ORDER BY n")
        wanted = cases[one.name]["trino"]
        far = FAR if one.values.kind in (Kind.DATE, Kind.TIMESTAMP) else ()
        pairs = zip((text for _, text in found), wanted, strict=True)
        assert [(got, want) for got, want in pairs if got != want and not str(want).startswith(tuple(far))] == []
