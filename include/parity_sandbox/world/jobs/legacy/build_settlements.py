"""Net payments, refunds and chargebacks per client and currency."""

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

spark.read.parquet(f"{OUT}/settled_card_payments/").createOrReplaceTempView("settled")
spark.read.parquet(f"{OUT}/refunds/").createOrReplaceTempView("refunds")
spark.read.parquet(f"{OUT}/chargebacks/").createOrReplaceTempView("chargebacks")

settlements = spark.sql(
    """
    WITH movements AS (
        SELECT client_id, currency, 1 AS payments, amount AS gross, 0.00 AS refunded, 0.00 AS charged_back
        FROM settled WHERE settlement_date = CAST(:day AS DATE)
        UNION ALL
        SELECT client_id, currency, 0, 0.00, amount, 0.00
        FROM refunds WHERE settlement_date = CAST(:day AS DATE)
        UNION ALL
        SELECT client_id, currency, 0, 0.00, 0.00, -amount
        FROM chargebacks WHERE register_date = CAST(:day AS DATE) AND stage <> 'won'
    )
    SELECT client_id, currency,
           SUM(payments)                                              AS payments,
           CAST(SUM(gross) AS DECIMAL(18, 2))                         AS gross,
           CAST(SUM(refunded) AS DECIMAL(18, 2))                      AS refunded,
           CAST(SUM(charged_back) AS DECIMAL(18, 2))                  AS charged_back,
           CAST(SUM(gross + refunded + charged_back) AS DECIMAL(18, 2)) AS net
    FROM movements
    GROUP BY client_id, currency
    """,
    args={"day": day},
)

settlements.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/settlements/settlement_date={day}/")
job.commit()
