"""The nightly run as people see it: a real Airflow, a real browser, and results in object storage."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from conftest import RunningSandbox
from parity_sandbox.demo.airflow import USER, LocalAirflow
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import run_legacy_night
from parity_sandbox.world.aws import client

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PROJECT = Path(__file__).resolve().parents[2]
SHOTS = PROJECT / ".cache" / "screenshots"
PICTURES = PROJECT / "docs" / "pictures"
"""Those of the README; PARITY_REGENERATE=1 takes them again."""
DAG = "parity__payments"
DATE = "2026-03-02"
BUCKET = "parity-artefacts"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1700,1100",
)


@pytest.fixture(scope="module")
def airflow(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    home = tmp_path_factory.mktemp("airflow")
    broken = home / "suites"
    shutil.copytree(PROJECT / "include" / "suites", broken)
    (broken / "refunds.yaml").write_text("suite: refunds\nowner: me\nwave: 1\nactivitees: []\n")
    settings = {
        "PARITY_HOME": str(home / "parity"),
        "PARITY_POLL_SECONDS": "2",
        "PARITY_SCHEDULED": "false",
        "PARITY_SUITES": str(broken),
        "PARITY_ARTEFACTS": f"s3://{BUCKET}/site",
    }
    running = LocalAirflow(PROJECT, home, settings)
    try:
        running.start()
        running.connect(connections(sandbox.endpoints))
        region = {"LocationConstraint": sandbox.endpoints.region}
        client(sandbox.endpoints, "s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
        run_legacy_night(sandbox.endpoints, DATE)
        running.wait(lambda _: None)
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def run_id(airflow: LocalAirflow) -> str:
    """A finished run of the demo's date: ten activities, one of which fails in Databricks."""
    api = AirflowApi(airflow.url, USER, airflow.password)
    api.wait_for_dag(DAG)
    run = api.trigger(DAG, {"business_date": DATE})
    deadline = time.monotonic() + 600
    while api.run(DAG, run)["state"] not in ("success", "failed"):
        assert time.monotonic() < deadline
        time.sleep(1)
    return run


