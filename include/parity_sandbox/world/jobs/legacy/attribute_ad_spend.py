"""Attribute the day's advertising spend to partners, campaigns and clients; bots are free."""

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

spark.read.parquet(f"{RAW}/ad_events/").createOrReplaceTempView("raw_events")
spark.read.parquet(f"{RAW}/fx_rates/").createOrReplaceTempView("raw_rates")
spark.read.parquet(f"{OUT}/partners/").createOrReplaceTempView("partners")

spend = spark.sql(
    """
    WITH totals AS (
        SELECT partner_id, campaign_id, campaign_name, client_id, currency,
               SUM(impressions) AS impressions, SUM(clicks) AS clicks,
               CAST(SUM(cost_micros) AS DECIMAL(20, 0)) * 0.000001 AS spend
        FROM raw_events
        WHERE dt = CAST(:day AS DATE) AND NOT is_bot
        GROUP BY partner_id, campaign_id, campaign_name, client_id, currency
    )
    SELECT t.partner_id, t.campaign_id, t.campaign_name, p.channel, t.client_id, t.impressions, t.clicks,
           CAST(IF(t.currency = 'JPY', ROUND(t.spend, 0), t.spend) AS DECIMAL(18, 2)) AS spend,
           t.currency,
           CAST(t.spend * r.eur_rate AS DECIMAL(18, 2)) AS spend_eur,
           CASE WHEN t.clicks > 0 THEN CAST(t.spend AS DOUBLE) / t.clicks END AS cost_per_click
    FROM totals t
    JOIN partners p ON p.partner_id = t.partner_id AND p.snapshot_date = CAST(:day AS DATE)
    JOIN raw_rates r ON r.currency = t.currency AND r.dt = CAST(:day AS DATE)
    """,
    args={"day": day},
)

spend.coalesce(1).write.mode("overwrite").parquet(f"{OUT}/ad_spend/spend_date={day}/")
job.commit()
