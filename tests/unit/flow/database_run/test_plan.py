"""One night of a database: what it looks at, how it is cut into pieces, and what is said of them at the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from parity.clients.artefacts import Artefacts
from parity.clients.cloud_server import CloudServer, Parameter
from parity.clients.mysql import address
from parity.compare.result import NotCompared, Omission, Result, Rows, Verdict
from parity.errors import BadInput, ExportRefused
from parity.flow.codec import from_json, to_json
from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey, StoredTables
from parity.flow.database_run.plan import (
    DATABASE,
    DatabaseRunPlan,
    pieces,
    plan_database_run,
    select_tables,
    title,
)
from parity.flow.database_run.records import (
    PieceReport,
    RecordContext,
    last_days,
    not_compared,
    records,
    tables_of,
)
from parity.flow.stages import Stage, StageFailure
from parity.suite.databases import Database
from parity.suite.models import Waiver
from parity.tablediff.job import folder_of
from parity.tablediff.schema.cutover import CutoverLine
from parity.tablediff.schema.diff import SchemaDifference
from parity.tablediff.schema.servers import compare_servers
from parity.tablediff.survey import Survey
from parity.tablediff.table_plan import DatabasePlan, TablePlan
from parity.tablediff.verdict import DatabaseResult, TableResult, judge_database
from parity.web.pages import database_page

NOON = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
TODAY = NOON.date()


def spec(**reported: Any) -> Database:
    base = {"database": "ledger", "owner": "dba", "legacy": "rds_ledger", "target": "azure_ledger"}
    return Database.model_validate(base | reported)


def plan(**params: Any) -> DatabaseRunPlan:
    return plan_database_run(spec(), params, run_id="manual__1", moment=NOON)


def survey(*tables: tuple[str, int], refers: dict[str, set[str]] | None = None) -> Survey:
    refers = refers or {}
    plans = tuple(TablePlan(n, rows=r, refers_to=frozenset(refers.get(n, ()))) for n, r in tables)
    routine = SchemaDifference("minor_units", "routine", "body", "a", "b")
    index = SchemaDifference("payouts.by_day", "index", "missing", "x", None)
    return Survey(DatabasePlan(plans), (routine, index))


def result(name: str, verdict: Verdict = Verdict.PASS, rows: int = 3) -> TableResult:
    return TableResult(name, Result(verdict, f"{name} {verdict}", Rows(legacy=rows, target=rows, equal=rows)))


def test_the_business_date_is_the_day_of_the_look_in_the_databases_own_zone() -> None:
    assert plan().business_date == date(2026, 3, 2)
    there = plan_database_run(spec(timezone="Asia/Tokyo"), {}, run_id="x", moment=NOON)
    assert there.business_date == date(2026, 3, 3)


def test_a_plan_survives_its_way_through_xcom() -> None:
    made = plan(tables="ledger_*, payouts", strategy="stream", rows_per_second=500)
    assert from_json(DatabaseRunPlan, to_json(made)) == made
    assert made.tables == ("ledger_*", "payouts")
    assert made.folder.startswith("db.ledger/2026-03-02/manual-1-")


def test_the_form_may_be_gentler_than_the_file_and_says_nothing_when_left_alone() -> None:
    assert plan(strategy="as declared").applied_to(spec()) == spec()
    gentler = plan(strategy="stream", rows_per_second=500).applied_to(spec()).throttle
    assert (gentler.strategy, gentler.rows_per_second) == ("stream", 500)


def test_a_table_that_is_left_out_cannot_be_asked_for() -> None:
    left_out = spec(exclude={"tmp_*": "scratch tables"})
    with pytest.raises(BadInput, match="scratch tables"):
        plan_database_run(left_out, {"tables": "tmp_x"}, run_id="x", moment=NOON)


def test_a_run_of_some_tables_lists_the_others_and_says_nothing_of_what_belongs_to_no_table() -> None:
    found = select_tables(survey(("payouts", 5), ("ledger", 9)), ("pay*",))
    assert [table.name for table in found.plan.tables] == ["payouts"]
    assert [one.what for one in found.plan.left_out] == ["table ledger", "views, routines, events, libraries"]
    assert [difference.kind for difference in found.schema] == ["index"]
    with pytest.raises(BadInput, match="There are payouts, ledger"):
        select_tables(survey(("payouts", 5), ("ledger", 9)), ("nothing*",))
    with pytest.raises(BadInput, match="No table is called nothing"):
        select_tables(survey(("payouts", 5)), ("pay*", "nothing*"))


def test_pieces_keep_groups_whole_and_are_balanced_by_rows() -> None:
    tied = survey(("a", 10), ("b", 1000), ("c", 10), ("d", 10), refers={"a": {"b"}})
    assert pieces(tied, most=2) == (("a", "b"), ("c", "d")) or pieces(tied, most=2)[0] == ("b", "a")
    many = survey(*((f"t{n}", 1) for n in range(10_000)))
    cut = pieces(many)
    assert len(cut) == 24
    assert sorted(name for piece in cut for name in piece) == sorted(f"t{n}" for n in range(10_000))
    assert {len(piece) for piece in cut} <= {416, 417}
    assert pieces(survey()) == ()
    assert title(("a", "b", "c", "d")) == "a, b, c and 1 more"


def kept(*names: str) -> StoredSurvey:
    return StoredSurvey("n1", survey(*((name, 1) for name in names)), tuple((name,) for name in names))


def test_what_every_piece_found_is_taken_over_and_a_red_piece_is_one_whose_task_failed() -> None:
    reports = {
        0: PieceReport(StoredTables("n1", (result("a"),)), succeeded=True),
        1: PieceReport(StoredTables("n1", (result("b", Verdict.FAIL),)), succeeded=False),
    }
    found = tables_of(kept("a", "b"), reports, TODAY)
    assert [table.result.verdict for table in found] == [Verdict.PASS, Verdict.FAIL]


@pytest.mark.parametrize(
    "report",
    [
        PieceReport(None, succeeded=True),
        PieceReport(StoredTables("an earlier survey", (result("a"),)), succeeded=True),
        PieceReport(StoredTables("n1", (result("a"),)), succeeded=False),
        PieceReport(StoredTables("n1", ()), succeeded=True),
    ],
    ids=["nothing left", "of another survey", "equal but its task failed", "without the table"],
)
def test_a_piece_that_nobody_can_vouch_for_is_invalid_and_never_green(report: PieceReport) -> None:
    [table] = tables_of(kept("a"), {0: report}, TODAY)
    assert table.result.verdict is Verdict.INVALID
    assert tables_of(kept("a"), {}, TODAY)[0].result.verdict is Verdict.INVALID


def waived(name: str, ticket: str, expires: str) -> TableResult:
    used = {"ticket": ticket, "state": "covers", "expires": expires}
    return TableResult(name, Result(Verdict.WAIVED, "by waiver", waivers=(used,)))


def test_a_table_that_a_waiver_covered_is_invalid_when_it_is_judged_after_the_last_day() -> None:
    pair = (waived("a", "L-1", "2026-03-01"), waived("b", "L-2", "2026-03-02"))
    reports = {at: PieceReport(StoredTables("n1", (table,)), succeeded=True) for at, table in enumerate(pair)}
    first, second = (table.result for table in tables_of(kept("a", "b"), reports, TODAY))
    assert (first.verdict, second.verdict) == (Verdict.INVALID, Verdict.WAIVED)
    assert first.reason.startswith("WAIVED rests on waiver L-1, whose last day was 2026-03-01. Clear its piece")


def test_a_database_rests_on_the_waivers_of_its_rows_and_of_its_schema() -> None:
    def declared(ticket: str, day: int) -> Waiver:
        about = {
            "suite": "ledger",
            "activity": "a",
            "owner": "o",
            "reason": "agreed with the dba",
            "kind": "schema",
        }
        return Waiver.model_validate(
            {**about, "ticket": ticket, "expires": date(2026, 3, day), "max_rows": 1, "column": "c"}
        )

    schema = (SchemaDifference("a.by_day", "index", "missing", "x", None, waived="L-3"),)
    found = DatabaseResult("ledger", Verdict.WAIVED, "", (waived("b", "L-2", "2026-03-09"),), schema)
    known = [declared("L-3", 4), declared("L-3", 1), declared("L-9", 3)]
    assert last_days(found, known, TODAY) == {"L-2": date(2026, 3, 9), "L-3": date(2026, 3, 4)}
    assert last_days(replace(found, verdict=Verdict.PASS), known, TODAY) == {}


def test_a_piece_whose_task_left_word_is_invalid_in_that_word() -> None:
    failure = StageFailure(Stage.TABLES, "The server is away.", "Ask the DBA.")
    [table] = tables_of(kept("a"), {0: PieceReport(None, succeeded=False, failure=failure)}, TODAY)
    assert table.result.reason == "The comparison of the tables: The server is away. Ask the DBA."


def recorded(found: DatabaseResult, failure: StageFailure | None = None) -> dict[str, Any]:
    about = RecordContext(1, NOON, "0" * 64, failure=failure)
    warned = spec(tables={"a": {"severity": "warning"}})
    return {r.key.activity: r for r in records(warned, plan(), found, {DATABASE: "here"}, about)}


def test_every_table_has_a_record_and_the_database_one_of_its_own() -> None:
    schema = (SchemaDifference("b.by_day", "index", "missing", "x", None),)
    whole = DatabaseResult("ledger", Verdict.INVALID, "", (result("a"), result("b")), schema)
    found = recorded(judge_database(whole, ()))
    assert {name: str(r.verdict) for name, r in found.items()} == {DATABASE: "FAIL", "a": "PASS", "b": "PASS"}
    assert found[DATABASE].reason == "1 difference of schema: index b.by_day."
    assert (found["a"].severity, found["b"].severity) == ("warning", "critical")
    assert {r.key.suite for r in found.values()} == {"db.ledger"}
    assert found["a"].report == "here"


def test_a_run_of_some_tables_has_no_verdict_on_the_database_as_a_whole() -> None:
    found = judge_database(DatabaseResult("ledger", Verdict.INVALID, "", (result("a"),)), ())
    about = RecordContext(1, NOON, "0" * 64)
    some = list(records(spec(), plan(tables="a*"), found, {DATABASE: "here"}, about))
    assert [(record.key.activity, record.report) for record in some] == [("a", "here")]
    stopped = not_compared("ledger", [StageFailure(Stage.RDS, "It is stopped.")])
    assert list(records(spec(), plan(tables="a*"), stopped, {DATABASE: "here"}, about)) == []


def test_a_night_in_which_no_row_was_read_is_invalid_for_its_first_broken_link() -> None:
    stopped = StageFailure(Stage.RDS, "RDS instance payments-legacy is stopped.")
    later = StageFailure(Stage.SURVEY, "It has not run.")
    found = not_compared("ledger", [later, stopped])
    assert found.verdict is Verdict.INVALID
    assert found.reason == "The legacy RDS server: RDS instance payments-legacy is stopped."
    record = recorded(found, stopped)[DATABASE]
    assert (record.verdict, record.broken_stage) == (Verdict.INVALID, "rds")
    assert not_compared("ledger", []).verdict is Verdict.INVALID


def test_what_cannot_be_read_makes_the_database_invalid_though_every_table_is_equal() -> None:
    whole = judge_database(
        DatabaseResult("ledger", Verdict.INVALID, "", (result("a"),)), [NotCompared("triggers", "no right")]
    )
    assert recorded(whole)[DATABASE].verdict is Verdict.INVALID


def test_what_cannot_be_read_is_no_less_so_beside_a_table_that_could_not_be_compared() -> None:
    hidden = NotCompared("triggers of the legacy side", "no TRIGGER right", kind=Omission.HIDDEN)
    tables = (result("a"), result("b", Verdict.INVALID))
    whole = judge_database(DatabaseResult("ledger", Verdict.INVALID, "", tables, not_compared=(hidden,)), [hidden])
    assert recorded(whole)[DATABASE].verdict is Verdict.INVALID
    assert "no TRIGGER right" in recorded(whole)[DATABASE].reason


def test_a_table_that_is_called_as_the_whole_has_a_record_of_its_own() -> None:
    tables = (result(DATABASE, Verdict.FAIL), result(f"`{DATABASE}`"))
    found = recorded(judge_database(DatabaseResult("ledger", Verdict.INVALID, "", tables), ()))
    assert {name: str(r.verdict) for name, r in found.items()} == {
        DATABASE: "PASS",
        f"`{DATABASE}`": "FAIL",
        f"``{DATABASE}``": "PASS",
    }


NAMES = (
    "é1",
    "\u0e91",
    "a~e9~",
    "aé",
    DATABASE,
    "*",
    "schema",
    "Ж" * 64,
    "Ж" * 63 + "з",
    "\n",
    "a.b",
    "a/b",
    "..",
)


def test_every_table_has_a_folder_of_its_own_that_a_file_system_takes(tmp_path: Any) -> None:
    files = DatabaseRunFiles(Artefacts.on_disk(tmp_path), plan())
    reports = {files.write_table(TableResult(name, Result(Verdict.FAIL, name))) for name in NAMES}
    assert len(reports) == len(NAMES)
    assert {Path(report).parent.name for report in reports}.isdisjoint({DATABASE, "", "..", "."})
    assert all(len(folder_of(name).encode()) < 250 for name in NAMES)


def test_what_tasks_hand_each_other_is_read_back_as_it_was(tmp_path: Any) -> None:
    files = DatabaseRunFiles(Artefacts.on_disk(tmp_path), plan())
    assert files.survey() is files.piece(0) is files.server("legacy") is None
    made = files.write_survey(survey(("a", 1), ("b", 2)), "n1")
    assert files.survey() == made
    files.write_piece(0, StoredTables("n1", (result("a"),)))
    assert files.piece(0) == StoredTables("n1", (result("a"),))
    files.reset_piece(0)
    assert files.piece(0) == StoredTables("", ())
    server = CloudServer(
        "RDS instance", "x", "available", "8.0.40", "h", 3306, {"a": Parameter("1", changed=True)}
    )
    files.write_server("legacy", server)
    assert files.server("legacy") == server
    report = files.write_table(TableResult("odd/../name", Result(Verdict.FAIL, "x")))
    assert report == f"{plan().folder}/odd~2f~~2e~~2e~~2f~name/report.json"
    (tmp_path / plan().folder / DATABASE / "survey.json").write_text("{}")
    with pytest.raises(ExportRefused, match="cannot be read back"):
        files.survey()


LEGACY = CloudServer(
    "RDS instance",
    "payments-legacy",
    "available",
    "8.0.40",
    "legacy.rds.amazonaws.com",
    3306,
    {
        "time_zone": Parameter("UTC", changed=True),
        "sql_mode": Parameter("STRICT_TRANS_TABLES,NO_ZERO_DATE", changed=True),
        "event_scheduler": Parameter("1"),
        "max_connections": Parameter("{DBInstanceClassMemory/12582880}"),
        "innodb_flush_log_at_trx_commit": Parameter("2", changed=True),
    },
)
TARGET = CloudServer(
    "Azure flexible server",
    "payments-ledger",
    "Ready",
    "8.0.21",
    "other.mysql.database.azure.com",
    0,
    {
        "time_zone": Parameter("SYSTEM"),
        "sql_mode": Parameter("NO_ZERO_DATE,STRICT_TRANS_TABLES"),
        "event_scheduler": Parameter("ON"),
        "max_connections": Parameter("151"),
    },
)


def test_both_clouds_accounts_are_laid_side_by_side() -> None:
    at = (address("mysql://u@legacy.rds.amazonaws.com/l"), address("mysql://u@ledger.mysql.database.azure.com/l"))
    lines = {line.check: line.status for line in compare_servers(LEGACY, TARGET, at)}
    assert lines == {
        "state of the server": "ok",
        "engine version": "ok",
        "endpoint of the legacy connection": "ok",
        "endpoint of the target connection": "differs",
        "parameter time_zone": "differs",
        "parameter sql_mode": "ok",
        "parameter event_scheduler": "ok",
        "parameter max_connections": "not readable",
        "parameter innodb_flush_log_at_trx_commit": "not readable",
    }


def test_a_cloud_that_was_not_asked_is_said_to_be_so() -> None:
    at = (address("mysql://u@a/l"), address("mysql://u@b/l"))
    assert compare_servers(None, None, at) == ()
    first, second = compare_servers(LEGACY, None, at)
    assert (first.status, first.target) == ("not readable", "not asked")
    assert second.status == "differs"


def test_the_databases_page_shows_schema_servers_cutover_and_tables_and_escapes_what_came_from_outside() -> None:
    at = (address("mysql://u@a/l"), address("mysql://u@b/l"))
    found = DatabaseResult(
        "ledger",
        Verdict.FAIL,
        "<b>1</b> row differs.",
        (result("a"), result("b", Verdict.FAIL)),
        (SchemaDifference("b.by_day", "index", "missing", "x", None, waived="DBA-7"),),
        (CutoverLine("sql_mode", "differs", "STRICT", ""),),
        (NotCompared("table tmp_x", "scratch tables"),),
        ("8.0.40", "8.0.21"),
        compare_servers(LEGACY, TARGET, at),
    )
    page = database_page(found)
    for said in ("b.by_day", "DBA-7", "sql_mode", "engine version", "table tmp_x", "8.0.40 against 8.0.21"):
        assert said in page
    assert "&lt;b&gt;1&lt;/b&gt; row differs." in page
    assert database_page(DatabaseResult("ledger", Verdict.INVALID, "RDS is stopped."))
