"""What became of a run's activities: of many attempts, rounds and recovered runs, one status per name."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from parity.clients.remote import Lifecycle, Phase, RemoteError, RunStatus

RAN_HERE = (None, "", "None")
"""Values of ``recoveryStatus`` of an activity that this very run performed."""

LIFECYCLE = Lifecycle(
    "Data Factory",
    {
        "Queued": Phase.WAITING,
        "InProgress": Phase.RUNNING,
        "Canceling": Phase.RUNNING,
        "Succeeded": Phase.SUCCEEDED,
        "Failed": Phase.FAILED,
        "Cancelled": Phase.CANCELLED,
        # Of activities only. Neither produced data, whatever its pipeline makes of it.
        "Skipped": Phase.CANCELLED,
        "Inactive": Phase.CANCELLED,
    },
)


Statuses = Mapping[str, RunStatus]
"""How a run's activities stand, by name."""


def recovered(known: Statuses, run_id: str, listed: Sequence[Mapping[str, Any]]) -> dict[str, RunStatus]:
    """Return ``known``, of the runs before, with what ``run_id`` performed; what it took over stays as it was."""
    before = {status.run_id for status in known.values()}
    taken_over = {item["activityName"] for item in listed if not _ran_here(item, before)}
    found = {name: _with(status, spared=True) if name in taken_over else status for name, status in known.items()}
    for name, status in latest_attempts([item for item in listed if _ran_here(item, before)]).items():
        if name not in known or status.state not in ("Skipped", "Inactive"):
            found[name] = _with(status, pipeline_run=run_id)
    return found


def _ran_here(item: Mapping[str, Any], before: Collection[str]) -> bool:
    return item.get("recoveryStatus") in RAN_HERE and item["activityRunId"] not in before


def _with(status: RunStatus, **facts: Any) -> RunStatus:
    return replace(status, output={**status.output, **facts})


def latest_attempts(found: Sequence[Mapping[str, Any]]) -> dict[str, RunStatus]:
    """Return one status per activity name: the last attempt, and of a loop's rounds the worst."""
    by_id = {item["activityRunId"]: item for item in found}  # a page that shifted may repeat an item
    rounds: dict[str, list[RunStatus]] = {}
    for item in _last_attempts(sorted(by_id.values(), key=_began)):
        rounds.setdefault(item["activityName"], []).append(activity_status(item))
    return {name: _worst(statuses) for name, statuses in rounds.items()}


def _last_attempts(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out every attempt that a retry made good for: each retry stands for one attempt before it, no more.

    Rounds of a loop may share everything but their id, so that a later round must not pass for a retry.
    """
    last: list[Mapping[str, Any]] = []
    for item in found:
        earlier = next((one for one in last if _retries_it(item, one)), None)
        if earlier is not None:
            last.remove(earlier)
        last.append(item)
    return last


def _retries_it(item: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    attempt = item.get("retryAttempt") or 0
    same = all((item.get(part) or "") == (earlier.get(part) or "") for part in ("activityName", "iterationHash"))
    follows = attempt > 0 and attempt == (earlier.get("retryAttempt") or 0) + 1
    return same and follows and earlier["status"] != "Succeeded"


def _began(item: Mapping[str, Any]) -> tuple[str, int]:
    return item.get("activityRunStart") or "", item.get("retryAttempt") or 0


def _worst(rounds: Sequence[RunStatus]) -> RunStatus:
    worst = min(rounds, key=lambda status: _BADNESS.index(status.phase))
    children = [child for status in rounds for child in status.output.get("child_runs", ())]
    sums = {name: _sum([status.output.get(name) for status in rounds]) for name in ("rows_read", "rows_copied")}
    facts = {**worst.output, **sums, "child_runs": children or None}
    return replace(worst, output={name: value for name, value in facts.items() if value is not None})


def _sum(counts: Sequence[int | None]) -> int | None:
    """Return the sum of what rounds report; None when one of them reports nothing."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


_BADNESS = (Phase.FAILED, Phase.CANCELLED, Phase.WAITING, Phase.RUNNING, Phase.SUCCEEDED)


def activity_status(item: Mapping[str, Any]) -> RunStatus:
    """Return one activity run of the REST answer as a status."""
    phase = LIFECYCLE.phase(item["status"])
    output: Mapping[str, Any] = item["output"] if isinstance(item.get("output"), dict) else {}
    facts = {"retry_attempt": item.get("retryAttempt"), "duration_ms": item.get("durationInMs")}
    facts |= {"rows_read": _count(output, "rowsRead"), "rows_copied": _count(output, "rowsCopied")}
    facts |= {"child_runs": [output["pipelineRunId"]] if output.get("pipelineRunId") else None}
    return RunStatus(
        run_id=item["activityRunId"],
        state=item["status"],
        phase=phase,
        error=_activity_error(item.get("error") or {}) if phase is Phase.FAILED else None,
        url=output.get("runPageUrl") or "",
        started=time_of(item.get("activityRunStart")),
        ended=time_of(item.get("activityRunEnd")) if phase.ended else None,
        output={name: value for name, value in facts.items() if value is not None},
    )


def _count(output: Mapping[str, Any], name: str) -> int | None:
    """Return a count of a Copy activity's output, or of the JSON object that a notebook handed on."""
    value = output.get(name, _handed_on(output).get(name))
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _handed_on(output: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what ``dbutils.notebook.exit`` was given, which Data Factory shows as an object where it is JSON."""
    handed = output.get("runOutput")
    with suppress(ValueError):
        handed = json.loads(handed) if isinstance(handed, str) else handed
    return handed if isinstance(handed, Mapping) else {}


def _activity_error(error: Mapping[str, Any]) -> RemoteError:
    return RemoteError(
        code=str(error.get("errorCode") or ""),
        message=error.get("message") or "Data Factory gave no reason.",
        failure_type=error.get("failureType") or "",
    )


def time_of(text: str | None) -> datetime | None:
    """Return a moment of an answer."""
    return datetime.fromisoformat(text) if text else None
