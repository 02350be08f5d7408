"""A suite as its author writes it, as frozen models.

Unknown keys are refused everywhere, so that a typing mistake can never loosen a comparison.
The loader (:mod:`parity.suite.suite_files`) turns pydantic's errors into ``file:line`` with a suggestion.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from parity.suite.quantities import DURATION, Duration, Size
from parity.suite.schedule import Schedule

SUITE_DAG, DATABASE_DAG = "parity__", "parity_db__"
"""What the ids of our Dags begin with."""

_PART = r"[^\x00-\x20./\x7f]{1,255}"
_TABLE = re.compile(rf"{_PART}(\.{_PART}){{0,2}}")


def check_table(value: str) -> str:
    """Refuse what Unity Catalog forbids in names; anything else it allows, and is quoted wherever it is used."""
    if not _TABLE.fullmatch(value):
        raise ValueError(
            f"{value!r} is no table of Unity Catalog; write table, schema.table or catalog.schema.table without"
            " quotes: each part has 1 to 255 characters, and no space, slash or control character"
        )
    return value


_TABLE_SCHEMA = {"type": "string", "pattern": f"^{_TABLE.pattern}$", "examples": ["prod-lake.payments.refunds"]}
TableName = Annotated[str, AfterValidator(check_table), WithJsonSchema(_TABLE_SCHEMA)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
Queue = Annotated[
    str | None, Field(min_length=1, max_length=256, description="Celery's queue whose workers compare it.")
]


class Frozen(BaseModel):
    """Base of every model here: immutable, and unknown keys are refused."""

    # Built when first used: a comparison of two files needs two of these models, and building all takes 0.15 s.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Mode(StrEnum):
    """How much of the data is exported."""

    ROWS = "rows"
    DIGEST = "digest"
    AUTO = "auto"


class Severity(StrEnum):
    """How urgently an activity's failures are reported."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class Cause(StrEnum):
    """Why a value differs; claimed for a row only when undoing it makes the two values equal."""

    TIMEZONE_SHIFT = "timezone_shift"
    TIMESTAMP_PRECISION = "timestamp_precision"
    ROUNDING = "rounding"
    SCALE = "scale"
    TRUNCATION = "truncation"
    TRAILING_SPACE = "trailing_space"
    WHITESPACE = "whitespace"
    CASE = "case"
    NULL_VS_EMPTY = "null_vs_empty"
    NULL_VS_DEFAULT = "null_vs_default"
    TYPE_FORMAT = "type_format"
    ENCODING = "encoding"
    SIGN = "sign"
    SWAPPED_COLUMNS = "swapped_columns"
    OFF_BY_ONE_DATE = "off_by_one_date"
    CALENDAR = "calendar"
    LATE_PARTITION = "late_partition"
    DUPLICATE_LOAD = "duplicate_load"
    JOIN_FAN_OUT = "join_fan_out"
    SHARED_VALUE = "shared_value"
    UNEXPLAINED = "unexplained"


def parse_tolerance(value: object) -> object:
    """Split ``1e-9``, ``0.01 %`` and ``1ms`` into absolute, relative and time tolerances."""
    if isinstance(value, int | float | Decimal):
        return {"absolute": str(value)}
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            return {"relative": str(Decimal(value.strip().removesuffix("%").strip()) / 100)}
        except InvalidOperation:
            raise ValueError(f"{value!r} is not a percentage; write a number and %, such as 0.1%") from None
    if isinstance(value, str) and DURATION.fullmatch(value):
        return {"time": value}
    if isinstance(value, str):
        return {"absolute": value}
    return value


class Tolerance(Frozen):
    """How far two equal values may differ; the boundary itself passes."""

    absolute: Decimal | None = Field(default=None, ge=0)
    relative: Decimal | None = Field(default=None, ge=0, description="Fraction of the larger magnitude.")
    time: Duration | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Tolerance:
        if sum(x is not None for x in (self.absolute, self.relative, self.time)) != 1:
            raise ValueError("a tolerance is one number (0.01), one percentage (0.1%) or one duration (1ms)")
        return self


