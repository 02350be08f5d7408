"""The story of the seeded dates: defects, failures, rules and waivers of each, as ``story.yaml`` lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from parity.flow.stages import Stage, StageFailure
from parity.suite.models import ColumnRule, Expectations, Suite, Waiver

HERE = Path(__file__).parent
NIGHTS = 60
DATA = 4
"""Dates whose data the others have, too."""
Entry = Mapping[str, Any]


@cache
def story() -> Mapping[str, Any]:
    """Return ``story.yaml``."""
    planned: Mapping[str, Any] = yaml.safe_load((HERE / "story.yaml").read_text(encoding="utf-8"))
    return planned


@cache
def jobs() -> Mapping[str, str]:
    """Return the query of every activity and of every table of the ledger."""
    queries: Mapping[str, str] = yaml.safe_load((HERE / "jobs.yaml").read_text(encoding="utf-8"))
    return queries


@dataclass(frozen=True)
class Night:
    """One seeded date; ``back`` counts from the demo's own date, whose day before is 1."""

    back: int
    until: date
    """The demo's own date."""

    @property
    def day(self) -> date:
        """Return the business date."""
        return self.until - timedelta(days=self.back)

    @property
    def data(self) -> date:
        """Return the date whose data it has: one of the last few before the demo's, in turn."""
        return self.until - timedelta(days=(self.back - 1) % DATA + 1)

    @property
    def silent(self) -> bool:
        """Return whether nothing ran."""
        return _among(self.back, story()["silent"])

    def query(self, activity: str, side: str) -> str:
        """Return what an activity runs on one side: the target with the defects of this night."""
        sql = jobs()[activity]
        for defect in self._planned("defects", activity) if side == "target" else ():
            if sql.count(defect["old"]) != 1:
                raise ValueError(f"the defect {defect['what']!r} fits {sql.count(defect['old'])} times, not once")
            sql = sql.replace(defect["old"], defect["new"])
        return sql

    def failure(self, activity: str) -> StageFailure | None:
        """Return why an activity could not be compared; None when it could."""
        for planned in self._planned("failures", activity):
            return StageFailure(Stage(planned["stage"]), planned["reason"])
        return None

    def truncated(self, activity: str) -> bool:
        """Return whether the target's export holds less than its manifest promised."""
        return any(True for _ in self._planned("truncated", activity))

    def suite(self, suite: Suite) -> Suite:
        """Return the suite as it was: with the rules of that night.

        Without expectations: to ask them of so many outputs would take longer than the demo.
        """
        activities = []
        for activity in suite.activities:
            rules = {
                planned["column"]: ColumnRule(**planned["rule"])
                for planned in self._planned("rules", activity.name)
            }
            changed = {"expect": Expectations(), "columns": {**activity.columns, **rules}}
            activities.append(activity.model_copy(update=changed))
        return suite.model_copy(update={"activities": tuple(activities)})

    def waivers(self, suite: Suite, declared: Sequence[Waiver]) -> tuple[Waiver, ...]:
        """Return the waivers of that night; ``declared`` are those of today, which the story names by ticket."""
        found = []
        for planned in story()["waivers"]:
            if not _among(self.back, planned["nights"]):
                continue
            if "waiver" in planned:  # the last night that it covers is compared on the day after
                expires = self.until - timedelta(days=planned["last"] - 1)
                found.append(Waiver(suite=suite.suite, expires=expires, **planned["waiver"]))
            else:
                found += [waiver for waiver in declared if waiver.ticket == planned["ticket"]]
        return tuple(found)

    def _planned(self, chapter: str, activity: str) -> Iterator[Entry]:
        """Yield what a chapter says of an activity on this night."""
        for entry in story()[chapter]:
            if entry.get("activity") in (None, activity) and _among(self.back, entry["nights"]):
                yield entry


def nights(until: date, many: int = NIGHTS) -> list[Night]:
    """Return the nights before ``until``, the oldest first."""
    return [Night(back, until) for back in range(many, 0, -1)]


def _among(back: int, listed: Sequence[int | list[int]]) -> bool:
    return any(one[0] >= back >= one[1] if isinstance(one, list) else one == back for one in listed)
