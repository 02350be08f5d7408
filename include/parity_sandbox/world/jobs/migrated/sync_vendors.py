"""Snapshot the vendor register."""

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
    CREATE TABLE IF NOT EXISTS payments.vendors (
        vendor_id STRING, trading_name STRING, category STRING, country STRING,
        payout_currency STRING, iban STRING, terms_days INT,
        remittance_note STRING, rating DOUBLE,
        snapshot_date DATE
    ) USING PARQUET PARTITIONED BY (snapshot_date) LOCATION '{LAKE}/vendors'
""")

schema = spark.table("payments.vendors").drop("snapshot_date").schema
vendors = spark.read.schema(schema).json(f"{RAW}/vendors/dt={day}")
result = vendors.select(
    "vendor_id",
    "trading_name",
    "category",
    "country",
    "payout_currency",
    "iban",
    "terms_days",
    F.col("remittance_note"),
    "rating",
)

snapshot = result.withColumn("snapshot_date", F.lit(day))
snapshot.coalesce(1).write.mode("overwrite").insertInto("payments.vendors")
