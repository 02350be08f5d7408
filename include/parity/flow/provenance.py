"""Provenance of task outputs: which attempt made them, by which rules, from which inputs.

A task may be retried, cleared, marked by hand, or outlived by a process of an earlier attempt, and Airflow keeps
its output until it *starts* again. So every output carries its provenance, with a hash of each input as it was
then. A verdict holds only while every hash is that of the input as it is now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from parity.clients.remote import fingerprint
from parity.suite.databases import Database
from parity.suite.models import Activity, Suite, Waiver

PROVENANCE = "provenance"
"""Key of an output's provenance."""
TaskOutput = Mapping[str, Any]
"""What a task returned, as JSON; empty when it returned nothing."""
RULES = "rules"
DESCRIPTIVE = {
    "owner",
    "wave",
    "description",
    "schedule",
    "start",
    "deadline",
    "timeout",
    "alerts",
    "approval",
    "queue",
    "activities",
}
"""Fields of a suite or a database that change no comparison, and activities, which have a hash of their own."""


@dataclass(frozen=True)
class Provenance:
    """How an output was made."""

    attempt: str
    """Airflow's id of the task attempt; each retry and each clear has one of its own."""
    rules: str
    """Hash of the declarations that it was made by."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Task → hash of that task's output."""

    @classmethod
    def of(cls, output: TaskOutput) -> Provenance | None:
        """Return the provenance of ``output``; None when it has none."""
        data = output.get(PROVENANCE)
        if not isinstance(data, Mapping) or not data.keys() >= {"attempt", RULES}:
            return None
        return cls(str(data["attempt"]), str(data[RULES]), dict(data.get("inputs") or {}))


def output_hash(output: TaskOutput) -> str:
    """Return 16 hexadecimal digits for everything in ``output``; empty for a missing one.

    A plan's rules are left out: they are compared by themselves, for the activity in question.
    """
    content = {name: value for name, value in output.items() if name != RULES}
    return fingerprint(json.dumps(content, sort_keys=True, default=str))[:16] if content else ""


def output_hashes(outputs: Mapping[str, TaskOutput], tasks: Iterable[str]) -> dict[str, str]:
    """Return the hash of each named task's output."""
    return {task: output_hash(outputs.get(task, {})) for task in tasks}


def suite_rules(suite: Suite) -> str:
    """Return the hash of what a suite declares for all of its activities."""
    return _hash(suite.model_dump(mode="json", exclude=DESCRIPTIVE))


def export_rules(suite: Suite, activity: Activity, sql: str) -> str:
    """Return the hash of everything that an activity's exports depend on; ``sql`` is the legacy query."""
    return _hash([suite_rules(suite), activity.model_dump(mode="json", exclude={"queue"}), sql])


def verdict_rules(suite: Suite, activity: Activity, sql: str, waivers: Iterable[Waiver], classes: str = "") -> str:
    """Return the hash of everything that an activity's verdict depends on.

    ``classes`` is the text of the suite's own expectation classes.
    """
    own = [w for w in waivers if (w.suite, w.activity) == (suite.suite, activity.name)]
    declared = [export_rules(suite, activity, sql), *(waiver.model_dump(mode="json") for waiver in own)]
    return _hash([*declared, classes] if classes else declared)


def database_rules(spec: Database, waivers: Iterable[Waiver]) -> str:
    """Return the hash of everything that a database's verdict depends on."""
    own = [waiver.model_dump(mode="json") for waiver in waivers if waiver.suite == spec.database]
    return _hash([spec.model_dump(mode="json", exclude=DESCRIPTIVE), *own])


def _hash(declared: Any) -> str:
    return fingerprint(json.dumps(declared, sort_keys=True))[:16]
