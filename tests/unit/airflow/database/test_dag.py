"""A database's Dag: what waits for what, what it is called, and where its connections lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from parity.airflow.connections.mysql import flexible_server, mysql_address
from parity.airflow.database.context import _checkpoint_run, limits_per_task
from parity.airflow.database.dag import build_database_dag
from parity.airflow.database.facts import (
    ATTEMPT,
    current_inputs,
    failures_before_tables,
    mismatches,
    outcome_for_gate,
)
from parity.airflow.database.operator import LoggedCheckpoints, Stopped, TablesOperator
from parity.airflow.notifications import deadline_alert
from parity.errors import BadInput
from parity.flow.codec import to_json
from parity.flow.database_run.files import StoredSurvey
from parity.flow.database_run.plan import DatabaseRunPlan
from parity.flow.provenance import Provenance, database_rules
from parity.flow.stages import Stage
from parity.suite.databases import Database
from parity.tablediff.rows.checkpoint import Checkpoint, MemoryCheckpoints
from parity.tablediff.survey import Survey
from parity.tablediff.table_plan import DatabasePlan
from unit.airflow.suite.test_dag import Connection


def spec(**reported: Any) -> Database:
    base = {"database": "ledger", "owner": "dba", "legacy": "rds_ledger", "target": "azure_ledger"}
    return Database.model_validate(base | reported)


ASKED = {"rds": {"instance": "payments-legacy"}, "azure": {"server": "payments-ledger"}}


def dag_of(tmp_path: Any, **reported: Any) -> Any:
    return build_database_dag(spec(**reported), tmp_path / "ledger.yaml")


def test_both_clouds_are_asked_before_a_server_is_and_the_gate_is_the_only_leaf(tmp_path: Any) -> None:
    dag = dag_of(tmp_path, **ASKED)
    assert dag.dag_id == "parity_db__ledger"
    assert dag.get_task("survey").upstream_task_ids == {"plan", "rds", "flexible_server"}
    assert [task.task_id for task in dag.leaves] == ["gate"]


def test_a_cloud_that_the_file_does_not_name_is_not_asked(tmp_path: Any) -> None:
    assert dag_of(tmp_path).get_task("survey").upstream_task_ids == {"plan"}


def test_judging_publishing_and_the_gate_happen_whatever_became_of_the_tables(tmp_path: Any) -> None:
    dag = dag_of(tmp_path)
    assert {dag.get_task(name).trigger_rule for name in ("record", "publish", "gate")} == {"all_done"}
    assert dag.get_task("gate").retries == 0
    assert dag.get_task("gate").on_failure_callback
    assert dag.get_task("gate").on_success_callback


def test_the_files_limit_on_connections_holds_across_tasks(tmp_path: Any) -> None:
    dag = dag_of(tmp_path, throttle={"connections": 3, "rows_per_second": 900})
    assert dag.get_task("tables").partial_kwargs["max_active_tis_per_dagrun"] == 3
    share = limits_per_task(spec(throttle={"connections": 3, "rows_per_second": 900})).throttle
    assert (share.connections, share.rows_per_second) == (1, 300)
    assert dag.max_active_runs == 1


def test_pieces_run_on_the_queue_that_the_file_names_which_changes_no_rule(tmp_path: Any) -> None:
    assert dag_of(tmp_path, queue="heavy").get_task("tables").partial_kwargs["queue"] == "heavy"
    assert dag_of(tmp_path).get_task("tables").partial_kwargs["queue"] == "default"
    assert database_rules(spec(queue="heavy"), ()) == database_rules(spec(), ())


def test_a_manual_run_has_a_form_whose_defaults_are_the_nights(tmp_path: Any) -> None:
    params = dag_of(tmp_path).params
    assert {name: params[name] for name in params} == {
        "tables": None,
        "strategy": "as declared",
        "rows_per_second": None,
    }


def test_a_database_with_a_deadline_has_an_alert_for_a_late_night() -> None:
    alert = deadline_alert(spec(deadline="1h"))
    assert alert is not None
    assert alert.interval == timedelta(hours=1).total_seconds()
    assert deadline_alert(spec()) is None


def mysql(**fields: Any) -> Any:
    base = {"host": "db.example.com", "login": "parity", "password": "p@ss/w:rd", "schema": "ledger"}
    return Connection("mysql", **{**base, **fields})


def test_a_connection_leads_to_its_server_with_tls_and_a_verified_name() -> None:
    found = mysql_address(mysql(port=3307))
    assert (found.host, found.port, found.user, found.database) == ("db.example.com", 3307, "parity", "ledger")
    assert found.password.get_secret_value() == "p@ss/w:rd"
    assert found.tls == "verify"
    assert "p@ss" not in repr(found)


@pytest.mark.parametrize(
    ("extra", "tls", "ca"),
    [
        ({"ssl": {"ca": "/etc/rds.pem"}}, "verify", "/etc/rds.pem"),
        ({"ssl": '{"ca": "/etc/rds.pem"}'}, "verify", "/etc/rds.pem"),
        ({"ssl_ca": "/etc/rds.pem", "tls": "verify"}, "verify", "/etc/rds.pem"),
        ({"ssl_mode": "REQUIRED"}, "unverified", ""),
        ({"ssl_mode": "verify_identity"}, "verify", ""),
        ({"ssl_mode": "PREFERRED"}, "verify", ""),
    ],
)
def test_tls_is_read_in_the_words_of_the_provider_and_in_ours(extra: Any, tls: str, ca: str) -> None:
    found = mysql_address(mysql(extra=extra))
    assert (found.tls, found.ca) == (tls, ca)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"schema": None}, "names no database"),
        ({"extra": {"ssl_mode": "DISABLED"}}, "TLS cannot be switched off"),
        ({"extra": {"ssl_mode": "SOMETIMES"}}, "unknown ssl_mode"),
        ({"extra": {"ssl": {"cert": "/c", "key": "/k"}}}, "client certificate"),
        ({"extra": {"tls": "maybe"}}, "unknown"),
    ],
)
def test_a_connection_that_could_only_be_half_obeyed_is_refused_without_its_password(
    fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        mysql_address(mysql(**fields))
    assert "p@ss" not in str(refused.value)


def test_loopback_needs_no_tls_and_a_socket_is_read() -> None:
    assert mysql_address(mysql(host="127.0.0.1")).tls == "off"
    assert mysql_address(mysql(host=None, extra={"unix_socket": "/run/my.sock"})).socket == "/run/my.sock"
    assert mysql_address(mysql(host="::1", port=3306)).host == "::1"


def test_azure_is_asked_through_the_data_factorys_connection() -> None:
    extra = {"subscriptionId": "s", "resource_group_name": "g", "tenantId": "t"}
    connection = Connection("azure_data_factory", login="id", password="secret", extra=extra)
    assert flexible_server(connection, "ledger", "").config.resource.startswith(
        "/subscriptions/s/resourceGroups/g/"
    )
    assert "/resourceGroups/other/" in flexible_server(connection, "ledger", "other").config.resource


@dataclass
class Ti:
    """A task instance that knows its run's states and what its tasks said."""

    states: dict[str, str]
    words: dict[str, Any] = field(default_factory=dict)
    dag_id: str = "parity_db__ledger"
    run_id: str = "r"

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: self.states}

    def xcom_pull(self, task_ids: str, key: str = "return_value", **_: Any) -> Any:
        wanted = f"{task_ids}.{key}" if key in ("return_value", ATTEMPT) else task_ids
        return self.words.get(wanted)


