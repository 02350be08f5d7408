"""Steps of compare.feature: the real command in a process of its own."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

scenarios("compare.feature")

_ROWS = (
    "SELECT i AS payment_id, (i * 1.25)::DECIMAL(18,2) AS amount, 'customer ' || i AS customer, "
    "repeat(md5(i::VARCHAR), 4) AS note FROM range({}) t(i)"
)


@dataclass
class Case:
    """One comparison: its folder, its options, and what came of it."""

    folder: Path
    rules: list[str] = field(default_factory=list)
    done: subprocess.CompletedProcess[str] | None = None
    result: dict[str, Any] = field(default_factory=dict)

    def write(self, side: str, sql: str) -> None:
        """Write one side."""
        duckdb.connect().execute(f"COPY ({sql}) TO '{self.folder}/{side}.parquet'")

    def command(self, *options: str) -> list[str]:
        """Return the command line."""
        program = "from parity.cli import main; main()"
        return [sys.executable, "-c", program, "compare", "legacy.parquet", "target.parquet", *options]

    def run(self, *options: str) -> None:
        """Run the command in the case's folder."""
        self.done = subprocess.run(
            self.command(*options, *self.rules),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def finished(self) -> subprocess.CompletedProcess[str]:
        """Return the finished process."""
        assert self.done is not None
        return self.done


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


@given(parsers.parse("payments of {rows:d} rows on both sides"))
def both(case: Case, rows: int) -> None:
    for side in ("legacy", "target"):
        case.write(side, _ROWS.format(rows))
    (case.folder / "wrong.yaml").write_text("amount: {trimm: right}\n")


@given("the target changed 1 row, lost 1 and gained 1")
def three_differences(case: Case) -> None:
    rows = _ROWS.format(100)
    changed = "CASE WHEN payment_id = 5 THEN amount + 7 ELSE amount END"
    case.write(
        "target",
        f"SELECT payment_id, {changed} AS amount, customer, note FROM ({rows}) WHERE payment_id <> 9 "
        "UNION ALL SELECT 1000, 1, 'new', ''",
    )


@given("the target changed 1 row by a cent")
def one_cent(case: Case) -> None:
    changed = "(CASE WHEN payment_id = 5 THEN amount + 0.01 ELSE amount END)::DECIMAL(18,2)"
    case.write("target", f"SELECT * REPLACE ({changed} AS amount) FROM ({_ROWS.format(100)})")


@given("the target changed 1 row to a script element")
def script(case: Case) -> None:
    changed = "CASE WHEN payment_id = 5 THEN '<script>alert(1)</script>' ELSE customer END"
    case.write("target", f"SELECT * REPLACE ({changed} AS customer) FROM ({_ROWS.format(100)})")


@given("a file of rules that tolerates a cent in amount")
def rules(case: Case) -> None:
    (case.folder / "rules.yaml").write_text("columns:\n  amount: {tolerance: 0.01}\n")
    case.rules = ["--columns", "rules.yaml"]


@given("the target file is cut short")
def cut(case: Case) -> None:
    path = case.folder / "target.parquet"
    path.write_bytes(path.read_bytes()[:-7])


@when("I compare them by payment_id")
def compare_by_key(case: Case) -> None:
    case.run("--key", "payment_id", "--json", "result.json")
    case.result = json.loads((case.folder / "result.json").read_text())


@when(parsers.re(r"I compare them with (?P<options>.+)"))
def compare_with(case: Case, options: str) -> None:
    case.run(*options.split())


@when("I interrupt the comparison as soon as it has scratch")
def interrupt(case: Case) -> None:
    scratch = case.folder / "scratch"
    command = case.command("--key", "payment_id", "--scratch", str(scratch), "--threads", "1")
    # A shell's background jobs ignore the interrupt, and so would what they start.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=case.folder, preexec_fn=heed, **quiet) as process:  # noqa: PLW1509
        while process.poll() is None and not (scratch.exists() and any(scratch.iterdir())):
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    case.result = {"code": process.returncode}


@then(parsers.parse("the exit status is {status:d}"))
def exit_status(case: Case, status: int) -> None:
    assert case.finished.returncode == status, case.finished.stderr


@then(parsers.parse("the verdict is {verdict}"))
def verdict(case: Case, verdict: str) -> None:
    assert case.result["version"] == 1
    assert case.result["verdict"] == verdict


@then("every planted corruption was found")
def canary(case: Case) -> None:
    assert case.result["canary"]["planted"] == case.result["canary"]["found"] > 0


@then(parsers.parse("{equal:d} rows are equal, {changed:d} changed, {missing:d} missing and {extra:d} extra"))
def counts(case: Case, equal: int, changed: int, missing: int, extra: int) -> None:
    rows = case.result["rows"]
    assert [rows[name] for name in ("equal", "changed", "missing", "extra")] == [equal, changed, missing, extra]


@then("the rule let 1 row through")
def let_through(case: Case) -> None:
    assert [(one["what"], one["rows"]) for one in case.result["loosened"]] == [("column amount", 1)]


@then(parsers.parse("standard error is one line with {words}"))
def one_line(case: Case, words: str) -> None:
    assert re.fullmatch(r"[^\n]+\n", case.finished.stderr), case.finished.stderr
    assert words in case.finished.stderr


@then("the page shows the script element as text")
def escaped(case: Case) -> None:
    page = (case.folder / "report.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


@then("the page asks for nothing from elsewhere")
def self_contained(case: Case) -> None:
    page = (case.folder / "report.html").read_text()
    assert not re.search(r"(src|href)\s*=|@import|url\(", page)


@then("no scratch is left")
def nothing_left(case: Case) -> None:
    assert case.result["code"] == 130
    assert list((case.folder / "scratch").iterdir()) == []
