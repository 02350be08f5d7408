"""Settle the captured card payments of one business date."""

import argparse
from datetime import date, timedelta

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
    CREATE TABLE IF NOT EXISTS payments.settled_card_payments (
        payment_id STRING, client_id STRING, vendor_id STRING, merchant_ref STRING,
        card_pan STRING, scheme STRING, auth_code STRING,
        amount DECIMAL(18, 2), currency STRING, fx_rate DOUBLE, amount_eur DECIMAL(18, 2),
        settled_at TIMESTAMP,
        settlement_date DATE
    ) USING PARQUET PARTITIONED BY (settlement_date) LOCATION '{LAKE}/settled_card_payments'
""")

arrived = [day, day + timedelta(days=1)]  # late captures come with the next day's files
payments = (
    spark.read.parquet(f"{RAW}/card_payments")
    .where(F.col("dt").isin(arrived))
    .where(F.col("event_date") == F.lit(day))
    .where(F.col("status") == "captured")
)
rates = spark.read.parquet(f"{RAW}/fx_rates/dt={day}").select("currency", "eur_rate")
result = payments.join(F.broadcast(rates), "currency").select(
    "payment_id",
    "client_id",
    "vendor_id",
    "merchant_ref",
    "card_pan",
    "scheme",
    "auth_code",
    F.col("amount").cast("decimal(18,2)"),
    "currency",
    F.col("eur_rate").cast("double").alias("fx_rate"),
    F.round(F.col("amount") * F.col("eur_rate"), 2).cast("decimal(18,2)").alias("amount_eur"),
    F.col("captured_at").alias("settled_at"),
)

loaded = result.withColumn("settlement_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.settled_card_payments")
