"""What serverless compute refuses: nearly every setting of a session."""

from __future__ import annotations

from typing import Any

ALLOWED = frozenset(
    {
        "spark.databricks.execution.timeout",
        "spark.sql.ansi.enabled",
        "spark.sql.legacy.timeParserPolicy",
        "spark.sql.session.timeZone",
        "spark.sql.shuffle.partitions",
    }
)
"""The settings that a script may make there."""


def restrict_settings() -> None:
    """Have this process, which runs one script and ends, refuse other settings as serverless compute does."""
    from pyspark.errors import AnalysisException
    from pyspark.sql.connect.conf import RuntimeConf

    allowed_set = RuntimeConf.set

    def restricted_set(self: RuntimeConf, key: str, value: Any) -> None:
        if key not in ALLOWED:
            raise AnalysisException(
                f"[CONFIG_NOT_AVAILABLE] Configuration {key} is not available. SQLSTATE: 42K0I"
            )
        allowed_set(self, key, value)

    RuntimeConf.set = restricted_set
