"""The pages of the results store in a browser, at three widths, held against axe-core's rules."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import uvicorn
from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from parity.clients.artefacts import Artefacts
from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.history.records import ActivityKey, ActivityRecord, RunRecord
from parity.history.store import Store, open_store
from parity.suite.models import Cause
from parity.web.app import create_app

pytestmark = pytest.mark.browser
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
PAGES = ["", "?verdict=FAIL&nights=30", "activities/payments/flaps", "runs/1", "readiness", "doctor"]
LAST = date(2026, 3, 31)
NIGHTS = 70


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages over a store with nights of every verdict."""
    folder = tmp_path_factory.mktemp("pages")
    store = open_store(f"sqlite:///{folder / 'results.db'}")
    record(store)
    app = create_app(lambda: store, lambda: Artefacts.on_disk(folder / "artefacts"))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def record(store: Store) -> None:
    """Record the nights of a suite with an activity that flaps, one under a waiver, and one that was repaired."""
    for back in range(NIGHTS):
        day = LAST - timedelta(days=back)
        at = datetime(day.year, day.month, day.day, 2, tzinfo=UTC)
        verdicts = {
            "flaps": Verdict.FAIL if back % 3 else Verdict.PASS,
            "waived": Verdict.WAIVED,
            "repaired": Verdict.INVALID if back > 30 else Verdict.PASS,
        }
        worst = Verdict.FAIL if back % 3 else Verdict.WAIVED
        store.record_run(RunRecord("payments", f"r{day}", day, at, at, worst, "3 activities"))
        store.record_activities(activity(name, verdict, day, at) for name, verdict in verdicts.items())


def activity(name: str, verdict: Verdict, day: date, at: datetime) -> ActivityRecord:
    changed = 0 if verdict is Verdict.PASS else day.day
    causes = (CauseCount(Cause.ROUNDING, changed, "cut"), CauseCount(Cause.UNEXPLAINED, 2, ""))
    fee = ColumnFacts("fee", 1000, changed, causes, (Money("EUR", Decimal(1), Decimal(changed), changed),))
    return ActivityRecord(
        ActivityKey("payments", name, day, f"r{day}"),
        verdict,
        "fee is cut" if changed else "",
        at,
        Rows(1000, 1000, 1000 - changed, changed),
        columns=(fee,) if changed else (),
        seconds=20 + day.day / 3,
        bytes_scanned=4_000_000,
        suite_sha="a" if day < date(2026, 3, 1) else "b",
    )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [500, 820, 1280])
@pytest.mark.parametrize(
    "page", ["", "?verdict=FAIL&nights=30", "activities/payments/flaps", "runs/1", "readiness", "doctor"]
)
def test_a_page_breaks_no_rule_of_axe(
    browser: webdriver.Chrome, site: str, page: str, width: int, colours: str
) -> None:
    browser.set_window_size(width, 1200)
    features = [{"name": "prefers-color-scheme", "value": colours}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.get(f"{site}/{page}")
    found = Axe().run(browser)
    assert found["passes"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


def test_the_newest_night_is_in_view_and_a_night_is_read_out_by_keyboard(
    browser: webdriver.Chrome, site: str
) -> None:
    browser.set_window_size(500, 1200)
    browser.get(site)
    grid = browser.find_element(By.CSS_SELECTOR, ".grid")
    newest = browser.find_elements(By.CSS_SELECTOR, ".heat tbody tr:nth-child(2) td a")[-1]
    assert newest.rect["x"] + newest.rect["width"] <= grid.rect["x"] + grid.rect["width"] + 1
    browser.execute_script("arguments[0].focus()", newest)
    assert browser.find_element(By.ID, "about").text == f"flaps, {LAST}: PASS"
    newest.click()
    assert browser.find_element(By.TAG_NAME, "h1").text.startswith(f"payments, {LAST}")
