"""Apply approved refunds to settled payments."""

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
    CREATE TABLE IF NOT EXISTS payments.refunds (
        refund_id STRING, payment_id STRING, client_id STRING,
        amount DECIMAL(18, 2), currency STRING, reason STRING, requested_at TIMESTAMP,
        settlement_date DATE
    ) USING PARQUET PARTITIONED BY (settlement_date) LOCATION '{LAKE}/refunds'
""")

settled = spark.table("payments.settled_card_payments").where(F.col("settlement_date") == F.lit(day))
paid = settled.select("payment_id", "client_id", F.col("amount").alias("paid"))
approved = spark.read.parquet(f"{RAW}/refunds/dt={day}").where(F.col("status") == "approved")
result = approved.join(paid, "payment_id").select(
    "refund_id",
    "payment_id",
    "client_id",
    (-F.least("amount", "paid")).cast("decimal(18,2)").alias("amount"),
    "currency",
    "reason",
    "requested_at",
)

loaded = result.withColumn("settlement_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.refunds")
