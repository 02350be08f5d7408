"""Steps of ``suites.feature``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_bdd import given, parsers, scenarios, then, when

from parity.cli import cli
from parity.suite.suite_files import load_suites

scenarios("suites.feature")

SUITE = """\
suite: {name}
owner: data
wave: 1
azure: {{pipeline: p, helper_job: h}}
aws: {{database: d}}
activities:
  - name: settle
    legacy: {{sql: {name}.sql}}
    target: {{table: payments.settled}}
    columns:
      amount: {{tolerance: 0.01}}
"""
WAIVER = """\
waivers:
  - suite: payments
    activity: setle
    owner: data
    reason: nobody knows any more
    ticket: PAY-1
    expires: 2026-06-30
    max_rows: 1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder of suites."""
    (tmp_path / "sql").mkdir()
    return tmp_path


@given("a folder with the suites payments and ledger")
def two_suites(folder: Path) -> None:
    for name in ("payments", "ledger"):
        (folder / f"{name}.yaml").write_text(SUITE.format(name=name))
        (folder / "sql" / f"{name}.sql").write_text("select 1 as x where d = :business_date")


@when(parsers.parse('somebody writes "{wrong}" instead of "{right}" in payments'))
def mistype(folder: Path, wrong: str, right: str) -> None:
    file = folder / "payments.yaml"
    file.write_text(file.read_text().replace(right, wrong))


@when(parsers.parse('the query of payments binds "{parameter}"'))
def bind(folder: Path, parameter: str) -> None:
    (folder / "sql" / "payments.sql").write_text(f"select 1 as x where d = {parameter}")


@when("somebody waives an activity that payments does not have")
def waive(folder: Path) -> None:
    (folder / "waivers.yaml").write_text(WAIVER)


@then(parsers.parse('checking the folder tells "{one}" and "{other}"'), target_fixture="checked")
def tells(folder: Path, one: str, other: str) -> Result:
    checked = CliRunner().invoke(cli, ["suites", "check", str(folder)])
    assert one in checked.output
    assert other in checked.output
    return checked


@then(parsers.parse("the exit status is {status:d}"))
def exits(checked: Result, status: int) -> None:
    assert checked.exit_code == status


@then("ledger still loads")
def ledger_loads(folder: Path) -> None:
    assert [*load_suites(folder).models] == ["ledger"]


@then("no waiver is in force")
def no_waiver(folder: Path) -> None:
    assert load_suites(folder).waivers == ()