def broken(states: dict[str, str], **words: Any) -> list[tuple[str, str]]:
    return [(one.stage.value, one.reason) for one in failures_before_tables({"ti": Ti(states, words)})]  # type: ignore[arg-type]


GOOD = {"plan": "success", "rds": "success", "survey": "success"}


def test_nothing_is_broken_when_every_task_before_the_tables_succeeded() -> None:
    assert broken(GOOD, **{"rds.return_value": {"run_id": "payments"}}) == []
    assert broken({"plan": "success", "survey": "success"}) == []


@pytest.mark.parametrize("stage", [Stage.RDS, Stage.FLEXIBLE_SERVER])
def test_a_cloud_that_a_person_marks_as_asked_was_not(stage: Stage) -> None:
    said = broken({"plan": "success", "survey": "success", stage: "success"})
    assert said == [(stage.value, f"Task {stage} has no output; it was marked by hand.")]


def test_the_task_that_broke_is_named_and_not_those_below_it() -> None:
    states = {**GOOD, "rds": "failed", "survey": "upstream_failed"}
    word = {"stage": Stage.RDS, "reason": "It is stopped.", "remedy": "", "url": "", "caused_by": ""}
    assert broken(states, rds=word) == [("rds", "It is stopped.")]
    assert broken(states) == [("rds", "Task rds is failed: it was stopped or killed before it could report why.")]


@pytest.mark.parametrize("state", ["upstream_failed", "skipped", "None", "running", "removed"])
def test_a_survey_that_did_not_end_well_is_never_taken_for_a_good_one(state: str) -> None:
    assert broken({**GOOD, "survey": state})


@pytest.mark.parametrize(
    ("word", "state", "verdict"),
    [
        ("PASS", "success", "PASS"),
        ("FAIL", "failed", "FAIL"),
        ("FAIL", "success", "FAIL"),
        ("PASS", "failed", "INVALID"),
        ("WAIVED", "upstream_failed", "INVALID"),
        (None, "success", "INVALID"),
    ],
)
def test_the_gate_is_green_only_when_the_judging_task_succeeded_and_said_so(
    word: str | None, state: str, verdict: str
) -> None:
    found = gate_of(word, record=state)
    assert found["verdict"] == verdict


