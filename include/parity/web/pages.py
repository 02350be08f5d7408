"""The pages as HTML; everything that came from outside is escaped by the template engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result, Verdict
from parity.errors import ParityError
from parity.flow.readiness import ANSWERS, MARKS, Readiness
from parity.flow.suite_run.files import FINDINGS, PAGE, ActivityFiles
from parity.flow.suite_run.verdict import NEXT_STEP
from parity.history.records import ActivityRecord, RunDetail, RunRecord
from parity.report.html import render_html, templates
from parity.suite.models import DATABASE_DAG, SUITE_DAG
from parity.tablediff.verdict import DatabaseResult
from parity.web.charts import HEIGHT, LEFT, TOP, WIDTH
from parity.web.overview import NIGHTS, SHAPES, Overview, View
from parity.web.trend import money_of, trend

KINDS = {
    "adf_pipeline": "Data Factory run",
    "adf_activity": "ADF activity",
    "databricks": "Databricks export",
    "athena": "Athena query",
    "glue": "Glue run",
}
OpenArtefacts = Callable[[], Artefacts]
WORST_FIRST = (Verdict.INVALID, Verdict.FAIL, Verdict.WAIVED, Verdict.PASS)


def overview_page(seen: Overview | None, view: View, runs: Sequence[RunRecord]) -> str:
    """Return the overview with the newest runs; without a grid when nothing has run."""
    return _render("overview.html", seen=seen, view=view, runs=runs, shapes=SHAPES, nights=NIGHTS)


def activity_page(suite: str, activity: str, history: Sequence[ActivityRecord]) -> str:
    """Return an activity over time; ``history`` has one result per date, the newest first, and at least one."""
    return _render(
        "activity.html",
        suite=suite,
        activity=activity,
        seen=trend(history),
        money=money_of,
        dag=dag_of(suite),
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        top=TOP,
    )


def readiness_page(look: Callable[[], Sequence[Readiness]]) -> str:
    """Return which waves are ready, and what blocks the others; or why nothing can be said."""
    waves, lost = _or_why(look)
    colours = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.INVALID}
    return _render("readiness.html", waves=waves, lost=lost, colours=colours, answers=ANSWERS, marks=MARKS)


def _or_why(look: Callable[[], Sequence[Readiness]]) -> tuple[Sequence[Readiness], str]:
    try:
        return look(), ""
    except ParityError as error:
        return (), str(error)


def dag_of(suite: str) -> str:
    """Return the Dag of what has a name in the results store: a suite's, a database's behind ``db.``."""
    database = suite.removeprefix("db.")
    return f"{DATABASE_DAG}{database}" if database != suite else f"{SUITE_DAG}{suite}"


def suite_of(dag: str | None) -> str | None:
    """Return the name in the results store of what a Dag verifies: a suite's own, a database's after ``db.``."""
    if dag is None:
        return None
    database = dag.removeprefix(DATABASE_DAG)
    return f"db.{database}" if database != dag else dag.removeprefix(SUITE_DAG)


def run_page(detail: RunDetail, artefacts: OpenArtefacts, base: str = "../artefacts", up: str = "../") -> str:
    """Return one run: its activities, with links to what lies among the ``artefacts``, seen from ``base``.

    ``up`` is where the overview is; empty where there is none.
    """
    looks, lost = _reachable(detail.activities, artefacts)
    worst_first = sorted(detail.activities, key=lambda a: (WORST_FIRST.index(a.verdict), a.key.activity))
    verdicts = [activity.verdict for activity in detail.activities]
    return _render(
        "run.html",
        run=detail.run,
        following=NEXT_STEP[detail.run.verdict],
        counts={verdict: verdicts.count(verdict) for verdict in WORST_FIRST},
        activities=worst_first,
        totals={a.key.activity: a.control_totals for a in worst_first if a.control_totals},
        kinds=KINDS,
        base=base,
        up=up,
        looks=looks,
        lost=lost,
    )


def write_run_page(detail: RunDetail, artefacts: Artefacts, folder: str) -> str:
    """Write the run's page into its ``folder`` of the artefacts, for whoever opens them without a server."""
    base = "/".join(".." for _ in PurePosixPath(folder).parts)
    return artefacts.write(f"{folder}/index.html", run_page(detail, lambda: artefacts, base, up=""))


def write_report_page(files: ActivityFiles, result: Result, verdict: Verdict, reason: str) -> None:
    """Write the report's page with what was judged, which may be less than what was compared."""
    suite, *_, activity = PurePosixPath(files.folder).parts
    judged = replace(result, verdict=verdict, reason=reason)
    files.write(PAGE, render_html(judged, title=f"{suite} · {activity}"))


def _reachable(
    records: Sequence[ActivityRecord], artefacts: OpenArtefacts
) -> tuple[dict[str, dict[str, str]], str]:
    """Return the pages of each activity, or why they cannot be looked up: verdicts are shown all the same."""
    try:
        return _looks(records, artefacts()), ""
    except ParityError as error:
        return {record.key.activity: {} for record in records}, str(error)


def database_page(result: DatabaseResult) -> str:
    """Return what was found in a database: schema, servers, cut-over, tables."""
    return _render("database.html", result=result)


def _looks(records: Sequence[ActivityRecord], artefacts: Artefacts) -> dict[str, dict[str, str]]:
    """Return the pages of each activity by name: only those that are still there."""
    folders = {r.key.activity: str(PurePosixPath(r.report).parent) for r in records if r.report}
    runs = {str(PurePosixPath(folder).parent) for folder in folders.values()}
    there = {f"{run}/{stored.name}" for run in runs for stored in artefacts.listed(run)}
    stored = artefacts.read_each(name for f in folders.values() if (name := f"{f}/{FINDINGS}") in there)
    looks: dict[str, dict[str, str]] = {record.key.activity: {} for record in records}
    for activity, folder in folders.items():
        if (page := f"{folder}/{PAGE}") in there:
            looks[activity]["report"] = page
        if docs := _docs(stored.get(f"{folder}/{FINDINGS}", b"{}")):
            looks[activity]["Data Docs"] = docs
    return looks


def _docs(findings: bytes) -> str:
    with suppress(ValueError, AttributeError):
        return str(json.loads(findings).get("docs") or "")
    return ""


def _render(name: str, **values: Any) -> str:
    return templates("parity.web").get_template(name).render(**values)
