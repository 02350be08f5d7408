"""A database of the migration, as its author writes it in ``include/databases/<name>.yaml``.

The same vocabulary as a suite: keys, column rules, coverage, severity, alerts, waivers.
"""

from __future__ import annotations

from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from parity.suite.models import (
    DATABASE_DAG,
    AlertTarget,
    Approval,
    ColumnRule,
    Frozen,
    Name,
    Queue,
    Severity,
)
from parity.suite.quantities import Duration

Strategy = Literal["auto", "digest", "stream"]


class TableRules(Frozen):
    """The rules for one table; a table without rules is compared in full."""

    key: tuple[str, ...] = Field(default=(), description="Empty: its primary key, else a unique one.")
    where: str | None = Field(default=None, description="MySQL condition, the same on both sides.")
    columns: dict[str, ColumnRule] = Field(default_factory=dict)
    ignore: str | None = Field(default=None, min_length=3, description="Why its rows are not compared.")
    allow_empty: bool | None = Field(
        default=None, description="Zero rows against zero rows may pass. Empty: as the database says."
    )
    coverage: float = Field(default=1.0, gt=0, le=1, description="Floor: fraction of columns compared.")
    severity: Severity = Severity.CRITICAL


class ThrottleLimits(Frozen):
    """How much load a comparison may put on the servers."""

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
    strategy: Strategy = Field(
        default="auto", description="Digests first, every row at once, or whichever proves quicker."
    )
    attempts: int = Field(default=5, ge=1, description="How often a lost connection is opened again.")


class Rds(Frozen):
    """The legacy instance or cluster, read through boto3."""

    instance: str | None = None
    cluster: str | None = None
    connection: str = "aws_default"

    @model_validator(mode="after")
    def _exactly_one(self) -> Rds:
        if (self.instance is None) == (self.cluster is None):
            raise ValueError("rds names an instance or a cluster, and not both")
        return self


class FlexibleServer(Frozen):
    """The migrated server, read through Azure's REST API."""

    server: str
    resource_group: str = Field(default="", description="Empty: the connection's.")
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
    allow_empty: bool = Field(default=False, description="Any table may have zero rows on both sides.")
    users: tuple[str, ...] = Field(default=(), description="Patterns of users that must exist on both sides.")
    throttle: ThrottleLimits = ThrottleLimits()
    queue: Queue = None
    rds: Rds | None = None
    azure: FlexibleServer | None = None
    alerts: tuple[AlertTarget, ...] = ()
    approval: Approval | None = Field(default=None, description="Who must sign when waivers cover much money.")

    @field_validator("exclude", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return dict.fromkeys(value, "excluded") if isinstance(value, list | tuple) else value

    @property
    def key(self) -> str:
        """Return its name in the results store, among artefacts and in alerts; no suite can have such a name."""
        return f"db.{self.database}"

    @property
    def dag_id(self) -> str:
        """Return the name of its Dag."""
        return f"{DATABASE_DAG}{self.database}"

    def business_date(self, moment: datetime) -> date:
        """Return the business date of a run at ``moment``: the day in the database's own time zone."""
        return moment.astimezone(ZoneInfo(self.timezone)).date()

    def rules(self, table: str) -> TableRules:
        """Return the rules for a table."""
        found = self.tables.get(table, TableRules())
        return (
            found if found.allow_empty is not None else found.model_copy(update={"allow_empty": self.allow_empty})
        )

    @property
    def named_tables(self) -> frozenset[str]:
        """Return the included tables that are listed by name, not by pattern."""
        return frozenset(pattern for pattern in self.include if not set("*?[") & set(pattern))

    def exclusion(self, table: str) -> str | None:
        """Return why a table is excluded, or None when it is compared."""
        if not any(matches(table, pattern) for pattern in self.include):
            return "not among the tables to include"
        return next((why for pattern, why in self.exclude.items() if matches(table, pattern)), None)


def matches(table: str, pattern: str) -> bool:
    """Return whether a table's name matches a pattern, or equals it."""
    return table == pattern or fnmatchcase(table, pattern)
