"""Attribute the day's advertising spend to partners, campaigns and clients."""

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
    CREATE TABLE IF NOT EXISTS payments.ad_spend (
        partner_id STRING, campaign_id STRING, campaign_name STRING, channel STRING,
        client_id STRING, impressions BIGINT, clicks BIGINT,
        spend DECIMAL(18, 2), currency STRING, spend_eur DECIMAL(18, 2), cost_per_click DOUBLE,
        spend_date DATE
    ) USING PARQUET PARTITIONED BY (spend_date) LOCATION '{LAKE}/ad_spend'
""")

events = spark.read.parquet(f"{RAW}/ad_events/dt={day}").where(~F.col("is_bot"))
rates = spark.read.parquet(f"{RAW}/fx_rates/dt={day}").select("currency", "eur_rate")
partners = spark.table("payments.partners").where(F.col("snapshot_date") == F.lit(day))

totals = events.groupBy("partner_id", "campaign_id", "campaign_name", "client_id", "currency").agg(
    F.sum("impressions").alias("impressions"),
    F.sum("clicks").alias("clicks"),
    (F.sum("cost_micros").cast("decimal(20,0)") * F.lit(Decimal("0.000001"))).alias("exact"),
)
result = (
    totals.join(F.broadcast(partners.select("partner_id", "channel")), "partner_id")
    .join(F.broadcast(rates), "currency")
    .select(
        "partner_id",
        "campaign_id",
        "campaign_name",
        "channel",
        "client_id",
        "impressions",
        "clicks",
        F.when(F.col("currency") == "JPY", F.round("exact", 0))
        .otherwise(F.col("exact"))
        .cast("decimal(18,2)")
        .alias("spend"),
        "currency",
        (F.col("exact") * F.col("eur_rate")).cast("decimal(18,2)").alias("spend_eur"),
        F.when(F.col("clicks") > 0, F.col("exact").cast("double") / F.col("clicks")).alias("cost_per_click"),
    )
)

loaded = result.withColumn("spend_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.ad_spend")