@pytest.fixture(scope="module")
def browser(airflow: LocalAirflow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(flag)
    options.binary_location = "/usr/bin/chromium"
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    driver.get(airflow.url)
    until(driver, lambda: driver.find_element(By.NAME, "username")).send_keys(USER)
    driver.find_element(By.NAME, "password").send_keys(airflow.password)
    driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    shows(driver, "Dags")
    yield driver
    driver.quit()


def until(driver: webdriver.Chrome, find: Callable[[], object], seconds: float = 60) -> object:
    waiting = WebDriverWait(driver, seconds, ignored_exceptions=[WebDriverException])
    return waiting.until(lambda _: find())


def shows(driver: webdriver.Chrome, *texts: str) -> None:
    """Wait until the page shows every text, and keep a picture of it."""

    def all_there() -> bool:
        body = driver.find_element(By.TAG_NAME, "body").text
        return all(text in body for text in texts)

    try:
        until(driver, all_there)
    finally:
        SHOTS.mkdir(parents=True, exist_ok=True)
        driver.save_screenshot(str(SHOTS / f"{texts[0].replace(' ', '-').replace('/', '-')[:40]}.png"))


def picture(driver: webdriver.Chrome, name: str) -> None:
    """Take a picture for the README, when asked to."""
    if os.environ.get("PARITY_REGENERATE"):
        before = driver.get_window_size()
        driver.set_window_size(1000, 760)
        driver.save_screenshot(str(PICTURES / f"{name}.png"))
        driver.set_window_size(before["width"], before["height"])


def open_task(driver: webdriver.Chrome, airflow: LocalAirflow, run_id: str, task: str) -> None:
    driver.get(f"{airflow.url}/dags/{DAG}/runs/{run_id}/tasks/{task}")


def press(driver: webdriver.Chrome, label: str) -> None:
    """Press the button that a screen reader would call ``label``."""
    button = f"//button[starts-with(@aria-label, '{label}')]"
    until(driver, lambda: driver.find_element(By.XPATH, button)).click()


def test_the_graph_has_a_group_for_each_activity(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    browser.get(f"{airflow.url}/dags/{DAG}/runs/{run_id}")
    press(browser, "Show Graph")
    shows(browser, "settle_card_payments", "compute_fees", "start_pipeline", "gate", "+ 7 Tasks")
    press(browser, "Expand all task groups")
    shows(browser, "adf_activity", "great_expectations", "Amazon Athena", "Databricks")
    press(browser, "Show Grid")


def test_the_log_of_a_failed_task_says_what_databricks_said(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    open_task(browser, airflow, run_id, "attribute_ad_spend.adf_activity")
    shows(browser, "INVALID: the Data Factory activity failed.", "UNRESOLVED_COLUMN", "Next: ")


def test_a_task_links_to_the_remote_run_and_to_the_report(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    browser.get(f"{airflow.url}/dags/{DAG}/runs/{run_id}/tasks/compute_fees.glue_job/details")
    shows(browser, "Remote run")
    browser.get(f"{airflow.url}/dags/{DAG}/runs/{run_id}/tasks/compute_fees.record/details")
    shows(browser, "Report")
    link = browser.find_element(By.LINK_TEXT, "Report").get_attribute("href")
    browser.get(str(link))
    shows(browser, "Columns that differ")


def test_the_log_of_a_comparison_shows_the_report(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    open_task(browser, airflow, run_id, "register_chargebacks.compare")
    shows(browser, "133 changed rows", "time-zone shift")


def test_the_log_of_the_gate_ends_with_what_to_do(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    open_task(browser, airflow, run_id, "gate")
    shows(browser, "The run is INVALID.", "Next: fix the stage that failed first", "compute_fees")


def test_a_broken_suite_is_an_import_error_that_names_the_line(
    browser: webdriver.Chrome, airflow: LocalAirflow
) -> None:
    browser.get(airflow.url)
    until(browser, lambda: browser.find_element(By.XPATH, "//*[text()='Dag Import Error']"), 120).click()
    until(browser, lambda: browser.find_element(By.XPATH, "//button[contains(., 'parity_errors')]")).click()
    shows(browser, "refunds.yaml:4", "key 'activitees' is unknown", "Did you mean 'activities'?")


def test_the_run_has_a_tab_with_its_verdicts(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    browser.get(f"{airflow.url}/dags/{DAG}/runs/{run_id}/plugin/parity-run")
    until(browser, lambda: browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe")) or True)
    shows(browser, "register_chargebacks", "timezone shift 133", "WAIVED")
    browser.switch_to.default_content()


def test_the_form_of_a_manual_run_explains_itself(browser: webdriver.Chrome, airflow: LocalAirflow) -> None:
    browser.get(f"{airflow.url}/dags/{DAG}")
    press(browser, "Trigger Dag")
    shows(browser, "Business date", "Data Factory pipeline", "Re-run from failed activities")


def test_the_pages_lead_from_the_run_to_the_report_and_to_data_docs(
    browser: webdriver.Chrome, airflow: LocalAirflow, run_id: str
) -> None:
    browser.get(f"{airflow.url}/parity/")
    shows(browser, "Newest runs", "payments", "INVALID")
    picture(browser, "overview")
    browser.find_element(By.CSS_SELECTOR, ".heat td a").click()
    shows(browser, "compute_fees", "WAIVED", "Overview")
    picture(browser, "run")
    browser.find_element(By.LINK_TEXT, "report").click()
    shows(browser, "Columns that differ")
    picture(browser, "report")
    browser.back()
    browser.find_element(By.LINK_TEXT, "Data Docs").click()
    shows(browser, "Outcome")


def test_nobody_sees_the_pages_without_signing_in(airflow: LocalAirflow) -> None:
    import httpx

    for path in ("/parity/", "/parity/runs/1", "/parity/artefacts/", "/parity/openapi.json"):
        assert httpx.get(f"{airflow.url}{path}").status_code in (401, 404)
    assert httpx.get(f"{airflow.url}/parity/").status_code == 401
    answer = httpx.get(
        f"{airflow.url}/parity/runs/1?dag=x", headers={"accept": "text/html"}, follow_redirects=True
    )
    assert [one.status_code for one in answer.history] == [303, 307]
    assert answer.status_code == 200
    assert answer.url.path == "/auth/login"
    assert answer.url.params["next"] == "/parity/runs/1?dag=x"
