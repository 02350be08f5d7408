"""What the tasks of a database's run have to say: which link broke, and what became of every piece."""

from __future__ import annotations

from airflow.sdk import Context

from parity.airflow.evidence import task_states
from parity.airflow.telling import BROKEN
from parity.compare.result import Verdict
from parity.flow.chain import Broken, Link
from parity.flow.databases.kept import Folder, KeptSurvey
from parity.flow.databases.record import PieceReport

BEFORE = (Link.PLAN, Link.RDS, Link.FLEXIBLE_SERVER, Link.SURVEY)
"""What must hold before a row is read. A task that the database does not have is not among the run's states."""
HELD = ("success", "upstream_failed")
"""A task below a broken one broke nothing itself."""


def broken_before(context: Context) -> list[Broken]:
    """Return every link before the tables that did not hold."""
    states = task_states(context)
    unwell = [link for link in BEFORE if link in states and states[link] not in HELD]
    found = [_told(context, link, states[link]) for link in unwell]
    if not found and states.get(Link.SURVEY) != "success":
        found.append(Broken(Link.SURVEY, "It has not run.", "Clear it with downstream."))
    return found


def piece_reports(context: Context, place: Folder, kept: KeptSurvey) -> dict[int, PieceReport]:
    """Return how each piece's task ended, by its index."""
    states = task_states(context)
    return {index: _piece(context, place, index, states) for index in range(len(kept.pieces))}


def judged(context: Context) -> tuple[Verdict, str]:
    """Return what the record task said; a green word counts only when that task succeeded."""
    told = context["ti"].xcom_pull(task_ids=str(Link.RECORD), key="outcome")
    if not told:
        return Verdict.INVALID, "It was never judged; read the log of its record task."
    verdict, state = Verdict(told["verdict"]), task_states(context).get(Link.RECORD)
    if verdict.green and state != "success":
        return Verdict.INVALID, f"Its record task is {state}, so that {verdict} cannot be its last word."
    return verdict, str(told["reason"])


def _piece(context: Context, place: Folder, index: int, states: dict[str, str]) -> PieceReport:
    state = states.get(f"{Link.TABLES}_{index}", "never started")
    if state not in ("success", "failed"):
        broken = Broken(Link.TABLES, f"Its task is {state}.", "Clear it with downstream.")
        return PieceReport(None, succeeded=False, broken=broken)
    told = context["ti"].xcom_pull(task_ids=str(Link.TABLES), key=BROKEN, map_indexes=index)
    broken_by = Broken.from_json(told) if isinstance(told, dict) else None
    return PieceReport(place.piece(index), state == "success", broken_by)


def _told(context: Context, link: Link, state: str) -> Broken:
    told = context["ti"].xcom_pull(task_ids=str(link), key=BROKEN)
    if told:
        return Broken.from_json(told)
    return Broken(link, f"Task {link} is {state} and left no word.", "Read its log; it was probably killed.")
