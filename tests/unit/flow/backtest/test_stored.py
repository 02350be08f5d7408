"""``parity suites backtest`` over a results store, reports and a folder of suites."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli import cli
from parity.errors import BadInput
from parity.history.records import RunRecord
from parity.history.store import open_store
from unit.flow.backtest.oracle import DAY, RUN_AT, SQL, Night, declare, waiver

MONEY = {"columns": {"fee": {"money": "currency"}}}


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with a store of one failed night, its report, and the suite that it was made by."""
    night = Night(tmp_path)
    record, _ = night.run(MONEY, ())
    store = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    store.record_run(RunRecord("fees", "night", DAY, RUN_AT, RUN_AT, record.verdict))
    store.record_activity(record)
    (tmp_path / "suites" / "sql").mkdir(parents=True)
    (tmp_path / "suites" / "sql" / "fees.sql").write_text(SQL)
    suite = declare(MONEY).suite.model_dump(mode="json", exclude_defaults=True)
    (tmp_path / "suites" / "fees.yaml").write_text(json.dumps(suite))
    return tmp_path


def backtest(world: Path, *arguments: str) -> Result:
    env = {
        "PARITY_STORE_URL": f"sqlite:///{world / 'results.db'}",
        "PARITY_SUITES": str(world / "suites"),
        "PARITY_ARTEFACTS": str(world / "run"),
    }
    return CliRunner().invoke(cli, ["suites", "backtest", "fees", "--since", "2026-03-01", *arguments], env=env)


def test_stored_results_are_asked_and_the_exit_status_is_the_answer(world: Path) -> None:
    same = backtest(world)
    assert (same.exit_code, same.stdout.splitlines()) == (
        0,
        ["1 stored result since 2026-03-01: 1 the same, 0 other, 0 cannot be said."],
    )
    waivers = [waiver(), waiver(kind="missing")]
    listed = [one.model_dump(mode="json", exclude_defaults=True) for one in waivers]
    (world / "suites" / "waivers.yaml").write_text(json.dumps({"waivers": listed}))
    other = backtest(world, "--json", "--markdown", str(world / "comment.md"))
    assert other.exit_code == 1
    [line] = json.loads(other.stdout)["changed"]
    assert (line["before"], line["after"], line["dates"]) == ("FAIL", "WAIVED", ["2026-03-02"])
    assert {moved["column"]: moved["rows"] for moved in line["hidden"]} == {"fee": 5, "note": 5, "name": 20, "": 2}
    assert "| `fees` `compute` | FAIL → WAIVED |" in (world / "comment.md").read_text()
    next((world / "run").rglob("report.json")).unlink()
    lost = backtest(world)
    assert lost.exit_code == 2
    assert "fees compute: FAIL → cannot say, 2026-03-02\n  its report is not kept" in lost.stdout


def test_there_is_nothing_to_ask_where_nothing_is_stored_or_a_suite_is_broken(world: Path) -> None:
    assert "No result of fees is recorded since 2027-01-01." in str(
        backtest(world, "--since", "2027-01-01").exception
    )
    (world / "suites" / "fees.yaml").write_text("suite: fees\n")
    assert isinstance(backtest(world).exception, BadInput)
    (world / "results.db").unlink()
    assert "The results store has no tables yet" in str(backtest(world).exception)
    assert not (world / "results.db").exists()
