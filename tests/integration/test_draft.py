"""``parity suites draft`` against the sandbox: what it reads, what it writes, and what it leaves to people."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from conftest import RunningSandbox, start_sandbox
from integration.draft_world import fill
from parity.cli import cli
from parity.errors import BadInput, NotFound
from parity.suite.suite_files import load_suites
from parity.suite.yaml_source import read_yaml
from parity_sandbox.demo.connections import connections
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Job
from parity_sandbox.world.places import JOBS

pytestmark = pytest.mark.sandbox
OPTIONS = (
    "--database",
    "payments_legacy",
    "--schema",
    "payments",
    "--workgroup",
    "parity",
    "--date",
    "2026-03-02",
)


@pytest.fixture(scope="module")
def world(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """The demo's clouds with a few made-up rows; Spark starts with the first job."""
    flags = ("--spark", "lazy", "--no-world", "--only", "aws,azure,databricks,storage,sink")
    running = sandboxes.setdefault("draft", start_sandbox(tmp_path_factory.mktemp("draft"), *flags))
    fill(running)
    return running


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: RunningSandbox) -> Path:
    """An empty folder of suites, and Airflow's connections to the sandbox."""
    monkeypatch.setenv("PARITY_SUITES", str(tmp_path / "suites"))
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    for name, fields in connections(world.endpoints).items():
        extra = json.loads(fields.get("extra", "{}"))
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**fields, "extra": extra}))
    (tmp_path / "suites").mkdir()
    return tmp_path / "suites"


def draft(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["suites", "draft", "payments_ingestion", *OPTIONS, *arguments])


def activities(suites: Path) -> dict[str, dict[str, Any]]:
    listed = read_yaml(suites / "payments_ingestion.yaml").data["activities"]
    return {one["name"]: one for one in listed}


def decisions(suites: Path) -> list[str]:
    return [error.message.split(": ", 1)[1] for error in load_suites(suites).errors]


def test_a_target_that_cannot_be_read_is_left_to_people(suites: Path, world: RunningSandbox) -> None:
    world.fault(kind="fails_at", target="parity_helper", message="out of memory")
    done = draft("--activity", "apply_refunds", "--owner", "payments")
    assert done.exit_code == 0, done.output
    found = activities(suites)["apply_refunds"]
    assert found["glue_job"] == "apply_refunds"
    assert found["target"] == {"table": "unknown"}
    assert found["key"] == ["refund_id"]
    assert (suites / "sql" / found["legacy"]["sql"]).read_text() == (
        "SELECT refund_id, payment_id, client_id, amount, currency, reason, requested_at, settlement_date\n"
        "FROM refunds\nWHERE settlement_date = :business_date\n"
    )
    asked = decisions(suites)
    assert any("out of memory" in one for one in asked)
    assert any("named as the table's own; no samples of both sides" in one for one in asked)
    check = CliRunner().invoke(cli, ["suites", "check", str(suites)])
    assert check.exit_code == 2


def test_what_is_wrong_with_the_question_is_one_sentence(suites: Path) -> None:
    failed = CliRunner().invoke(cli, ["suites", "draft", "payments_ingestion"]).exception
    assert isinstance(failed, BadInput)
    assert failed.remedy == "Give --database NAME."
    failed = draft("--activity", "apply_refund").exception
    assert isinstance(failed, NotFound)
    assert failed.remedy == "Did you mean 'apply_refunds'?"
    assert isinstance(draft("--connection", "gcp=x").exception, BadInput)
    assert not list(suites.iterdir())


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_samples_of_both_sides_decide_and_a_second_draft_keeps_what_people_wrote(
    suites: Path, world: RunningSandbox
) -> None:
    script = Job(JOBS / "register_tables.py", ["settled_card_payments", "settlements"])
    registered = SparkRunner(Options(world.state).spark_address).run(script, "register")
    assert registered.ok, registered.trace
    names = ("--activity", "settle_card_payments", "--activity", "build_settlements")
    done = draft("--owner", "payments", *names)
    assert done.exit_code == 0, done.output
    found = activities(suites)
    payments = found["settle_card_payments"]
    assert payments["key"] == ["payment_id"]
    assert payments["target"] == {
        "table": "payments.settled_card_payments",
        "where": "settlement_date = :business_date",
    }
    assert payments["columns"] == {
        "merchant_ref": {"legacy": "merch_ref"},
        "card_pan": {"sensitive": True},
        "amount": {"money": "currency"},
        "amount_eur": {"money": "EUR"},
        "settled_at": {},
        "batch_no": {},
    }
    assert found["build_settlements"]["key"] == ["client_id", "currency"]
    assert [one.split(":")[0] for one in decisions(suites)] == ["likely", "unknown", "likely"]
    _decide_and_draft_again(suites)


def _decide_and_draft_again(suites: Path) -> None:
    path = suites / "payments_ingestion.yaml"
    decided = "\n".join(
        line.partition(" # TODO")[0].replace("batch_no: {}", "batch_no: {ignore: not migrated}")
        for line in path.read_text().splitlines()
    )
    path.write_text(f"{decided}\n# by hand\n")
    before = path.read_text()
    assert load_suites(suites).errors == ()
    query = suites / "sql" / "payments_ingestion" / "build_settlements.sql"
    query.write_text("SELECT 1 AS mine")
    assert draft("--activity", "build_settlements").exit_code == 0
    assert path.read_text() == before
    assert query.read_text() == "SELECT 1 AS mine"
    assert load_suites(suites).errors == ()
