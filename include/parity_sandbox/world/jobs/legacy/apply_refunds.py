"""Apply approved refunds to settled payments, never beyond what was paid."""

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

spark.read.parquet(f"{RAW}/refunds/").createOrReplaceTempView("raw_refunds")
spark.read.parquet(f"{OUT}/settled_card_payments/").createOrReplaceTempView("settled")

refunds = spark.sql(
    """
    SELECT r.refund_id, r.payment_id, s.client_id,
           CAST(-LEAST(r.amount, s.amount) AS DECIMAL(18, 2)) AS amount,
           r.currency, r.reason, r.requested_at
    FROM raw_refunds r
    JOIN settled s ON s.payment_id = r.payment_id AND s.settlement_date = CAST(:day AS DATE)
    WHERE r.dt = CAST(:day AS DATE) AND r.status = 'approved'
    """,
    args={"day": day},
)

refunds.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/refunds/settlement_date={day}/")
job.commit()
