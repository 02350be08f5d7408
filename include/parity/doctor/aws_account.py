"""One AWS connection and what a suite needs of it, each fact asked for once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parity.clients import aws_account, glue_catalogue
from parity.clients.aws import AwsClients
from parity.clients.glue_catalogue import GlueRun, GlueTable
from parity.doctor.checks import Once
from parity.suite.models import Suite


class AwsAccount:
    """One AWS connection, asked for each fact once."""

    def __init__(self, place: str, open_clients: Callable[[], AwsClients]) -> None:
        self.place = place
        self.clients = Once(open_clients)
        self.caller = Once(lambda: aws_account.caller(self.clients()))
        self.jobs = Once(lambda: glue_catalogue.glue_jobs(self.clients()))
        self._tables: dict[str, Once[Mapping[str, GlueTable]]] = {}
        self._runs: dict[str, Once[GlueRun | None]] = {}

    def tables(self, database: str) -> Once[Mapping[str, GlueTable]]:
        """Return the question for a database's tables."""
        return self._tables.setdefault(
            database, Once(lambda: glue_catalogue.glue_tables(self.clients(), database))
        )

    def newest_run(self, job: str) -> Once[GlueRun | None]:
        """Return the question for a job's newest run."""
        return self._runs.setdefault(job, Once(lambda: glue_catalogue.newest_run(self.clients(), job)))


@dataclass(frozen=True)
class LegacySide:
    """What one suite needs of AWS."""

    suite: Suite
    queries: Mapping[str, str]
    """Activity → the text of its query."""
    exchange: str
    """s3:// folder into which Athena unloads."""
