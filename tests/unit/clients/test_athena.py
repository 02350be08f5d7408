from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fake_clock import FakeClock
from parity.clients.athena import SMALLEST_BILL, TIB, AthenaConfig, AthenaRuns, column_type, cost
from parity.clients.athena_sql import Statement
from parity.clients.remote import Phase, fingerprint
from parity.errors import AccessDenied, DeadlineExceeded, RemoteFailed, Terminal

CONFIG = AthenaConfig("payments_legacy", "parity", max_scan=1000)


@dataclass
class FakeAthena:
    """Keeps queries; a repeated client token returns the query that it started first."""

    queries: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    started: list[dict[str, Any]] = field(default_factory=list)
    meta: Any = field(default_factory=lambda: SimpleNamespace(region_name="eu-west-1"))
    ends_as: str = "SUCCEEDED"
    refuses: str = ""

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        if self.refuses:
            answer = {
                "Error": {"Code": self.refuses, "Message": "no"},
                "ResponseMetadata": {"HTTPStatusCode": 400},
            }
            raise ClientError(answer, "StartQueryExecution")
        self.started.append(request)
        run_id = self.tokens.setdefault(request["ClientRequestToken"], f"q-{len(self.tokens) + 1}")
        self.add(run_id, self.ends_as, Query=request["QueryString"])
        return {"QueryExecutionId": run_id}

    def add(self, run_id: str, state: str, **more: Any) -> None:
        status = {"State": state} | more.pop("Status", {})
        self.queries[run_id] = {"QueryExecutionId": run_id, "Query": "", "Status": status, **more}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803
        return {"QueryExecution": self.queries[QueryExecutionId]}

    def batch_get_query_execution(self, *, QueryExecutionIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"QueryExecutions": [self.queries[i] for i in QueryExecutionIds]}

    def get_paginator(self, name: str) -> Any:
        assert name == "list_query_executions"
        pages = [{"QueryExecutionIds": []}, {"QueryExecutionIds": list(self.queries)}]
        return SimpleNamespace(paginate=lambda **_: pages)

    def stop_query_execution(self, *, QueryExecutionId: str) -> None:  # noqa: N803
        self.stopped.append(QueryExecutionId)

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        columns = [
            {"Name": "id", "Type": "bigint", "Precision": 19, "Scale": 0},
            {"Name": "amount", "Type": "decimal", "Precision": 18, "Scale": 2},
        ]
        return {"ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": columns}}}


@pytest.fixture
def athena() -> FakeAthena:
    return FakeAthena()


@pytest.fixture
def runs(athena: FakeAthena, clock: FakeClock) -> AthenaRuns:
    return AthenaRuns(CONFIG, lambda _: athena, clock=clock)


def test_a_query_is_started_where_the_suite_says(runs: AthenaRuns, athena: FakeAthena) -> None:
    runs.submit({"sql": "SELECT ?", "parameters": ["DATE '2026-03-02'"]}, "t")
    sent = athena.started[0]
    assert sent["WorkGroup"] == "parity"
    assert sent["QueryExecutionContext"] == {"Database": "payments_legacy", "Catalog": "AwsDataCatalog"}
    assert sent["ExecutionParameters"] == ["DATE '2026-03-02'"]
    assert 32 <= len(sent["ClientRequestToken"]) <= 128


def test_a_query_without_parameters_sends_none(runs: AthenaRuns, athena: FakeAthena) -> None:
    runs.submit({"sql": "SELECT 1", "parameters": []}, "t")
    assert "ExecutionParameters" not in athena.started[0]
    assert "ResultConfiguration" not in athena.started[0]


def test_an_earlier_querys_result_is_never_asked_for_and_told_when_it_comes(
    runs: AthenaRuns, athena: FakeAthena
) -> None:
    runs.submit({"sql": "SELECT 1"}, "t")
    assert athena.started[0]["ResultReuseConfiguration"] == {"ResultReuseByAgeConfiguration": {"Enabled": False}}
    assert "reused" not in runs.status("q-1").output
    athena.add("q", "SUCCEEDED", Statistics={"ResultReuseInformation": {"ReusedPreviousResult": True}})
    assert runs.status("q").output["reused"] is True


def test_a_repeated_token_is_the_same_query(runs: AthenaRuns) -> None:
    assert runs.submit({"sql": "SELECT 1"}, "t") == runs.submit({"sql": "SELECT 1"}, "t")
    assert runs.submit({"sql": "SELECT 1"}, "t") != runs.submit({"sql": "SELECT 1"}, "other")


def test_a_query_is_found_by_the_token_in_its_text(runs: AthenaRuns, athena: FakeAthena) -> None:
    sql = f"UNLOAD (SELECT 1) TO 's3://x/{fingerprint('t')[:12]}/'"
    athena.add("q-9", "RUNNING", Query=sql)
    assert runs.find({"sql": sql}, "t") == "q-9"
    assert runs.find({"sql": sql}, "another") is None


