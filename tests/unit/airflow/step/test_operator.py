"""What a step leaves for people: a link to the page it wrote, and a log that ends with what to do."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.step.failures import WIDTH, log_block
from parity.airflow.step.links import PageLink, link_page
from parity.airflow.step.operator import StepOperator
from parity.errors import NotFound
from parity.flow.stages import Stage


@dataclass
class Instance:
    """A task instance that remembers what was pushed."""

    task: Any
    pushed: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def run(step: Any) -> tuple[StepOperator, Any]:
    operator = StepOperator(task_id="compare", step=step, stage=Stage.COMPARE)
    context: Any = {"ti": Instance(operator)}
    return operator, context


def test_a_step_links_to_the_page_that_it_wrote_even_when_it_goes_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARITY_SITE_URL", "https://airflow.example.com/")

    def red(context: Any) -> None:
        link_page(context, "artefacts/payments/report.html")
        raise AirflowFailException("FAIL: 3 changed rows.")

    operator, context = run(red)
    with pytest.raises(AirflowFailException):
        operator.execute(context)
    stage = PageLink().get_link(operator, ti_key=None)
    assert stage == "https://airflow.example.com/parity/artefacts/payments/report.html"


def test_a_step_that_wrote_no_page_links_to_nothing() -> None:
    operator, context = run(lambda _: {"done": True})
    operator.execute(context)
    assert PageLink().get_link(operator, ti_key=None) == ""


def test_a_refused_export_is_logged_with_the_next_step_before_the_task_fails(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def lost(_: Any) -> None:
        raise NotFound("There is no manifest in abfss://exchange/1.", remedy="Clear helper_job with downstream.")

    operator, context = run(lost)
    with caplog.at_level(logging.INFO), pytest.raises(AirflowFailException):
        operator.execute(context)
    reported = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert reported == [
        ("ERROR", "INVALID: the comparison failed."),
        ("ERROR", "  There is no manifest in abfss://exchange/1."),
        ("ERROR", "  Next: Clear helper_job with downstream."),
    ]


def test_no_line_is_wider_than_the_log_view_but_an_address_stays_whole(caplog: pytest.LogCaptureFixture) -> None:
    address = "https://adb-1.azuredatabricks.net/" + "1" * WIDTH
    with caplog.at_level(logging.INFO):
        log_block("FAIL", "many words " * 40, address)
    lines = [record.getMessage() for record in caplog.records]
    assert f"  {address}" in lines
    assert all(len(line) <= WIDTH for line in lines if address not in line)
