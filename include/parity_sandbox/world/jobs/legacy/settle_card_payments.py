"""Settle the captured card payments of one business date, late arrivals included."""

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

spark.read.parquet(f"{RAW}/card_payments/").createOrReplaceTempView("raw_payments")
spark.read.parquet(f"{RAW}/fx_rates/").createOrReplaceTempView("raw_rates")

# What is captured just before midnight arrives in the next day's partition.
settled = spark.sql(
    """
    SELECT p.payment_id, p.client_id, p.vendor_id, p.merchant_ref AS merch_ref, p.card_pan, p.scheme,
           p.auth_code,
           CAST(p.amount AS DECIMAL(18, 2))              AS amount,
           p.currency,
           CAST(r.eur_rate AS DOUBLE)                    AS fx_rate,
           CAST(p.amount * r.eur_rate AS DECIMAL(18, 2)) AS amount_eur,
           p.captured_at                                 AS settled_at,
           p.batch_no
    FROM raw_payments p
    JOIN raw_rates r ON r.currency = p.currency AND r.dt = CAST(:day AS DATE)
    WHERE p.dt BETWEEN CAST(:day AS DATE) AND DATE_ADD(CAST(:day AS DATE), 1)
      AND p.event_date = CAST(:day AS DATE)
      AND p.status = 'captured'
    """,
    args={"day": day},
)

settled.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/settled_card_payments/settlement_date={day}/")
job.commit()
