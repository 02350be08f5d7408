"""The clouds of some suites and databases: an account, a factory or a server for each connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from parity.airflow.connections.clients import RemoteRef, aws_clients
from parity.airflow.connections.mysql import mysql_address
from parity.airflow.doctor import opened
from parity.airflow.doctor.connected import Connected, place
from parity.doctor.aws import aws_checks
from parity.doctor.aws_account import AwsAccount, LegacySide
from parity.doctor.checks import Check
from parity.doctor.cloud_servers import FlexibleSide, flexible_checks, rds_checks
from parity.doctor.data_factory import FactorySide, factory_checks
from parity.doctor.databricks import WorkspaceSide, workspace_checks
from parity.doctor.implementation import Move
from parity.doctor.moves import (
    activity_moves,
    tables_move,
    unnamed_activities,
    unnamed_jobs,
    unnamed_rds,
    unnamed_servers,
)
from parity.doctor.mysql import ServerSide, server_checks
from parity.doctor.storage import StorageSide, storage_checks
from parity.helper_job.script import own_script
from parity.settings import Settings
from parity.suite.databases import Database, FlexibleServer
from parity.suite.models import Suite
from parity.suite.suite_files import legacy_sql

Side = TypeVar("Side")


@dataclass
class Estate:
    """What the connections lead to, each opened at most once."""

    now: Settings
    connected: Connected
    paths: Mapping[str, Path]
    """Files of suites and databases by key."""
    _sides: dict[tuple[type, str], Any] = field(default_factory=dict)

    def _side(self, kind: type[Side], where: str, make: Callable[[], Side]) -> Side:
        if (kind, where) not in self._sides:
            self._sides[kind, where] = make()
        found: Side = self._sides[kind, where]
        return found

    def account(self, conn_id: str) -> AwsAccount:
        """Return the AWS account of a connection."""
        where, opener = place("AWS", conn_id), self.connected.opener(conn_id, aws_clients)
        return self._side(AwsAccount, where, lambda: AwsAccount(where, opener))

    def factory(self, suite: Suite) -> FactorySide:
        """Return the factory of a suite."""
        ref = opened.factory_ref(suite)
        where = factory_place(ref)
        opener = self.connected.opener(ref.connection, partial(opened.factory_clients, ref))
        return self._side(FactorySide, where, lambda: FactorySide(where, opener))

    def workspace(self, suite: Suite) -> WorkspaceSide:
        """Return the workspace of a suite."""
        conn_id = suite.azure.databricks_connection
        where, opener = place("Databricks", conn_id), self.connected.opener(conn_id, opened.workspace_clients)
        return self._side(WorkspaceSide, where, lambda: WorkspaceSide(where, opener))

    def server(self, database: Database, side: str) -> ServerSide:
        """Return the ``legacy`` or ``target`` server of a database."""
        conn_id = database.legacy if side == "legacy" else database.target
        where, opener = place("MySQL", conn_id), self.connected.opener(conn_id, mysql_address)
        return self._side(ServerSide, f"{where} {side}", lambda: ServerSide(where, side, opener))

    def flexible(self, named: FlexibleServer) -> FlexibleSide:
        """Return Azure's account of a server."""
        where = place("Azure MySQL", named.connection)
        server = self.connected.opener(named.connection, opened.flexible_client(named))
        account = self.connected.opener(named.connection, opened.azure_account)
        return self._side(FlexibleSide, f"{where} {named.server}", lambda: FlexibleSide(where, server, account))

    def checks(self, suites: Sequence[Suite], databases: Iterable[Database]) -> Iterator[Check]:
        """Yield everything that suites and databases need, cloud by cloud."""
        for of_cloud in (self._of_aws, self._of_factory, self._of_workspace, self._of_storage):
            for suite in suites:
                yield from of_cloud(suite)
        for database in databases:
            yield from self._of_database(database)

    def _of_aws(self, suite: Suite) -> Iterator[Check]:
        conn_id = suite.aws.connection
        yield self.connected.check("AWS", conn_id, aws_clients, (suite.key,))
        queries = {activity.name: legacy_sql(self.paths[suite.key], activity) for activity in suite.activities}
        yield from aws_checks(self.account(conn_id), LegacySide(suite, queries, self.now.exchange_s3))

    def _of_factory(self, suite: Suite) -> Iterator[Check]:
        ref = opened.factory_ref(suite)
        build = partial(opened.factory_clients, ref)
        where = factory_place(ref)
        yield self.connected.check("Data Factory", ref.connection, build, (suite.key,), where=where)
        yield from factory_checks(self.factory(suite), suite)

    def _of_workspace(self, suite: Suite) -> Iterator[Check]:
        conn_id = suite.azure.databricks_connection
        yield self.connected.check("Databricks", conn_id, opened.workspace_clients, (suite.key,))
        yield from workspace_checks(self.workspace(suite), suite, own_script(), self.factory(suite))

    def _of_storage(self, suite: Suite) -> Iterator[Check]:
        conn_id = suite.azure.storage_connection
        where, opener = place("ADLS", conn_id), self.connected.opener(conn_id, opened.storage_clients)
        side = self._side(StorageSide, where, lambda: StorageSide(where, opener))
        yield self.connected.check("ADLS", conn_id, opened.storage_clients, (suite.key,))
        yield from storage_checks(side, self.now.exchange_adls, (suite.key,))

    def _of_database(self, database: Database) -> Iterator[Check]:
        needed = (database.key,)
        if named := database.rds:
            yield self.connected.check("AWS", named.connection, aws_clients, needed)
            yield from rds_checks(self.account(named.connection), database, named)
        if server := database.azure:
            yield self.connected.check("Azure MySQL", server.connection, opened.flexible_client(server), needed)
            yield from flexible_checks(self.flexible(server), database, server.server)
        for side in ("legacy", "target"):
            conn_id = database.legacy if side == "legacy" else database.target
            yield self.connected.check("MySQL", conn_id, mysql_address, needed)
            yield from server_checks(self.server(database, side), database)

    def moves(self, suites: Iterable[Suite], databases: Iterable[Database]) -> Iterator[Callable[[], Move]]:
        """Yield the questions for the implementation status; none of them raises."""
        for suite in suites:
            account = self.account(suite.aws.connection)
            yield from activity_moves(suite, account, self.factory(suite), self.workspace(suite))
        for database in databases:
            yield partial(self._move, database)

    def _move(self, database: Database) -> Move:
        legacy, target = self.server(database, "legacy"), self.server(database, "target")
        names = (legacy_name(database), database.azure.server if database.azure else database.target)
        azure = self.flexible(database.azure).server if database.azure else None
        return tables_move(database, names, legacy.tables, target.tables, azure)

    def unnamed(self, suites: Sequence[Suite], databases: Sequence[Database]) -> list[Move]:
        """Return what is on either side and named by no suite or database."""
        found: list[Move] = []
        for conn_id in dict.fromkeys(suite.aws.connection for suite in suites):
            found += unnamed_jobs(self.account(conn_id), suites)
        for suite in {(factory_place(opened.factory_ref(s)), s.azure.pipeline): s for s in suites}.values():
            found += unnamed_activities(self.factory(suite), suite.azure.pipeline, suites)
        for conn_id in dict.fromkeys(one.rds.connection for one in databases if one.rds):
            found += unnamed_rds(self.account(conn_id), databases)
        for named in {one.azure.connection: one.azure for one in databases if one.azure}.values():
            found += unnamed_servers(self.flexible(named), databases)
        return found


def legacy_name(database: Database) -> str:
    """Return what people call the legacy server of a database."""
    rds = database.rds
    return (rds.instance or rds.cluster or "") if rds else database.legacy


def factory_place(ref: RemoteRef) -> str:
    """Return the heading of a factory's lines; a suite may name another factory than its connection."""
    named = "".join(f", {name.replace('_', ' ')} {value}" for name, value in ref.options.items())
    return place("Data Factory", ref.connection) + named
