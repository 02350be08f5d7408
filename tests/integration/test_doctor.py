"""``parity doctor`` against the sandbox, faults included."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from conftest import RunningSandbox, start_sandbox
from dag_tester import DagTester
from parity.cli import cli
from parity.clients.artefacts import Artefacts
from parity.helper_job.script import own_script
from parity.settings import PROJECT
from parity.web.doctor import doctor_page
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import aws, azure, publishing, rights
from parity_sandbox.world.places import JOBS, PIPELINE, PRODUCTS
from waiting import until

pytestmark = pytest.mark.sandbox
AWS = "AWS, connection aws_default"
FACTORY = "Data Factory, connection azure_data_factory_default"
DATABRICKS = "Databricks, connection databricks_default"
READ_ONLY = {"GET", "HEAD"}


@pytest.fixture(scope="module")
def world(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """The demo's clouds without data, and without Spark."""
    state = tmp_path_factory.mktemp("doctor")
    flags = ("--spark", "lazy", "--no-world", "--only", "aws,azure,databricks,storage,sink,mysql")
    running = sandboxes.setdefault("doctor", start_sandbox(state, *flags))
    aws.build_legacy(running.endpoints, ())
    azure.make_containers(running.endpoints, state)
    for product in PRODUCTS:
        publishing.publish_script(
            state, product.activity, (JOBS / "migrated" / f"{product.activity}.py").read_text()
        )
    publishing.publish_helper(state)
    azure.make_factory(running.endpoints, azure.make_databricks_jobs(running.endpoints))
    make_tables(state / "adls" / running.endpoints.storage_account / "lake" / "payments")
    return running


def make_tables(lake: Path) -> None:
    """Write an empty file into each table of the lake, as the migrated jobs name their columns."""
    renamed = {"merch_ref": "merchant_ref"}
    for product in PRODUCTS:
        folder = lake / product.table / f"{product.partition}=2026-03-02"
        folder.mkdir(parents=True)
        names = [renamed.get(name, name) for name, _ in product.columns]
        parquet.write_table(pa.table({name: pa.array([], "string") for name in names}), folder / "a.parquet")


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
    assert identity["name"] == "arn:aws:iam::123456789012:user/parity"
    assert identity["detail"] == "account 123456789012, region eu-west-1"
    kinds = [line["kind"] for line in found]
    assert {kind: kinds.count(kind) for kind in ("Glue job", "Glue table", "legacy columns")} == {
        "Glue job": 10,
        "Glue table": 10,
        "legacy columns": 10,
    }


def test_a_misspelt_job_table_key_and_workgroup_are_found_with_suggestions(
    suites: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = world.endpoints  # somebody who may list all workgroups, which a run need not
    fields = {**connections(at)["aws_default"], "login": at.aws_access_key, "password": at.aws_secret_key}
    connect(monkeypatch, "aws_default", fields)
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
        ("right", "write Athena's results"): "Did you mean 'parity'?",
    }
    assert {line["status"] for key, line in found.items() if key[0] != "right"} == {"missing"}


