"""How the fake clouds run a script: the seam between Glue, Databricks and the warm Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

DatabricksSpark = Literal["connect", "classic"]
"""What the workspace gives its jobs as Spark."""
Access = Literal["classic", "standard", "serverless"]
"""What a script gets as Spark: a classic session, or Spark Connect as clusters and serverless compute offer it."""


@dataclass(frozen=True)
class Job:
    """One script to run."""

    script: Path
    argv: Sequence[str] = ()
    """``sys.argv[1:]`` of the script: Glue arguments, Databricks python parameters."""
    widgets: Mapping[str, str] = field(default_factory=dict)
    """What ``dbutils.widgets.get`` answers: Databricks job and notebook parameters."""
    timeout: float = 3600.0
    """Seconds until it is killed."""
    access: Access = "classic"


@dataclass(frozen=True)
class Outcome:
    """How a script ended."""

    ok: bool
    stdout: str = ""
    stderr: str = ""
    error: str = ""
    """The last line of the traceback, or empty."""
    trace: str = ""
    result: str = ""
    """What ``dbutils.notebook.exit`` was given."""
    seconds: float = 0.0
    rows_written: int = 0
    """Rows that its Spark jobs wrote into files."""
    cancelled: bool = False
    timed_out: bool = False


class Runner(Protocol):
    """Runs scripts; thread-safe, several at once."""

    def run(self, job: Job, handle: str) -> Outcome:
        """Run ``job`` to its end and return the outcome; ``handle`` names it for :meth:`cancel`."""

    def cancel(self, handle: str) -> None:
        """Kill the job called ``handle``; unknown and ended ones are left alone."""
