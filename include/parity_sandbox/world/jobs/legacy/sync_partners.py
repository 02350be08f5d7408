"""Nightly snapshot of the advertising partners."""

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

spark.read.parquet(f"{RAW}/partners/").createOrReplaceTempView("raw_partners")

snapshot = spark.sql(
    """
    SELECT partner_id, partner_name, channel, currency, revenue_share, contact, contract_from
    FROM raw_partners
    WHERE dt = CAST(:day AS DATE)
    """,
    args={"day": day},
)

snapshot.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/partners/snapshot_date={day}/")
job.commit()
