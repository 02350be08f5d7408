"""Steps of ``alerts.feature``, against the sandbox's stand-ins for PagerDuty, Slack, mail and webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from pytest_bdd import given, parsers, scenarios, then, when

from fake_clock import FakeClock
from parity.alerts.notify import Sender, notify
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.alerts.senders import (
    EmailSender,
    PagerDutySender,
    SlackSender,
    WebhookSender,
)
from parity.compare.result import CauseCount, ColumnFacts, Rows, Verdict
from parity.history.store import Store, open_store
from parity.suite.models import Cause

scenarios("alerts.feature")

FIRST = date(2026, 3, 2)


@dataclass
class OnCall:
    """A suite's nights, and everybody who hears of them."""

    store: Store
    sandbox: Any
    senders: list[Sender]
    clock: FakeClock = field(default_factory=lambda: FakeClock(datetime(2026, 3, 3, 3, 10, tzinfo=UTC)))
    nights: list[RunOutcome] = field(default_factory=list)

    def night(self, *activities: ActivityOutcome) -> None:
        """Let one more night end."""
        day = FIRST + timedelta(days=len(self.nights))
        outcome = RunOutcome(
            "payments", day, f"run-{day}", activities, "https://airflow.test/run", "payments-data"
        )
        self.nights.append(outcome)
        self.gate()

    def gate(self) -> None:
        """Tell of the last night, as the gate does whenever it runs."""
        self.clock.sleep(60)
        notify(self.store, self.nights[-1], self.senders, self.clock)

    def inbox(self) -> dict[str, Any]:
        """Return what the sandbox received."""
        answer: dict[str, Any] = httpx.get(f"{self.sandbox.endpoints.sink}/_sandbox/messages").json()
        return answer

    def heard(self, channel: str) -> str:
        """Return everything that one channel received, as text."""
        return "\n".join(str(m) for m in self.inbox()["messages"] if m["channel"] == channel)

    def chat(self, event: str) -> int:
        """Count what the chat heard of one event."""
        return sum(
            f" {event.upper()}: " in m["summary"] for m in self.inbox()["messages"] if m["channel"] == "slack"
        )


@pytest.fixture
def on_call(tmp_path: Path, sandbox_light: Any) -> Iterator[OnCall]:
    """The store and the senders, pointing at the sandbox."""
    httpx.delete(f"{sandbox_light.endpoints.sink}/_sandbox/messages")
    store = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    yield OnCall(store, sandbox_light, senders(sandbox_light))
    store.engine.dispose()


def senders(sandbox: Any) -> list[Sender]:
    sink, (host, port) = sandbox.endpoints.sink, sandbox.endpoints.smtp.split(":")
    return [
        PagerDutySender(name="pd", routing_key=SecretStr("0" * 32), events_url=f"{sink}/v2/enqueue"),
        SlackSender(name="chat", channel="#parity", token=SecretStr("xoxb-1"), api_base=f"{sink}/api"),
        EmailSender(
            name="mail",
            to=("oncall@example.test",),
            sender="parity@example.test",
            host=host,
            port=int(port),
            starttls=False,
        ),
        WebhookSender(name="hook", url=SecretStr(f"{sink}/webhook/parity")),
    ]


def invalid(name: str, **more: str) -> ActivityOutcome:
    return ActivityOutcome(name, Verdict.INVALID, "no export", **more)


@given("an on-call engineer with a pager, a chat, a mailbox and a webhook", target_fixture="duty")
def engineer(on_call: OnCall) -> OnCall:
    return on_call


@when(parsers.re(r"(?P<name>\w+) differs in (?P<rows>\d+) rows for (?P<nights>\d+) nights?"))
def differs(duty: OnCall, name: str, rows: str, nights: str) -> None:
    count = int(rows)
    amount = ColumnFacts("amount", 100, count, (CauseCount(Cause.ROUNDING, count),))
    for _ in range(int(nights)):
        duty.night(
            ActivityOutcome(
                name, Verdict.FAIL, "differs", rows=Rows(100, 100, 100 - count, count), columns=(amount,)
            )
        )


@when(parsers.parse("{name} is equal again"))
def equal(duty: OnCall, name: str) -> None:
    duty.night(ActivityOutcome(name, Verdict.PASS, "equal", rows=Rows(100, 100, 100)))


@when(parsers.parse('{name} could not be compared because ADF said "{words}"'))
def could_not(duty: OnCall, name: str, words: str) -> None:
    duty.night(invalid(name, first_failure=f"ADF activity {name}: {words}"))


@when(parsers.parse('{broken} breaks with "{words}" and {name} waits for it'))
def breaks(duty: OnCall, broken: str, words: str, name: str) -> None:
    first = invalid(broken, first_failure=f"ADF activity {broken}: {words}")
    duty.night(first, invalid(name, caused_by=broken))


@given("the pager is down")
def pager_down(duty: OnCall) -> None:
    duty.sandbox.fault(service="sink", method="POST", path="/v2/enqueue", status=503)


@given("the pager is up again")
def pager_up(duty: OnCall) -> None:
    duty.sandbox.heal()


@when("the gate is cleared and runs again")
def cleared(duty: OnCall) -> None:
    duty.gate()


@then(parsers.re(r"the pager has (?P<count>\d+) incidents?(, and (it is|they are) (?P<state>\w+))?"))
def incidents(duty: OnCall, count: str, state: str | None) -> None:
    assert [i["state"] for i in duty.inbox()["incidents"]] == [state] * int(count)


@then(parsers.parse('every channel heard "{event}" once'))
def everybody_heard(duty: OnCall, event: str) -> None:
    actions = {"new": "trigger: ", "recovered": "resolve: "}
    pages = [m for m in duty.inbox()["messages"] if m["channel"] == "pagerduty"]
    assert sum(m["summary"].startswith(actions[event]) for m in pages) == 1
    assert duty.chat(event) == 1
    assert sum(f"[Parity] {event}" in str(m["summary"]) for m in duty.inbox()["messages"]) == 1
    assert duty.heard("webhook").count(f"'event': '{event}'") == 1


@then(parsers.parse('the chat heard "{event}" once'))
def chat_heard(duty: OnCall, event: str) -> None:
    assert duty.chat(event) == 1


@then("the message reads")
def reads(duty: OnCall, datatable: list[list[str]]) -> None:
    [page] = [m["body"] for m in duty.inbox()["messages"] if m["channel"] == "pagerduty"]
    reported = page["payload"]["custom_details"]
    assert {label: text in reported[label] for label, text in datatable} == dict.fromkeys(
        (label for label, _ in datatable), True
    )
