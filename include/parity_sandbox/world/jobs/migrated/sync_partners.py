# Databricks notebook source
"""Snapshot the advertising partners."""

from datetime import date

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

RAW = "abfss://raw@paritysandbox.dfs.core.windows.net"
LAKE = "abfss://lake@paritysandbox.dfs.core.windows.net/payments"

day = date.fromisoformat(dbutils.widgets.get("business_date"))  # noqa: F821 - a notebook has it

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")

# COMMAND ----------

spark.sql(f"CREATE SCHEMA IF NOT EXISTS payments LOCATION '{LAKE}'")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS payments.partners (
        partner_id STRING, partner_name STRING, channel STRING, currency STRING,
        revenue_share DECIMAL(7, 4), contact STRING, contract_from DATE,
        snapshot_date DATE
    ) USING PARQUET PARTITIONED BY (snapshot_date) LOCATION '{LAKE}/partners'
""")

# COMMAND ----------

partners = spark.read.parquet(f"{RAW}/partners/dt={day}")
result = partners.select(
    "partner_id",
    F.col("partner_name"),
    "channel",
    "currency",
    "revenue_share",
    "contact",
    "contract_from",
)

snapshot = result.withColumn("snapshot_date", F.lit(day))
snapshot.coalesce(1).write.mode("overwrite").insertInto("payments.partners")