MADE_FROM = {
    "plan.return_value": {"run_id": "r", "tables": [], "rules": "rules"},
    "survey.return_value": [{"index": 0, "title": "a", "survey": "n1"}],
    "tables.attempt": "attempt-1",
}
ENDED = {"plan": "success", "survey": "success", "tables_0": "success", "record": "success"}


def gate_of(
    word: str | None, now: dict[str, Any] | None = None, declared: str = "rules", **states: str
) -> dict[str, Any]:
    """Return what counts of a word that was said of what tasks had handed on; ``now`` is what they have since."""
    inputs = current_inputs({"ti": Ti(ENDED, MADE_FROM)})  # type: ignore[arg-type]
    made = to_json(Provenance("attempt-1", "rules", inputs))
    words = {"record": {"verdict": word, "reason": "so it is", "provenance": made}} if word else {}
    there: Any = {"ti": Ti({**ENDED, **states}, {**MADE_FROM, **(now or {}), **words})}
    return outcome_for_gate(there, declared, date(2026, 3, 2))


@pytest.mark.parametrize(
    ("now", "states"),
    [
        ({"tables.attempt": "attempt-2"}, {}),
        ({"survey.return_value": [{"index": 0, "title": "a", "survey": "n2"}]}, {}),
        ({"plan.return_value": {"run_id": "r", "tables": ["a"], "rules": "rules"}}, {}),
        ({"plan.return_value": {"run_id": "r", "tables": [], "rules": "others"}}, {}),
        ({}, {"tables_0": "failed"}),
        ({}, {"survey": "upstream_failed"}),
        ({}, {"declared": "edited since"}),
        ({"rds.return_value": {"run_id": "another server"}}, {}),
    ],
    ids=[
        "a piece ran again",
        "another survey",
        "another plan",
        "other rules",
        "a piece failed since",
        "the survey did",
        "the file was edited",
        "a cloud was asked again",
    ],
)
def test_the_gate_believes_no_word_that_was_said_of_an_earlier_attempt(
    now: dict[str, Any], states: dict[str, str]
) -> None:
    assert gate_of("PASS")["verdict"] == "PASS"
    assert gate_of("PASS", now, **states)["verdict"] == "INVALID"
    assert gate_of("FAIL", now, **states)["verdict"] == "FAIL"


def test_a_piece_of_which_somebody_cleared_the_run_starts_anew_though_a_retry_goes_on() -> None:
    plan = DatabaseRunPlan("ledger", "db.ledger", "r", date(2026, 3, 2))

    def name(max_tries: int, cleared: int | None) -> str:
        ti, run = SimpleNamespace(map_index=4, max_tries=max_tries), SimpleNamespace(clear_number=cleared)
        return _checkpoint_run({"ti": ti, "dag_run": run}, plan)  # type: ignore[typeddict-item]

    assert name(3, 0) == name(3, None)  # a killed worker's successor
    assert len({name(3, 0), name(3, 1), name(7, 1)}) == 3  # cleared while it ran, and afterwards


def test_an_edited_file_and_a_survey_of_another_attempt_are_told_apart_from_what_was_compared() -> None:
    kept = StoredSurvey("n1", Survey(DatabasePlan(())), (("a",),), rules="r1")
    own = [{"survey": "n1"}]
    assert mismatches("r1", kept, own, "r1") == []
    assert [broken.stage for broken in mismatches("r1", kept, own, "r2")] == ["plan"]
    assert [broken.stage for broken in mismatches("r0", kept, own, "r1")] == ["plan"]
    assert [broken.stage for broken in mismatches("r1", kept, [{"survey": "n0"}], "r1")] == ["survey"]
    assert [broken.stage for broken in mismatches("r1", kept, [], "r1")] == ["survey"]


def state(rows: int, *, done: bool = False) -> str:
    return Checkpoint("f", chunks=3, legacy=rows, target=rows, done=done).to_json()


def test_progress_is_logged_and_stored_and_a_stopped_task_ends_with_its_chunk(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    kept = MemoryCheckpoints()
    reported = LoggedCheckpoints(kept)
    reported.save("r", "entries", state(10))
    reported.save("r", "entries", state(20))
    reported.save("r", "entries", state(30, done=True))
    assert reported.load("r", "entries") == state(30, done=True)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == ["entries"] * 3
    assert "30 rows in 3 chunks, 0 different so far, all of it" in caplog.text
    reported.stop()
    with pytest.raises(Stopped):
        reported.save("r", "entries", state(40))
    assert kept.load("r", "entries") == state(40)


def test_stopping_the_task_stops_the_scan_and_ends_the_process() -> None:
    stopped: list[bool] = []
    task = TablesOperator(task_id="tables", step=lambda _: None, stage=Stage.TABLES, piece={"index": 0})
    task.on_stop = lambda: stopped.append(True)
    with pytest.raises(SystemExit):
        task.on_kill()
    assert stopped == [True]
