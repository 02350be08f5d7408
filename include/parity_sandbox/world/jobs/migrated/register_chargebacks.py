"""Register the disputes that the schemes sent as CSV."""

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
    CREATE TABLE IF NOT EXISTS payments.chargebacks (
        chargeback_id STRING, payment_id STRING, client_id STRING, reason_code STRING,
        stage STRING, amount DECIMAL(18, 2), currency STRING, narrative STRING,
        disputed_at TIMESTAMP, evidence_due DATE,
        register_date DATE
    ) USING PARQUET PARTITIONED BY (register_date) LOCATION '{LAKE}/chargebacks'
""")

COLUMNS = (
    "chargeback_id STRING, payment_id STRING, client_id STRING, reason_code STRING, stage STRING, "
    "amount DECIMAL(18, 4), currency STRING, narrative STRING, disputed_at STRING, evidence_due DATE"
)
disputes = spark.read.csv(f"{RAW}/chargebacks/dt={day}", schema=COLUMNS, header=True, escape='"')
local_time = F.to_timestamp("disputed_at", "yyyy-MM-dd HH:mm:ss")
result = disputes.withColumn("amount", F.col("amount").cast("decimal(18,2)")).withColumn(
    "disputed_at", F.to_utc_timestamp(local_time, "America/New_York")
)

loaded = result.withColumn("register_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.chargebacks")
