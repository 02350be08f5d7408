"""The clouds of some suites and databases: one account, factory and workspace for each connection that is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from parity.airflow.connections.clients import RemoteRef, adf_client, aws_clients
from parity.airflow.doctor.connected import Connected, place
from parity.clients.http import Retry
from parity.doctor.aws import aws_checks
from parity.doctor.aws_account import AwsAccount, LegacySide
from parity.doctor.checks import Check
from parity.doctor.data_factory import FactoryClients, FactorySide, factory_checks
from parity.doctor.databricks import HelperScript, WorkspaceClients, WorkspaceSide, workspace_checks
from parity.settings import PROJECT, Settings
from parity.suite.models import Suite
from parity.suite.suite_files import legacy_sql

Side = TypeVar("Side")
RETRY = Retry(attempts=2, first=0.5, patience=5.0)
"""A person waits for the answer: a service that is down is not asked for half a minute."""
SCRIPT = PROJECT / "include" / "parity_job" / "export.py"


@dataclass
class Estate:
    """What the connections lead to, each opened at most once."""

    now: Settings
    connected: Connected
    paths: Mapping[str, Path]
    """Files of suites and databases by key."""
    accounts: dict[str, AwsAccount] = field(default_factory=dict)
    factories: dict[str, FactorySide] = field(default_factory=dict)
    workspaces: dict[str, WorkspaceSide] = field(default_factory=dict)

    def account(self, conn_id: str) -> AwsAccount:
        """Return the AWS account of a connection."""
        return self.accounts.setdefault(
            conn_id, AwsAccount(place("AWS", conn_id), self.connected.opener(conn_id, aws_clients))
        )

    def factory(self, suite: Suite) -> FactorySide:
        """Return the factory of a suite."""
        ref = factory_ref(suite)
        where = factory_place(ref)
        return self.factories.setdefault(
            where, FactorySide(where, self.connected.opener(ref.connection, partial(factory_clients, ref)))
        )

    def workspace(self, suite: Suite) -> WorkspaceSide:
        """Return the workspace of a suite."""
        conn_id = suite.azure.databricks_connection
        return self.workspaces.setdefault(
            conn_id,
            WorkspaceSide(place("Databricks", conn_id), self.connected.opener(conn_id, workspace_clients)),
        )

    def checks(self, suites: Iterable[Suite]) -> Iterator[Check]:
        """Yield everything that suites need, cloud by cloud."""
        for of_cloud in (self._of_aws, self._of_factory, self._of_workspace):
            for suite in suites:
                yield from of_cloud(suite)

    def _of_aws(self, suite: Suite) -> Iterator[Check]:
        conn_id = suite.aws.connection
        yield self.connected.check("AWS", conn_id, aws_clients, (suite.key,))
        queries = {activity.name: legacy_sql(self.paths[suite.key], activity) for activity in suite.activities}
        yield from aws_checks(self.account(conn_id), LegacySide(suite, queries, self.now.exchange_s3))

    def _of_factory(self, suite: Suite) -> Iterator[Check]:
        ref = factory_ref(suite)
        build: Callable[[Any], Any] = partial(factory_clients, ref)
        yield self.connected.check("Data Factory", ref.connection, build, (suite.key,), where=factory_place(ref))
        yield from factory_checks(self.factory(suite), suite)

    def _of_workspace(self, suite: Suite) -> Iterator[Check]:
        conn_id = suite.azure.databricks_connection
        yield self.connected.check("Databricks", conn_id, workspace_clients, (suite.key,))
        yield from workspace_checks(self.workspace(suite), suite, helper_script(), self.factory(suite))


def factory_ref(suite: Suite) -> RemoteRef:
    """Return where a suite's pipeline is."""
    options = {"factory": suite.azure.factory, "resource_group": suite.azure.resource_group}
    return RemoteRef("adf", suite.azure.adf_connection, {k: v for k, v in options.items() if v})


def factory_place(ref: RemoteRef) -> str:
    """Return the heading of a factory's lines; a suite may name another factory than its connection."""
    named = "".join(f", {name.replace('_', ' ')} {value}" for name, value in ref.options.items())
    return place("Data Factory", ref.connection) + named


def factory_clients(ref: RemoteRef, connection: Any) -> FactoryClients:
    """Return the clients of a factory."""
    from parity.clients.azure_account import AzureAccount

    factory = adf_client(ref, connection, retry=RETRY)
    config = factory.config
    account = AzureAccount(config.credential, config.endpoint, retry=RETRY)
    return FactoryClients(factory, account, config.credential)


def workspace_clients(connection: Any) -> WorkspaceClients:
    """Return the clients of a workspace."""
    from parity.airflow.connections.databricks import databricks_config
    from parity.clients.databricks import DatabricksClient
    from parity.clients.databricks_workspace import Workspace

    config = databricks_config(connection)
    return WorkspaceClients(Workspace(config, retry=RETRY), DatabricksClient(config, retry=RETRY))


def helper_script() -> HelperScript:
    """Return the helper job's script of this version, as text: importing it needs Spark."""
    return HelperScript(SCRIPT.read_text(encoding="utf-8"))
