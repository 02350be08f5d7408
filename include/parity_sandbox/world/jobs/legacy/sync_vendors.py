"""Nightly snapshot of the vendor register, from JSON lines."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "business_date"])
glue = GlueContext(SparkContext.getOrCreate())
spark = glue.spark_session
job = Job(glue)
job.init(args["JOB_NAME"], args)

day = args["business_date"]
RAW = "s3://payments-raw"
OUT = "s3://payments-legacy"

SCHEMA = """vendor_id STRING, trading_name STRING, category STRING, country STRING, payout_currency STRING,
            iban STRING, terms_days INT, remittance_note STRING, rating DOUBLE"""
spark.read.schema(SCHEMA).json(f"{RAW}/vendors/dt={day}/").createOrReplaceTempView("raw_vendors")

snapshot = spark.sql(
    """
    SELECT vendor_id, trading_name, category, country, payout_currency, iban, terms_days,
           remittance_note, rating
    FROM raw_vendors
    """
)

snapshot.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/vendors/snapshot_date={day}/")
job.commit()
