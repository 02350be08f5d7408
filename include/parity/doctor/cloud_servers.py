"""The servers of a database as both clouds report them: RDS and Azure's flexible server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from parity.clients import rds
from parity.clients.azure_account import AzureAccount, lacking
from parity.clients.azure_mysql import FlexibleServerClient
from parity.clients.cloud_server import CloudServer
from parity.clients.entra import EntraConfig
from parity.doctor.aws import account_checks
from parity.doctor.aws_account import AwsAccount
from parity.doctor.aws_rights import RDS, policy_line, rds_checks_of_rights
from parity.doctor.checks import Check, Once
from parity.doctor.data_factory import judge_identity
from parity.doctor.line import Finding, differs, missing, ok
from parity.errors import RemoteFailed
from parity.suite.databases import Database, Rds

PREFIX = "Microsoft.DBforMySQL/flexibleServers/"
READS = ("read", "configurations/read")


class FlexibleSide:
    """One flexible server, and Resource Manager with the same identity."""

    def __init__(
        self, place: str, open_server: Callable[[], FlexibleServerClient], open_account: Callable[[], AzureAccount]
    ) -> None:
        self.place = place
        self.client = Once(open_server)
        self.account = Once(open_account)
        self.server = Once(self._server)

    def _server(self) -> CloudServer:
        return self.client().server()


def rds_server(account: AwsAccount, named: Rds) -> CloudServer:
    """Return the legacy server; NotFound, RemoteFailed when it is down."""
    if named.instance:
        return rds.instance(account.clients(), named.instance)
    return rds.cluster(account.clients(), str(named.cluster))


def rds_checks(account: AwsAccount, database: Database, named: Rds) -> Iterator[Check]:
    """Yield what a database needs of RDS."""
    needed, name = (database.key,), named.instance or str(named.cluster)
    yield from account_checks(account, needed)
    yield from rds_checks_of_rights(account, needed)

    def ask() -> Iterator[Finding]:
        yield from judge_server("RDS server", name, lambda: rds_server(account, named))

    yield Check(account.place, "RDS server", name, ask, policy_line(sum(RDS.values(), ()), ["*"]), needed)


def flexible_checks(side: FlexibleSide, database: Database, name: str) -> Iterator[Check]:
    """Yield what a database needs of Azure's account of its server."""
    needed = (database.key,)
    add = "Add to its role: " + json.dumps({"actions": [PREFIX + action for action in READS]})

    def identity() -> Iterator[Finding]:
        credential: EntraConfig = side.client().config.credential
        yield judge_identity(side.account().identity(), credential)

    def right() -> Iterator[Finding]:
        resource = side.client().config.resource
        absent = lacking(side.account().permissions(resource), [PREFIX + action for action in READS])
        if absent:
            yield missing("right", f"read {name}", f"No role gives {', '.join(absent)}.", add)
        else:
            yield ok("right", f"read {name}")

    def server() -> Iterator[Finding]:
        yield from judge_server("flexible server", name, side.server)

    yield Check(side.place, "identity", "", identity, needed_by=needed)
    yield Check(side.place, "right", f"read {name}", right, add, needed)
    yield Check(side.place, "flexible server", name, server, add, needed)


def judge_server(kind: str, name: str, ask: Callable[[], CloudServer]) -> Iterator[Finding]:
    """Judge a server's state; one that is down differs."""
    try:
        found = ask()
    except RemoteFailed as error:
        yield differs(kind, name, error.message, "Start or repair the server.")
        return
    where = f"{found.host}:{found.port}" if found.port else found.host
    yield ok(kind, name, f"{found.state}, version {found.version}, {where}")
