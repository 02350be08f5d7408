"""A channel that cannot be used is no reason for another one to be silent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from parity.airflow import notifications
from parity.airflow.notifications import late_run, senders_of
from parity.errors import BadInput
from unit.flow.suites import suite

ALERTS = [{"slack": {"channel": "#parity"}}, {"pagerduty": {}}]


@pytest.fixture
def _slack_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PAGERDUTY_DEFAULT", '{"conn_type": "pagerduty_events", "password": "k"}')
    monkeypatch.delenv("AIRFLOW_CONN_SLACK_DEFAULT", raising=False)


@pytest.mark.usefixtures("_slack_is_missing")
def test_a_missing_connection_fails_alone_at_the_gate() -> None:
    missing, pager = senders_of(suite(alerts=ALERTS))
    assert [missing.name, pager.name] == ["slack:slack_default:#parity", "pagerduty:pagerduty_default"]
    with pytest.raises(BadInput, match="no connection 'slack_default'"):
        missing({})


@pytest.mark.usefixtures("_slack_is_missing")
def test_a_missing_connection_fails_alone_when_a_run_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(notifications, "_declared", lambda _: suite(alerts=ALERTS))
    monkeypatch.setattr(notifications, "_report_late", lambda *given: reported.append(given[1]))
    asyncio.run(late_run("parity__x", {"dag_run": {}}))
    assert isinstance(reported[0]["slack_default"], BadInput)
    assert reported[0]["pagerduty_default"].password == "k"
