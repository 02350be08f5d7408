"""Whatever Apprise knows gets the message, on real connections; Apprise's log gives nothing away."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from parity.alerts.apprise_sender import AppriseSender
from parity.alerts.lifecycle import Event
from parity.errors import AccessDenied, BadInput, ParityError, Terminal, Throttled, Unreachable
from unit.alerts.conftest import served
from unit.alerts.test_senders import payload

SECRET = "s3cret-signature"


def sender(url: str) -> AppriseSender:
    """Return what writes to ``url``."""
    return AppriseSender(name="a", url=SecretStr(url))


def test_teams_gets_an_adaptive_card_of_each_event_with_its_text_as_it_is(sink: Any, teams: str) -> None:
    send = sender(f"workflows://{teams}/flow/{SECRET}?verify=no")
    for event in (Event.NEW, Event.WORSE, Event.RECOVERED):
        send(payload(event))
    cards = [body["attachments"][0]["content"] for body in sink.bodies("teams")]
    titles = [next(block["text"] for block in card["body"] if block.get("id") == "title") for card in cards]
    assert titles == [f"[Parity] {event}: payments · settle · 2026-03-02 (critical)" for event in Event]
    text = next(block["text"] for block in cards[0]["body"] if block.get("id") == "body")
    assert "What: payments · settle · 2026-03-02: a < b & c.\n\nWhere: No stage failed." in re.sub(
        r"\\(?=[-.])", "", text
    )
    assert [card["type"] for card in cards] == ["AdaptiveCard"] * 3


@pytest.fixture(scope="module")
def answers() -> Iterator[str]:
    """Serve what answers a message with the status in its address."""

    async def answer(request: Any) -> Response:
        return Response(status_code=request.path_params["status"])

    with served(Starlette(routes=[Route("/{status:int}/{rest:path}", answer, methods=["POST"])])) as port:
        yield f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, Throttled), (500, Unreachable), (503, Unreachable), (401, AccessDenied), (400, Terminal)],
)
def test_a_status_becomes_the_error_that_it_means(
    status: int, error: type[ParityError], answers: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "apprise")
    with pytest.raises(error, match=str(status) if status != 429 else "throttled") as caught:
        sender(f"json://user:{SECRET}@{answers}/{status}/{SECRET}")(payload())
    assert SECRET not in str(caught.value) + repr(sender(SECRET))
    assert SECRET not in caplog.text


def test_nobody_there_may_pass_by_itself() -> None:
    with pytest.raises(Unreachable, match="no answer"):
        sender("json://127.0.0.1:9/x")(payload())


@pytest.mark.parametrize("url", ["", "nothing", "nosuch://host/x", "workflows://host/", f"gotify://{SECRET}"])
def test_an_address_that_apprise_cannot_read_is_bad_input(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "apprise")
    with pytest.raises(BadInput, match="Apprise cannot read"):
        sender(url).verify()
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("schema", "own"), [("opsgenie", "opsgenie"), ("jira", "opsgenie"), ("PagerDuty", "pagerduty")]
)
def test_what_keeps_incidents_has_a_channel_of_its_own(schema: str, own: str) -> None:
    with pytest.raises(BadInput, match="no incident would be closed") as caught:
        sender(f"{schema}://key@x/")(payload())
    assert f"`{own}`" in caught.value.remedy


def test_apprise_that_is_not_installed_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(BadInput, match="not installed") as caught:
        sender("json://127.0.0.1:9/x").verify()
    assert "parity[apprise]" in caught.value.remedy


def test_others_may_still_read_apprises_log(caplog: pytest.LogCaptureFixture) -> None:
    sender("json://127.0.0.1:9/x").verify()
    logging.getLogger("apprise").warning("of somebody else")
    assert "of somebody else" in caplog.text
