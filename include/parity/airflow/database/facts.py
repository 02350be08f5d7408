"""What the tasks of a database's run have to say: which link broke, and what became of every piece."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.failures import BROKEN
from parity.airflow.step.output import task_output, task_states
from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
from parity.flow.database_run.records import PieceReport
from parity.flow.provenance import mark
from parity.flow.run_verdict import Recorded, outcome_of
from parity.flow.stages import Stage, StageFailure

BEFORE = (Stage.PLAN, Stage.RDS, Stage.FLEXIBLE_SERVER, Stage.SURVEY)
"""What must hold before a row is read. A task that the database does not have is not among the run's states."""
CLOUDS = (Stage.RDS, Stage.FLEXIBLE_SERVER)
AGAIN = "Clear it with everything after it."
HELD = ("success", "upstream_failed")
"""A task below a broken one broke nothing itself."""
ATTEMPT = "attempt"
"""XCom key of the attempt that compared a piece, which a red one leaves too."""


def broken_before(context: Context) -> list[StageFailure]:
    """Return every link before the tables that did not hold."""
    states = task_states(context)
    unwell = [link for link in BEFORE if link in states and states[link] not in HELD]
    found = [_told(context, link, states[link]) for link in unwell]
    asked = [link for link in CLOUDS if states.get(link) == "success"]
    empty = [link for link in asked if not task_output(context, str(link))]
    found += [
        StageFailure(link, f"Task {link} handed nothing on; it was marked by hand.", AGAIN) for link in empty
    ]
    if not found and states.get(Stage.SURVEY) != "success":
        found.append(StageFailure(Stage.SURVEY, "It has not run.", "Clear it with downstream."))
    return found


def piece_reports(context: Context, place: DatabaseRunFiles, kept: StoredSurvey) -> dict[int, PieceReport]:
    """Return how each piece's task ended, by its index."""
    states = task_states(context)
    return {index: _piece(context, place, index, states) for index in range(len(kept.pieces))}


def surveyed(context: Context) -> list[dict[str, Any]]:
    """Return the pieces that the survey task handed on."""
    found: Any = task_output(context, str(Stage.SURVEY))
    return list(found)


def inputs_of(context: Context) -> dict[str, str]:
    """Return the marks of everything that the database's verdict is made from, as they are now."""
    listed = surveyed(context)
    before = {str(link): mark(task_output(context, str(link))) for link in BEFORE if link is not Stage.SURVEY}
    before[str(Stage.SURVEY)] = mark({"pieces": listed})
    return {**before, **{f"{Stage.TABLES}_{index}": _attempt(context, index) for index in range(len(listed))}}


def judged(context: Context, declared: str, today: date) -> dict[str, Any]:
    """Return what counts of the database; green only while everything that it was made from still stands.

    ``declared`` are the rules of now, ``today`` is the day on which waivers must be in force.
    """
    states, said = task_states(context), context["ti"].xcom_pull(task_ids=str(Stage.RECORD), key="outcome")
    inputs = inputs_of(context)
    pieces = [task for task in inputs if task.startswith(f"{Stage.TABLES}_")]
    rests_on = [*(str(link) for link in BEFORE if link in states), *pieces]
    unwell = tuple(task for task in rests_on if states.get(task) != "success")
    rules = (str(task_output(context, str(Stage.PLAN)).get("rules", "")), declared)
    recorded = Recorded(said or {}, states.get(Stage.RECORD, "missing"), inputs, unwell, rules, today)
    return outcome_of(recorded, str(Stage.RECORD))


def strangers(
    planned: str, kept: StoredSurvey, listed: Iterable[dict[str, Any]], rules: str
) -> list[StageFailure]:
    """Return each way in which plan, survey and declaration do not belong together.

    ``planned`` are the plan's rules, ``listed`` the pieces that the survey task handed on, ``rules`` those of now.
    """
    found = []
    if planned != rules or kept.rules != rules:
        found.append(
            StageFailure(
                Stage.PLAN,
                "The database's file or its waivers were edited while the run went, so that what was compared is"
                " not what is declared now.",
                "Clear plan with everything after it, or start a new run.",
            )
        )
    if [piece.get("survey") for piece in listed] != [kept.number] * len(kept.pieces):
        found.append(
            StageFailure(
                Stage.SURVEY,
                "The survey that lies among the artefacts is not the one that its task handed on.",
                "Clear survey with everything after it.",
            )
        )
    return found


def _piece(context: Context, place: DatabaseRunFiles, index: int, states: dict[str, str]) -> PieceReport:
    state = states.get(f"{Stage.TABLES}_{index}", "never started")
    if state not in ("success", "failed"):
        broken = StageFailure(Stage.TABLES, f"Its task is {state}.", "Clear it with downstream.")
        return PieceReport(None, succeeded=False, broken=broken)
    told = context["ti"].xcom_pull(task_ids=str(Stage.TABLES), key=BROKEN, map_indexes=index)
    broken_by = StageFailure.from_json(told) if isinstance(told, dict) else None
    piece = place.piece(index)
    if piece and piece.number and piece.attempt != _attempt(context, index):
        why = "What it left is not of the attempt that ended last."
        return PieceReport(None, succeeded=False, broken=broken_by or StageFailure(Stage.TABLES, why, "Clear it."))
    return PieceReport(piece, state == "success", broken_by)


def _attempt(context: Context, index: int) -> str:
    told = context["ti"].xcom_pull(task_ids=str(Stage.TABLES), key=ATTEMPT, map_indexes=index)
    return told if isinstance(told, str) else ""


def _told(context: Context, link: Stage, state: str) -> StageFailure:
    told = context["ti"].xcom_pull(task_ids=str(link), key=BROKEN)
    if told:
        return StageFailure.from_json(told)
    return StageFailure(link, f"Task {link} is {state} and left no word.", "Read its log; it was probably killed.")
