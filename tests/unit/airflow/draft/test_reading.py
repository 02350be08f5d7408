"""What is read of an activity, and what of it is no reason to stop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from parity.airflow.draft.helper import HelperAnswer
from parity.airflow.draft.reading import Reader, _alone, _unfit
from parity.clients.adf import ActivityDefinition
from parity.clients.adf_work import DatabricksWork
from parity.clients.glue_catalogue import GlueJob, GlueTable
from parity.draft.activity import ActivityFacts
from parity.draft.facts import Certainty, Guess
from parity.errors import NotFound, RemoteFailed
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.suite.models import TargetSource

WORK = DatabricksWork("notebook", "/x", "databricks")
JOB = Guess("refunds", Certainty.CERTAIN, "the Glue job of the same name")


@dataclass
class FakeClouds:
    """Engines that count what they are asked to; SHOW CREATE TABLE as Delta itself answers it."""

    database: str = "db"
    day: date = date(2026, 3, 2)
    aws: Any = None
    asked: list[str] = field(default_factory=list)
    tables: tuple[str, ...] = ("lake.refunds",)
    missing_job: bool = False

    @property
    def athena(self) -> FakeClouds:
        return self

    @property
    def helper(self) -> FakeClouds:
        return self

    def rows(self, query: Any, token: str) -> list[dict[str, str]]:
        return [{"row_count": "150", "n0": "150", "d0": "150", "sum0": "9", "min0": "1", "max0": "7"}]

    def ask(self, activity: str, target: TargetSource, sql: str) -> HelperAnswer:
        self.asked.append(f"{target.table}: {sql.split('(', maxsplit=1)[0]}")
        if self.missing_job:
            raise NotFound("Databricks has no job called 'x'.")
        if target.table not in self.tables:
            raise RemoteFailed("no such table")
        if sql.startswith("SHOW"):
            raise RemoteFailed("SHOW CREATE TABLE is not supported for Delta tables")
        columns = (ExportColumn("refund_id", "string"),)
        if sql.startswith("DESCRIBE"):
            return HelperAnswer(({"col_name": "refund_id", "data_type": "string"},), columns)
        return HelperAnswer(({"row_count": 150, "n0": 150, "d0": 150, "sum0": 9, "min0": 1, "max0": 7},), columns)


def reader(clouds: FakeClouds) -> Reader:
    tables = {"refunds": GlueTable("refunds", ("refund_id",), "", ("string",))}
    return Reader(clouds, "lake", {"refunds": GlueJob("refunds")}, tables)  # type: ignore[arg-type]


def definition(name: str = "refunds", **more: Any) -> ActivityDefinition:
    return ActivityDefinition(name, "DatabricksNotebook", **{"work": WORK, **more})


def test_a_table_whose_statement_is_refused_is_described() -> None:
    clouds = FakeClouds()
    found = reader(clouds).activity(definition())
    assert clouds.asked == [
        "lake.refunds: SHOW CREATE TABLE `lake`.`refunds`",
        "lake.refunds: DESCRIBE TABLE EXTENDED `lake`.`refunds`",
        "lake.refunds: SELECT count",
    ]
    assert found.target is not None
    assert (found.target.rows, found.target_table.value) == (150, "lake.refunds")


def test_what_an_activity_names_is_tried_first_and_every_refusal_is_in_the_reason() -> None:
    clouds = FakeClouds(tables=())
    found = reader(clouds).activity(definition(arguments={"target_table": "gold.refunds"}))
    assert found.target is None
    assert found.target_table.why == "gold.refunds: no such table; lake.refunds: no such table"


def test_a_helper_job_that_is_not_there_stops_the_draft() -> None:
    with pytest.raises(NotFound):
        reader(FakeClouds(missing_job=True)).activity(definition())


def test_what_writes_no_table_is_left_out_with_the_reason() -> None:
    assert _unfit(definition(), ()) == ""
    assert _unfit(definition(inactive=True), ()) == "it is switched off"
    assert "letters" in _unfit(definition("load-fees"), ())
    assert _unfit(ActivityDefinition("w", "Wait"), ()) == "Wait writes no table"
    copy = ActivityDefinition("load_refunds", "Copy")
    assert "Copy" in _unfit(copy, ["fees"])
    assert _unfit(copy, ["refunds"]) == ""


def test_two_activities_of_one_table_are_for_a_person_to_tell_apart() -> None:
    def facts(name: str, table: str) -> ActivityFacts:
        return ActivityFacts(
            name, JOB, Guess(table, Certainty.LIKELY, "like"), Guess("", Certainty.UNKNOWN, "none")
        )

    found = list(_alone([facts("a", "fees"), facts("b", "fees"), facts("c", "refunds")]))
    assert [one.legacy_table.certainty for one in found] == [
        Certainty.UNKNOWN,
        Certainty.UNKNOWN,
        Certainty.LIKELY,
    ]
    assert [one.target_table.why for one in found] == ["none"] * 3
