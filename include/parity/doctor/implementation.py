"""The implementation status: Glue job ↔ activity ↔ Databricks, RDS ↔ Azure MySQL, with counts per wave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Implementation(StrEnum):
    """How far one thing has moved."""

    MIGRATED = "migrated"
    FAILING = "migrated and failing"
    UNTRIED = "migrated, never run"
    NOT_MIGRATED = "not migrated"
    EXTRA = "extra on the target"
    UNREADABLE = "not readable"


@dataclass(frozen=True)
class Part:
    """One of the things that belong together; an empty name: there is none."""

    name: str = ""
    there: bool | None = True
    """None: it could not be read."""
    state: str = ""
    """Its last run or state, in the cloud's words and with its time; or why it could not be read."""
    failed: bool = False
    ran: bool = True


NOTHING = Part(there=False)


@dataclass(frozen=True)
class Move:
    """One activity or database, side by side."""

    kind: str
    """activity or database."""
    subject: str
    """The suite, or the database as ``db.<name>``; empty for what none of them names."""
    wave: int | None
    legacy: Part
    activity: Part
    """The Data Factory activity; a database has none."""
    target: Part
    status: Implementation
    why: str = ""

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.activity.name or self.legacy.name or self.target.name


def activity_move(suite: str, wave: int, legacy: Part, activity: Part, target: Part) -> Move:
    """Judge one activity of a suite."""
    status, why = _activity_status(activity, target)
    if not why and legacy.name and legacy.there is False:
        why = f"There is no Glue job {legacy.name}."
    return Move("activity", suite, wave, legacy, activity, target, status, why)


def _activity_status(activity: Part, target: Part) -> tuple[Implementation, str]:
    for part in (activity, target):
        if part.there is None:
            return Implementation.UNREADABLE, part.state
    if not activity.there:
        return Implementation.NOT_MIGRATED, activity.state or f"There is no activity {activity.name}."
    if target.name and not target.there:
        return Implementation.NOT_MIGRATED, f"There is no {target.name}."
    if activity.failed:
        return Implementation.FAILING, activity.state
    return (Implementation.MIGRATED if activity.ran else Implementation.UNTRIED), ""


def database_move(database: str, wave: int, legacy: Part, target: Part) -> Move:
    """Judge one database: it has moved where the target answers and has what the legacy side has."""
    if target.there is None:
        status, why = Implementation.UNREADABLE, target.state
    elif not target.there:
        status, why = Implementation.NOT_MIGRATED, target.state
    elif target.failed:
        status, why = Implementation.FAILING, target.state
    elif legacy.there is None:  # what it has to have is not known
        status, why = Implementation.UNREADABLE, legacy.state
    else:
        status, why = Implementation.MIGRATED, ""
    return Move("database", database, wave, legacy, Part(), target, status, why)


def unnamed_legacy(kind: str, name: str, state: str = "") -> Move:
    """Return what exists on the legacy side and is named by no suite or database."""
    legacy = Part(name, state=state)
    why = "No suite or database names it."
    return Move(kind, "", None, legacy, NOTHING, NOTHING, Implementation.NOT_MIGRATED, why)


def unnamed_target(kind: str, name: str, activity: str = "") -> Move:
    """Return what exists on the target and is named by no suite or database."""
    why = "No suite or database names it."
    return Move(kind, "", None, NOTHING, Part(activity), Part(name), Implementation.EXTRA, why)


def by_wave(moves: Iterable[Move]) -> list[tuple[int | None, list[Move]]]:
    """Return the moves by wave, those of none last; within a wave as they came."""
    found: dict[int | None, list[Move]] = {}
    for move in moves:
        found.setdefault(move.wave, []).append(move)
    return sorted(found.items(), key=lambda item: (item[0] is None, item[0] or 0))


def counts(moves: Sequence[Move]) -> Mapping[str, int]:
    """Return how many moves have each status, without those that none has."""
    counted = Counter(move.status for move in moves)
    return {status.value: counted[status] for status in Implementation if counted[status]}
