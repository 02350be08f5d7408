from __future__ import annotations

import gc
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import PartitionedAssetTimetable
from airflow.sdk.definitions.timetables.assets import AssetTriggeredTimetable

from parity.airflow.connections.senders import sender
from parity.airflow.notifications import connection_id, deadline_alert
from parity.airflow.outcomes import _activity as told_of
from parity.airflow.suite.dag import build_dag, build_dags
from parity.compare.result import Rows, Verdict
from parity.errors import BadInput
from parity.flow.provenance import export_rules
from parity.history.records import ActivityKey, ActivityRecord
from parity.suite.models import AlertTarget, Severity
from unit.flow.suites import suite


class Connection:
    """An Airflow connection as senders read it."""

    def __init__(self, conn_type: str, **fields: Any) -> None:
        self.conn_id = f"{conn_type}_default"
        self.conn_type = conn_type
        self.host = fields.get("host")
        self.port = fields.get("port")
        self.schema = fields.get("schema")
        self.login = fields.get("login")
        self.password = fields.get("password")
        self.extra_dejson = fields.get("extra", {})


@pytest.fixture
def alerts() -> list[AlertTarget]:
    return [
        AlertTarget.model_validate({"pagerduty": {}}),
        AlertTarget.model_validate({"slack": {"channel": "#parity"}}),
        AlertTarget.model_validate({"email": {"to": ["oncall@example.com"]}}),
        AlertTarget.model_validate({"webhook": {"connection": "hook"}}),
        AlertTarget.model_validate({"opsgenie": {}}),
        AlertTarget.model_validate({"apprise": {"connection": "teams"}}),
    ]


def test_a_suite_with_a_deadline_has_an_alert_for_a_late_night() -> None:
    alert = deadline_alert(suite(deadline="2h"))
    assert alert is not None
    assert alert.interval == timedelta(hours=2).total_seconds()


def test_a_suite_without_a_deadline_has_none() -> None:
    assert deadline_alert(suite()) is None


def test_every_kind_of_alert_has_a_channel_that_can_be_told_apart(alerts: list[AlertTarget]) -> None:
    connections = [
        Connection("pagerduty_events", password="k" * 32),
        Connection("slack", password="xoxb"),
        Connection("smtp", host="mail", login="parity@example.com", password="p"),
        Connection("http", host="https://hooks.example.com", password="t"),
        Connection("opsgenie", host="https://api.eu.opsgenie.com", password="k"),
        Connection("apprise", extra={"config": {"path": "json://127.0.0.1:9/x"}}),
    ]
    names = [sender(target, connection).name for target, connection in zip(alerts, connections, strict=True)]
    assert names == [
        "pagerduty:pagerduty_default",
        "slack:slack_default:#parity",
        "email:smtp_default",
        "webhook:hook",
        "opsgenie:opsgenie_default",
        "apprise:teams",
    ]
    assert [connection_id(target) for target in alerts][-1] == "teams"


@pytest.mark.parametrize(
    ("config", "why"),
    [
        (None, "has no path"),
        ("{", "has no path"),
        ([{"tag": "alerts"}], "has no path"),
        ('[{"path": "json://a"}, {"path": "json://b"}]', "has several services"),
    ],
)
def test_a_connection_to_apprise_names_one_service(config: Any, why: str) -> None:
    made = sender(AlertTarget.model_validate({"apprise": {}}), Connection("apprise", extra={"config": config}))
    with pytest.raises(BadInput, match=f"config {why}"):
        made({})


def test_a_connection_to_opsgenie_needs_a_key_and_may_name_jira() -> None:
    target = AlertTarget.model_validate({"opsgenie": {}})
    with pytest.raises(BadInput, match="Password is empty"):
        sender(target, Connection("opsgenie"))({})
    jira = "https://api.atlassian.com/jsm/ops/integration"
    assert sender(target, Connection("opsgenie", host=jira, password="k")).api_base == jira  # type: ignore[attr-defined]


