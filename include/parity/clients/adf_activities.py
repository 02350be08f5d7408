"""The activities of one pipeline run, each as a run of its own; one poll answers for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from parity.clients.adf import AdfClient, Pipeline, PipelineRun
from parity.clients.adf_chain import first_broken
from parity.clients.names import did_you_mean
from parity.clients.remote import Phase, RemoteError, RunStatus
from parity.errors import BadInput

FRESH = 1.0
"""Seconds for which one answer serves every activity."""


def activity_run(pipeline_run: str, activity: str) -> str:
    """Return the id by which an activity of a pipeline run is asked for."""
    return f"{pipeline_run}/{activity}"


class ActivityRuns:
    """RemoteRuns, look-only: ids are ``<pipeline run>/<activity>``. Never submits, never cancels."""

    kind: ClassVar[str] = "adf_activity"

    def __init__(self, client: AdfClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._seen: dict[str, tuple[float, PipelineRun, Mapping[str, RunStatus]]] = {}
        self._pipelines: dict[str, Pipeline] = {}

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Refuse: an activity runs when its pipeline does."""
        raise BadInput("An activity cannot be started by itself.", remedy="Start its pipeline.")

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return None; activities are not looked up by token."""
        return None

    def cancel(self, run_id: str) -> None:
        """Leave it alone: stopping to look at one activity must not stop the pipeline."""

    def status(self, run_id: str) -> RunStatus:
        """Return the activity's last attempt; one that never ran is FAILED once its pipeline has ended.

        A failed attempt counts only when the pipeline will not try again.
        """
        pipeline_run, _, name = run_id.partition("/")
        run, activities = self._look(pipeline_run)
        status = activities.get(name)
        if status is None or status.state in ("Skipped", "Inactive"):
            return self._absent(run_id, name, run, activities)
        if status.phase is Phase.FAILED and not run.status.phase.ended and self._tries_again(run, name, status):
            return replace(status, run_id=run_id, phase=Phase.RUNNING, error=None)
        return replace(status, run_id=run_id, url=status.url or run.status.url)

    def _look(self, pipeline_run: str) -> tuple[PipelineRun, Mapping[str, RunStatus]]:
        at, run, activities = self._seen.get(pipeline_run, (float("-inf"), None, {}))
        if run is None or self._monotonic() - at > FRESH:
            # The run first: an activity that ends between the two calls is then seen as ended in an open run.
            run = self._client.run(pipeline_run)
            recovered = (run.group_id,) if run.group_id not in ("", run.run_id) else ()
            activities = self._client.activities(pipeline_run, earlier=recovered)
            self._seen[pipeline_run] = (self._monotonic(), run, activities)
        return run, activities

    def _absent(self, run_id: str, name: str, run: PipelineRun, activities: Mapping[str, RunStatus]) -> RunStatus:
        pipeline = self._definition(run)
        if name not in {activity.name for activity in pipeline.activities}:
            known = did_you_mean(name, (activity.name for activity in pipeline.activities))
            error = RemoteError("NoSuchActivity", f"Pipeline {run.pipeline} has no activity {name}. {known}")
            return RunStatus(run_id, "NotFound", Phase.FAILED, error, run.status.url)
        culprit, why = first_broken(pipeline, activities, name)
        if not run.status.phase.ended and not (why and not self._tries_again(run, culprit, activities[culprit])):
            return RunStatus(run_id, "Waiting", Phase.WAITING, url=run.status.url)
        caused_by = {"caused_by": culprit} if culprit != name else {}
        return RunStatus(
            run_id, "NotRun", Phase.FAILED, _not_run(run, culprit, why), run.status.url, output=caused_by
        )

    def _tries_again(self, run: PipelineRun, name: str, status: RunStatus) -> bool:
        retries = {activity.name: activity.retries for activity in self._definition(run).activities}
        return int(status.output.get("retry_attempt") or 0) < retries.get(name, 0)

    def _definition(self, run: PipelineRun) -> Pipeline:
        if run.pipeline not in self._pipelines:
            self._pipelines[run.pipeline] = self._client.pipeline(run.pipeline)
        return self._pipelines[run.pipeline]


def _not_run(run: PipelineRun, culprit: str, why: RemoteError | None) -> RemoteError:
    if why:
        return RemoteError(
            "DependencyFailed", f"It never ran, because {culprit} failed first ({why.code}: {why.message})."
        )
    return RemoteError("NotRun", f"It never ran, and the pipeline run ended as {run.status.state}.")
