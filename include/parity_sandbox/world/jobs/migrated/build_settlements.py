"""Net payments, refunds and chargebacks per client and currency."""

import argparse
from datetime import date

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
    CREATE TABLE IF NOT EXISTS payments.settlements (
        client_id STRING, currency STRING, payments BIGINT,
        gross DECIMAL(18, 2), refunded DECIMAL(18, 2), charged_back DECIMAL(18, 2), net DECIMAL(18, 2),
        settlement_date DATE
    ) USING PARQUET PARTITIONED BY (settlement_date) LOCATION '{LAKE}/settlements'
""")

KEY = ["client_id", "currency"]
settled = spark.table("payments.settled_card_payments").where(F.col("settlement_date") == F.lit(day))
refunds = spark.table("payments.refunds").where(F.col("settlement_date") == F.lit(day))
disputes = spark.table("payments.chargebacks").where(F.col("register_date") == F.lit(day))
lost = disputes.where(F.col("stage").isin("first", "lost"))

gross = settled.groupBy(KEY).agg(F.count("*").alias("payments"), F.sum("amount").alias("gross"))
refunded = refunds.groupBy(KEY).agg(F.sum("amount").alias("refunded"))
charged_back = lost.groupBy(KEY).agg((-F.sum("amount")).alias("charged_back"))

joined = gross.join(refunded, KEY, "full").join(charged_back, KEY, "full").na.fill(0)
sums = [F.col(name).cast("decimal(18,2)").alias(name) for name in ("gross", "refunded", "charged_back")]
net = F.col("gross") + F.col("refunded") + F.col("charged_back")
result = joined.select(*KEY, "payments", *sums).withColumn("net", net.cast("decimal(18,2)"))

loaded = result.withColumn("settlement_date", F.lit(day))
loaded.coalesce(1).write.mode("overwrite").insertInto("payments.settlements")
