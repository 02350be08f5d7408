"""Clients of AWS that know nothing of the sandbox work against it unchanged."""

from __future__ import annotations

import io
import json
import uuid
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyathena
import pytest
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

from waiting import until

pytestmark = pytest.mark.sandbox

SPARK_SCRIPT = """
import sys
from awsglue.utils import getResolvedOptions
from pyspark.sql import SparkSession
args = getResolvedOptions(sys.argv, ["JOB_NAME", "business_date", "bucket"])
spark = SparkSession.builder.getOrCreate()
rows = spark.read.parquet(f"s3://{args['bucket']}/pay/")
rows.groupBy("currency").sum("amount").withColumnRenamed("sum(amount)", "amount").coalesce(1).write.mode(
    "overwrite"
).parquet(f"s3://{args['bucket']}/fees/day={args['business_date']}/")
"""


@dataclass(frozen=True)
class Aws:
    """A lake of one table ``pay``, and keys to reach it."""

    url: str
    state: Any
    region: str
    keys: dict[str, str]
    database: str

    @property
    def bucket(self) -> str:
        """The lake's bucket."""
        return self.database.replace("_", "-")

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return boto3.client(service, endpoint_url=self.url, region_name=self.region, **self.keys)

    def connect(self, **options: Any) -> Any:
        """Return a PyAthena connection."""
        return pyathena.connect(
            s3_staging_dir=f"s3://{self.bucket}/results/",
            schema_name=self.database,
            endpoint_url=self.url,
            region_name=self.region,
            poll_interval=0.05,
            **self.keys,
            **options,
        )


def lake_on(sandbox: Any) -> Aws:
    """Make a bucket, a database and the table ``pay`` on a running sandbox."""
    endpoints = sandbox.endpoints
    keys = {"aws_access_key_id": endpoints.aws_access_key, "aws_secret_access_key": endpoints.aws_secret_key}
    aws = Aws(endpoints.aws, sandbox.state, endpoints.region, keys, f"c_{uuid.uuid4().hex[:12]}")
    s3, glue = aws.client("s3"), aws.client("glue")
    s3.create_bucket(Bucket=aws.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    amounts = pa.array([Decimal("10.00"), Decimal("2.50"), Decimal("-1.25")], pa.decimal128(18, 2))
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3], "currency": ["EUR", "EUR", None], "amount": amounts}), sink)
    s3.put_object(Bucket=aws.bucket, Key="pay/p.parquet", Body=sink.getvalue())
    glue.create_database(DatabaseInput={"Name": aws.database})
    columns = [("id", "bigint"), ("currency", "string"), ("amount", "decimal(18,2)")]
    storage = {
        "Columns": [{"Name": name, "Type": kind} for name, kind in columns],
        "Location": f"s3://{aws.bucket}/pay/",
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
    }
    glue.create_table(DatabaseName=aws.database, TableInput={"Name": "pay", "StorageDescriptor": storage})
    return aws


@pytest.fixture
def aws(sandbox_light: Any) -> Aws:
    """A fresh lake; no Spark."""
    return lake_on(sandbox_light)


