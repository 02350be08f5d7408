"""Schedule what clients are owed, two days later at nine in the morning of their own time zone."""

import argparse
from datetime import date, timedelta

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

LAKE = "abfss://lake@paritysandbox.dfs.core.windows.net/payments"

parser = argparse.ArgumentParser()
parser.add_argument("--business_date", required=True, type=date.fromisoformat)
day = parser.parse_args().business_date

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.conf.set("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")

spark.sql(f"CREATE SCHEMA IF NOT EXISTS payments LOCATION '{LAKE}'")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS payments.payouts (
        payout_id STRING, client_id STRING, beneficiary STRING, iban STRING,
        currency STRING, amount DECIMAL(18, 2), status STRING, release_at TIMESTAMP,
        settlement_date DATE
    ) USING PARQUET PARTITIONED BY (settlement_date) LOCATION '{LAKE}/payouts'
""")

settlements = spark.table("payments.settlements").where(F.col("settlement_date") == F.lit(day))
clients = spark.table("payments.clients").where(F.col("snapshot_date") == F.lit(day))
identity = F.sha2(F.concat_ws("|", "client_id", settlements["currency"], F.lit(str(day))), 256)
morning = F.to_timestamp(F.lit(f"{day + timedelta(days=2)} 09:00:00"))
due = (F.col("net") > 0) & F.col("is_active")
result = settlements.join(F.broadcast(clients), "client_id").select(
    F.concat(F.lit("po_"), F.substring(identity, 1, 20)).alias("payout_id"),
    "client_id",
    F.col("legal_name").alias("beneficiary"),
    "iban",
    settlements["currency"],
    F.col("net").cast("decimal(18,2)").alias("amount"),
    F.when(due, "scheduled").otherwise("held").alias("status"),
    F.to_utc_timestamp(morning, F.col("timezone")).alias("release_at"),
)

loaded = result.withColumn("settlement_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.payouts")
