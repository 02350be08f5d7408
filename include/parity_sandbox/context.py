"""What every fake service is handed: the state folder, the time, Spark, the endpoints and the faults."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.spark.runner import Runner


@dataclass(frozen=True)
class Context:
    """One sandbox as its services see it."""

    state: Path
    endpoints: Endpoints
    faults: Faults
    runner: Runner
