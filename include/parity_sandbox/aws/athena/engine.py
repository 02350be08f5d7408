"""Starts, runs and stops queries, a few at a time.

A fault rule ``stays_running`` whose target occurs in a query's text keeps it RUNNING until the rule is lifted
or the query is stopped; ``fails_at`` ends it FAILED with the rule's message.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from parity_sandbox.aws import rights
from parity_sandbox.aws.athena import results, statements
from parity_sandbox.aws.athena.failures import SYSTEM, QueryFailed, Stopped, of_engine
from parity_sandbox.aws.athena.query import Query, Request
from parity_sandbox.aws.athena.session import Database
from parity_sandbox.aws.s3.paths import Disk
from parity_sandbox.aws.trino import ColumnNotFound, Limitation, TypeMismatch
from parity_sandbox.faults import Fault, Faults

log = logging.getLogger("parity_sandbox.aws.athena")
AT_ONCE = 8


class IdempotencyError(Exception):
    """A request token that was used for another query."""


@dataclass
class Engine:
    """All queries of a sandbox."""

    disk: Disk
    faults: Faults
    queries: dict[str, Query] = field(default_factory=dict)
    _tokens: dict[str, Query] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(AT_ONCE, thread_name_prefix="athena")
    )

    def __post_init__(self) -> None:
        self._database = Database(self.disk)

    def work_group(self, query_id: str) -> str:
        """Return the work group of a query, or the one that every account has."""
        known = self.queries.get(query_id)
        return known.request.work_group if known else "primary"

    def start(self, request: Request, token: str | None) -> Query:
        """Start a query, or return the one that ``token`` started first."""
        known = self._tokens.get(token) if token else None
        if known:
            if known.request != request:
                raise IdempotencyError("Idempotent parameters do not match")
            return known
        query = Query(request)
        self.queries[query.id] = query
        if token:
            self._tokens[token] = query
        self._pool.submit(self._run, query)
        return query

    def _run(self, query: Query) -> None:
        if not query.begin():
            return
        try:
            self._suffer(query)
            with self._database.session(query) as session:
                output = query.request.output
                session.require(f"Access denied when writing output to url: {output}.", rights.writing(output))
                result = statements.run(session, query.request.sql)
            query.check()
            query.result = results.keep(query, result, self.disk)
            query.end("SUCCEEDED")
        except Stopped as reason:
            query.end("CANCELLED", str(reason))
        except QueryFailed as failure:
            query.end("FAILED", str(failure), failure)
        except (Limitation, TypeMismatch, ColumnNotFound) as error:
            query.end("FAILED", str(error), QueryFailed(str(error)))
        except Exception as error:  # noqa: BLE001 - whatever happens, the query must end
            self._broken(query, error)

    def _broken(self, query: Query, error: Exception) -> None:
        """End a query that DuckDB, or the sandbox itself, could not carry out."""
        import duckdb

        if isinstance(error, duckdb.InterruptException) or query.stopped.is_set():
            query.end("CANCELLED", "Query cancelled by user")
            return
        failure = of_engine(error)
        if not isinstance(error, duckdb.Error):
            log.exception("sandbox: query %s", query.id)
            failure = QueryFailed(f"GENERIC_INTERNAL_ERROR: sandbox: {error}", category=SYSTEM)
        query.end("FAILED", str(failure), failure)

    def _suffer(self, query: Query) -> None:
        failing = self._fault("fails_at", query)
        if failing:
            raise QueryFailed(
                failing.message or "GENERIC_INTERNAL_ERROR: the sandbox was told to fail", category=SYSTEM
            )
        held = self._fault("stays_running", query)
        while held and self.faults.holds(held):
            if query.stopped.wait(0.05):
                raise Stopped("Query cancelled by user")

    def _fault(self, kind: str, query: Query) -> Fault | None:
        targets = [
            rule.target for rule in self.faults.rules if rule.kind == kind and rule.target in query.request.sql
        ]
        hits = (self.faults.engine(kind, target) for target in dict.fromkeys(targets))
        return next((hit for hit in hits if hit), None)
