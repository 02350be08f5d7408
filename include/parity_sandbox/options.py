"""What ``up`` was asked for, on its way from the command line through the supervisor to the server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from parity_sandbox.services import NAMES
from parity_sandbox.spark.runner import DatabricksSpark

SparkMode = Literal["eager", "lazy", "none"]


@dataclass(frozen=True)
class Options:
    """One sandbox to be."""

    state: Path
    only: tuple[str, ...] = NAMES
    """Services to start; the others have no endpoint."""
    spark: SparkMode = "eager"
    """``lazy`` starts the JVM with the first job, ``none`` refuses jobs."""
    databricks: DatabricksSpark = "connect"
    """What Databricks gives its jobs; a new workspace gives Spark Connect."""
    world: bool = True
    """Seed the demo's world before saying ready."""

    @property
    def spark_address(self) -> str:
        """Return where the Spark worker listens.

        An abstract Unix socket: it leaves no file, and a deep state folder cannot make its name too long.
        """
        return "\0parity-sandbox-" + hashlib.sha256(str(self.state).encode()).hexdigest()[:16]

    def dump(self) -> str:
        """Return JSON for :meth:`load`."""
        return json.dumps({**asdict(self), "state": str(self.state)})

    @classmethod
    def load(cls, text: str) -> Options:
        """Read what :meth:`dump` wrote."""
        document = json.loads(text)
        return cls(**{**document, "state": Path(document["state"]), "only": tuple(document["only"])})
