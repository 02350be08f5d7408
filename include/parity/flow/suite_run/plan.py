"""What one run is going to do: decided once, from the form or the schedule, and stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from parity.errors import BadInput
from parity.suite.databases import Database
from parity.suite.models import Activity, Mode, Suite

LONGEST_RANGE = 62
"""Dates that one manual run may cover; more is a backfill."""


class PipelineUse(StrEnum):
    """Where the target's data comes from."""

    TRIGGER = "trigger the pipeline"
    LATEST = "use the latest run"
    RUN = "use this run id"


@dataclass(frozen=True)
class SuiteRunPlan:
    """One run of one suite for one business date."""

    suite: str
    run_id: str
    business_date: date
    activities: tuple[str, ...]
    mode: Mode | None
    """None: as each activity declares."""
    pipeline: PipelineUse
    pipeline_run_id: str | None
    recover: bool
    """Re-run the reference run from its failed activities."""
    other_dates: tuple[date, ...] = ()
    """Further dates of a range, each for a run of its own."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """Activity → fingerprint of what was declared of it when the run was planned."""

    @property
    def key(self) -> str:
        """Return a name of this run that is safe in paths and unique per suite."""
        return run_key(self.run_id)

    @property
    def folder(self) -> str:
        """Return the folder of this run in the exchange and among the artefacts."""
        return f"{self.suite}/{self.business_date.isoformat()}/{self.key}"

    def mode_of(self, suite: Suite, activity: Activity) -> Mode:
        """Return the mode in force: the form's, else the activity's, else the suite's.

        An activity that declares ``rows`` has no tasks that digest: ``auto`` means ``rows`` there, and ``digest``
        is refused, never taken for another.
        """
        mode = self.mode or activity.mode or suite.mode
        if mode is Mode.ROWS or digests(suite, activity):
            return mode
        if mode is Mode.DIGEST:
            raise BadInput(
                f"Activity {activity.name} declares mode rows, so it has no tasks that digest.",
                remedy="Declare mode: auto or digest in the suite, or choose rows.",
            )
        return Mode.ROWS


def digests(suite: Suite, activity: Activity) -> bool:
    """Return whether an activity declares a mode that may digest."""
    return (activity.mode or suite.mode) in (Mode.AUTO, Mode.DIGEST)


def run_key(run_id: str) -> str:
    """Return a name for a run id that is safe in paths."""
    safe = re.sub(r"[^A-Za-z0-9]+", "-", run_id).strip("-")[:60]
    return f"{safe}-{hashlib.sha256(run_id.encode()).hexdigest()[:8]}"


def plan_suite_run(suite: Suite, params: Mapping[str, Any], *, run_id: str, moment: datetime) -> SuiteRunPlan:
    """Turn the form's ``params`` into a plan; an empty date means the day before ``moment``.

    Raises BadInput, with the remedy, for whatever the form cannot rule out by itself.
    """
    first, *others = _dates(params, suite.business_date(moment))
    pipeline = PipelineUse(params.get("pipeline") or PipelineUse.TRIGGER)
    named = (params.get("pipeline_run_id") or "").strip() or None
    plan = SuiteRunPlan(
        suite=suite.suite,
        run_id=run_id,
        business_date=first,
        activities=_activities(suite, params.get("activities") or ()),
        mode=_mode(params.get("mode")),
        pipeline=pipeline,
        pipeline_run_id=named,
        recover=bool(params.get("recover")),
        other_dates=tuple(others),
    )
    _check_pipeline(plan)
    return plan


def requested_date(subject: Suite | Database, run: Any) -> date:
    """Return the business date of a Dag run that has no plan: the form's, if that is one, else its moment's."""
    try:
        return date.fromisoformat(str((run.conf or {}).get("business_date") or partition_of(run)))
    except ValueError:
        return subject.business_date(run.logical_date or run.run_after)


def partition_of(run: Any) -> str | None:
    """Return the partition that started a Dag run, which is its business date; None of any other run."""
    key: str | None = getattr(run, "partition_key", None)
    return key


def _mode(value: str | None) -> Mode | None:
    return Mode(value) if value in set(Mode) else None


def _dates(params: Mapping[str, Any], default: date) -> list[date]:
    first = _date(params.get("business_date")) or default
    last = _date(params.get("business_date_to")) or first
    days = (last - first).days
    if days < 0:
        raise BadInput(f"The range ends on {last}, before it begins on {first}.", remedy="Swap the two dates.")
    if days >= LONGEST_RANGE:
        raise BadInput(
            f"The range has {days + 1} dates; one run takes at most {LONGEST_RANGE}.",
            remedy="Use an Airflow backfill for more.",
        )
    return [first + timedelta(days=n) for n in range(days + 1)]


def _date(value: object) -> date | None:
    if not value:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise BadInput(f"{value!r} is not a date.", remedy="Write it as 2026-03-31.") from None


def _activities(suite: Suite, wanted: Sequence[str]) -> tuple[str, ...]:
    known = [activity.name for activity in suite.activities]
    if unknown := [name for name in wanted if name not in known]:
        raise BadInput(
            f"Suite {suite.suite} has no activity {', '.join(unknown)}.",
            remedy=f"It has {', '.join(known)}.",
        )
    return tuple(name for name in known if not wanted or name in wanted)


def _check_pipeline(plan: SuiteRunPlan) -> None:
    if plan.pipeline is PipelineUse.RUN and not plan.pipeline_run_id:
        raise BadInput("'use this run id' needs the id of a pipeline run.", remedy="Paste it from Data Factory.")
    if plan.pipeline is not PipelineUse.RUN and plan.pipeline_run_id and not plan.recover:
        raise BadInput(
            f"A run id is given, but the choice is {plan.pipeline.value!r}.",
            remedy="Choose 'use this run id', or tick 're-run from failed activities'.",
        )
    if plan.recover and plan.pipeline is not PipelineUse.TRIGGER:
        raise BadInput(
            "Recovery starts a new pipeline run.", remedy="Choose 'trigger the pipeline' together with it."
        )
    if plan.other_dates and (plan.pipeline is PipelineUse.RUN or plan.recover):
        raise BadInput(
            "One pipeline run holds one business date, so it cannot serve a range.",
            remedy="Give a single date.",
        )
