"""``parity suites`` as a person uses it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parity.cli import cli
from parity.suite.schema import suite_schema, waivers_schema

SUITE = """\
suite: payments
owner: data
wave: 1
azure: {pipeline: p, helper_job: h}
aws: {database: d}
activities:
  - {name: settle, legacy: {sql: settle.sql}, target: {table: payments.settled}}
"""


def suites(tmp_path: Path, text: str = SUITE) -> Path:
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "settle.sql").write_text("select 1 as x")
    (tmp_path / "payments.yaml").write_text(text)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments])


def test_a_right_suite_is_one_line_and_exit_status_0(tmp_path: Path) -> None:
    done = run("suites", "check", suites(tmp_path))
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"{tmp_path}/payments.yaml: payments: 1 activity, 0 expectations, 0 waivers: fine"
    ]


def test_a_mistake_is_file_and_line_on_stderr_and_exit_status_2(tmp_path: Path) -> None:
    done = run("suites", "check", suites(tmp_path, SUITE.replace("owner", "ownr")))
    assert done.exit_code == 2
    assert f"{tmp_path}/payments.yaml:2: ownr: key 'ownr' is unknown. Did you mean 'owner'?" in done.stderr
    assert done.stdout == ""


def test_a_warning_about_a_query_is_file_and_line_on_stderr_and_exit_status_0(tmp_path: Path) -> None:
    folder = suites(tmp_path)
    (folder / "sql" / "settle.sql").write_text("select x * 0.33 as x,\n  now()\nfrom t")
    done = run("suites", "check", folder)
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        (
            f"{folder}/sql/settle.sql:1: warning: 0.33 is a decimal to Trino; Athena documents such a literal as a"
            " double. Write DECIMAL '0.33' or 0.33E0."
        ),
        f"{folder}/sql/settle.sql:2: warning: column 2 has no name, and UNLOAD refuses it. Name it with AS.",
        (
            f"{folder}/sql/settle.sql:2: warning: column 2 is a timestamp with a time zone, and UNLOAD refuses it."
            " CAST it to a type that UNLOAD writes."
        ),
    ]


def test_one_file_is_checked_without_its_neighbours(tmp_path: Path) -> None:
    folder = suites(tmp_path)
    (folder / "broken.yaml").write_text("suite: [")
    assert run("suites", "check", folder / "payments.yaml").exit_code == 0
    assert run("suites", "check", folder / "broken.yaml").exit_code == 2
    assert run("suites", "check", folder).exit_code == 2


def test_a_path_without_suites_is_bad_input(tmp_path: Path) -> None:
    assert run("suites", "check", tmp_path).exit_code == 2
    assert run("suites", "check", tmp_path / "nowhere").exit_code == 2
    assert run("suites", "check", tmp_path / "nowhere.yaml").exit_code == 2


def test_no_database_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "databases").mkdir()
    monkeypatch.setenv("PARITY_SUITES", str(suites(tmp_path / "suites")))
    monkeypatch.setenv("PARITY_DATABASES", str(tmp_path / "databases"))
    monkeypatch.setenv("PARITY_WAVES", str(tmp_path / "waves.yaml"))
    done = run("suites", "check")
    assert (done.exit_code, done.stderr) == (0, "")


def test_the_schemas_are_printed_as_json() -> None:
    assert json.loads(run("suites", "schema").stdout) == suite_schema()
    assert json.loads(run("suites", "schema", "--waivers").stdout) == waivers_schema()
