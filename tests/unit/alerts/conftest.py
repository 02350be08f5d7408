"""A store, channels that remember, and nights."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from fake_clock import FakeClock
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.compare.result import CauseCount, ColumnFacts, Rows, Verdict
from parity.history.store import Store, open_store
from parity.suite.models import Cause
from parity_sandbox.sink.inbox import Inbox
from parity_sandbox.sink.mail import open_mailbox
from parity_sandbox.sink.routes import Sink

DAY = date(2026, 3, 2)


@dataclass
class Channel:
    """A channel that remembers what arrived, and fails as often as it is told to."""

    name: str
    arrived: list[Mapping[str, Any]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Take one letter."""
        if self.failures:
            raise self.failures.pop(0)
        self.arrived.append(payload)

    @property
    def events(self) -> list[tuple[str, str]]:
        """Return (event, activity) of what arrived."""
        return [(payload["event"], payload["activity"]) for payload in self.arrived]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty results store."""
    opened = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    yield opened
    opened.engine.dispose()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands at three in the morning."""
    return FakeClock(datetime(2026, 3, 3, 3, 10, tzinfo=UTC))


@pytest.fixture
def pager() -> Channel:
    """The pager."""
    return Channel("pagerduty")


@pytest.fixture
def chat() -> Channel:
    """The chat."""
    return Channel("slack")


@pytest.fixture
def red() -> Callable[..., ActivityOutcome]:
    """Make an activity with one column that differs."""

    def make(rows: int = 5, column: str = "amount", cause: Cause = Cause.ROUNDING, **more: Any) -> ActivityOutcome:
        facts = ColumnFacts(column, 100, rows, (CauseCount(cause, rows),))
        given = {"name": "settle", "reason": f"{rows} rows differ", "rows": Rows(100, 100, 100 - rows, rows)}
        return ActivityOutcome(verdict=Verdict.FAIL, columns=(facts,), **{**given, **more})

    return make


@pytest.fixture
def green() -> Callable[..., ActivityOutcome]:
    """Make a green activity."""
    return lambda name="settle": ActivityOutcome(name, Verdict.PASS, "equal", rows=Rows(100, 100, 100))


@pytest.fixture
def invalid() -> Callable[..., ActivityOutcome]:
    """Make an activity that could not be compared."""

    def make(name: str = "settle", **more: Any) -> ActivityOutcome:
        broken = f"ADF activity {name}: UserError 2011, out of memory"
        return ActivityOutcome(name, Verdict.INVALID, "no export", **{"first_failure": broken, **more})

    return make


@pytest.fixture
def run() -> Callable[..., RunOutcome]:
    """Make a night by its position from its activities."""

    def make(position: int, *activities: ActivityOutcome) -> RunOutcome:
        day = DAY + timedelta(days=position)
        return RunOutcome("payments", day, f"run-{position}", activities, "https://airflow.test/run", "data")

    return make


@dataclass(frozen=True)
class Sinkhole:
    """The sandbox's alert sink, served on this machine, and what it received."""

    url: str
    smtp: str
    inbox: Inbox

    def bodies(self, channel: str) -> list[Any]:
        """Return what arrived on one channel."""
        return [message["body"] for message in self.inbox.read(channel)["messages"]]


@contextmanager
def served(app: Any, **options: Any) -> Iterator[int]:
    """Serve an app on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", **options))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def served_sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sinkhole]:
    """Serve the sink until the session ends."""
    inbox = Inbox()
    with served(Sink(inbox).app()) as port:
        mailbox = open_mailbox(tmp_path_factory.mktemp("mail"), inbox)
        yield Sinkhole(f"http://127.0.0.1:{port}", mailbox, inbox)


@pytest.fixture(scope="session")
def teams(served_sink: Sinkhole, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the sink with TLS, as Apprise asks for it of Microsoft Teams; the host and port."""
    key = tmp_path_factory.mktemp("tls") / "server.pem"
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    made = ["openssl", *new, "-keyout", str(key), "-out", str(key.with_suffix(".crt"))]
    subprocess.run(made, check=True, capture_output=True, timeout=30)
    options = {"ssl_keyfile": key, "ssl_certfile": key.with_suffix(".crt")}
    with served(Sink(served_sink.inbox).app(), **options) as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def sink(served_sink: Sinkhole) -> Sinkhole:
    """The sink, with nothing in it."""
    served_sink.inbox.clear()
    return served_sink
