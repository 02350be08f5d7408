"""The legacy side of the world: buckets, raw files, the Glue catalogue and jobs, the Athena workgroup.

Everything is made through the clouds' own APIs, and making it again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from typing import Any

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.world.places import DATABASE, JOBS, PRODUCTS, SCRIPTS_BUCKET, WORKGROUP, Product
from parity_sandbox.world.raw import raw_files

ROLE = "arn:aws:iam::123456789012:role/payments-glue"
PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
}


def client(endpoints: Endpoints, service: str) -> Any:
    """Return a boto3 client of one service of this sandbox."""
    import boto3
    from botocore.config import Config

    make: Any = boto3.client  # its stubs want a literal name
    return make(
        service,
        endpoint_url=endpoints.aws,
        aws_access_key_id=endpoints.aws_access_key,
        aws_secret_access_key=endpoints.aws_secret_key,
        region_name=endpoints.region,
        config=Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=60),
    )


def build_legacy(endpoints: Endpoints, dates: Iterable[date]) -> None:
    """Make everything that the legacy side needs, with the raw files of ``dates``."""
    s3 = client(endpoints, "s3")
    make_buckets(endpoints, s3)
    for product in PRODUCTS:
        script = (JOBS / "legacy" / f"{product.activity}.py").read_bytes()
        s3.put_object(Bucket=SCRIPTS_BUCKET, Key=f"glue/{product.activity}.py", Body=script)
    for business_date in dates:
        upload_raw(endpoints, business_date, s3)
    glue = client(endpoints, "glue")
    make_catalogue(endpoints, glue)
    make_jobs(glue)
    register_partitions(endpoints, glue, s3)
    make_workgroup(endpoints)


def make_buckets(endpoints: Endpoints, s3: Any) -> None:
    """Make the buckets that are not there yet."""
    known = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    place = {"LocationConstraint": endpoints.region}
    wanted = (endpoints.raw_bucket, endpoints.legacy_bucket, endpoints.exchange_bucket, SCRIPTS_BUCKET)
    for name in wanted:
        if name not in known:
            s3.create_bucket(Bucket=name, CreateBucketConfiguration=place)


def upload_raw(endpoints: Endpoints, business_date: date, s3: Any | None = None) -> None:
    """Upload the raw files of ``business_date``, unless they are there."""
    store = s3 or client(endpoints, "s3")
    last = f"fx_rates/dt={business_date}/"
    if store.list_objects_v2(Bucket=endpoints.raw_bucket, Prefix=last).get("KeyCount"):
        return
    with ThreadPoolExecutor(4) as pool:
        calls = [
            pool.submit(store.put_object, Bucket=endpoints.raw_bucket, Key=key, Body=content)
            for key, content in raw_files(business_date)
        ]
    for call in calls:
        call.result()


def make_catalogue(endpoints: Endpoints, glue: Any) -> None:
    """Make the Glue database and its tables."""
    with suppress(glue.exceptions.AlreadyExistsException):
        glue.create_database(DatabaseInput={"Name": DATABASE, "Description": "Payments, before the move."})
    for product in PRODUCTS:
        with suppress(glue.exceptions.AlreadyExistsException):
            glue.create_table(DatabaseName=DATABASE, TableInput=table_input(product, endpoints.legacy_bucket))


def table_input(product: Product, bucket: str) -> dict[str, Any]:
    """Return Glue's TableInput of a legacy table."""
    return {
        "Name": product.table,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "parquet", "EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": product.partition, "Type": "date"}],
        "StorageDescriptor": _storage(product, f"s3://{bucket}/{product.table}/"),
    }


def _storage(product: Product, location: str) -> dict[str, Any]:
    columns = [{"Name": name, "Type": kind} for name, kind in product.columns]
    return {"Columns": columns, "Location": location, **PARQUET}


def make_jobs(glue: Any) -> None:
    """Make a Glue job of every legacy script."""
    for product in PRODUCTS:
        with suppress(
            glue.exceptions.AlreadyExistsException, glue.exceptions.IdempotentParameterMismatchException
        ):
            glue.create_job(Name=product.activity, **job_input(product))


def job_input(product: Product) -> Mapping[str, Any]:
    """Return what Glue's CreateJob takes, the name apart."""
    script = f"s3://{SCRIPTS_BUCKET}/glue/{product.activity}.py"
    return {
        "Role": ROLE,
        "Command": {"Name": "glueetl", "ScriptLocation": script, "PythonVersion": "3"},
        "DefaultArguments": {"--job-language": "python", "--enable-observability-metrics": "true"},
        "GlueVersion": "5.0",
        "WorkerType": "G.1X",
        "NumberOfWorkers": 2,
        "Timeout": 60,
        "ExecutionProperty": {"MaxConcurrentRuns": 3},
    }


def register_partitions(endpoints: Endpoints, glue: Any | None = None, s3: Any | None = None) -> None:
    """Catalogue every partition that lies in the legacy bucket, as a crawler would."""
    catalogue, store = glue or client(endpoints, "glue"), s3 or client(endpoints, "s3")
    for product in PRODUCTS:
        found = store.list_objects_v2(Bucket=endpoints.legacy_bucket, Prefix=f"{product.table}/", Delimiter="/")
        prefixes = [entry["Prefix"] for entry in found.get("CommonPrefixes", ())]
        inputs = [_partition(product, endpoints.legacy_bucket, prefix) for prefix in prefixes if "=" in prefix]
        if inputs:  # those that exist come back in Errors, which is fine
            catalogue.batch_create_partition(
                DatabaseName=DATABASE, TableName=product.table, PartitionInputList=inputs
            )


def _partition(product: Product, bucket: str, prefix: str) -> dict[str, Any]:
    value = prefix.rstrip("/").rpartition("=")[2]
    return {"Values": [value], "StorageDescriptor": _storage(product, f"s3://{bucket}/{prefix}")}


def make_workgroup(endpoints: Endpoints) -> None:
    """Make the Athena workgroup, whose results go to the exchange bucket."""
    athena = client(endpoints, "athena")
    if WORKGROUP in {group["Name"] for group in athena.list_work_groups()["WorkGroups"]}:
        return
    results = {"OutputLocation": f"s3://{endpoints.exchange_bucket}/athena-results/"}
    athena.create_work_group(
        Name=WORKGROUP,
        Configuration={"ResultConfiguration": results, "EnforceWorkGroupConfiguration": False},
        Description="Queries of the parity runs.",
    )
