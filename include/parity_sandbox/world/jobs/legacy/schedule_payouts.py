"""Schedule what clients are owed, two days later at nine in the morning of their own time zone."""

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

spark.read.parquet(f"{OUT}/settlements/").createOrReplaceTempView("settlements")
spark.read.parquet(f"{OUT}/clients/").createOrReplaceTempView("clients")

payouts = spark.sql(
    """
    SELECT CONCAT('po_', LEFT(SHA2(CONCAT_WS('|', s.client_id, s.currency, :day), 256), 20)) AS payout_id,
           s.client_id, c.legal_name AS beneficiary, c.iban, s.currency,
           s.net                                                                AS amount,
           CASE WHEN s.net > 0 AND c.is_active THEN 'scheduled' ELSE 'held' END AS status,
           to_utc_timestamp(CAST(CONCAT(DATE_ADD(s.settlement_date, 2), ' 09:00:00') AS TIMESTAMP),
                            c.timezone)                                         AS release_at
    FROM settlements s
    JOIN clients c ON c.client_id = s.client_id AND c.snapshot_date = s.settlement_date
    WHERE s.settlement_date = CAST(:day AS DATE)
    """,
    args={"day": day},
)

payouts.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/payouts/settlement_date={day}/")
job.commit()