class ColumnRule(Frozen):
    """What may differ in one column. The key is the column's name on the target side."""

    legacy: str | None = Field(default=None, description="Its name on the legacy side, when renamed.")
    ignore: str | None = Field(default=None, min_length=3, description="Why it is not compared.")
    legacy_sql: str | None = Field(default=None, description="DuckDB expression over the legacy row.")
    target_sql: str | None = Field(default=None, description="DuckDB expression over the target row.")
    tolerance: Annotated[Tolerance, BeforeValidator(parse_tolerance)] | None = None
    legacy_timezone: str | None = Field(default=None, description="Zone of naive legacy timestamps.")
    target_timezone: str | None = Field(default=None, description="Zone of naive target timestamps.")
    case: Literal["exact", "ignore"] = "exact"
    trim: Literal["none", "right", "left", "both"] = "none"
    null_equals_empty: bool = False
    json_equal: bool = Field(default=False, description="Compare as JSON documents, not as text.")
    replace: tuple[str, str] | None = Field(
        default=None, description="Regular expression and replacement, applied to both sides."
    )
    money: str | None = Field(default=None, description="Column that holds the currency, or a three-letter code.")
    sensitive: bool = Field(default=False, description="Never shown in clear text.")

    @property
    def loosens(self) -> bool:
        """Return whether this rule can make two different values equal."""
        return self.tolerance is not None or bool(self.for_texts)

    @property
    def for_texts(self) -> tuple[str, ...]:
        """Return the parts of this rule that apply to texts only."""
        used = {
            "case": self.case != "exact",
            "trim": self.trim != "none",
            "null_equals_empty": self.null_equals_empty,
            "json_equal": self.json_equal,
            "replace": self.replace is not None,
        }
        return tuple(part for part, is_used in used.items() if is_used)


Expectation = dict[str, dict[str, Any]]
"""One native Great Expectations class name with its arguments."""


class Expectations(Frozen):
    """Great Expectations by side."""

    both: tuple[Expectation, ...] = ()
    legacy: tuple[Expectation, ...] = ()
    target: tuple[Expectation, ...] = ()


class LegacySource(Frozen):
    """The Athena query of the legacy side; ``:business_date`` is bound, never pasted."""

    sql: str = Field(description="File under sql/, relative to the suite's folder.")


class TargetSource(Frozen):
    """The table and rows that the helper job exports."""

    table: TableName
    where: str | None = Field(default=None, description="Spark SQL condition; :business_date is bound.")


class Activity(Frozen):
    """One ADF activity, its legacy producer, and what must be equal."""

    name: Name
    glue_job: str | None = Field(default=None, description="None: no Glue job has to be verified.")
    legacy: LegacySource
    target: TargetSource
    key: tuple[str, ...] = Field(default=(), description="Empty: whole rows as a multiset.")
    columns: dict[str, ColumnRule] = Field(default_factory=dict)
    expect: Expectations = Expectations()
    severity: Severity = Severity.CRITICAL
    mode: Mode | None = None
    queue: Queue = None
    allow_empty: bool = False
    coverage: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Floor. 1: every column that no rule ignores must be compared; below: the least fraction"
        " of all columns of either side.",
    )
    description: str = ""


class Azure(Frozen):
    """The migrated side."""

    pipeline: str
    helper_job: str = Field(description="Name or numeric id of the helper Databricks job.")
    factory: str | None = None
    resource_group: str | None = None
    adf_connection: str = "azure_data_factory_default"
    databricks_connection: str = "databricks_default"
    storage_connection: str = "adls_default"
    date_parameter: str = Field(default="business_date", description="Pipeline parameter of the date.")


class Aws(Frozen):
    """The legacy side."""

    database: str
    workgroup: str = "primary"
    catalog: str = "AwsDataCatalog"
    max_scan: Size | None = Field(default=None, description="Stops the query above this many bytes.")
    connection: str = "aws_default"
    glue_date_argument: str = Field(default="--business_date", description="Argument of the Glue run.")
    price_per_tib: Decimal = Field(default=Decimal(5), description="US dollars per TiB scanned.")


class PagerDuty(Frozen):
    """Page the on-call engineer."""

    connection: str = "pagerduty_default"


class Slack(Frozen):
    """Post to a channel."""

    connection: str = "slack_default"
    channel: str


class Email(Frozen):
    """Write to people."""

    connection: str = "smtp_default"
    to: tuple[str, ...] = Field(min_length=1)


class Webhook(Frozen):
    """Post the alert as JSON."""

    connection: str


