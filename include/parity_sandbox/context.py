"""What every fake service is handed: the state folder, the endpoints, the faults and Spark.

A service is a package with ``create_app(context) -> ASGIApp``. It is called again on ``reset``, and must
then start from nothing. There is no ASGI lifespan; background work starts with the first request.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.journal import Journal
from parity_sandbox.spark.runner import DatabricksSpark, Runner


@dataclass(frozen=True)
class Context:
    """One sandbox as its services see it."""

    state: Path
    endpoints: Endpoints
    faults: Faults
    runner: Runner
    databricks: DatabricksSpark = "connect"
    journal: Journal = field(default_factory=Journal)
    """Every request that was answered, newest last."""
