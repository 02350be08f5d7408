"""Nightly snapshot of the client register."""

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

spark.read.parquet(f"{RAW}/clients/").createOrReplaceTempView("raw_clients")

snapshot = spark.sql(
    """
    SELECT client_id, legal_name, country, currency, timezone, email, vat_number, fee_plan, iban,
           onboarded_at, is_active
    FROM raw_clients
    WHERE dt = CAST(:day AS DATE)
    """,
    args={"day": day},
)

snapshot.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/clients/snapshot_date={day}/")
job.commit()
