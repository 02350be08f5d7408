"""The Glue context: here no more than a way to the Spark session."""

from __future__ import annotations

from typing import Any

from pyspark.sql import SparkSession


class GlueContext:
    """Wraps a SparkContext as Glue's does; catalogue frames and dynamic frames are not offered."""

    def __init__(self, spark_context: Any) -> None:
        self.spark_session: Any = SparkSession.builder.getOrCreate()
        # Glue runs Spark 3, where a bad cast is NULL and not an error.
        self.spark_session.conf.set("spark.sql.ansi.enabled", "false")
        self.sc = spark_context

    def get_logger(self) -> Any:
        """Return a logger with Glue's methods."""
        import logging

        return logging.getLogger("glue")
