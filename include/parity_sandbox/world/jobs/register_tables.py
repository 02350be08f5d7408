"""Enter tables of the lake, named as arguments, into a catalogue that has forgotten them."""

import sys

from pyspark.sql import SparkSession

LAKE = "abfss://lake@paritysandbox.dfs.core.windows.net/payments"

spark = SparkSession.builder.getOrCreate()
spark.sql(f"CREATE SCHEMA IF NOT EXISTS payments LOCATION '{LAKE}'")
for table in sys.argv[1:]:
    if not spark.catalog.tableExists(f"payments.{table}"):
        spark.catalog.createTable(f"payments.{table}", path=f"{LAKE}/{table}", source="parquet")
        spark.catalog.recoverPartitions(f"payments.{table}")
