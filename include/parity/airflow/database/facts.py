"""The facts of a database's run: which stage failed, and how every piece ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.failures import FAILURE
from parity.airflow.step.output import failure_of, task_output, task_states
from parity.airflow.step.results import OUTCOME
from parity.flow.codec import from_json
from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
from parity.flow.database_run.records import PieceReport
from parity.flow.provenance import output_hash
from parity.flow.run_verdict import Recorded, current_outcome
from parity.flow.stages import Stage, StageFailure

BEFORE = (Stage.PLAN, Stage.RDS, Stage.FLEXIBLE_SERVER, Stage.SURVEY)
"""Stages before a row is read. A task that the database does not have is not among the run's states."""
CLOUDS = (Stage.RDS, Stage.FLEXIBLE_SERVER)
AGAIN = "Clear it with everything after it."
NOT_FAILED = ("success", "upstream_failed")
"""A task below a failed one did not fail itself."""
ATTEMPT = "attempt"
"""XCom key of the attempt that compared a piece, which a red task leaves too."""


def failures_before_tables(context: Context) -> list[StageFailure]:
    """Return the failures of the stages before the tables."""
    states = task_states(context)
    unsuccessful = [stage for stage in BEFORE if stage in states and states[stage] not in NOT_FAILED]
    found = [failure_of(context, stage, str(stage), states[stage]) for stage in unsuccessful]
    queried = [stage for stage in CLOUDS if states.get(stage) == "success"]
    empty = [stage for stage in queried if not task_output(context, str(stage))]
    found += [StageFailure(stage, f"Task {stage} has no output; it was marked by hand.", AGAIN) for stage in empty]
    if not found and states.get(Stage.SURVEY) != "success":
        found.append(StageFailure(Stage.SURVEY, "It has not run.", "Clear it with everything after it."))
    return found


def piece_reports(context: Context, files: DatabaseRunFiles, stored: StoredSurvey) -> dict[int, PieceReport]:
    """Return how each piece's task ended, by its index."""
    states = task_states(context)
    return {index: _piece(context, files, index, states) for index in range(len(stored.pieces))}


def survey_pieces(context: Context) -> list[dict[str, Any]]:
    """Return the pieces that the survey task returned."""
    found: Any = task_output(context, str(Stage.SURVEY))
    return list(found)


def current_inputs(context: Context) -> dict[str, str]:
    """Return the hashes of everything that the database's verdict is made from, as it is now."""
    listed = survey_pieces(context)
    before = {
        str(stage): output_hash(task_output(context, str(stage))) for stage in BEFORE if stage is not Stage.SURVEY
    }
    before[str(Stage.SURVEY)] = output_hash({"pieces": listed})
    return {**before, **{f"{Stage.TABLES}_{index}": _attempt(context, index) for index in range(len(listed))}}


def outcome_for_gate(context: Context, declared: str, today: date) -> dict[str, Any]:
    """Return the database's outcome; green only while everything that it was made from is unchanged.

    ``declared`` is the hash of the current rules, ``today`` the day on which waivers must be in force.
    """
    states, outcome = task_states(context), context["ti"].xcom_pull(task_ids=str(Stage.RECORD), key=OUTCOME)
    inputs = current_inputs(context)
    pieces = [task for task in inputs if task.startswith(f"{Stage.TABLES}_")]
    sources = [*(str(stage) for stage in BEFORE if stage in states), *pieces]
    unsuccessful = tuple(task for task in sources if states.get(task) != "success")
    rules = (str(task_output(context, str(Stage.PLAN)).get("rules", "")), declared)
    recorded = Recorded(outcome or {}, states.get(Stage.RECORD, "missing"), inputs, unsuccessful, rules, today)
    return current_outcome(recorded, str(Stage.RECORD))


def mismatches(
    planned: str, stored: StoredSurvey, listed: Iterable[dict[str, Any]], rules: str
) -> list[StageFailure]:
    """Return each mismatch of plan, survey and declaration.

    ``planned`` and ``rules`` are hashes of the rules, when planned and now; ``listed`` are the task's pieces.
    """
    found = []
    if planned != rules or stored.rules != rules:
        found.append(
            StageFailure(
                Stage.PLAN,
                "The database's file or its waivers were edited during the run, so what was compared is not what"
                " is declared now.",
                "Clear plan with everything after it, or start a new run.",
            )
        )
    if [piece.get("survey") for piece in listed] != [stored.number] * len(stored.pieces):
        found.append(
            StageFailure(
                Stage.SURVEY,
                "The survey among the artefacts is not the one that its task returned.",
                "Clear survey with everything after it.",
            )
        )
    return found


def _piece(context: Context, files: DatabaseRunFiles, index: int, states: dict[str, str]) -> PieceReport:
    state = states.get(f"{Stage.TABLES}_{index}", "never started")
    if state not in ("success", "failed"):
        missing = StageFailure(Stage.TABLES, f"Its task is {state}.", "Clear it with everything after it.")
        return PieceReport(None, succeeded=False, failure=missing)
    pushed = context["ti"].xcom_pull(task_ids=str(Stage.TABLES), key=FAILURE, map_indexes=index)
    failure = from_json(StageFailure, pushed) if isinstance(pushed, dict) else None
    piece = files.piece(index)
    if piece and piece.number and piece.attempt != _attempt(context, index):
        why = "Its result is not of the last attempt."
        return PieceReport(None, succeeded=False, failure=failure or StageFailure(Stage.TABLES, why, "Clear it."))
    return PieceReport(piece, state == "success", failure)


def _attempt(context: Context, index: int) -> str:
    attempt = context["ti"].xcom_pull(task_ids=str(Stage.TABLES), key=ATTEMPT, map_indexes=index)
    return attempt if isinstance(attempt, str) else ""