def test_a_query_says_what_it_scanned_and_cost(runs: AthenaRuns, athena: FakeAthena) -> None:
    measured = {
        "DataScannedInBytes": 900,
        "QueryQueueTimeInMillis": 5,
        "EngineExecutionTimeInMillis": 70,
        "DataManifestLocation": "s3://r/q-manifest.csv",
    }
    athena.add("q", "SUCCEEDED", Statistics=measured)
    status = runs.status("q")
    assert status.output["bytes_scanned"] == 900
    assert status.output["manifest"] == "s3://r/q-manifest.csv"
    assert (status.output["queue_ms"], status.output["execution_ms"]) == (5, 70)
    assert status.output["cost_usd"] == "0.000048"
    assert status.output.get("over_budget", "") == ""


def test_a_query_over_its_budget_says_so_while_it_runs(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.add("q", "RUNNING", Statistics={"DataScannedInBytes": 1001})
    status = runs.status("q")
    assert status.phase is Phase.RUNNING
    assert (
        status.output.get("over_budget", "")
        == "The query scanned 1,001 bytes; the suite allows 1,000 (aws.max_scan)."
    )


def test_exactly_the_budget_is_allowed(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.add("q", "RUNNING", Statistics={"DataScannedInBytes": 1000})
    assert runs.status("q").output.get("over_budget", "") == ""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"ErrorCategory": 1, "ErrorType": 200, "Retryable": False}, "SystemError"),
        ({"ErrorCategory": 2, "ErrorType": 1006, "Retryable": False}, "UserError"),
        ({"ErrorCategory": 3, "ErrorType": 401, "Retryable": True}, "SystemError"),
        ({}, ""),
    ],
)
def test_a_failure_says_whether_it_may_pass_by_itself(
    runs: AthenaRuns, athena: FakeAthena, error: dict[str, Any], kind: str
) -> None:
    athena.add("q", "FAILED", Status={"StateChangeReason": "SYNTAX_ERROR: line 1", "AthenaError": error})
    found = runs.status("q").error
    assert found is not None
    assert found.failure_type == kind
    assert found.message == "SYNTAX_ERROR: line 1"


def test_a_running_query_is_stopped_and_an_ended_one_left_alone(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.add("going", "RUNNING")
    athena.add("gone", "SUCCEEDED")
    runs.cancel("going")
    runs.cancel("gone")
    assert athena.stopped == ["going"]


def test_an_unknown_state_is_an_error(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.add("q", "DREAMING")
    with pytest.raises(Terminal, match="'DREAMING'"):
        runs.status("q")


def test_the_columns_of_a_query_are_told_without_its_rows(runs: AthenaRuns, athena: FakeAthena) -> None:
    found = runs.columns(Statement("SELECT id, amount FROM t WHERE d = ?", ("DATE '2026-03-02'",)), "t")
    assert found == [("id", "bigint"), ("amount", "decimal(18,2)")]
    assert athena.started[0]["QueryString"].endswith("LIMIT 0")


def test_columns_that_cannot_be_told_are_a_failure(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.ends_as = "FAILED"
    with pytest.raises(RemoteFailed, match="Athena gave no reason"):
        runs.columns(Statement("SELECT 1"), "t")


def test_columns_are_not_waited_for_without_end(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.ends_as = "QUEUED"
    with pytest.raises(DeadlineExceeded):
        runs.columns(Statement("SELECT 1"), "t", patience=3)
    assert athena.stopped == ["q-1"]


def test_a_missing_right_is_access_denied(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.refuses = "AccessDeniedException"
    with pytest.raises(AccessDenied, match="workgroup 'parity'"):
        runs.submit({"sql": "SELECT 1"}, "t")


def test_athena_bills_ten_megabytes_at_least() -> None:
    assert cost(1, Decimal(5)) == cost(SMALLEST_BILL, Decimal(5))
    assert cost(0, Decimal(5)) == 0
    assert cost(TIB, Decimal(5)) == 5


def test_only_a_decimals_type_has_digits() -> None:
    assert column_type({"Type": "varchar", "Precision": 2147483647, "Scale": 0}) == "varchar"


def test_a_short_answer_is_read_as_texts_without_nulls(runs: AthenaRuns, athena: FakeAthena) -> None:
    cells = [[{"VarCharValue": "rows"}, {"VarCharValue": "low"}], [{"VarCharValue": "7"}, {}]]
    answer = {"ResultSet": {"Rows": [{"Data": line} for line in cells]}}
    athena.get_query_results = lambda **_: answer  # type: ignore[method-assign]
    assert runs.rows(Statement("SELECT 1"), "t") == [{"rows": "7"}]


def test_waiting_for_an_answer_stops_a_query_that_scans_too_much(runs: AthenaRuns, athena: FakeAthena) -> None:
    athena.ends_as = "RUNNING"
    add = athena.add
    athena.add = lambda *a, **k: add(*a, Statistics={"DataScannedInBytes": 1001}, **k)  # type: ignore[method-assign]
    with pytest.raises(RemoteFailed, match="scanned 1,001 bytes"):
        runs.rows(Statement("SELECT 1"), "t")
    assert athena.stopped == ["q-1"]
