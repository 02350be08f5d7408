"""What Glue reports to CloudWatch of a run with observability metrics: how many rows it wrote."""

from __future__ import annotations

from datetime import UTC

from moto.cloudwatch.models import cloudwatch_backends
from moto.core import DEFAULT_ACCOUNT_ID

from parity_sandbox.aws.glue.runs import JobRun

OBSERVED = "--enable-observability-metrics"
THROUGHPUT = {"Type": "gauge", "ObservabilityGroup": "throughput", "Sink": "ALL"}


def publish(run: JobRun, rows: int, region: str) -> None:
    """Put a run's metric, unless its job has none; Glue does so every 30 seconds, here it is done at the end."""
    if run.arguments.get(OBSERVED) != "true":
        return
    dimensions = {"JobName": run.job_name, "JobRunId": run.job_run_id, **THROUGHPUT}
    at = run.completed or run.modified
    datum = {
        "MetricName": "glue.driver.recordsWritten",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": at.astimezone(UTC).replace(tzinfo=None),  # as moto has those of a request
        "Value": rows,
        "Unit": "Count",
    }
    cloudwatch_backends[DEFAULT_ACCOUNT_ID][region].put_metric_data("Glue", [datum])
