"""A database of the migration, as its author writes it in ``include/databases/<name>.yaml``.

The same vocabulary as a suite: keys, column rules, coverage, severity, alerts, waivers.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from parity.errors import SuiteError
from parity.suite.models import AlertTarget, ColumnRule, Duration, Frozen, Name, Severity


class TableRules(Frozen):
    """What is said of one table; a table that nobody mentions is compared in full."""

    key: tuple[str, ...] = Field(default=(), description="Empty: its primary key, else a unique one.")
    where: str | None = Field(default=None, description="MySQL condition, the same on both sides.")
    columns: dict[str, ColumnRule] = Field(default_factory=dict)
    ignore: str | None = Field(default=None, min_length=3, description="Why its rows are not compared.")
    allow_empty: bool = True
    coverage: float = Field(default=1.0, gt=0, le=1, description="Floor: fraction of columns compared.")
    severity: Severity = Severity.CRITICAL


class Pace(Frozen):
    """How gently the servers are treated."""

    connections: int = Field(default=1, ge=1, le=16, description="Per server.")
    rows_per_second: int | None = Field(default=None, gt=0, description="Per server.")
    chunk: Duration = Field(default="2s", validate_default=True, description="How long one query may take.")
    threads_running: int | None = Field(default=None, gt=0, description="Pause while a server runs more.")
    replica_lag: Duration | None = Field(default=None, description="Pause while a replica is further behind.")
    patience: Duration = Field(default="10m", validate_default=True, description="Longest pause in a row.")
    statement: Duration = Field(default="10m", validate_default=True, description="Time-out of one query.")
    lock_wait: Duration = Field(default="5s", validate_default=True, description="Longest wait for a lock.")
    settle: Duration = Field(
        default="1s", validate_default=True, description="Rows found different are read again after this."
    )
    first: int = Field(default=100_000, gt=0, description="Rows that the first query of a table reads.")
    way: Literal["auto", "digest", "stream"] = Field(
        default="auto", description="Digests first, every row at once, or whatever proves quicker."
    )
    attempts: int = Field(default=5, ge=1, description="How often a lost connection is made anew.")


class Rds(Frozen):
    """The legacy instance or cluster, asked over boto3."""

    instance: str | None = None
    cluster: str | None = None
    connection: str = "aws_default"


class FlexibleServer(Frozen):
    """The migrated server, asked over Azure's REST API."""

    server: str
    resource_group: str
    connection: str = "azure_data_factory_default"


class Database(Frozen):
    """One database on both clouds."""

    database: Name
    owner: str
    wave: int = Field(default=1, ge=1, description="Migration phase.")
    description: str = ""
    schedule: str | None = None
    timezone: str = "UTC"
    deadline: Duration | None = None
    legacy: str = Field(description="Airflow connection of the RDS database.")
    target: str = Field(description="Airflow connection of the Azure database.")
    include: tuple[str, ...] = Field(default=("*",), description="Patterns of table names.")
    exclude: dict[str, str] = Field(default_factory=dict, description="Pattern, and why.")
    tables: dict[str, TableRules] = Field(default_factory=dict)
    users: tuple[str, ...] = Field(default=(), description="Patterns of users that must exist on both sides.")
    pace: Pace = Pace()
    rds: Rds | None = None
    azure: FlexibleServer | None = None
    alerts: tuple[AlertTarget, ...] = ()

    @field_validator("exclude", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return dict.fromkeys(value, "excluded") if isinstance(value, list | tuple) else value

    def rules(self, table: str) -> TableRules:
        """Return what is said of a table."""
        return self.tables.get(table, TableRules())

    def wants(self, table: str) -> str | None:
        """Return why a table is left out, or None when it is compared."""
        if not any(fnmatchcase(table, pattern) for pattern in self.include):
            return "not among the tables to include"
        return next((why for pattern, why in self.exclude.items() if fnmatchcase(table, pattern)), None)


@dataclass(frozen=True)
class LoadedDatabases:
    """What a folder holds: the databases that are right, and an error for each that is not."""

    databases: tuple[Database, ...] = ()
    errors: tuple[SuiteError, ...] = ()


def load_databases(folder: Path) -> LoadedDatabases:
    """Read every ``*.yaml`` of ``folder`` but its waivers; one broken file never hides another."""
    databases: list[Database] = []
    errors: list[SuiteError] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == "waivers.yaml":
            continue
        try:
            databases.append(load_database(path))
        except SuiteError as error:
            errors.append(error)
    return LoadedDatabases(tuple(databases), tuple(errors))


def load_database(path: Path) -> Database:
    """Read one database's file; raise :class:`SuiteError` when it is wrong."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return Database.model_validate(YAML(typ="safe", pure=True).load(path.read_text()))
    except YAMLError as error:
        raise SuiteError(f"is no YAML: {' '.join(str(error).split())[:200]}.", path=path) from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SuiteError(f"{where}: {first['msg']}.", path=path) from None
