"""Register the disputes that the schemes sent as CSV, told in New York's wall clock."""

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

SCHEMA = """chargeback_id STRING, payment_id STRING, client_id STRING, reason_code STRING, stage STRING,
            amount DECIMAL(18, 4), currency STRING, narrative STRING, disputed_at STRING, evidence_due DATE"""
files = spark.read.schema(SCHEMA).option("header", True).option("escape", '"')
files.csv(f"{RAW}/chargebacks/dt={day}/").createOrReplaceTempView("raw_chargebacks")

chargebacks = spark.sql(
    """
    SELECT chargeback_id, payment_id, client_id, reason_code, stage,
           CAST(amount AS DECIMAL(18, 2))                                         AS amount,
           currency, narrative,
           to_utc_timestamp(CAST(disputed_at AS TIMESTAMP), 'America/New_York')   AS disputed_at,
           evidence_due
    FROM raw_chargebacks
    """
)

chargebacks.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/chargebacks/register_date={day}/")
job.commit()
