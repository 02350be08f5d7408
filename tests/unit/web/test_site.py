"""The pages as files: every link leads to a file, and nothing is asked of a server."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from parity.clients.artefacts import Artefacts
from parity.compare.result import Verdict
from parity.flow.suite_run.plan import run_key
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import open_store
from parity.web.pages import write_run_page
from parity.web.site import write_site

LAST = date(2026, 3, 31)
NOW = datetime(2026, 4, 1, 2, tzinfo=UTC)
SUITES = {"payments": ("fees", "odd name/ü#1"), "db.ledger": ("(database)", "entries")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files after the nights of a suite and a database."""
    tmp_path = tmp_path_factory.mktemp("site")
    store = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    artefacts = Artefacts.on_disk(tmp_path / "artefacts")
    for suite, names in SUITES.items():
        for back in range(2):
            day = LAST - timedelta(days=back)
            run = f"scheduled__{day}T02:00:00+00:00"
            store.record_run(RunRecord(suite, run, day, NOW, NOW, Verdict.FAIL, "1 of 2"))
            for name in names:
                store.record_activity(ActivityRecord(ActivityKey(suite, name, day, run), Verdict.FAIL, "", NOW))
            write_run_page(store.run(run, suite), artefacts, f"{suite}/{day}/{run_key(run)}")
        write_site(store, artefacts, suite, NOW)
    return tmp_path / "artefacts"


def links(page: Path) -> list[str]:
    return re.findall(r'(?:href|src)="([^"#]*)"', page.read_text())


def test_every_link_leads_to_a_file(folder: Path) -> None:
    written = sorted(folder.rglob("*.html"))
    assert {page.parent.name for page in written} >= {"site", "payments", "db.ledger"}
    broken = [
        (page.name, link)
        for page in written
        for link in links(page)
        if not (page.parent / unquote(link)).is_file()
    ]
    assert broken == []
    reached, todo = set(), [folder / "site/index.html"]
    while todo:
        page = todo.pop().resolve()
        if page not in reached:
            reached.add(page)
            todo += [page.parent / unquote(link) for link in links(page)]
    assert reached == {page.resolve() for page in written}


def test_a_file_says_when_it_was_written(folder: Path) -> None:
    for name in ("index", "waivers", "readiness", "doctor"):
        assert "As of 2026-04-01 02:00 UTC." in (folder / f"site/{name}.html").read_text()


def test_the_overview_has_as_many_files_as_it_has_pages(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    store.record_run(RunRecord("payments", "r", LAST, NOW, NOW, Verdict.PASS))
    store.record_activities(
        ActivityRecord(ActivityKey("payments", f"a{at:03}", LAST, "r"), Verdict.PASS, "", NOW) for at in range(52)
    )
    write_site(store, Artefacts.on_disk(tmp_path / "artefacts"), "payments", NOW)
    below = tmp_path / "artefacts/site"
    assert sorted(page.name for page in below.glob("*.html")) == [
        "doctor.html",
        "index.html",
        "page-2.html",
        "readiness.html",
        "waivers.html",
    ]
    assert len([*below.rglob("activities/payments/*.html")]) == 52
    assert 'href="../site/page-2.html"' in (below / "index.html").read_text()
