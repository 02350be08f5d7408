"""The Dag of sign-offs: what is built, who is asked, and what is recorded of the answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from click.testing import CliRunner

from parity.airflow import promote
from parity.airflow.promote import SIGNATURES, build_evidence, build_promote, decide
from parity.airflow.step.evidence import open_recorder
from parity.airflow.step.results import open_results
from parity.cli import cli
from parity.compare.result import Rows, Verdict
from parity.errors import BadInput
from parity.evidence.members import members_of
from parity.evidence.rules import rules_of
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.settings import settings
from parity.suite.suite_files import load_suites
from unit.airflow.doubles import Instance, run_context
from unit.evidence.worlds import private_pem

SUITE = """
suite: payments
owner: payments-data
wave: 1
azure: {pipeline: p, helper_job: h}
aws: {database: d}
activities: [{name: settle, legacy: {sql: settle.sql}, target: {table: a.b}, key: [id]}]
"""
WAVES = "waves: [{wave: 1, suites: [payments], signers: [ana, ben], ready: {green_nights: 1, repeated: 0}}]"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one suite with a key."""
    (tmp_path / "suites" / "sql").mkdir(parents=True)
    (tmp_path / "suites" / "payments.yaml").write_text(SUITE)
    (tmp_path / "suites" / "sql" / "settle.sql").write_text("SELECT id FROM t WHERE day = :business_date")
    (tmp_path / "waves.yaml").write_text(WAVES)
    key = json.dumps({"conn_type": "generic", "password": private_pem()})
    for name, value in (
        ("PARITY_HOME", tmp_path / "home"),
        ("PARITY_SUITES", tmp_path / "suites"),
        ("PARITY_DATABASES", tmp_path / "none"),
        ("AIRFLOW_CONN_PARITY_EVIDENCE", key),
    ):
        monkeypatch.setenv(name, str(value))
    return tmp_path


def night(verdict: Verdict = Verdict.PASS) -> None:
    """Record a run of the newest business date, with its evidence."""
    found, now = load_suites(settings().suites), datetime.now(UTC)
    suite, day = found.models["payments"], found.models["payments"].business_date(now)
    run_id = f"r{now.isoformat()}"
    open_results().record_run(RunRecord("payments", run_id, day, now, now, verdict))
    key = ActivityKey("payments", "settle", day, run_id)
    open_results().record_activity(ActivityRecord(key, verdict, "", now, Rows(9, 9, 9)))
    rules = rules_of(suite, found.paths["payments"], found.waivers)
    open_recorder().record_run(open_results().run(run_id), f"payments/{day}/{run_id}", rules)


def instance() -> Instance:
    return Instance(dag_id=promote.PROMOTE_DAG, task_id="evidence")


def answered(there: Any, *people: str, decision: str = promote.APPROVE) -> Any:
    """Hand on what Airflow's operator returns for each person's answer."""
    for task, person in zip(SIGNATURES, people, strict=True):
        there["ti"].handed[(task, "return_value")] = {
            "chosen_options": [decision],
            "params_input": {"comment": "as agreed"},
            "responded_at": datetime.now(UTC) + timedelta(seconds=1),
            "responded_by_user": {"id": person, "name": person},
        }
    return there


def built() -> Any:
    night()
    there = run_context(instance(), wave=1)
    there["ti"].handed[("evidence", "return_value")] = build_evidence(there)
    return there


def sign_off() -> str:
    return CliRunner().invoke(cli, ["readiness"]).stdout.splitlines()[-1].strip()


def test_two_people_are_asked_after_the_evidence_and_nothing_is_scheduled() -> None:
    dag = build_promote()
    assert dag.task_dict["evidence"].downstream_task_ids == {"announcement", *SIGNATURES}
    assert dag.task_dict["decision"].upstream_task_ids == {"announcement", *SIGNATURES}
    assert {dag.task_dict[name].retries for name in SIGNATURES} == {promote.ASKED_AGAIN}
    assert dag.schedule is None


def test_a_wave_that_is_not_ready_is_not_offered() -> None:
    night(Verdict.FAIL)
    with pytest.raises(BadInput, match="Wave 1 is not ready: payments: green nights: 0 of 1"):
        build_evidence(run_context(instance(), wave=1))


def test_only_the_signers_of_the_wave_are_asked_and_they_see_what_they_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, task = built(), build_promote().task_dict[SIGNATURES[0]]
    monkeypatch.setattr(promote.HITLOperator, "execute", lambda *_: "asked")
    assert task.execute(there) == "asked"
    assert [user["id"] for user in task.assigned_users or []] == ["ana", "ben"]
    evidence = there["ti"].handed[("evidence", "return_value")]
    assert evidence["hash"] in (task.body or "")
    assert evidence["archive"] in (task.body or "")


def test_two_signatures_sign_the_wave_off_until_something_changes(home: Path) -> None:
    there = answered(built(), "ana", "ben")
    assert decide(there)["decision"] == "approved"
    assert sign_off().startswith("Signed off by ana and ben on ")
    night()
    assert sign_off().startswith("Signed off by ana and ben on ")
    assert (
        CliRunner().invoke(cli, ["evidence", "build", "--wave", "1", "--out", str(home / "e.zip")]).exit_code == 0
    )
    (home / "suites" / "sql" / "settle.sql").write_text("SELECT id FROM u WHERE day = :business_date")
    assert "no longer stands: the rules of payments were changed." in sign_off()


def test_one_person_alone_signs_nothing_off() -> None:
    with pytest.raises(AirflowFailException, match="Refused: two people must sign, and ana did"):
        decide(answered(built(), "ana", "ana"))
    assert sign_off().startswith("Sign-off refused on ")


def test_what_changes_while_people_are_asked_refuses_the_sign_off() -> None:
    there = answered(built(), "ana", "ben")
    night(Verdict.FAIL)
    with pytest.raises(AirflowFailException, match="Refused: payments is FAIL on "):
        decide(there)


def test_a_wave_is_what_says_that_it_belongs_to_it() -> None:
    assert [subject.key for subject in members_of(settings(), 1).subjects] == ["payments"]
    with pytest.raises(BadInput, match="belongs to wave 7"):
        members_of(settings(), 7)
