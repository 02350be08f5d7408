"""``parity doctor`` against the sandbox, faults included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from conftest import LIGHT, RunningSandbox, start_sandbox
from parity.cli import cli
from parity.settings import PROJECT
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import aws

pytestmark = pytest.mark.sandbox
AWS = "AWS, connection aws_default"
READ_ONLY = {"GET", "HEAD"}


@pytest.fixture(scope="module")
def world(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """The demo's clouds without data, and without Spark."""
    state = tmp_path_factory.mktemp("doctor")
    running = sandboxes.setdefault("doctor", start_sandbox(state, "--spark", "lazy", "--no-world", *LIGHT))
    aws.build_legacy(running.endpoints, ())
    return running


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: RunningSandbox) -> Path:
    """The demo's suite in a folder of the test's own, and Airflow's connections to the sandbox."""
    folder = tmp_path / "suites"
    (folder / "sql").mkdir(parents=True)
    for path in (PROJECT / "include" / "suites").rglob("*"):
        if path.suffix in (".yaml", ".sql"):
            (folder / path.relative_to(PROJECT / "include" / "suites")).write_text(path.read_text())
    monkeypatch.setenv("PARITY_SUITES", str(folder))
    monkeypatch.setenv("PARITY_DATABASES", str(tmp_path / "databases"))
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    for name, fields in connections(world.endpoints).items():
        connect(monkeypatch, name, fields)
    return folder


def connect(monkeypatch: pytest.MonkeyPatch, name: str, fields: dict[str, Any]) -> None:
    """Put a connection into the environment, where Airflow finds it."""
    extra = json.loads(fields.get("extra", "{}"))
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**fields, "extra": extra}))


def doctor(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["doctor", *arguments])


def lines(*arguments: str, place: str = "") -> list[dict[str, Any]]:
    """Return the lines of the JSON answer."""
    found: list[dict[str, Any]] = json.loads(doctor("--json", *arguments).stdout)["lines"]
    return [line for line in found if line["place"] == place] if place else found


def wrong(*arguments: str, place: str = "") -> list[dict[str, Any]]:
    return [line for line in lines(*arguments, place=place) if line["status"] != "ok"]


def test_all_of_aws_is_in_place(suites: Path) -> None:
    found = lines("--connection", "aws_default")
    assert [line for line in found if line["status"] != "ok"] == []
    (identity,) = (line for line in found if line["kind"] == "identity")
    assert identity["name"] == "arn:aws:sts::123456789012:user/moto"
    assert identity["detail"] == "account 123456789012, region eu-west-1"
    kinds = [line["kind"] for line in found]
    assert {kind: kinds.count(kind) for kind in ("Glue job", "Glue table", "legacy columns")} == {
        "Glue job": 10,
        "Glue table": 10,
        "legacy columns": 10,
    }


def test_a_misspelt_job_table_key_and_workgroup_are_found_with_suggestions(suites: Path) -> None:
    path = suites / "payments.yaml"
    text = path.read_text().replace("glue_job: sync_clients", "glue_job: sync_clinets")
    text = text.replace("key: [vendor_id]", "key: [vendorid]").replace("workgroup: parity", "workgroup: paritty")
    path.write_text(text)
    query = suites / "sql" / "apply_refunds.sql"
    query.write_text(query.read_text().replace("FROM refunds", "FROM refund"))
    query = suites / "sql" / "compute_fees.sql"
    query.write_text(query.read_text().replace("rate_bps", "rate_bsp"))
    found = {(line["kind"], line["name"]): line for line in wrong("--connection", "aws_default")}
    assert {key: line["remedy"] for key, line in found.items()} == {
        ("Glue job", "sync_clinets"): "Did you mean 'sync_clients'?",
        ("Glue table", "payments_legacy.refund"): "Did you mean 'refunds'?",
        ("legacy columns", "sync_vendors"): "Did you mean 'vendor_id'?",
        ("legacy columns", "compute_fees"): "Did you mean 'rate_bps'?",
        ("Athena workgroup", "paritty"): "Did you mean 'parity'?",
    }
    assert {line["status"] for line in found.values()} == {"missing"}


def test_access_denied_makes_every_line_unreadable_and_hides_none(suites: Path, world: RunningSandbox) -> None:
    whole = len(lines("--connection", "aws_default"))
    world.fault(service="aws", status=403)
    found = wrong("--connection", "aws_default")
    assert {line["status"] for line in found} == {"not readable"}
    # Athena's workgroup is three lines when it can be read; the connection itself is still there.
    assert len(found) == whole - 3
    job = next(line for line in found if line["kind"] == "Glue job")
    assert json.loads(job["remedy"])["Action"] == [
        "glue:GetJob",
        "glue:GetJobRun",
        "glue:GetJobRuns",
        "glue:GetJobs",
    ]


