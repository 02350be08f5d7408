"""Price every settled payment by its client's plan."""

import argparse
from datetime import date
from decimal import Decimal

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
    CREATE TABLE IF NOT EXISTS payments.fees (
        payment_id STRING, client_id STRING, fee_plan STRING, scheme STRING,
        rate_bps DECIMAL(9, 4), fee DECIMAL(18, 2), currency STRING,
        settlement_date DATE
    ) USING PARQUET PARTITIONED BY (settlement_date) LOCATION '{LAKE}/fees'
""")

settled = spark.table("payments.settled_card_payments").where(F.col("settlement_date") == F.lit(day))
clients = spark.table("payments.clients").where(F.col("snapshot_date") == F.lit(day))
plans = spark.read.parquet(f"{RAW}/fee_plans/dt={day}")
per_unit = F.col("rate_bps") * F.lit(Decimal("0.0001"))
exact = F.col("amount") * per_unit + F.col("fixed")
result = (
    settled.join(F.broadcast(clients.select("client_id", "fee_plan")), "client_id")
    .join(F.broadcast(plans), ["fee_plan", "scheme"])
    .select(
        "payment_id",
        "client_id",
        "fee_plan",
        "scheme",
        "rate_bps",
        F.when(F.col("currency") == "JPY", F.round(exact, 0))
        .otherwise(F.round(exact, 2))
        .cast("decimal(18,2)")
        .alias("fee"),
        "currency",
    )
)

loaded = result.withColumn("settlement_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.fees")
