"""``parity runs`` and ``parity show`` as a person uses them."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from parity.cli import cli
from parity.compare.control_totals import ControlTotals
from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord, ExpectationResult, RemoteRun, RunRecord
from parity.history.store import open_store
from parity.suite.models import Cause

DAY = date(2026, 3, 2)
WHY = "[7] rows differ: " + ", ".join(f"column_{number}: rounding" for number in range(20)) + "."
STARTED = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a store with a red and a green run."""
    url = f"sqlite:///{tmp_path / 'results.db'}"
    store = open_store(url)
    amount = ColumnFacts(
        "amount",
        100,
        7,
        (CauseCount(Cause.ROUNDING, 7),),
        (Money("EUR", Decimal("-0.10"), Decimal("0.70"), 7),),
    )
    store.record_run(RunRecord("payments", "night-1", DAY, STARTED, STARTED, Verdict.FAIL, WHY))
    store.record_run(RunRecord("ledger", "night-1", DAY, STARTED, STARTED, Verdict.PASS))
    store.record_activity(
        ActivityRecord(
            key=ActivityKey("payments", "settle", DAY, "night-1"),
            verdict=Verdict.FAIL,
            reason="7 rows differ",
            recorded=STARTED,
            rows=Rows(100, 100, 93, 7),
            columns=(amount,),
            findings=(
                ExpectationResult("target", "ExpectColumnToExist", "fee", "critical", "fail", "Not there."),
            ),
            remote_runs=(RemoteRun("athena", "q-1", "SUCCEEDED"),),
            report="payments/2026-03-02/run/settle/report.json",
            cost_usd=Decimal("0.25"),
            bytes_scanned=5000,
            control_totals=ControlTotals(glue=103, athena=100, databricks=100),
        )
    )
    store.engine.dispose()
    return url


def run(url: str, *arguments: str, **more: str) -> Result:
    env = {
        "PARITY_STORE_URL": url,
        "COLUMNS": "200",
        "PARITY_SITE_URL": "",
        "PARITY_ARTEFACTS": "s3://results/site/",
    }
    return CliRunner().invoke(cli, arguments, env={**env, **more})


def in_a_terminal(url: str, width: int, *arguments: str) -> list[str]:
    """Run the command in a terminal of ``width`` columns and return its lines without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    env |= {"PARITY_STORE_URL": url, "PARITY_ARTEFACTS": "s3://results/site/", "PARITY_SITE_URL": ""}
    command = [sys.executable, "-c", "from parity.cli import main; main()", *arguments]
    process = subprocess.Popen(command, stdout=theirs, stdin=theirs, env=env)
    os.close(theirs)
    output = b""
    while chunk := _read(ours):
        output += chunk
    os.close(ours)
    process.wait()
    return [click.unstyle(line) for line in output.decode().splitlines()]


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_each_run_is_one_line_that_fits_the_terminal(url: str, width: int) -> None:
    heading, ledger, payments = in_a_terminal(url, width, "runs")

    assert heading.startswith("Run  Verdict  Suite")
    assert payments.startswith("1    FAIL     payments  2026-03-02")
    assert payments.endswith("…")
    assert max(map(len, (heading, ledger, payments))) <= width


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_run_is_shown_within_the_terminal(url: str, width: int) -> None:
    lines = in_a_terminal(url, width, "show", "1")

    assert lines[0] == "FAIL · payments · 2026-03-02"
    assert "FAIL  settle  100 rows, 7 changed" in lines
    assert max(len(line) for line in lines if "s3://" not in line) <= width


def test_in_a_pipe_nothing_is_cut_or_wrapped(url: str) -> None:
    lines = run(url, "runs").stdout.splitlines()

    assert len(lines) == 3
    assert lines[2].split("  ")[-1].strip() == WHY
    assert f"  why: {WHY}" in run(url, "show", "1").stdout.splitlines()


def test_runs_are_a_table_or_json(url: str) -> None:
    table = run(url, "runs")
    assert table.exit_code == 0
    assert all(word in table.stdout for word in ("payments", "ledger", "FAIL", "PASS", WHY))
    listed = json.loads(run(url, "runs", "--json", "--suite", "payments").stdout)
    assert [(r["suite"], r["run_id"], r["verdict"]) for r in listed] == [("payments", "night-1", "FAIL")]
    assert len(json.loads(run(url, "runs", "--json", "--limit", "1").stdout)) == 1


def test_a_seeded_run_is_marked(url: str) -> None:
    open_store(url).record_run(RunRecord("payments", "seeded__1", DAY, STARTED, STARTED, Verdict.PASS))
    assert run(url, "runs").stdout.count("2026-03-02 (seeded)") == 1
    listed = json.loads(run(url, "runs", "--json").stdout)
    assert {one["run_id"]: one["seeded"] for one in listed} == {"seeded__1": True, "night-1": False}
    assert run(url, "show", "seeded__1").stdout.startswith("PASS · payments · 2026-03-02 (seeded)")
    assert json.loads(run(url, "show", "seeded__1", "--json").stdout)["seeded"] is True


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    done = run(f"sqlite:///{tmp_path / 'new.db'}", "runs")
    assert (done.exit_code, done.stdout) == (0, "No run is recorded yet.\n")


def test_a_run_shows_what_differs_and_exits_with_its_verdict(url: str) -> None:
    shown = run(url, "show", "1")
    assert shown.exit_code == 1
    for reported in (
        "column amount: 7 of 100 differ: rounding 7; 0.70 EUR (net -0.10)",
        "fail: ExpectColumnToExist on fee (target, critical). Not there.",
        "athena q-1 SUCCEEDED",
        "Athena scanned 5,000 bytes, $0.25",
        "control totals: Glue wrote 103; Data Factory copied not reported; Athena returned 100;",
        "; Athena returned 3 rows fewer than Glue wrote",
    ):
        assert reported in shown.stdout
    assert run(url, "show", "2").exit_code == 0


def test_a_report_is_told_as_what_a_person_opens(url: str) -> None:
    page = "payments/2026-03-02/run/settle/report.html"
    assert f"report: s3://results/site/{page}" in run(url, "show", "1").stdout
    site = run(url, "show", "1", PARITY_SITE_URL="https://airflow.example.com/")
    assert f"report: https://airflow.example.com/parity/artefacts/{page}" in site.stdout


def test_a_run_that_has_not_ended_is_not_green(url: str) -> None:
    open_store(url).record_run(RunRecord("payments", "night-2", DAY, STARTED))
    shown = run(url, "show", "night-2")
    assert (shown.exit_code, "has no verdict yet" in shown.stderr) == (2, True)


def test_a_run_is_shown_as_json(url: str) -> None:
    shown = json.loads(run(url, "show", "night-1", "--suite", "payments", "--json").stdout)
    [activity] = shown["activities"]
    assert (shown["verdict"], activity["activity"], activity["rows"]["changed"]) == ("FAIL", "settle", 7)
    assert activity["columns"][0]["money"][0]["absolute"] == "0.70"


@pytest.mark.parametrize(
    ("name", "reported"), [("nope", "There is no run 'nope'"), ("night-1", "2 runs are called")]
)
def test_an_unclear_run_is_one_line_and_bad_input(url: str, name: str, reported: str) -> None:
    done = run(url, "show", name)
    assert reported in str(done.exception)