def test_a_connections_host_stands_in_for_pagerduty() -> None:
    target = AlertTarget.model_validate({"pagerduty": {}})
    made = sender(target, Connection("pagerduty_events", host="http://127.0.0.1:9", password="k" * 32))
    assert made.events_url == "http://127.0.0.1:9/v2/enqueue"  # type: ignore[attr-defined]


def test_the_gate_is_the_only_leaf_beside_nothing(tmp_path: Any) -> None:
    dag = build_dag(suite("settle", "refund"), tmp_path / "payments.yaml")
    assert [task.task_id for task in dag.leaves] == ["gate"]


def test_an_activity_waits_for_its_own_adf_activity_and_not_for_the_pipeline(tmp_path: Any) -> None:
    dag = build_dag(suite("settle", "refund"), tmp_path / "payments.yaml")
    above = dag.get_task("settle.compare").get_flat_relative_ids(upstream=True)
    assert "settle.adf_activity" in above
    assert "pipeline" not in above
    assert not any(task.startswith("refund.") for task in above)


def test_a_schedule_can_be_switched_off_and_a_start_turns_catching_up_on(tmp_path: Any) -> None:
    caught_up = build_dag(suite(schedule="0 2 * * *", start="2026-03-01"), tmp_path / "x.yaml")
    assert caught_up.catchup
    assert caught_up.start_date is not None
    assert caught_up.start_date.astimezone(UTC) == datetime(2026, 3, 2, tzinfo=UTC)
    assert not build_dag(suite(schedule="0 2 * * *"), tmp_path / "x.yaml").catchup


def test_what_needs_memory_runs_on_the_queue_that_an_activity_names_and_the_rest_where_everything_does(
    tmp_path: Path,
) -> None:
    [plain] = suite("settle").activities
    heavy = suite("refund").activities[0].model_copy(update={"queue": "heavy"})
    dag = build_dag(suite().model_copy(update={"activities": (plain, heavy)}), tmp_path / "x.yaml")
    on_heavy = {task.task_id for task in dag.tasks if task.queue == "heavy"}
    assert on_heavy == {"refund.compare", "refund.great_expectations"}
    assert {task.queue for task in dag.tasks} == {"heavy", "default"}


def test_another_queue_changes_no_rule() -> None:
    declared = suite("settle")
    [plain] = declared.activities
    heavy = plain.model_copy(update={"queue": "heavy"})
    assert export_rules(declared, plain, "SELECT 1") == export_rules(declared, heavy, "SELECT 1")
    other = plain.model_copy(update={"severity": Severity.INFO})
    assert export_rules(declared, plain, "SELECT 1") != export_rules(declared, other, "SELECT 1")


def suites(folder: Path, *names: str) -> Path:
    """Write suites of one activity each, in files that are not named after them."""
    (folder / "sql").mkdir()
    (folder / "sql" / "q.sql").write_text("SELECT id FROM t WHERE day = :business_date\n")
    for number, name in enumerate(names):
        (folder / f"file_{number}.yaml").write_text(
            f"suite: {name}\nowner: me\nwave: 1\nazure: {{pipeline: p, helper_job: h}}\naws: {{database: d}}\n"
            "activities:\n  - {name: settle, legacy: {sql: q.sql}, target: {table: a.b}, key: [id]}\n"
        )
    return folder


def test_a_task_needs_its_own_suite_and_no_other(tmp_path: Path) -> None:
    folder = suites(tmp_path, "pay", "pay_out", "refunds")
    (folder / "broken.yaml").write_text("suite: [")
    assert [dag.dag_id for dag in build_dags(folder)] == ["parity__pay", "parity__pay_out", "parity__refunds"]
    assert [dag.dag_id for dag in build_dags(folder, "parity__pay")] == ["parity__pay"]
    assert build_dags(folder, "parity_housekeeping") == []


