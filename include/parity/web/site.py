"""The pages as files among the artefacts, for whoever opens them without a server, and for the archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from parity.clients.artefacts import Artefacts
from parity.flow.readiness import readiness_of_waves
from parity.history import grid
from parity.history.store import Store
from parity.settings import settings
from parity.web.doctor import doctor_page
from parity.web.links import SITE, Links, activity_file
from parity.web.overview import ROWS, View, overview
from parity.web.pages import activity_page, overview_page, readiness_page, waivers_page
from parity.web.waivers import waivers

MOST = 500
"""Activities of the overview, and of one suite that have a page."""


def write_site(store: Store, artefacts: Artefacts, suite: str, now: datetime) -> None:
    """Write the pages that a run of ``suite`` changes; those of other suites' activities stay as they are."""
    links = Links("../", now)
    _write_overview(store, artefacts, links, now)
    pages = {
        "waivers": waivers_page(waivers(store, settings(), now.date()), links),
        "readiness": readiness_page(lambda: readiness_of_waves(store, settings(), now), links),
        "doctor": doctor_page(lambda: artefacts, links),
    }
    for name, page in pages.items():
        artefacts.write(f"{SITE}/{name}.html", page)
    for activity in _activities(store, suite)[:MOST]:
        name = activity_file(suite, activity)
        below = Links("../" * name.count("/"), now)
        artefacts.write(name, activity_page(suite, activity, store.activity_history(suite, activity), below))


def _activities(store: Store, suite: str) -> list[str]:
    """Return the activities of a suite that the overview shows."""
    known = grid.dates(store)
    since = known[1] - timedelta(days=View().nights) if known else date.min
    return [cell.activity for cell in grid.newest_results(store, since, date.max) if cell.suite == suite]


def _write_overview(store: Store, artefacts: Artefacts, links: Links, now: datetime) -> None:
    runs, pages, number = store.runs(limit=100), 1, 1
    while number <= pages:
        view = View(page=number)
        if seen := overview(store, view, now.date()):
            pages = min(seen.pages, MOST // ROWS)
            seen = replace(seen, pages=pages)
        name = links.overview(number).removeprefix(links.up)
        artefacts.write(name, overview_page(seen, view, runs, links))
        number += 1
