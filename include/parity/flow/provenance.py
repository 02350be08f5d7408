"""What each piece of a run was made by and made from, so that whoever combines pieces can prove that they fit.

A task may be retried, cleared, marked by hand, or outlived by a process of an earlier attempt, and Airflow keeps
what it handed on until it *starts* again. So every piece says which attempt made it, by which rules, and carries a
mark of each input as it was then. A verdict holds only while every mark is that of the input as it is now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from parity.clients.remote import fingerprint
from parity.suite.databases import Database
from parity.suite.models import Activity, Suite, Waiver

MADE = "made"
"""Key under which a piece says what it was made by and from."""
Piece = Mapping[str, Any]
"""What a task handed on, as JSON; empty when it handed on nothing."""
RULES = "rules"
PRESENTED = {"owner", "wave", "description", "schedule", "start", "deadline", "timeout", "alerts", "activities"}
"""What a suite or a database declares that changes no comparison, and activities, which have their own print."""


@dataclass(frozen=True)
class Made:
    """How a piece came to be."""

    attempt: str
    """Airflow's id of the attempt of its task; each retry and each clear has one of its own."""
    rules: str
    """Fingerprint of the declarations that it was made by."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Task → mark of what that task had handed on."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for XCom and for reports."""
        return asdict(self)

    @classmethod
    def of(cls, piece: Piece) -> Made | None:
        """Return how ``piece`` came to be; None when it does not say."""
        data = piece.get(MADE)
        if not isinstance(data, Mapping) or not data.keys() >= {"attempt", RULES}:
            return None
        return cls(str(data["attempt"]), str(data[RULES]), dict(data.get("inputs") or {}))


def mark(piece: Piece) -> str:
    """Return 16 hexadecimal digits that stand for everything in ``piece``; empty for a piece that is not there.

    A plan's rules are left out: they are compared by themselves, for the activity in question.
    """
    content = {name: value for name, value in piece.items() if name != RULES}
    return fingerprint(json.dumps(content, sort_keys=True, default=str))[:16] if content else ""


def marks(pieces: Mapping[str, Piece], names: Iterable[str]) -> dict[str, str]:
    """Return the mark of each named piece."""
    return {name: mark(pieces.get(name, {})) for name in names}


def suite_rules(suite: Suite) -> str:
    """Return the fingerprint of what a suite declares for all of its activities."""
    return _print(suite.model_dump(mode="json", exclude=PRESENTED))


def question(suite: Suite, activity: Activity, sql: str) -> str:
    """Return the fingerprint of everything that an activity's exports depend on; ``sql`` is the legacy query."""
    return _print([suite_rules(suite), activity.model_dump(mode="json"), sql])


def activity_rules(suite: Suite, activity: Activity, sql: str, waivers: Iterable[Waiver]) -> str:
    """Return the fingerprint of everything that an activity's verdict depends on."""
    own = [w for w in waivers if (w.suite, w.activity) == (suite.suite, activity.name)]
    return _print([question(suite, activity, sql), *(waiver.model_dump(mode="json") for waiver in own)])


def database_rules(spec: Database, waivers: Iterable[Waiver]) -> str:
    """Return the fingerprint of everything that a database's verdict depends on."""
    own = [waiver.model_dump(mode="json") for waiver in waivers if waiver.suite == spec.database]
    return _print([spec.model_dump(mode="json", exclude=PRESENTED), *own])


def _print(declared: Any) -> str:
    return fingerprint(json.dumps(declared, sort_keys=True))[:16]
