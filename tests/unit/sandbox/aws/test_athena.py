"""Athena runs queries, and behaves as its clients expect while it does."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from parity_sandbox.faults import Fault
from unit.sandbox.aws.conftest import Place
from unit.sandbox.aws.harness import finish, state
from waiting import until

DAYS = ("2026-03-01", "2026-03-02")


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def payments(day: str) -> pa.Table:
    return pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int64()),
            "amount": pa.array([Decimal("10.00"), Decimal("-0.05"), None], pa.decimal128(18, 2)),
            "settled_at": pa.array([datetime.fromisoformat(f"{day} 01:02:03.456789")] * 3, pa.timestamp("us")),
            "ref": ["a", "", None],
        }
    )


@pytest.fixture
def table(place: Place) -> Place:
    """A partitioned Parquet table ``pay`` of two days."""
    for day in DAYS:
        place.aws.put(place.bucket, f"pay/day={day}/part-0.parquet", parquet(payments(day)))
        place.aws.put(place.bucket, f"pay/day={day}/_SUCCESS", b"")
    created = place.query(
        "CREATE EXTERNAL TABLE pay (id bigint, amount decimal(18,2), settled_at timestamp, ref string, gone int) "
        f"PARTITIONED BY (day date) STORED AS PARQUET LOCATION '{place.uri('pay/')}'"
    )
    assert created["Status"]["State"] == "SUCCEEDED", created
    assert place.query("MSCK REPAIR TABLE pay")["Status"]["State"] == "SUCCEEDED"
    return place


def start(place: Place, sql: str, **options: Any) -> str:
    given = {"ResultConfiguration": {"OutputLocation": "s3://results/out/"}, **options}
    athena = place.aws.client("athena")
    context = {"Database": place.name}
    return str(
        athena.start_query_execution(QueryString=sql, QueryExecutionContext=context, **given)["QueryExecutionId"]
    )


def test_a_query_reads_the_files_of_the_partitions_it_asks_for(table: Place) -> None:
    rows = table.rows("SELECT *, \"day\" = DATE '2026-03-02' FROM pay WHERE day = DATE '2026-03-02' ORDER BY id")
    stamp = "2026-03-02 01:02:03.457"
    assert rows == [
        ["1", "10.00", stamp, "a", None, "2026-03-02", "true"],
        ["2", "-0.05", stamp, "", None, "2026-03-02", "true"],
        ["3", None, stamp, None, None, "2026-03-02", "true"],
    ]


def test_exact_arithmetic_keeps_trinos_types(table: Place) -> None:
    rows = table.rows("SELECT sum(amount), avg(amount), count(*) / 4, sum(id) FROM pay")
    assert rows == [["19.90", "4.98", "1", "12"]]


def test_scanned_bytes_count_only_the_columns_and_partitions_that_are_read(table: Place) -> None:
    def scanned(sql: str) -> int:
        return int(table.query(sql)["Statistics"]["DataScannedInBytes"])

    whole, one_day, nothing = (
        scanned("SELECT * FROM pay"),
        scanned("SELECT id FROM pay WHERE day = DATE '2026-03-01'"),
        scanned("SELECT count(*) FROM pay"),
    )
    assert 0 == nothing < one_day < whole


def test_a_work_groups_limit_stops_the_query(table: Place) -> None:
    athena = table.aws.client("athena")
    table.aws.put(table.bucket, "large/rows.txt", (b"0123456789" * 1000 + b"\n") * 1_100)
    table.query(f"CREATE EXTERNAL TABLE large (line string) LOCATION '{table.uri('large/')}'")
    limits = {
        "BytesScannedCutoffPerQuery": 10_000_000,
        "ResultConfiguration": {"OutputLocation": "s3://results/group/"},
        "EnforceWorkGroupConfiguration": True,
    }
    athena.create_work_group(Name=table.name, Configuration=limits)
    ended = table.query("SELECT count(*) FROM large", WorkGroup=table.name)
    assert ended["Status"]["State"] == "CANCELLED"
    assert ended["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
    free = table.query("SELECT 1", WorkGroup=table.name)
    assert free["ResultConfiguration"]["OutputLocation"].startswith("s3://results/group/")


def test_the_result_file_tells_null_from_an_empty_text(table: Place) -> None:
    ended = table.query("SELECT ref AS r, id FROM pay WHERE day = DATE '2026-03-01' ORDER BY id")
    path = table.aws.state / "s3" / ended["ResultConfiguration"]["OutputLocation"].removeprefix("s3://")
    assert path.read_text() == '"r","id"\n"a","1"\n"","2"\n,"3"\n'


def test_results_come_in_pages_with_the_names_first(table: Place) -> None:
    query_id = table.query("SELECT id FROM pay")["QueryExecutionId"]
    pages = table.aws.client("athena").get_paginator("get_query_results")
    rows = [
        row["Data"][0]["VarCharValue"]
        for page in pages.paginate(QueryExecutionId=query_id, PaginationConfig={"PageSize": 2})
        for row in page["ResultSet"]["Rows"]
    ]
    assert rows[0] == "id"
    assert sorted(rows[1:]) == ["1", "1", "2", "2", "3", "3"]


def test_parameters_are_bound_in_order(table: Place) -> None:
    sql = "SELECT count(*) FROM pay WHERE day = CAST(? AS date) AND ref = ?"
    assert table.rows(sql, ExecutionParameters=["'2026-03-01'", "'a'"]) == [["1"]]
    assert "expected 2 but found 1" in table.failure(sql, ExecutionParameters=["'x'"])


def test_a_token_starts_one_query(table: Place) -> None:
    token = "t" * 32
    first, second = (start(table, "SELECT 1", ClientRequestToken=token + table.name) for _ in range(2))
    assert first == second
    with pytest.raises(ClientError, match="Idempotent parameters do not match"):
        start(table, "SELECT 2", ClientRequestToken=token + table.name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ResultConfiguration": {}}, "No output location"),
        ({"ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/x"}}, "output bucket"),
        ({"WorkGroup": "nobody"}, "WorkGroup nobody is not found"),
    ],
)
def test_what_athena_refuses_at_once_is_refused_at_once(place: Place, options: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        start(place, "SELECT 1", **options)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nope FROM pay", "COLUMN_NOT_FOUND"),
        ("SELECT * FROM nope", "TABLE_NOT_FOUND"),
        ("SELEC 1", "mismatched input"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO"),
        ("SELECT id = 'a' FROM pay", "TYPE_MISMATCH"),
        ("SELECT checksum(id) FROM pay", "sandbox limitation: the function checksum"),
        ("SELECT CAST(ref AS integer) FROM pay", "INVALID_CAST_ARGUMENT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "sandbox limitation"),
        ("ALTER TABLE pay ADD COLUMNS (x int)", "sandbox limitation"),
    ],
)
def test_a_query_that_cannot_run_says_why(table: Place, sql: str, said: str) -> None:
    assert said in table.failure(sql)


def test_a_file_of_another_type_is_bad_data(place: Place) -> None:
    place.aws.put(place.bucket, "t/p.parquet", parquet(pa.table({"id": ["not a number"]})))
    place.query(f"CREATE EXTERNAL TABLE t (id bigint) STORED AS PARQUET LOCATION '{place.uri('t/')}'")
    assert "HIVE_BAD_DATA" in place.failure("SELECT * FROM t")


def test_unload_writes_parquet_and_a_manifest(table: Place) -> None:
    target = table.uri("unloaded/")
    options = "format = 'PARQUET', compression = 'SNAPPY'"
    sql = f"UNLOAD (SELECT id, amount FROM pay WHERE id < ?) TO '{target}' WITH ({options})"
    ended = table.query(sql, ExecutionParameters=["3"])
    manifest = ended["Statistics"]["DataManifestLocation"].removeprefix("s3://")
    files = (table.aws.state / "s3" / manifest).read_text().splitlines()
    found = pq.read_table(table.aws.state / "s3" / files[0].removeprefix("s3://"))
    assert found.schema.field("amount").type == pa.decimal128(18, 2)
    assert found.num_rows == 4
    assert "HIVE_PATH_ALREADY_EXISTS" in table.failure(sql, ExecutionParameters=["3"])


def test_unload_of_nothing_leaves_no_file(table: Place) -> None:
    sql = f"UNLOAD (SELECT id FROM pay WHERE id > 99) TO '{table.uri('none/')}' WITH (format = 'PARQUET')"
    assert table.query(sql)["Status"]["State"] == "SUCCEEDED"
    assert not list((table.aws.state / "s3" / table.bucket / "none").rglob("*"))


def test_a_created_table_is_filled_by_insert_and_dropped(table: Place) -> None:
    made = table.query("CREATE TABLE copy WITH (partitioned_by = ARRAY['day']) AS SELECT id, amount, day FROM pay")
    assert made["SubstatementType"] == "CREATE_TABLE_AS_SELECT"
    table.query("INSERT INTO copy VALUES (9, 1.50, DATE '2026-03-03')")
    rows = table.rows("SELECT day, count(*), sum(amount) FROM copy GROUP BY day ORDER BY day")
    assert rows == [[DAYS[0], "3", "9.95"], [DAYS[1], "3", "9.95"], ["2026-03-03", "1", "1.50"]]
    assert "already exists" in table.failure("CREATE TABLE copy AS SELECT 1 AS x")
    table.query("DROP TABLE copy")
    assert "TABLE_NOT_FOUND" in table.failure("SELECT * FROM copy")


def test_text_tables_are_read_by_their_serde(place: Place) -> None:
    place.aws.put(place.bucket, "csv/a.csv", b'id,name,born\n1,"A, B",2026-03-01\n2,,\n')
    place.query(
        "CREATE EXTERNAL TABLE quoted (id int, name string, born string) "
        "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde' "
        f"LOCATION '{place.uri('csv/')}' TBLPROPERTIES ('skip.header.line.count' = '1')"
    )
    assert place.rows("SELECT name, born FROM quoted WHERE id = 1") == [["A, B", "2026-03-01"]]
    place.aws.put(place.bucket, "plain/a.txt", b"1|x\nbad|\\N\n")
    place.query(
        "CREATE EXTERNAL TABLE plain (id int, name string) ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' "
        f"LOCATION '{place.uri('plain/')}'"
    )
    assert place.rows("SELECT * FROM plain ORDER BY id") == [["1", "x"], [None, None]]
    place.aws.put(place.bucket, "json/a.json", b'{"id": 1, "tags": ["a"]}\n{"id": 2}\n')
    place.query(
        "CREATE EXTERNAL TABLE js (id int, tags array<string>) "
        f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION '{place.uri('json/')}'"
    )
    assert place.rows("SELECT id, tags FROM js ORDER BY id") == [["1", "[a]"], ["2", None]]


def test_the_catalogue_can_be_asked(table: Place) -> None:
    def lines(sql: str) -> list[str]:
        query_id = table.query(sql)["QueryExecutionId"]
        answer = table.aws.client("athena").get_query_results(QueryExecutionId=query_id)
        return [row["Data"][0].get("VarCharValue", "").strip() for row in answer["ResultSet"]["Rows"]]

    assert lines("SHOW TABLES") == ["pay"]
    assert lines("SHOW PARTITIONS pay") == [f"day={day}" for day in DAYS]
    assert table.name in lines("SHOW DATABASES")
    assert lines("DESCRIBE pay")[:2] == ["id", "amount"]
    found = table.aws.client("athena").get_table_metadata(
        CatalogName="AwsDataCatalog", DatabaseName=table.name, TableName="pay"
    )["TableMetadata"]
    assert [one["Name"] for one in found["PartitionKeys"]] == ["day"]


def test_athena_lists_the_databases_of_glue(table: Place) -> None:
    athena = table.aws.client("athena")
    pages = athena.get_paginator("list_databases").paginate(CatalogName="AwsDataCatalog")
    assert table.name in [one["Name"] for page in pages for one in page["DatabaseList"]]
    assert athena.get_database(CatalogName="AwsDataCatalog", DatabaseName=table.name)["Database"]
    assert athena.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    with pytest.raises(ClientError, match="Database nowhere not found"):
        athena.get_database(CatalogName="AwsDataCatalog", DatabaseName="nowhere")


@pytest.mark.parametrize("sql", ['SELECT "$path" FROM pay', 'SELECT * FROM "pay$partitions"', "EXPLAIN SELECT 1"])
def test_what_only_the_real_athena_can_do_is_a_limitation_and_no_mistake_of_the_author(
    table: Place, sql: str
) -> None:
    ended = table.query(sql)["Status"]
    assert ended["State"] == "FAILED"
    assert ended["StateChangeReason"].startswith("sandbox limitation: ")


def test_a_stopped_query_is_cancelled_soon(table: Place) -> None:
    crossed = ", ".join(f"pay {letter}" for letter in "abcdefghijklm")
    sql = f"SELECT count(*) FROM {crossed} WHERE a.settled_at < m.settled_at OR a.id + b.id * c.id > 7"
    query_id = start(table, sql)
    athena = table.aws.client("athena")
    until(lambda: state(athena, query_id) == "RUNNING")
    athena.stop_query_execution(QueryExecutionId=query_id)
    ended = finish(athena, query_id)
    assert ended["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="did not finish successfully"):
        athena.get_query_results(QueryExecutionId=query_id)


def test_unknown_queries_are_told_apart(place: Place) -> None:
    athena = place.aws.client("athena")
    known = place.query("SELECT 1")["QueryExecutionId"]
    answer = athena.batch_get_query_execution(QueryExecutionIds=[known, "00000000-0000-0000-0000-000000000000"])
    assert [one["QueryExecutionId"] for one in answer["QueryExecutions"]] == [known]
    assert len(answer["UnprocessedQueryExecutionIds"]) == 1
    with pytest.raises(ClientError, match="was not found"):
        athena.get_query_execution(QueryExecutionId="nope")


def test_a_fault_holds_or_fails_the_queries_it_names(place: Place) -> None:
    place.aws.faults.add(
        Fault(kind="fails_at", target=f"'{place.name}'", message="GENERIC_INTERNAL_ERROR: told to")
    )
    assert place.failure(f"SELECT '{place.name}'") == "GENERIC_INTERNAL_ERROR: told to"
    place.aws.faults.clear()
    rule = Fault(kind="stays_running", target=f"'{place.name}'")
    place.aws.faults.add(rule)
    query_id = start(place, f"SELECT '{place.name}'")
    athena = place.aws.client("athena")
    until(lambda: state(athena, query_id) == "RUNNING")
    place.aws.faults.clear()
    assert finish(athena, query_id)["Status"]["State"] == "SUCCEEDED"


def test_sixteen_at_once_get_their_own_answers(table: Place) -> None:
    def ask(number: int) -> str | None:
        return table.rows(f"SELECT count(*) + {number} FROM pay")[0][0]

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))) == [str(6 + number) for number in range(16)]


def test_values_of_nested_types_are_written_as_athena_does(place: Place) -> None:
    row = "CAST(ROW(1, 'x') AS ROW(n integer, s varchar))"
    sql = f"SELECT ARRAY[1, NULL], MAP(ARRAY['a'], ARRAY[1.5]), {row}, 1e20, x'00ff'"
    assert place.rows(sql) == [["[1, null]", "{a=1.5}", "{n=1, s=x}", "1.0E20", "00 ff"]]


def test_dates_of_a_partition_keep_their_type(table: Place) -> None:
    assert table.rows("SELECT max(day) FROM pay") == [[date(2026, 3, 2).isoformat()]]
