"""Athena queries as remote runs: started once, watched for cost, stopped on request.

``StartQueryExecution`` takes a ClientRequestToken and returns the query that it started first, so a repeat is
safe; the token must carry the attempt, because a failed query would come back too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar

from parity.clients.athena_sql import Statement, without_rows
from parity.clients.aws import AwsClients, aws_errors, console_url
from parity.clients.remote import Lifecycle, Phase, RemoteError, RunStatus, carries, fingerprint
from parity.clock import Clock, SystemClock
from parity.errors import DeadlineExceeded, RemoteFailed

LIFECYCLE = Lifecycle(
    "Athena",
    {
        "QUEUED": Phase.WAITING,
        "RUNNING": Phase.RUNNING,
        "SUCCEEDED": Phase.SUCCEEDED,
        "FAILED": Phase.FAILED,
        "CANCELLED": Phase.CANCELLED,
    },
)
CATEGORIES: Mapping[int, str] = {1: "SystemError", 2: "UserError", 3: "OtherError"}
"""AthenaError.ErrorCategory; what AWS marks as retryable counts as SystemError, whatever its category."""

NO_REUSE = {"ResultReuseByAgeConfiguration": {"Enabled": False}}
TIB = 2**40
SMALLEST_BILL = 10 * 2**20
"""Bytes: Athena bills at least 10 MB for a query that reads data."""
RECENT_PAGES = 10
"""How many pages of 50 of the workgroup's newest queries are looked through for a token."""


@dataclass(frozen=True)
class AthenaConfig:
    """Where queries run and what they may cost."""

    database: str
    workgroup: str = "primary"
    catalog: str = "AwsDataCatalog"
    output: str = ""
    """s3:// folder of results; empty means the workgroup's."""
    max_scan: int | None = None
    """Bytes; above it ``output["over_budget"]`` is the reason, and the waiting side cancels."""
    price_per_tib: Decimal = Decimal(5)
    """US dollars."""


