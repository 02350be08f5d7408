"""The policy of ``deploy/aws``: enough for what a night and the doctor do in AWS, and no action too much."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config
from click.testing import CliRunner

from conftest import RunningSandbox, start_sandbox
from parity.cli import cli
from parity.clients import rds
from parity.clients.athena import AthenaConfig, AthenaRuns
from parity.clients.athena_sql import bind, unload
from parity.clients.aws import AwsClients
from parity.clients.glue import GlueConfig, GlueRuns
from parity.clients.glue_catalogue import glue_jobs
from parity.clients.remote import Phase, fingerprint
from parity.clients.storage import S3Storage
from parity.errors import ParityError, RemoteFailed
from parity.settings import PROJECT
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import aws
from parity_sandbox.world.places import DATABASE, WORKGROUP
from parity_sandbox.world.rights import USER, policy
from waiting import until

pytestmark = pytest.mark.sandbox
DAY = date(2026, 3, 2)
JOB = "sync_clients"
SERVER, CLUSTER = "payments-ledger", "payments-aurora"
QUERY = (PROJECT / "include" / "suites" / "sql" / f"{JOB}.sql").read_text()


@pytest.fixture(scope="module")
def world(sandboxes: dict[str, RunningSandbox], tmp_path_factory: pytest.TempPathFactory) -> RunningSandbox:
    """AWS with the legacy side, an RDS instance and a cluster; nothing else."""
    flags = ("--spark", "lazy", "--no-world", "--only", "aws,databricks")
    running = sandboxes.setdefault("rights", start_sandbox(tmp_path_factory.mktemp("rights"), *flags))
    aws.build_legacy(running.endpoints, ())
    partition = f"clients/snapshot_date={DAY}/"
    running.aws("s3").put_object(Bucket=running.endpoints.legacy_bucket, Key=partition)
    aws.register_partitions(running.endpoints)
    make_servers(running.aws("rds"))
    run = {"JobName": JOB, "Arguments": {"--business_date": DAY.isoformat()}, "JobRunState": "SUCCEEDED"}
    times = {"StartedOn": "2026-03-03T01:00:00+00:00", "CompletedOn": "2026-03-03T01:10:00+00:00"}
    httpx.post(f"{running.endpoints.aws}/-/glue/job-runs", json={**run, **times}).raise_for_status()
    return running


def make_servers(client: Any) -> None:
    group = {"DBParameterGroupName": "own", "DBParameterGroupFamily": "mysql8.0", "Description": "own"}
    client.create_db_parameter_group(**group)
    of_all = {"MasterUsername": "root", "MasterUserPassword": "sandbox-password"}
    instance = {"DBInstanceIdentifier": SERVER, "DBInstanceClass": "db.t3.small", "Engine": "mysql"}
    client.create_db_instance(**instance, **of_all, AllocatedStorage=20, DBParameterGroupName="own")
    group = {
        "DBClusterParameterGroupName": "own",
        "DBParameterGroupFamily": "aurora-mysql8.0",
        "Description": "own",
    }
    client.create_db_cluster_parameter_group(**group)
    named = {"DBClusterIdentifier": CLUSTER, "DBClusterParameterGroupName": "own", "Engine": "aurora-mysql"}
    client.create_db_cluster(**named, **of_all)


@pytest.fixture
def clients(world: RunningSandbox) -> AwsClients:
    """The clients of the user with the policy."""
    at = world.endpoints

    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=at.aws,
            region_name=at.region,
            aws_access_key_id=at.parity_access_key,
            aws_secret_access_key=at.parity_secret_key,
            config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    return cache(client)


@pytest.fixture
def connected(world: RunningSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Airflow's connections of the demo, and a database that names both servers' kinds."""
    monkeypatch.setenv("PARITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PARITY_DATABASES", str(tmp_path / "databases"))
    (tmp_path / "databases").mkdir()
    for name, kind, server in (("one", "instance", SERVER), ("two", "cluster", CLUSTER)):
        declared = (PROJECT / "include" / "databases" / "ledger.yaml").read_text()
        declared = declared.replace("database: ledger", f"database: {name}", 1)
        declared = declared.replace("{instance: payments-legacy}", f"{{{kind}: {server}}}")
        (tmp_path / "databases" / f"{name}.yaml").write_text(declared)
    for name, fields in connections(world.endpoints).items():
        extra = json.loads(fields.get("extra", "{}"))
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps({**fields, "extra": extra}))


def night(clients: AwsClients) -> list[str]:
    """Do what a night does in AWS, each step whatever became of the others; return the errors."""
    token = uuid4().hex
    folder = f"s3://parity-exchange/parity/{fingerprint(token)[:12]}/"
    statement = unload(bind(QUERY, {"business_date": DAY}), folder).request
    athena = AthenaRuns(AthenaConfig(DATABASE, WORKGROUP), clients)
    glue, s3 = GlueRuns(GlueConfig(), clients), S3Storage(clients)
    steps: list[Callable[[], Any]] = [
        lambda: glue.status(str(glue.find({"job": JOB, "business_date": DAY.isoformat()}, ""))),
        lambda: glue.rows_written(str(glue.find({"job": JOB, "business_date": DAY.isoformat()}, ""))),
        lambda: glue_jobs(clients),
        lambda: ended(athena, athena.submit(statement, token)),
        lambda: athena.find(statement, token),
        lambda: athena.columns(bind(QUERY, {"business_date": DAY}), token),
        lambda: clients("athena").stop_query_execution(QueryExecutionId=athena.submit(statement, token)),
        lambda: s3.list(folder),
        lambda: s3.write(f"{folder}kept", b"1"),
        lambda: s3.read(f"{folder}kept"),
        lambda: s3.delete(f"{folder}kept"),
        lambda: rds.instance(clients, SERVER),
        lambda: rds.mysql_servers(clients),
        lambda: rds.cluster(clients, CLUSTER),
    ]
    return [error for step in steps for error in errors_of(step)]