def test_a_workgroup_that_only_others_may_see_is_named_with_the_policy_that_it_lacks(suites: Path) -> None:
    path = suites / "payments.yaml"
    path.write_text(path.read_text().replace("workgroup: parity", "workgroup: paritty"))
    found = {line["kind"]: line for line in wrong("--connection", "aws_default")}
    assert "workgroup/paritty" in found["Athena workgroup"]["remedy"]
    assert found["Athena workgroup"]["status"] == "not readable"


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
    """Give our own user another policy, for as long as the test runs."""

    def put(*statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        world.aws("iam").put_user_policy(UserName=rights.USER, PolicyName="parity", PolicyDocument=document)

    yield put
    put(*rights.policy(world.endpoints)["Statement"])


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
    others = {"Effect": "Allow", "Action": ["athena:*", "glue:*", "iam:*"], "Resource": "*"}
    policy(elsewhere, others)
    names = [line["name"] for line in wrong("--connection", "aws_default") if line["kind"] == "right"]
    assert [name for name in names if name.endswith("s3://parity-exchange/parity")] == [
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


def test_a_job_tells_its_last_run_and_its_bookmark(suites: Path, world: RunningSandbox) -> None:
    glue, name = world.aws("glue"), "refunds_with_bookmark"
    arguments = {"DefaultArguments": {"--job-bookmark-option": "job-bookmark-enable"}}
    glue.create_job(Name=name, **{**aws.job_input(PRODUCTS[4]), **arguments})
    path = suites / "payments.yaml"
    path.write_text(path.read_text().replace("glue_job: apply_refunds", f"glue_job: {name}"))

    def after_a_run(day: str, state: str) -> tuple[str, str]:
        times = {"StartedOn": f"{day}T03:00:00+00:00", "CompletedOn": f"{day}T03:10:00+00:00"}
        document = {"JobName": name, "JobRunState": state, "ErrorMessage": "out of memory", **times}
        httpx.post(f"{world.endpoints.aws}/-/glue/job-runs", json=document).raise_for_status()
        return found()

    def found() -> tuple[str, str]:
        (line,) = (line for line in lines("--connection", "aws_default") if line["name"] == name)
        return line["status"], line["detail"]

    try:
        assert found() == ("ok", "never ran, bookmark at none yet")
        assert after_a_run("2026-03-02", "SUCCEEDED") == (
            "ok",
            "SUCCEEDED 2026-03-02 03:00, bookmark at run 1, version 1",
        )
        assert after_a_run("2026-03-03", "FAILED") == (
            "differs",
            "Its last run (2026-03-03 03:00) is FAILED: out of memory.",
        )
    finally:
        glue.delete_job(JobName=name)


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
    assert re.match(r"All is in place \(connection aws_default alone\): \d+ lines in ", shown[-1])
    assert len(doctor("--connection", "aws_default", "--all").stdout.splitlines()) > 40


def test_nothing_is_started_or_written(suites: Path, world: RunningSandbox) -> None:
    since = world.last_request()
    doctor()
    asked = world.requests(since=since)
    assert asked
    writes = [entry for entry in asked if entry["service"] != "aws" and entry["method"] not in READ_ONLY]
    # Storage refused them, for what they name is not there; Data Factory and Slack answer questions by POST.
    refused = [entry["path"] for entry in writes if entry["status"] in (404, 412)]
    asking = ("/oauth2/", "/query", "/auth.test")
    assert [
        entry["path"]
        for entry in writes
        if entry["path"] not in refused and not any(one in entry["path"] for one in asking)
    ] == []
    assert all("parity-doctor-" in path for path in refused)
    bodies = [entry["body"] for entry in asked if entry["service"] == "aws"]
    assert not [body for body in bodies if "QueryString" in body or "Action=Create" in body]


def test_all_of_azure_is_in_place(suites: Path, world: RunningSandbox) -> None:
    found = [line for line in lines() if line["place"] in (FACTORY, DATABRICKS)]
    assert [line for line in found if line["status"] != "ok"] == []
    said = {(line["kind"], line["name"]): line["detail"] for line in found}
    at = world.endpoints
    assert (
        said["identity", f"client {at.client_id}"] == f"tenant {at.tenant}, object {at.client_id}, client_secret"
    )
    assert said["factory", at.factory] == (
        f"westeurope, resource group {at.resource_group}, subscription {at.subscription}"
    )
    assert said["identity", "sandbox@parity.local"] == f"workspace {at.databricks}"
    assert said["activity", f"{PIPELINE}/sync_partners"] == (
        "DatabricksNotebook, notebook /Workspace/Shared/payments/sync_partners"
    )
    assert said["program", "schedule_payouts"].startswith("job 'schedule_payouts', id ")
    assert said["helper script", "/Volumes/main/payments/jobs/export.py"] == (
        f"{own_script().version}, as this version has it"
    )
    assert said["target columns", "build_settlements"] == "key client_id, currency"


@pytest.mark.parametrize(("service", "place"), [("azure", FACTORY), ("databricks", DATABRICKS)])
def test_access_denied_by_azure_makes_its_lines_unreadable_and_leaves_the_others(
    suites: Path, world: RunningSandbox, service: str, place: str
) -> None:
    world.fault(service=service, path="^/(subscriptions|api)/", status=403)
    found = lines()
    denied = [line for line in found if line["place"] == place and line["kind"] not in ("connection", "identity")]
    assert len(denied) > 15
    assert {line["status"] for line in denied} == {"not readable"}
    assert all("refused access" in line["detail"] or "missing" in line["detail"] for line in denied)
    others = [line for line in found if line["place"] == AWS]
    assert {line["status"] for line in others} == {"ok"}


def test_a_helper_job_that_nobody_deployed_is_one_command_away(suites: Path) -> None:
    path = suites / "payments.yaml"
    path.write_text(path.read_text().replace("helper_job: parity-helper", "helper_job: exports"))
    found = {line["kind"]: line for line in wrong("--connection", "databricks_default")}
    assert found["helper job"]["status"] == "missing"
    assert found["helper job"]["remedy"] == "parity helper-job deploy --job-name exports"


def test_misspelt_names_in_azure_are_found_with_suggestions(suites: Path) -> None:
    path = suites / "payments.yaml"
    text = path.read_text().replace("name: sync_clients", "name: sync_client")
    text = text.replace("table: payments.vendors", "table: payments.vendorz")
    text = text.replace("helper_job: parity-helper", "helper_job: parity-helpr")
    text = text.replace("key: [refund_id]", "key: [refund_idd]")
    path.write_text(text)
    found = {(line["kind"], line["name"]): line for line in wrong() if line["place"] in (FACTORY, DATABRICKS)}
    assert {key: line["remedy"] for key, line in found.items() if line["status"] == "missing"} == {
        ("activity", f"{PIPELINE}/sync_client"): "Did you mean 'sync_clients'?",
        ("helper job", "parity-helpr"): "Did you mean 'parity-helper'?",
        ("right", "run parity-helpr"): "Did you mean 'parity-helper'?",
        ("helper script", "parity-helpr"): "Did you mean 'parity-helper'?",
        ("target table", "payments.vendorz"): "Did you mean 'vendors'?",
        ("target columns", "apply_refunds"): "Did you mean 'refund_id'?",
    }
    assert found["target columns", "sync_vendors"]["status"] == "not readable"
    assert found["program", "sync_client"]["status"] == "not readable"


def test_an_unknown_pipeline_is_found_with_a_suggestion(suites: Path) -> None:
    path = suites / "payments.yaml"
    path.write_text(path.read_text().replace("pipeline: payments_ingestion", "pipeline: payment_ingestion"))
    (line,) = (line for line in wrong(place=FACTORY) if line["kind"] == "pipeline")
    assert (line["status"], line["remedy"]) == ("missing", "Did you mean 'payments_ingestion'?")


def connection_of(world: RunningSandbox, name: str, **extra: Any) -> dict[str, Any]:
    """Return one of the demo's connections with other extras."""
    fields = connections(world.endpoints)[name]
    return {**fields, "extra": json.dumps(json.loads(fields.get("extra", "{}")) | extra)}


def test_a_wrong_tenant_is_said_in_the_words_of_entra(
    suites: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "99999999-9999-4999-8999-999999999999"
    name = "azure_data_factory_default"
    connect(monkeypatch, name, connection_of(world, name, tenantId=other))
    found = wrong("--connection", name)
    assert {line["status"] for line in found} == {"not readable"}
    (identity,) = (line for line in found if line["kind"] == "identity")
    assert other in identity["detail"]
    assert "Entra" in identity["detail"]


def test_an_unknown_factory_is_missing(
    suites: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "azure_data_factory_default"
    connect(monkeypatch, name, connection_of(world, name, factory_name="parity-sandbx"))
    (line,) = (line for line in wrong("--connection", name) if line["kind"] == "factory")
    assert line["status"] == "missing"


def test_a_role_without_the_right_to_run_is_named_with_what_to_add(suites: Path, world: RunningSandbox) -> None:
    reader = {
        "value": [{"actions": ["*/read", "Microsoft.DataFactory/factories/query*/action"], "notActions": []}]
    }
    world.fault(service="azure", path="Microsoft.Authorization/permissions", status=200, body=json.dumps(reader))
    found = {line["name"]: line for line in wrong("--connection", "azure_data_factory_default")}
    assert set(found) == {"run pipelines", "read runs", "cancel runs"}
    assert found["read runs"]["detail"] == "No role gives pipelineruns/queryactivityruns/action."
    assert (
        '{"actions": ["Microsoft.DataFactory/factories/pipelines/createrun/action"]}'
        in found["run pipelines"]["remedy"]
    )


def test_rights_that_may_not_be_read_leave_the_other_lines(suites: Path, world: RunningSandbox) -> None:
    world.fault(service="azure", path="Microsoft.Authorization/permissions", status=403)
    found = wrong("--connection", "azure_data_factory_default")
    assert {(line["kind"], line["status"]) for line in found} == {("right", "not readable")}
    assert len(found) == 4


def test_who_may_not_run_the_helper_job_gets_the_command_that_grants_it(
    suites: Path, world: RunningSandbox
) -> None:
    others = [{"group_name": "users", "all_permissions": [{"permission_level": "CAN_VIEW"}]}]
    body = json.dumps({"object_type": "job", "access_control_list": others})
    world.fault(service="databricks", path="/permissions/jobs/", status=200, body=body)
    (line,) = wrong("--connection", "databricks_default")
    assert (line["status"], line["kind"]) == ("missing", "right")
    assert line["remedy"].startswith("databricks permissions update jobs ")


@pytest.mark.parametrize(
    ("was", "deployed_has", "said"),
    [
        (r'^PROTOCOL = "\d+"', 'PROTOCOL = "0"', "protocol 0; this version of Parity has "),
        (r'^VERSION = "[0-9.]+"', 'VERSION = "0.0.1"', "It is version 0.0.1, protocol "),
        (r"^MODES = .*", 'MODES = ("rows",)', "but not its text as this version of Parity has it"),
        (r'^PROTOCOL = "\d+"', "", "It is not Parity's: it names no protocol"),
    ],
)
def test_a_helper_script_of_another_version_differs(
    suites: Path, world: RunningSandbox, was: str, deployed_has: str, said: str
) -> None:
    deployed = publishing.volume(world.state) / "export.py"
    text = deployed.read_text()
    deployed.write_text(re.sub(was, deployed_has, text, flags=re.MULTILINE))
    try:
        (line,) = wrong("--connection", "databricks_default")
    finally:
        deployed.write_text(text)
    assert (line["status"], line["kind"]) == ("differs", "helper script")
    assert said in line["detail"]
    assert line["remedy"] == "parity helper-job deploy"


def test_a_program_that_is_gone_is_missing(suites: Path, world: RunningSandbox) -> None:
    (publishing.volume(world.state) / "compute_fees.py").rename(world.state / "away.py")
    try:
        (line,) = wrong("--connection", "databricks_default")
    finally:
        (world.state / "away.py").rename(publishing.volume(world.state) / "compute_fees.py")
    assert (line["status"], line["kind"], line["name"]) == ("missing", "program", "compute_fees")


@pytest.fixture
def pipeline(suites: Path, world: RunningSandbox) -> Iterator[Any]:
    """Publish a changed copy of the demo's pipeline, which the suite then names, for as long as the test runs."""
    # Runs outlive their pipeline, and would be seen by the next test that has one of this name.
    own = f"moved_{secrets.token_hex(4)}"
    base, headers = f"{azure.factory_url(world.endpoints)}/pipelines", azure.sign_in(world.endpoints)
    before = httpx.get(f"{base}/{PIPELINE}", params=azure.API, headers=headers).raise_for_status().json()
    path = suites / "payments.yaml"
    path.write_text(path.read_text().replace(f"pipeline: {PIPELINE}", f"pipeline: {own}"))

    def put(change: Any) -> str:
        document = {"properties": change(json.loads(json.dumps(before["properties"])))}
        httpx.put(f"{base}/{own}", params=azure.API, headers=headers, json=document).raise_for_status()
        return own

    yield put
    httpx.delete(f"{base}/{own}", params=azure.API, headers=headers)


def test_a_pipeline_without_its_parameters_gets_them_as_json(suites: Path, pipeline: Any) -> None:
    def change(properties: dict[str, Any]) -> dict[str, Any]:
        properties["parameters"]["businessdate"] = properties["parameters"].pop("business_date")
        del properties["parameters"]["parity_token"]
        return json.loads(json.dumps(properties).replace("parameters.business_date", "parameters.businessdate"))

    own = pipeline(change)
    found = {line["name"]: line["remedy"] for line in wrong(place=FACTORY)}
    assert found == {
        f"{own}.business_date": "Did you mean 'businessdate'? Add under properties.parameters: "
        '{"business_date": {"type": "string"}} (all of it: parity doctor payments --patch)',
        f"{own}.parity_token": "Add under properties.parameters: "
        '{"parity_token": {"type": "string", "defaultValue": ""}} (all of it: parity doctor payments --patch)',
    }


def test_the_patch_of_a_pipeline_makes_it_complete_and_is_then_empty(suites: Path, pipeline: Any) -> None:
    def without(properties: dict[str, Any]) -> dict[str, Any]:
        return {**properties, "parameters": {"region": {"type": "string", "defaultValue": "eu"}}}

    pipeline(without)
    printed = doctor("payments", "--patch")
    patch = json.loads(printed.stdout)
    assert printed.exit_code == 1
    assert patch == {
        "properties": {
            "parameters": {
                "business_date": {"type": "string"},
                "parity_token": {"type": "string", "defaultValue": ""},
            }
        }
    }

    def patched(properties: dict[str, Any]) -> dict[str, Any]:
        before = without(properties)
        return {**before, "parameters": {**before["parameters"], **patch["properties"]["parameters"]}}

    pipeline(patched)
    assert wrong(place=FACTORY) == []
    again = doctor("payments", "--patch")
    assert (again.exit_code, json.loads(again.stdout)) == (0, {})


def test_a_patch_is_for_one_suite(suites: Path) -> None:
    (suites / "other.yaml").write_text((suites / "payments.yaml").read_text().replace("payments", "other", 1))
    assert "parity doctor SUITE --patch" in str(doctor("--patch").exception)


def test_an_activity_that_is_switched_off_differs(suites: Path, pipeline: Any) -> None:
    def change(properties: dict[str, Any]) -> dict[str, Any]:
        (one,) = (one for one in properties["activities"] if one["name"] == "compute_fees")
        one["state"] = "Inactive"
        return properties

    pipeline(change)
    (line,) = wrong(place=FACTORY)
    assert (line["status"], line["detail"]) == ("differs", "It is switched off, so it does nothing.")


STORAGE = "ADLS, connection adls_default"


def test_rights_on_the_exchange_are_asked_for_without_changing_it(suites: Path, world: RunningSandbox) -> None:
    since = world.last_request()
    found = lines("--connection", "adls_default")
    assert [line for line in found if line["status"] != "ok"] == []
    asked = [(one["method"], one["status"]) for one in world.requests("storage", since)]
    assert sorted(asked) == [("DELETE", 404), ("GET", 200), ("GET", 404), ("PUT", 412)]


def test_a_right_on_the_exchange_that_is_missing_is_named_and_the_others_are_not(
    suites: Path, world: RunningSandbox
) -> None:
    world.fault(service="storage", method="DELETE", status=403)
    (line,) = wrong("--connection", "adls_default")
    folder = "abfss://exchange@paritysandbox.dfs.core.windows.net/parity"
    assert (line["status"], line["kind"], line["name"]) == ("missing", "right", f"delete {folder}")
    assert line["remedy"] == "Correct the key or the signature in the connection."


def test_an_identity_without_a_role_on_the_container_gets_the_command(
    suites: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = world.endpoints
    fields = connections(at)["adls_default"] | {"login": at.client_id, "password": at.client_secret}
    extra = {"tenant_id": at.tenant, "authority": at.azure, "account_name": at.storage_account}
    connect(monkeypatch, "adls_default", {**fields, "extra": json.dumps(extra)})
    assert wrong("--connection", "adls_default") == []
    world.fault(service="storage", status=403)
    found = wrong("--connection", "adls_default")
    assert [line["status"] for line in found] == ["missing"] * 4
    assert found[0]["remedy"].startswith(f"az role assignment create --assignee {at.client_id} --role ")


def test_an_unknown_container_is_missing(suites: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_EXCHANGE_ADLS", "abfss://exchnge@paritysandbox.dfs.core.windows.net/parity")
    found = wrong("--connection", "adls_default")
    assert "missing" in {line["status"] for line in found}


@pytest.fixture
def ledger(suites: Path, tmp_path: Path) -> Path:
    """The demo's database file in a folder of the test's own, without what only the demo's world has."""
    path = tmp_path / "databases" / "ledger.yaml"
    path.parent.mkdir()
    text = (PROJECT / "include" / "databases" / "ledger.yaml").read_text()
    path.write_text(text.replace("users: [ledger_*]", "users: [parity]"))
    return path


def test_all_of_a_database_is_in_place(ledger: Path, world: RunningSandbox) -> None:
    found = lines("ledger")
    assert [line for line in found if line["status"] != "ok"] == []
    said = {(line["place"], line["kind"], line["name"]): line["detail"] for line in found}
    assert said["AWS, connection aws_default", "RDS server", "payments-legacy"].startswith("available, version ")
    where = "Azure MySQL, connection azure_data_factory_default"
    assert said[where, "flexible server", "payments-ledger"].startswith("Ready, version ")
    assert said["MySQL, connection rds_ledger", "identity", "parity@localhost"].endswith(
        "no TLS, time zone SYSTEM (UTC)"
    )
    assert said["MySQL, connection azure_ledger", "users", "parity"] == "parity"


def test_misspelt_names_of_a_database_are_found_on_both_sides(ledger: Path) -> None:
    text = ledger.read_text().replace("  payouts:", "  payoutz:").replace("balance: {money", "balanc: {money")
    text = text.replace("instance: payments-legacy", "instance: payment-legacy").replace(
        "users: [parity]", "users: [parit]"
    )
    ledger.write_text(text.replace("server: payments-ledger", "server: payments-ledgr"))
    found = [
        (line["kind"], line["name"], line["remedy"]) for line in wrong("ledger") if line["status"] == "missing"
    ]
    assert sorted(set(found)) == [
        ("RDS server", "payment-legacy", "Did you mean 'payments-legacy'?"),
        ("columns", "daily_balances", "Did you mean 'balance'?"),
        ("flexible server", "payments-ledgr", "Did you mean 'payments-ledger'?"),
        ("table", "payoutz", "Did you mean 'payouts'?"),
        ("users", "parit", "Did you mean 'parity'?"),
    ]


def test_a_wrong_password_leaves_the_other_server_and_the_clouds(
    ledger: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "azure_ledger", connections(world.endpoints)["azure_ledger"] | {"password": "wrong"})
    found = wrong("ledger")
    assert {line["place"] for line in found} == {"MySQL, connection azure_ledger"}
    assert {line["status"] for line in found} == {"not readable"}


def test_a_user_without_grants_gets_the_statements_that_give_them(
    ledger: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parity.clients.mysql import Limits, address
    from parity.clients.mysql import connect as open_session

    where = world.endpoints.mysql_target.replace("parity:sandbox-ledger@", "root@")
    session = open_session(address(where), Limits(), "test")
    session.execute("SET SESSION TRANSACTION READ WRITE")
    session.execute("CREATE OR REPLACE USER doctor_ro@localhost IDENTIFIED BY 'x'")
    session.execute("GRANT SELECT ON ledger.* TO doctor_ro@localhost")
    fields = connections(world.endpoints)["azure_ledger"] | {"login": "doctor_ro", "password": "x"}
    connect(monkeypatch, "azure_ledger", fields)
    found = {line["name"]: line for line in wrong("ledger")}
    session.execute("DROP USER doctor_ro@localhost")
    session.close()
    assert {name: line["status"] for name, line in found.items()} == {
        "read triggers": "missing",
        "read events": "missing",
        "read routines": "missing",
        "parity": "not readable",
    }
    assert found["read triggers"]["remedy"] == "GRANT TRIGGER ON `ledger`.* TO 'doctor_ro'@'localhost';"
    assert found["parity"]["kind"] == "users"


def test_the_own_side_is_looked_at(suites: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {line["kind"]: line for line in lines(place="Parity")}
    assert {line["status"] for line in found.values()} == {"ok"}
    assert found["business date"]["detail"].endswith("UTC, schedule 0 2 * * *")
    assert not (tmp_path / "home").exists()
    monkeypatch.setenv("PARITY_STORE_URL", "postgresql://nobody@127.0.0.1:1/none")
    (suites / "broken.yaml").write_text("suite: broken\nowner: nobody\n")
    found = {line["kind"]: line for line in wrong(place="Parity")}
    assert set(found) == {"results store", "file"}
    assert "broken.yaml" in found["file"]["detail"]


def test_alert_channels_are_looked_at_without_a_message(suites: Path, world: RunningSandbox) -> None:
    httpx.delete(f"{world.endpoints.sink}/_sandbox/messages")
    found = {line["name"]: line for line in lines() if line["kind"] == "channel"}
    assert {name: line["status"] for name, line in found.items()} == {
        "PagerDuty": "ok",
        "Slack #payments-parity": "ok",
    }
    assert "not tried" in found["PagerDuty"]["detail"]
    assert found["Slack #payments-parity"]["detail"] == "parity of sandbox"
    assert messages(world) == []


def messages(world: RunningSandbox) -> list[Any]:
    found = httpx.get(f"{world.endpoints.sink}/_sandbox/messages").json()
    return list(found["messages"] if isinstance(found, dict) else found)


def test_wrong_channels_are_found(suites: Path, world: RunningSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    made = connections(world.endpoints)
    connect(monkeypatch, "pagerduty_default", made["pagerduty_default"] | {"password": "short"})
    connect(monkeypatch, "slack_default", made["slack_default"] | {"password": "expired"})
    found = {line["name"]: line for line in wrong() if line["kind"] == "channel"}
    assert {line["status"] for line in found.values()} == {"differs"}
    assert found["Slack #payments-parity"]["detail"] == "Slack refused the token: invalid_auth."
    assert "32 characters" in found["PagerDuty"]["detail"]


def test_a_test_alert_arrives_says_that_it_is_one_and_is_resolved(suites: Path, world: RunningSandbox) -> None:
    httpx.delete(f"{world.endpoints.sink}/_sandbox/messages")
    found = [line for line in lines("--send-test-alert") if line["kind"] == "channel"]
    assert [line["detail"] for line in found] == ["a test was sent, and resolved"] * 2
    texts = [json.dumps(message) for message in messages(world)]
    assert len(texts) == 4
    assert sum("TEST of the alerts of payments: nothing is wrong." in text for text in texts) == 2


def test_a_paused_channel_shows_with_a_test_alert(suites: Path, world: RunningSandbox) -> None:
    body = json.dumps({"ok": False, "error": "is_archived"})
    world.fault(service="sink", path="chat.postMessage", status=200, body=body)
    (line,) = (line for line in wrong("--send-test-alert") if line["kind"] == "channel")
    assert line["name"] == "Slack #payments-parity"
    assert line["detail"] == "The test did not arrive: Slack refused the message: is_archived."


def moves(*arguments: str) -> dict[str, Any]:
    """Return the implementation status by name."""
    answer = json.loads(doctor("--json", *arguments).stdout)
    return {"waves": answer["waves"], **{move["name"]: move for move in answer["moves"]}}


def test_the_implementation_status_tells_what_failed_what_never_ran_and_what_nobody_names(
    suites: Path, ledger: Path, world: RunningSandbox, pipeline: Any
) -> None:
    def change(properties: dict[str, Any]) -> dict[str, Any]:
        wait = {"type": "Wait", "dependsOn": [], "typeProperties": {"waitTimeInSeconds": 0}}
        fails = {
            "type": "Fail",
            "dependsOn": [],
            "typeProperties": {"message": "out of memory", "errorCode": "E7"},
        }
        kept = [one for one in properties["activities"] if one["name"] in ("sync_partners", "schedule_payouts")]
        needs = [{"activity": "compute_fees", "dependencyConditions": ["Succeeded"]}]
        kept = [{**one, "dependsOn": needs} for one in kept]
        return {
            **properties,
            "activities": [{"name": "sync_clients", **wait}, {"name": "compute_fees", **fails}, *kept],
        }

    run_pipeline(world, pipeline(change))
    path = suites / "payments.yaml"
    text = path.read_text()
    begin, end = text.index("  - name: schedule_payouts"), text.index("  - name: attribute_ad_spend")
    path.write_text(text[:begin] + text[end:])
    found = moves()
    status = {name: found[name]["status"] for name in found if name != "waves"}
    assert status["sync_clients"] == "migrated"
    assert status["compute_fees"] == "migrated and failing"
    assert "out of memory" in found["compute_fees"]["why"]
    assert status["sync_vendors"] == "not migrated"
    assert status["payments-legacy"] == "migrated"
    unnamed = [move for move in json.loads(doctor("--json").stdout)["moves"] if move["wave"] is None]
    assert [(move["name"], move["status"]) for move in unnamed] == [
        ("schedule_payouts", "not migrated"),
        ("schedule_payouts", "extra on the target"),
    ]
    assert found["waves"]["None"] == {"not migrated": 1, "extra on the target": 1}
    assert sum(found["waves"]["1"].values()) == 10


def run_pipeline(world: RunningSandbox, name: str) -> None:
    """Run a pipeline and wait for its end."""
    base, headers = azure.factory_url(world.endpoints), azure.sign_in(world.endpoints)
    made = httpx.post(
        f"{base}/pipelines/{name}/createRun",
        params=azure.API,
        headers=headers,
        json={"business_date": "2026-03-02"},
    )
    run = made.raise_for_status().json()["runId"]

    def ended() -> bool:
        found = httpx.get(f"{base}/pipelineruns/{run}", params=azure.API, headers=headers).json()
        return found["status"] in ("Succeeded", "Failed", "Cancelled")

    until(ended)


@pytest.mark.airflow
@pytest.mark.slow
def test_the_dag_is_red_and_alerts_once_until_all_is_in_place_again(
    suites: Path, world: RunningSandbox, tmp_path: Path
) -> None:
    httpx.delete(f"{world.endpoints.sink}/_sandbox/messages")
    path = suites / "payments.yaml"
    sound = path.read_text()
    tester = DagTester(tmp_path / "airflow", suites)
    tester.connect(connections(world.endpoints))
    try:
        path.write_text(sound.replace("glue_job: sync_clients", "glue_job: sync_clinets"))
        states = [tester.ended("parity_doctor", names=["payments"])["state"] for _ in range(2)]
        (summary,) = {message["summary"] for message in messages(world) if message["channel"] == "slack"}
        page = doctor_page(lambda: Artefacts.on_disk(tester.home / "parity" / "artefacts"))
        path.write_text(sound)
        states.append(tester.ended("parity_doctor", names=["payments"])["state"])
    finally:
        tester.stop()
    assert states == ["failed", "failed", "success"], tester.log()[-3000:]
    assert "NEW: doctor.payments · AWS, connection aws_default" in summary
    assert "Did you mean &#39;sync_clients&#39;?" in page
    assert "Implementation status" in page
    events = [message["summary"] for message in messages(world) if message["channel"] == "slack"]
    assert len(events) == 2
    assert "RECOVERED: doctor.payments" in events[1]
