"""Price every settled payment by its client's plan; half a cent goes up, and yen have none."""

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

spark.read.parquet(f"{RAW}/fee_plans/").createOrReplaceTempView("raw_plans")
spark.read.parquet(f"{OUT}/settled_card_payments/").createOrReplaceTempView("settled")
spark.read.parquet(f"{OUT}/clients/").createOrReplaceTempView("clients")

fees = spark.sql(
    """
    SELECT s.payment_id, s.client_id, c.fee_plan, s.scheme, f.rate_bps,
           CAST(CASE s.currency WHEN 'JPY' THEN ROUND(s.amount * (f.rate_bps * 0.0001) + f.fixed, 0)
                ELSE ROUND(s.amount * (f.rate_bps * 0.0001) + f.fixed, 2) END AS DECIMAL(18, 2)) AS fee,
           s.currency
    FROM settled s
    JOIN clients c ON c.client_id = s.client_id AND c.snapshot_date = s.settlement_date
    JOIN raw_plans f ON f.fee_plan = c.fee_plan AND f.scheme = s.scheme AND f.dt = s.settlement_date
    WHERE s.settlement_date = CAST(:day AS DATE)
    """,
    args={"day": day},
)

fees.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/fees/settlement_date={day}/")
job.commit()