class Opsgenie(Frozen):
    """Open an alert in Opsgenie or in Jira Service Management, and close it."""

    connection: str = "opsgenie_default"


class Apprise(Frozen):
    """Write to a service that Apprise knows, such as Microsoft Teams."""

    connection: str = "apprise_default"


class AlertTarget(Frozen):
    """One channel of alerts."""

    pagerduty: PagerDuty | None = None
    slack: Slack | None = None
    email: Email | None = None
    webhook: Webhook | None = None
    opsgenie: Opsgenie | None = None
    apprise: Apprise | None = None

    @property
    def kind(self) -> str:
        """Return which channel it is."""
        return next(kind for kind, channel in self if channel is not None)

    @model_validator(mode="after")
    def _exactly_one(self) -> AlertTarget:
        if sum(channel is not None for _, channel in self) != 1:
            raise ValueError(f"an alert is exactly one of {', '.join(AlertTarget.model_fields)}")
        return self


class Approval(Frozen):
    """Who must sign a cut-over when waivers cover much money."""

    money: Decimal = Field(ge=0, description="A waiver that covers more, in any currency, needs one of them.")
    by: tuple[str, ...] = Field(min_length=1, description="Airflow users.")


class Suite(Frozen):
    """One pipeline of the migration, and everything that must be equal after it ran."""

    suite: Name
    owner: str
    wave: int = Field(ge=1, description="Migration phase.")
    description: str = ""
    schedule: Schedule | None = Field(
        default=None, description="Cron text in the time zone, or assets to wait for; none: by hand only."
    )
    timezone: str = "UTC"
    start: date | None = Field(
        default=None, description="First business date; set, missed dates are run from here on."
    )
    deadline: Duration | None = Field(default=None, description="On-call is alerted when a run takes longer.")
    timeout: Duration = Field(
        default=timedelta(hours=12), description="After this, what still runs remotely is cancelled: INVALID."
    )
    azure: Azure
    aws: Aws
    mode: Mode = Mode.ROWS
    auto_rows: int = Field(default=5_000_000, gt=0, description="auto: digest above this many rows.")
    alerts: tuple[AlertTarget, ...] = ()
    approval: Approval | None = Field(default=None, description="Who must sign when waivers cover much money.")
    activities: tuple[Activity, ...] = Field(min_length=1)

    @property
    def key(self) -> str:
        """Return its name in the results store, among artefacts and in alerts."""
        return self.suite

    @property
    def dag_id(self) -> str:
        """Return the name of its Dag."""
        return f"{SUITE_DAG}{self.suite}"

    def business_date(self, moment: datetime) -> date:
        """Return the business date of a run at ``moment``: the day before, in the suite's own time zone."""
        return moment.astimezone(ZoneInfo(self.timezone)).date() - timedelta(days=1)

    def activity(self, name: str) -> Activity:
        """Return the activity called ``name``; KeyError when there is none."""
        return {a.name: a for a in self.activities}[name]


class Waiver(Frozen):
    """A known difference that may pass for a while, within its caps."""

    suite: str
    activity: str
    column: str | None = Field(default=None, description="None: any column.")
    rows: str | None = Field(default=None, description="DuckDB condition over the legacy or target row.")
    cause: str | None = None
    kind: Literal["changed", "missing", "extra", "schema"] = "changed"
    owner: str
    reason: str = Field(min_length=10)
    ticket: str
    approved_by: str | None = Field(default=None, description="Who agreed to it, where that is not the owner.")
    expires: date
    max_rows: int = Field(ge=0)
    max_money: Decimal | None = Field(default=None, ge=0, description="Absolute sum, per currency.")

    @model_validator(mode="after")
    def _has_no_idle_part(self) -> Waiver:
        """Refuse what would be ignored: the waiver would cover more than its author meant."""
        idle = {
            "missing": ("column", "cause"),
            "extra": ("column", "cause"),
            "schema": ("rows", "cause", "max_money"),
        }.get(self.kind, ())
        for part in idle:
            if getattr(self, part) is not None:
                raise ValueError(f"{part} does not fit kind {self.kind}: it would be ignored; leave it out")
        if self.rows is not None and not self.rows.strip():
            raise ValueError("rows is empty: it would cover every row; leave it out if you mean that")
        return self