class AthenaRuns:
    """RemoteRuns over one workgroup. A request is :attr:`parity.clients.athena_sql.Statement.request`."""

    kind: ClassVar[str] = "athena"

    def __init__(self, config: AthenaConfig, clients: AwsClients, *, clock: Clock | None = None) -> None:
        self._config = config
        self._clients = clients
        self._clock = clock or SystemClock()

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Return the query that ``token`` started, starting it if there is none."""
        # Explicit, not left to a default: an earlier query's result would be of an earlier state of the tables.
        options: dict[str, Any] = {"ResultReuseConfiguration": NO_REUSE}
        if request.get("parameters"):
            options["ExecutionParameters"] = list(request["parameters"])
        if self._config.output:
            options["ResultConfiguration"] = {"OutputLocation": self._config.output}
        with aws_errors("Athena", f"a query in workgroup {self._config.workgroup!r}"):
            started = self._clients("athena").start_query_execution(
                QueryString=request["sql"],
                ClientRequestToken=fingerprint(token),
                WorkGroup=self._config.workgroup,
                QueryExecutionContext={"Database": self._config.database, "Catalog": self._config.catalog},
                **options,
            )
        return str(started["QueryExecutionId"])

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return the query that ``token`` started, if its text (such as UNLOAD's folder) carries the token.

        Athena cannot look up a ClientRequestToken; ``submit`` is safe to repeat instead.
        """
        sql = request["sql"]
        if not carries(sql, token):
            return None
        athena = self._clients("athena")
        with aws_errors("Athena", f"the queries of workgroup {self._config.workgroup!r}"):
            pages = athena.get_paginator("list_query_executions").paginate(WorkGroup=self._config.workgroup)
            for page in islice(pages, RECENT_PAGES):
                ids = page["QueryExecutionIds"]
                found = athena.batch_get_query_execution(QueryExecutionIds=ids) if ids else {"QueryExecutions": []}
                for query in found["QueryExecutions"]:
                    if query["Query"].strip() == sql.strip():
                        return str(query["QueryExecutionId"])
        return None

    def status(self, run_id: str) -> RunStatus:
        """Return how the query stands, what it scanned and what that costs."""
        athena = self._clients("athena")
        with aws_errors("Athena", f"query {run_id}"):
            query = athena.get_query_execution(QueryExecutionId=run_id)["QueryExecution"]
        status = query["Status"]
        phase = LIFECYCLE.phase(status["State"])
        return RunStatus(
            run_id=run_id,
            state=status["State"],
            phase=phase,
            error=query_error(status) if phase in (Phase.FAILED, Phase.CANCELLED) else None,
            url=console_url(athena, "athena", f"/query-editor/history/{run_id}"),
            started=status.get("SubmissionDateTime"),
            ended=status.get("CompletionDateTime") if phase.ended else None,
            output=self._facts(query),
        )

    def cancel(self, run_id: str) -> None:
        """Stop the query; an ended one is left alone."""
        if self.status(run_id).phase.ended:
            return
        with aws_errors("Athena", f"the stopping of query {run_id}"):
            self._clients("athena").stop_query_execution(QueryExecutionId=run_id)

    def columns(self, query: Statement, token: str, *, patience: float = 300.0) -> list[tuple[str, str]]:
        """Return the names and Athena types of a query's columns, by running it for no rows.

        Blocks for up to ``patience`` seconds; used only when an UNLOAD wrote no file to read them from.
        """
        run_id = self.submit(without_rows(query).request, f"{token}/columns")
        self._wait(run_id, patience)
        with aws_errors("Athena", f"the columns of query {run_id}"):
            answer = self._clients("athena").get_query_results(QueryExecutionId=run_id, MaxResults=1)
        return [(c["Name"], column_type(c)) for c in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]

    def rows(self, query: Statement, token: str, *, patience: float = 300.0) -> list[dict[str, str]]:
        """Return a short answer, at most 999 rows, as texts by column; NULL is left out.

        Blocks for up to ``patience`` seconds; a query that scans more than it may is stopped.
        """
        run_id = self.submit(query.request, token)
        self._wait(run_id, patience)
        with aws_errors("Athena", f"the answer of query {run_id}"):
            answer = self._clients("athena").get_query_results(QueryExecutionId=run_id, MaxResults=1000)
        names, *lines = [line["Data"] for line in answer["ResultSet"]["Rows"]]
        return [
            {name["VarCharValue"]: cell["VarCharValue"] for name, cell in zip(names, line, strict=True) if cell}
            for line in lines
        ]

    def _wait(self, run_id: str, patience: float) -> None:
        left = patience
        while not (status := self.status(run_id)).phase.ended:
            if left <= 0:
                self.cancel(run_id)
                raise DeadlineExceeded(f"Athena query {run_id} took over {patience:.0f} s.", url=status.url)
            if over := status.output.get("over_budget"):
                self.cancel(run_id)
                raise RemoteFailed(f"Athena query {run_id} was stopped: {over}", url=status.url)
            self._clock.sleep(0.5)
            left -= 0.5
        if status.phase is not Phase.SUCCEEDED:
            reason = status.error.message if status.error else status.state
            raise RemoteFailed(f"Athena query {run_id} failed: {reason}", url=status.url)

    def _facts(self, query: Mapping[str, Any]) -> dict[str, Any]:
        measured = query.get("Statistics") or {}
        scanned = int(measured.get("DataScannedInBytes") or 0)
        facts = {
            "bytes_scanned": scanned,
            "cost_usd": str(cost(scanned, self._config.price_per_tib)),
            "queue_ms": measured.get("QueryQueueTimeInMillis"),
            "execution_ms": measured.get("EngineExecutionTimeInMillis"),
            "total_ms": measured.get("TotalExecutionTimeInMillis"),
            "manifest": measured.get("DataManifestLocation"),
            "result": (query.get("ResultConfiguration") or {}).get("OutputLocation"),
            "retryable": (query["Status"].get("AthenaError") or {}).get("Retryable"),
            "over_budget": self._excess(scanned),
            "reused": (measured.get("ResultReuseInformation") or {}).get("ReusedPreviousResult") or None,
        }
        return {name: value for name, value in facts.items() if value not in (None, "")}

    def _excess(self, scanned: int) -> str:
        limit = self._config.max_scan
        if limit is None or scanned <= limit:
            return ""
        return f"The query scanned {scanned:,} bytes; the suite allows {limit:,} (aws.max_scan)."


def query_error(status: Mapping[str, Any]) -> RemoteError:
    """Return why a query ended badly."""
    error = status.get("AthenaError") or {}
    category = CATEGORIES.get(error.get("ErrorCategory", 0), "")
    return RemoteError(
        code=str(error.get("ErrorType", status["State"])),
        message=status.get("StateChangeReason") or error.get("ErrorMessage") or "Athena gave no reason.",
        failure_type="SystemError" if error.get("Retryable") else category,
    )


def cost(scanned: int, price_per_tib: Decimal) -> Decimal:
    """Return what scanning so many bytes costs in US dollars, to a millionth."""
    billed = max(scanned, SMALLEST_BILL) if scanned else 0
    return (Decimal(billed) / TIB * price_per_tib).quantize(Decimal("0.000001"))


def column_type(column: Mapping[str, Any]) -> str:
    """Return a column's Athena type, a decimal's with precision and scale."""
    kind = str(column["Type"])
    return f"decimal({column['Precision']},{column['Scale']})" if kind == "decimal" else kind