@pytest.fixture
def from_environment(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The lake, for clients that read keys and endpoint from the environment, as PyAthena's S3 part does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.keys["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", aws.keys["aws_secret_access_key"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", aws.region)
    return aws


def test_pyathena_reads_typed_rows(aws: Aws) -> None:
    cursor = aws.connect().cursor()
    cursor.execute("SELECT id, amount, currency FROM pay WHERE id > %(least)d ORDER BY id", {"least": 1})
    assert cursor.fetchall() == [(2, Decimal("2.50"), "EUR"), (3, Decimal("-1.25"), None)]
    assert cursor.data_scanned_in_bytes > 0


def test_pyathena_binds_parameters_in_athena(aws: Aws) -> None:
    cursor = aws.connect().cursor()
    cursor.execute("SELECT count(*) FROM pay WHERE currency = ?", ["'EUR'"], paramstyle="qmark")
    assert cursor.fetchone() == (2,)


def test_pyathenas_dict_cursor_names_the_columns(aws: Aws) -> None:
    cursor = aws.connect(cursor_class=DictCursor).cursor()
    cursor.execute("SELECT max(id) AS newest FROM pay")
    assert cursor.fetchall() == [{"newest": 3}]


@pytest.mark.parametrize("unload", [False, True])
def test_pyathenas_pandas_cursor_reads_the_result_file(from_environment: Aws, unload: bool) -> None:
    cursor = from_environment.connect(cursor_class=PandasCursor).cursor(unload=unload)
    frame = cursor.execute("SELECT id, currency FROM pay ORDER BY id").as_pandas()
    assert list(frame["id"]) == [1, 2, 3]
    assert pd.isna(frame["currency"].iloc[2])


def test_pyathena_says_why_a_query_failed(aws: Aws) -> None:
    with pytest.raises(pyathena.error.OperationalError, match="TABLE_NOT_FOUND"):
        aws.connect().cursor().execute("SELECT * FROM nowhere")


@pytest.fixture
def airflow_connection(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Aws:
    """The lake behind Airflow's connection ``aws_default``."""
    extra = {"region_name": aws.region, "endpoint_url": aws.url}
    login, password = aws.keys["aws_access_key_id"], aws.keys["aws_secret_access_key"]
    connection = {"conn_type": "aws", "login": login, "password": password, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    return aws


def test_airflows_s3_hook_finds_what_is_there(airflow_connection: Aws) -> None:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    hook = S3Hook()
    hook.load_string("hello", "notes/a.txt", airflow_connection.bucket)
    assert hook.read_key("notes/a.txt", airflow_connection.bucket) == "hello"
    assert hook.list_keys(airflow_connection.bucket, prefix="notes/") == ["notes/a.txt"]
    assert not hook.check_for_key("notes/b.txt", airflow_connection.bucket)


def test_airflows_athena_operator_runs_an_unload(airflow_connection: Aws) -> None:
    from airflow.providers.amazon.aws.hooks.athena import AthenaHook
    from airflow.providers.amazon.aws.operators.athena import AthenaOperator

    aws = airflow_connection
    target = f"s3://{aws.bucket}/unloaded/"
    operator = AthenaOperator(
        task_id="unload",
        query=f"UNLOAD (SELECT * FROM pay) TO '{target}' WITH (format = 'PARQUET', compression = 'SNAPPY')",
        database=aws.database,
        output_location=f"s3://{aws.bucket}/results",
        sleep_time=1,
    )
    query_id = operator.execute({})
    assert AthenaHook().check_query_status(query_id) == "SUCCEEDED"
    files = list((aws.state / "s3" / aws.bucket / "unloaded").iterdir())
    assert pq.read_table(files[0]).num_rows == 3


def test_airflows_glue_hook_reads_what_a_run_said(airflow_connection: Aws) -> None:
    from airflow.providers.amazon.aws.hooks.glue import GlueJobHook

    aws = airflow_connection
    name = f"{aws.database}-quiet"
    hook = GlueJobHook(job_name=name)
    aws.client("glue").create_job(
        Name=name, Role="glue", Command={"Name": "glueetl", "ScriptLocation": f"s3://{aws.bucket}/none.py"}
    )
    run_id = hook.initialize_job({"--business_date": "2026-03-02"})["JobRunId"]
    with pytest.raises(Exception, match=r"(?i)failed"):
        hook.job_completion(name, run_id)
    assert "LAUNCH ERROR" in aws.client("glue").get_job_run(JobName=name, RunId=run_id)["JobRun"]["ErrorMessage"]


@pytest.mark.spark
@pytest.mark.slow
def test_airflows_glue_operator_runs_pyspark_that_athena_then_reads(airflow_connection: Aws) -> None:
    from airflow.providers.amazon.aws.operators.glue import GlueJobOperator

    aws = airflow_connection
    aws.client("s3").put_object(Bucket=aws.bucket, Key="jobs/fees.py", Body=SPARK_SCRIPT.encode())
    name = f"{aws.database}-fees"
    location = f"s3://{aws.bucket}/jobs/fees.py"
    aws.client("glue").create_job(
        Name=name, Role="glue", Command={"Name": "glueetl", "ScriptLocation": location}, GlueVersion="5.0"
    )
    operator = GlueJobOperator(
        task_id="fees",
        job_name=name,
        script_args={"--business_date": "2026-03-02", "--bucket": aws.bucket},
        wait_for_completion=False,
        durable=False,
    )
    task = SimpleNamespace(xcom_push=lambda **_: None)
    run_id = operator.execute({"ti": task, "task_instance": task})
    glue = aws.client("glue")
    ended = wait_for_run(glue, name, run_id)
    assert ended["JobRunState"] == "SUCCEEDED", ended
    cursor = aws.connect().cursor()
    cursor.execute(
        "CREATE EXTERNAL TABLE fees (currency string, amount decimal(28,2)) PARTITIONED BY (day date) "
        f"STORED AS PARQUET LOCATION 's3://{aws.bucket}/fees/'"
    )
    cursor.execute("MSCK REPAIR TABLE fees")
    cursor.execute("SELECT currency, amount FROM fees WHERE day = DATE '2026-03-02' ORDER BY amount")
    assert cursor.fetchall() == [(None, Decimal("-1.25")), ("EUR", Decimal("12.50"))]


def wait_for_run(glue: Any, name: str, run_id: str) -> dict[str, Any]:
    """Poll a Glue run to its end, as a client does."""

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return None if run["JobRunState"] in ("STARTING", "RUNNING", "STOPPING", "WAITING") else run

    return until(ended)
