"""The pages as HTML; everything that came from outside is escaped by the template engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result, Verdict
from parity.errors import ParityError
from parity.flow.database_run.plan import DATABASE
from parity.flow.readiness import ANSWERS, MARKS, Readiness
from parity.flow.suite_run.files import FINDINGS, PAGE, ActivityFiles
from parity.flow.suite_run.verdict import NEXT_STEP
from parity.history.records import ActivityRecord, RunDetail, RunRecord
from parity.report.html import render_html, templates
from parity.tablediff.job import folder_of
from parity.tablediff.verdict import DatabaseResult
from parity.web.chain import chain
from parity.web.charts import HEIGHT, LEFT, TOP, WIDTH
from parity.web.database import database_facts
from parity.web.links import Links
from parity.web.overview import NIGHTS, SHAPES, Overview, View
from parity.web.trend import money_of, trend
from parity.web.waivers import STATES, Waivers

KINDS = {
    "adf_pipeline": "Data Factory run",
    "adf_activity": "ADF activity",
    "databricks": "Databricks export",
    "athena": "Athena query",
    "glue": "Glue run",
}
OpenArtefacts = Callable[[], Artefacts]
TOP_LEVEL, BELOW = Links(), Links("../")
"""Addresses as a page of the server's first level needs them, and one of the second."""
MOST_ROWS = 500
"""Lines of a table on a page; the tables as CSV and JSON have them all."""
WORST_FIRST = (Verdict.INVALID, Verdict.FAIL, Verdict.WAIVED, Verdict.PASS)


def overview_page(seen: Overview | None, view: View, runs: Sequence[RunRecord], links: Links = TOP_LEVEL) -> str:
    """Return the overview with the newest runs; without a grid when nothing has run."""
    return render("overview.html", links, seen=seen, view=view, runs=runs, shapes=SHAPES, nights=NIGHTS)


def activity_page(suite: str, activity: str, history: Sequence[ActivityRecord], links: Links) -> str:
    """Return an activity over time; ``history`` has one result per date, the newest first, and at least one."""
    return render(
        "activity.html",
        links,
        suite=suite,
        activity=activity,
        seen=trend(history),
        money=money_of,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        top=TOP,
    )


def readiness_page(look: Callable[[], Sequence[Readiness]], links: Links = TOP_LEVEL) -> str:
    """Return which waves are ready, and what blocks the others; or why nothing can be said."""
    waves, lost = _or_why(look)
    colours = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.INVALID}
    return render("readiness.html", links, waves=waves, lost=lost, colours=colours, answers=ANSWERS, marks=MARKS)


def waivers_page(seen: Waivers, links: Links = TOP_LEVEL) -> str:
    """Return all waivers, those first that need somebody."""
    return render("waivers.html", links, seen=seen, colours=STATES)


def _or_why(look: Callable[[], Sequence[Readiness]]) -> tuple[Sequence[Readiness], str]:
    try:
        return look(), ""
    except ParityError as error:
        return (), str(error)


def run_page(detail: RunDetail, artefacts: OpenArtefacts, links: Links = BELOW) -> str:
    """Return one run: how far it came, its activities or tables, and of a database the schema and the cut-over."""
    looks, facts, lost = _reachable(detail, artefacts)
    database = detail.run.suite.startswith("db.")
    worst_first = sorted(detail.activities, key=lambda a: (WORST_FIRST.index(a.verdict), a.key.activity))
    verdicts = [activity.verdict for activity in detail.activities]
    return render(
        "run.html",
        links,
        run=detail.run,
        following=NEXT_STEP[detail.run.verdict],
        counts={verdict: verdicts.count(verdict) for verdict in WORST_FIRST},
        activities=worst_first,
        totals={a.key.activity: a.control_totals for a in worst_first[:MOST_ROWS] if a.control_totals},
        noun="Table" if database else "Activity",
        whole=DATABASE,
        chain=chain(detail.activities, database=database),
        kinds=KINDS,
        looks=looks,
        facts=facts,
        lost=lost,
        most=MOST_ROWS,
    )


def write_run_page(detail: RunDetail, artefacts: Artefacts, folder: str) -> str:
    """Write the run's page into its ``folder`` of the artefacts, for whoever opens them without a server."""
    links = Links("../" * len(PurePosixPath(folder).parts), datetime.now(UTC))
    return artefacts.write(f"{folder}/index.html", run_page(detail, lambda: artefacts, links))


def write_report_page(files: ActivityFiles, result: Result, verdict: Verdict, reason: str) -> None:
    """Write the report's page with what was judged, which may be less than what was compared."""
    suite, *_, activity = PurePosixPath(files.folder).parts
    judged = replace(result, verdict=verdict, reason=reason)
    files.write(PAGE, render_html(judged, title=f"{suite} · {activity}"))


def _reachable(
    detail: RunDetail, artefacts: OpenArtefacts
) -> tuple[dict[str, dict[str, str]], DatabaseResult | None, str]:
    """Return the pages of each activity, and a database's facts; or why they cannot be looked up.

    Verdicts are shown all the same.
    """
    try:
        there = artefacts()
        return _looks(detail.activities, there), database_facts(detail, there), ""
    except ParityError as error:
        return {record.key.activity: {} for record in detail.activities}, None, str(error)


def database_page(result: DatabaseResult) -> str:
    """Return what was found in a database: tables, schema, servers, cut-over."""
    verdicts = [table.result.verdict for table in result.tables]
    return render(
        "database.html",
        Links("../" * 4, datetime.now(UTC)),
        result=result,
        following=NEXT_STEP[result.verdict],
        counts={verdict: verdicts.count(verdict) for verdict in WORST_FIRST},
        tables=sorted(result.tables, key=lambda t: (WORST_FIRST.index(t.result.verdict), t.table)),
        pages={table.table: f"../{folder_of(table.table)}/{PAGE}" for table in result.tables},
        most=MOST_ROWS,
    )


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


def render(page: str, links: Links, **values: Any) -> str:
    """Return a page of the templates, with its addresses."""
    here = {"overview.html": "", "run.html": None}.get(page, page.removesuffix(".html"))
    return templates("parity.web").get_template(page).render(links=links, here=here, **values)