def errors_of(step: Callable[[], Any]) -> Iterator[str]:
    try:
        step()
    except ParityError as error:
        yield str(error)
    except Exception as error:  # noqa: BLE001 - boto3's own, of a call that is made here without a client of ours
        yield str(error)


def ended(athena: AthenaRuns, run_id: str) -> None:
    until(lambda: athena.status(run_id).phase.ended)
    if (status := athena.status(run_id)).phase is not Phase.SUCCEEDED:
        raise RemoteFailed(str(status.error))


def doctor() -> list[dict[str, Any]]:
    """Return what the doctor finds wrong in AWS."""
    result = CliRunner().invoke(cli, ["doctor", "--json", "--connection", "aws_default"])
    found: list[dict[str, Any]] = json.loads(result.stdout)["lines"]
    return [line for line in found if line["status"] != "ok"]


ACTIONS = sorted(
    {
        action
        for statement in json.loads((PROJECT / "deploy" / "aws" / "policy.json").read_text())["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
)


FOR_THE_DOCTOR = frozenset(
    {"athena:GetWorkGroup", "glue:GetJob", "glue:GetJobBookmark", "glue:GetTables", "iam:SimulatePrincipalPolicy"}
)
"""What a night does without; of all other actions, a call of the night fails with a sentence that names it."""
OPTIONAL = "cloudwatch:GetMetricStatistics"
"""Without it, only the rows that Glue wrote are not known."""


def without(document: dict[str, Any], action: str) -> dict[str, Any]:
    """Return a policy without one action."""
    rest = copy.deepcopy(document)
    for statement in rest["Statement"]:
        named = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        statement["Action"] = [one for one in named if one != action]
    rest["Statement"] = [statement for statement in rest["Statement"] if statement["Action"]]
    return rest


@pytest.fixture
def put(world: RunningSandbox) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Replace the user's policy, for as long as the test runs."""
    iam = world.aws("iam")

    def replace(document: dict[str, Any]) -> None:
        iam.put_user_policy(UserName=USER, PolicyName="parity", PolicyDocument=json.dumps(document))

    yield replace
    replace(policy(world.endpoints))


def test_the_policy_is_enough_for_a_night_and_the_doctor(clients: AwsClients, connected: None) -> None:
    assert night(clients) == []
    assert doctor() == []


@pytest.mark.parametrize(
    "action",
    [action if at % 6 == 0 else pytest.param(action, marks=pytest.mark.slow) for at, action in enumerate(ACTIONS)],
)
def test_without_one_action_a_sentence_names_it(
    world: RunningSandbox, clients: AwsClients, connected: None, put: Callable[..., None], action: str
) -> None:
    put(without(policy(world.endpoints), action))
    failed = night(clients)
    assert (action in " ".join(failed)) == (action not in FOR_THE_DOCTOR), failed
    named = [line for line in doctor() if action in f"{line['detail']} {line['remedy']}"]
    assert {line["status"] == "optional" for line in named} == {action == OPTIONAL}


@pytest.mark.parametrize(
    "elsewhere",
    [
        lambda s3: s3.list("s3://parity-exchange/"),
        lambda s3: s3.list("s3://parity-exchange/parity-of-others/"),
        lambda s3: s3.write("s3://parity-exchange/parity-of-others/a", b""),
        lambda s3: s3.read("s3://payments-raw/a"),
        lambda s3: s3.write("s3://payments-legacy/clients/a", b""),
        lambda s3: s3.delete("s3://payments-legacy/clients/a"),
        lambda s3: s3.delete("s3://parity-exchange/athena-results/a"),
    ],
)
def test_other_prefixes_and_buckets_are_refused(clients: AwsClients, elsewhere: Callable[[Any], Any]) -> None:
    (said,) = errors_of(lambda: elsewhere(S3Storage(clients)))
    assert "is not authorized to perform: s3:" in said


def test_other_workgroups_databases_and_writes_are_refused(clients: AwsClients) -> None:
    query = {"sql": "SELECT 1", "parameters": []}
    (said,) = errors_of(lambda: AthenaRuns(AthenaConfig(DATABASE, "primary"), clients).submit(query, uuid4().hex))
    assert "athena:StartQueryExecution" in said
    (said,) = errors_of(lambda: clients("glue").start_job_run(JobName=JOB))
    assert "glue:StartJobRun" in said
    (said,) = errors_of(lambda: clients("glue").delete_table(DatabaseName=DATABASE, Name="clients"))
    assert "glue:DeleteTable" in said