def test_a_suite_may_wait_for_assets_of_one_date_or_of_any(tmp_path: Path) -> None:
    for by_date, kind in ((True, PartitionedAssetTimetable), (False, AssetTriggeredTimetable)):
        waiting = suite("settle", schedule={"assets": ["lake.payments", "legacy.payments"], "by_date": by_date})
        timetable = build_dag(waiting, tmp_path / "payments.yaml").timetable
        assert type(timetable) is kind
        named = {asset.name for asset in timetable.asset_condition.objects}
        assert named == {"lake.payments", "legacy.payments"}


def test_each_verdict_and_the_gate_have_their_assets(tmp_path: Path) -> None:
    dag = build_dag(suite("settle", wave=3), tmp_path / "payments.yaml")
    outlets = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets}
    assert outlets == {"settle.record": ["parity.payments.settle"], "gate": ["parity.wave.3"]}


def test_building_dags_leaves_the_garbage_collector_as_it_was(tmp_path: Path) -> None:
    build_dags(suites(tmp_path, "pay"))
    assert gc.isenabled()


def test_each_task_is_named_after_the_cloud_that_does_the_work_and_says_what_to_do(tmp_path: Path) -> None:
    dag = build_dag(suite("settle", "refund"), tmp_path / "payments.yaml")
    places = {task.task_id: task.operator_name for task in dag.tasks if task.task_id.startswith("settle.")}
    assert places["settle.adf_activity"] == "Data Factory"
    assert places["settle.athena_unload"] == "Amazon Athena"
    assert places["settle.helper_job"] == "Databricks"
    assert all(task.doc_md for task in dag.tasks if task.task_id != "runs_of_other_dates")


def test_an_alert_links_to_the_report_that_a_person_can_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_SITE_URL", "https://airflow.example.com")
    key = ActivityKey("payments", "settle", date(2026, 3, 2), "night-1")
    report = "payments/2026-03-02/night-1/settle/report.json"
    record = ActivityRecord(key, Verdict.FAIL, "3 changed rows.", datetime(2026, 3, 3, tzinfo=UTC), report=report)
    said = {"verdict": "FAIL", "reason": record.reason, "recorded": record.recorded.isoformat()}
    notified = told_of(suite("settle"), "settle", record, said)
    assert notified.url == f"https://airflow.example.com/parity/artefacts/{report.replace('.json', '.html')}"
    unseen = told_of(suite("settle"), "settle", replace(record, report=""), said)
    assert unseen.url == ""


@pytest.mark.parametrize(
    "said",
    [
        None,
        {"verdict": "INVALID", "reason": "It has no verdict."},
        {"verdict": "PASS", "reason": "equal", "recorded": "2026-03-03T04:00:00+00:00"},
        {"verdict": "FAIL", "reason": "3 rows differ", "recorded": "2026-03-03T00:00:00+00:00"},
    ],
    ids=["the gate said nothing", "its record task died", "of another attempt", "another verdict"],
)
def test_an_alert_goes_by_what_the_gate_said_and_never_by_an_older_result(said: dict[str, str] | None) -> None:
    key = ActivityKey("payments", "settle", date(2026, 3, 2), "night-1")
    stored = ActivityRecord(key, Verdict.PASS, "equal", datetime(2026, 3, 3, tzinfo=UTC))
    notified = told_of(suite("settle"), "settle", stored, said)
    assert (notified.verdict, notified.reason) == (
        (said["verdict"], said["reason"]) if said else ("INVALID", "It has no result.")
    )
    assert notified.rows == Rows()


def test_airflow_keeps_a_deadline_as_a_number_so_that_a_red_run_can_be_cleared() -> None:
    from airflow.serialization.decoders import decode_deadline_alert
    from airflow.serialization.encoders import encode_deadline_alert

    kept = encode_deadline_alert(deadline_alert(suite(deadline="2h")))
    assert kept["interval"] == 7200
    assert decode_deadline_alert(kept).interval == timedelta(hours=2)
