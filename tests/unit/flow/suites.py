"""Suites that tests need."""

from __future__ import annotations

from typing import Any

from parity.suite.models import Suite


def suite(*names: str, **more: Any) -> Suite:
    """Return a valid suite with the named activities."""
    activities = [
        {"name": name, "legacy": {"sql": f"{name}.sql"}, "target": {"table": f"payments.{name}"}, "key": ["id"]}
        for name in names or ("settle", "refund")
    ]
    base: dict[str, Any] = {
        "suite": "payments",
        "owner": "payments-data",
        "wave": 1,
        "azure": {"pipeline": "ingest", "helper_job": "parity-helper"},
        "aws": {"database": "payments_legacy"},
        "activities": activities,
    }
    return Suite.model_validate({**base, **more})
