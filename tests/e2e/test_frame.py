"""A run's page in a frame as Airflow makes it: sandboxed, and not allowed to open a window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from parity.clients.artefacts import Artefacts
from parity.compare.result import Verdict
from parity.history.records import ActivityKey, ActivityRecord, RemoteRun, RunDetail, RunRecord
from parity.web.pages import run_page

pytestmark = pytest.mark.browser
NOW = datetime(2026, 3, 3, tzinfo=UTC)
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run")
FRAME = '<iframe sandbox="allow-scripts allow-same-origin allow-forms allow-downloads" src="run.html"></iframe>'


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name in the base class


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A page with the frame, the run's page in it, and what its links lead to."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    url = f"http://127.0.0.1:{server.server_port}"
    run = RunRecord("payments", "m1", date(2026, 3, 2), NOW, NOW, Verdict.FAIL, "x", url=f"{url}/airflow.html")
    query = RemoteRun("athena", "q1", url=f"{url}/athena.html")
    key = ActivityKey("payments", "fees", date(2026, 3, 2), "m1")
    detail = RunDetail(run, (ActivityRecord(key, Verdict.FAIL, "x", NOW, remote_runs=(query,)),))
    (tmp_path / "index.html").write_text(FRAME)
    (tmp_path / "run.html").write_text(run_page(detail, lambda: Artefacts.on_disk(tmp_path / "artefacts")))
    for name in ("airflow", "athena"):
        (tmp_path / f"{name}.html").write_text(name)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield url
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield driver
    driver.quit()


def press(browser: webdriver.Chrome, site: str, link: str) -> WebDriverWait[webdriver.Chrome]:
    """Press a link inside the frame; return what waits for its effect."""
    browser.get(site)
    browser.switch_to.frame(0)
    browser.find_element(By.LINK_TEXT, link).click()
    browser.switch_to.default_content()
    return WebDriverWait(browser, 30)


def test_a_remote_run_opens_in_a_window_of_its_own(browser: webdriver.Chrome, site: str) -> None:
    press(browser, site, "Athena query").until(lambda driver: len(driver.window_handles) == 2)
    browser.switch_to.window(browser.window_handles[1])
    assert browser.current_url == f"{site}/athena.html"


def test_the_run_opens_in_airflow_itself(browser: webdriver.Chrome, site: str) -> None:
    press(browser, site, "Open in Airflow").until(lambda driver: driver.current_url == f"{site}/airflow.html")
