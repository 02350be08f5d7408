"""RDS instances that answer: their endpoint is a private database server of the sandbox.

The sandbox's legacy MySQL is registered by itself as ``payments-legacy``, as soon as its URL is known; others
are registered with :func:`register`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from moto.core import DEFAULT_ACCOUNT_ID
from moto.rds import models
from moto.rds.models import rds_backends

from parity_sandbox.aws.patches import Patch
from parity_sandbox.mysql.variables import variables

_invented = models.DBInstance.address.fget
LEGACY = "payments-legacy"
FAMILY = "mysql8.0"
FORMULAS = {"max_connections": "{DBInstanceClassMemory/12582880}"}
"""What RDS itself sets in a group, by a formula; everything else it leaves to the engine and shows no value of."""
SET = (
    "character_set_server",
    "collation_server",
    "event_scheduler",
    "lower_case_table_names",
    "max_allowed_packet",
    "sql_mode",
    "time_zone",
)
"""What the payments company's administrators set in the group, to what the real server has."""


@dataclass(frozen=True)
class Instance:
    """A database server to be found through RDS."""

    identifier: str
    host: str
    port: int
    user: str = "admin"
    database: str = ""
    engine_version: str = "8.0.40"
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What somebody set in its parameter group, as ``describe_db_parameters`` shows it."""
    url: str = ""
    """Of its database server, from whose variables the rest of the group is taken; empty: none runs."""

    @classmethod
    def of_url(cls, identifier: str, url: str) -> Instance:
        """Read ``mysql://user:password@host:port/database``."""
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or 3306
        return cls(identifier, host, port, parts.username or "admin", parts.path.strip("/"), url=url)


def register(instance: Instance, region: str) -> None:
    """Make an instance known to RDS of ``region``, with a parameter group of its name; again is no error."""
    backend = rds_backends[DEFAULT_ACCOUNT_ID][region]
    if instance.identifier in backend.databases:
        return
    group = {
        "db_parameter_group_name": instance.identifier,
        "db_parameter_group_family": FAMILY,
        "description": f"Parameters of {instance.identifier}",
    }
    backend.create_db_parameter_group(group)
    group_of_it = backend.db_parameter_groups[instance.identifier]
    group_of_it.update_parameters(
        {"ParameterName": n, "ParameterValue": v, "Source": "system"} for n, v in FORMULAS.items()
    )
    found = variables(instance.url) if instance.url else {}
    values = {name: found[name] for name in SET if name in found} | dict(instance.parameters)
    changes = [
        {"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"}
        for name, value in values.items()
    ]
    backend.modify_db_parameter_group(instance.identifier, changes)
    made = backend.create_db_instance(
        {
            "db_instance_identifier": instance.identifier,
            "engine": "mysql",
            "engine_version": instance.engine_version,
            "db_instance_class": "db.t3.medium",
            "allocated_storage": 20,
            "master_username": instance.user,
            "db_name": instance.database or None,
            "port": instance.port,
            "db_parameter_group_name": instance.identifier,
        }
    )
    made.sandbox_host = instance.host


def patches() -> list[Patch]:
    """Return what of moto's RDS is replaced."""
    why = "a registered instance is where its server is"
    said = "RDS says who set a parameter, and moto does not"
    return [
        Patch(models.DBInstance, "address", property(_address), why),
        Patch(models.DBParameterGroup, "update_parameters", _update, said),
    ]


def _update(group: Any, parameters: Iterable[Mapping[str, Any]]) -> None:
    for one in parameters:
        group.parameters[one["ParameterName"]].update({"Source": "user", **one})


def _address(instance: Any) -> str:
    return str(getattr(instance, "sandbox_host", "") or _invented(instance))
