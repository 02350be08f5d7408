"""The legacy server as RDS reports it: an instance or a cluster, and its parameter group, over boto3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from parity.clients.aws import AwsClients, aws_errors, console_url
from parity.clients.cloud_server import CloudServer, Parameter, require_up, states
from parity.errors import NotFound
from parity.wording import did_you_mean

STATES = states(
    # States of RDS's user guide. Whether the database really answers shows when it is connected to.
    up=(
        "available backing-up configuring-enhanced-monitoring configuring-iam-database-auth"
        " configuring-log-exports delete-precheck incompatible-create incompatible-option-group modifying"
        " insufficient-capacity storage-config-upgrade storage-initialization storage-optimization"
        " promoting update-iam-db-auth"
    ),
    passing=(
        "creating starting rebooting renaming upgrading maintenance resetting-master-credentials"
        " converting-to-vpc moving-to-vpc failing-over migrating preparing-data-migration"
        " configuring-associated-roles"
    ),
    down=(
        "stopped stopping deleting failed migration-failed inaccessible-encryption-credentials"
        " inaccessible-encryption-credentials-recoverable incompatible-credentials incompatible-network"
        " incompatible-parameters incompatible-restore restore-error storage-full cloning-failed"
    ),
)


def instance(clients: AwsClients, name: str) -> CloudServer:
    """Return the RDS instance ``name``, which is up; NotFound with did-you-mean, RemoteFailed when it is not."""
    rds = clients("rds")
    try:
        with aws_errors("RDS", f"instance {name!r}"):
            found = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    except NotFound as error:
        raise _unknown("instance", name, _names(rds, "describe_db_instances", "DBInstance")) from error
    groups = [group["DBParameterGroupName"] for group in found.get("DBParameterGroups", [])]
    endpoint = found.get("Endpoint") or {}  # absent until it was first up
    server = CloudServer(
        kind="RDS instance",
        name=name,
        state=found["DBInstanceStatus"],
        version=found["EngineVersion"],
        host=endpoint.get("Address", ""),
        port=int(endpoint.get("Port") or 0),
        url=console_url(rds, "rds", f"database:id={name};is-cluster=false"),
    )
    return _with_parameters(rds, server, "describe_db_parameters", [("DBParameterGroupName", g) for g in groups])


def cluster(clients: AwsClients, name: str) -> CloudServer:
    """Return the Aurora cluster ``name``, which is up; errors as for :func:`instance`."""
    rds = clients("rds")
    try:
        with aws_errors("RDS", f"cluster {name!r}"):
            found = rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    except NotFound as error:
        raise _unknown("cluster", name, _names(rds, "describe_db_clusters", "DBCluster")) from error
    group = found.get("DBClusterParameterGroup", "")
    server = CloudServer(
        kind="RDS cluster",
        name=name,
        state=found["Status"],
        version=found["EngineVersion"],
        host=found.get("Endpoint", ""),
        port=int(found.get("Port") or 0),
        url=console_url(rds, "rds", f"database:id={name};is-cluster=true"),
    )
    groups = [("DBClusterParameterGroupName", group)] if group else []
    return _with_parameters(rds, server, "describe_db_cluster_parameters", groups)


def mysql_servers(clients: AwsClients) -> list[str]:
    """Return the names of the region's MySQL instances and Aurora MySQL clusters, those of a cluster as one."""
    rds = clients("rds")
    with aws_errors("RDS", "the list of servers"):
        pages = rds.get_paginator("describe_db_instances").paginate()
        found = [one for page in pages for one in page["DBInstances"] if "mysql" in one.get("Engine", "")]
    return list(dict.fromkeys(one.get("DBClusterIdentifier") or one["DBInstanceIdentifier"] for one in found))


def _with_parameters(
    rds: Any, server: CloudServer, operation: str, groups: Iterable[tuple[str, str]]
) -> CloudServer:
    """Return the server with its configuration; a server that is down is refused before that is read."""
    require_up(server, STATES)
    found: dict[str, Parameter] = {}
    for argument, group in groups:
        with aws_errors("RDS", f"parameter group {group!r}"):
            pages = rds.get_paginator(operation).paginate(**{argument: group})
            found |= dict(_parameters(one for page in pages for one in page["Parameters"]))
    return replace(server, parameters=found)


def _parameters(listed: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Parameter]]:
    for one in listed:
        if one.get("ParameterValue") is not None:  # else the engine's own default, which RDS does not show
            yield one["ParameterName"], Parameter(one["ParameterValue"], one.get("Source") == "user")


def _names(rds: Any, operation: str, what: str) -> list[str]:
    with aws_errors("RDS", "the list of servers"):
        pages = rds.get_paginator(operation).paginate()
        return [one[f"{what}Identifier"] for page in pages for one in page[f"{what}s"]]


def _unknown(kind: str, name: str, known: list[str]) -> NotFound:
    return NotFound(f"RDS has no {kind} {name!r}.", remedy=did_you_mean(name, known))