@pytest.fixture
def policy(world: RunningSandbox) -> Iterator[Any]:
    """Give our own user a policy, for as long as the test runs."""
    iam, user = world.aws("iam"), "moto"
    iam.create_user(UserName=user)

    def put(*statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=document)

    yield put
    iam.delete_user_policy(UserName=user, PolicyName="own")
    iam.delete_user(UserName=user)


def test_a_right_that_the_policy_lacks_is_named_with_the_line_that_grants_it(suites: Path, policy: Any) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    policy(everything, {"Effect": "Deny", "Action": ["athena:StopQueryExecution", "s3:Delete*"], "Resource": "*"})
    found = wrong("--connection", "aws_default")
    assert [(line["status"], line["kind"], line["name"]) for line in found] == [
        ("missing", "right", "run Athena queries"),
        ("missing", "right", "delete s3://parity-exchange/parity"),
    ]
    assert json.loads(found[0]["remedy"]) == {
        "Effect": "Allow",
        "Action": ["athena:StopQueryExecution"],
        "Resource": ["arn:aws:athena:eu-west-1:123456789012:workgroup/parity"],
    }
    policy(everything)
    assert wrong("--connection", "aws_default") == []


def test_a_policy_for_one_prefix_is_enough_for_that_prefix_alone(suites: Path, policy: Any) -> None:
    elsewhere = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::parity-exchange/other/*"}
    policy(elsewhere)
    names = [line["name"] for line in wrong("--connection", "aws_default") if line["kind"] == "right"]
    assert [name for name in names if "s3://" in name] == [
        f"{verb} s3://parity-exchange/parity" for verb in ("list", "read", "write", "delete")
    ]


def test_a_workgroup_that_would_stop_the_queries_is_found(suites: Path, world: RunningSandbox) -> None:
    athena = world.aws("athena")
    athena.update_work_group(WorkGroup="parity", ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000})
    try:
        (line,) = wrong("--connection", "aws_default")
    finally:
        athena.update_work_group(
            WorkGroup="parity", ConfigurationUpdates={"RemoveBytesScannedCutoffPerQuery": True}
        )
    assert (line["status"], line["kind"]) == ("differs", "Athena limit")
    assert "stops queries at 10,000,000 bytes" in line["detail"]
    assert "aws athena update-work-group --work-group parity" in line["remedy"]


def test_a_missing_connection_is_one_line_and_what_needs_it_says_so(
    suites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT")
    first, *others = lines(place=AWS)
    assert (first["status"], first["detail"]) == ("missing", "Airflow has no connection 'aws_default'.")
    assert {line["detail"] for line in others} == {"Needs connection aws_default, which cannot be used."}
    assert {line["status"] for line in others} == {"not readable"}


def test_a_connection_of_another_type_differs(suites: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "http", "host": "x"}))
    first = lines(place=AWS)[0]
    assert (first["status"], first["remedy"]) == ("differs", "Set the connection's type to aws.")


def test_a_name_that_nothing_has_is_refused_with_a_suggestion(suites: Path) -> None:
    done = doctor("paymentz")
    assert str(done.exception) == "No suite and no database is called 'paymentz'. Did you mean 'payments'?"
    done = doctor("--connection", "aws_defualt")
    assert "Did you mean 'aws_default'?" in str(done.exception)


def test_the_text_is_whole_in_a_pipe(suites: Path) -> None:
    done = doctor("--connection", "aws_default")
    assert done.exit_code == 0
    shown = done.stdout.splitlines()
    assert shown[0] == AWS
    assert "  ok            10 × Glue job" in shown
    assert shown[-1].startswith("All is in place: 47 lines in ")
    assert len(doctor("--connection", "aws_default", "--all").stdout.splitlines()) > 40


def test_nothing_is_started_or_written(suites: Path, world: RunningSandbox) -> None:
    since = world.last_request()
    doctor()
    asked = world.requests(since=since)
    assert asked
    writes = [entry for entry in asked if entry["service"] != "aws" and entry["method"] not in READ_ONLY]
    assert [entry["path"] for entry in writes if "/oauth2/" not in entry["path"]] == []
    bodies = [entry["body"] for entry in asked if entry["service"] == "aws"]
    assert not [body for body in bodies if "QueryString" in body or "Action=Create" in body]
