"""Snapshot the client register."""

import argparse
from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

RAW = "abfss://raw@paritysandbox.dfs.core.windows.net"
LAKE = "abfss://lake@paritysandbox.dfs.core.windows.net/payments"

parser = argparse.ArgumentParser()
parser.add_argument("--business_date", required=True, type=date.fromisoformat)
day = parser.parse_args().business_date

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")

spark.sql(f"CREATE SCHEMA IF NOT EXISTS payments LOCATION '{LAKE}'")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS payments.clients (
        client_id STRING, legal_name STRING, country STRING, currency STRING, timezone STRING,
        email STRING, vat_number STRING, fee_plan STRING, iban STRING,
        onboarded_at TIMESTAMP, is_active BOOLEAN,
        snapshot_date DATE
    ) USING PARQUET PARTITIONED BY (snapshot_date) LOCATION '{LAKE}/clients'
""")

clients = spark.read.parquet(f"{RAW}/clients/dt={day}")
result = clients.select(
    "client_id",
    F.col("legal_name"),
    "country",
    "currency",
    "timezone",
    "email",
    "vat_number",
    "fee_plan",
    "iban",
    "onboarded_at",
    "is_active",
)

snapshot = result.withColumn("snapshot_date", F.lit(day))
snapshot.coalesce(1).write.mode("overwrite").insertInto("payments.clients")
