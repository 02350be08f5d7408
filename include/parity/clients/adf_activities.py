"""The activities of one pipeline run, each as a run of its own; one poll for all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from parity.clients.adf import AdfClient, Pipeline, PipelineRun
from parity.clients.adf_attempts import Statuses
from parity.clients.adf_chain import first_broken
from parity.clients.adf_settled import doubt
from parity.clients.remote import Phase, RemoteError, RunStatus
from parity.errors import BadInput, ExportRefused
from parity.wording import did_you_mean

OVERLAP = timedelta(days=1)
"""How much older than a run another one may be that still goes on beside it."""
FRESH = 1.0
"""Seconds for which one answer serves every activity."""


class ActivityRuns:
    """RemoteRuns, look-only: ids are ``<pipeline run>/<activity>``. Never submits, never cancels."""

    kind: ClassVar[str] = "adf_activity"

    def __init__(self, client: AdfClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._monotonic = monotonic
        self._seen: dict[str, tuple[float, PipelineRun, Statuses]] = {}
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

        A failed attempt counts only when the pipeline will not try again, a success only when it is final
        (:mod:`parity.clients.adf_settled`).
        """
        pipeline_run, _, name = run_id.partition("/")
        run, activities = self._look(pipeline_run)
        status = activities.get(name)
        if status is None or status.state in ("Skipped", "Inactive"):
            return self._absent(run_id, name, run, activities)
        if status.phase is Phase.SUCCEEDED:
            return self._succeeded(run_id, name, run, activities)
        if status.phase is Phase.FAILED and not run.status.phase.ended and self._tries_again(run, name, status):
            return replace(status, run_id=run_id, phase=Phase.RUNNING, error=None)
        return replace(status, run_id=run_id, url=status.url or run.status.url)

    def check_newest(self, request: Mapping[str, Any], run_id: str) -> None:
        """Raise ExportRefused when another run of the request's pipeline and parameters ran the activity, too.

        That is a later run, or one from before whose activity had not ended when this one's began. Called after
        the export: data that were rewritten meanwhile are no proof.
        """
        pipeline_run, _, name = run_id.partition("/")
        own = self._client.run(pipeline_run)
        began, before = own.status.started or self._client.clock.now(), self._client.earlier_runs(own)
        mine = self._client.activities(pipeline_run, earlier=before).get(name)
        named = {"operand": "PipelineName", "operator": "Equals", "values": [request["pipeline"]]}
        ahead = self._client.clock.now() + timedelta(days=1)
        for run in self._client.runs(after=began - OVERLAP, before=ahead, filters=[named]):
            if run.run_id in (pipeline_run, *before) or run.status.started is None:
                continue
            if request["parameters"].items() <= run.parameters.items() and self._wrote(run, name, began, mine):
                raise ExportRefused(
                    f"Pipeline run {pipeline_run} was superseded by {run.run_id}, which ran {name} again.",
                    remedy="Start a new run that verifies it: choose 'use the latest run'.",
                )

    def _wrote(self, run: PipelineRun, name: str, began: datetime, mine: RunStatus | None) -> bool:
        """Return whether ``run`` performed the activity after ``mine``, or while that went on."""
        status = self._client.activities(run.run_id, earlier=self._client.earlier_runs(run)).get(name)
        performed = status is not None and status.output.get("pipeline_run") == run.run_id
        if status is None or not performed or status.state in ("Skipped", "Inactive"):
            return False
        if run.status.started is None or run.status.started > began:
            return True
        since = mine.started if mine else None
        return since is not None and (status.ended is None or status.ended > since)

    def _look(self, pipeline_run: str) -> tuple[PipelineRun, Statuses]:
        at, run, activities = self._seen.get(pipeline_run, (float("-inf"), None, {}))
        if run is None or self._monotonic() - at > FRESH:
            # The run first: an activity that ends between the two calls is then seen as ended in an open run.
            run = self._client.run(pipeline_run)
            activities = self._client.activities(pipeline_run, earlier=self._client.earlier_runs(run))
            self._seen[pipeline_run] = (self._monotonic(), run, activities)
        return run, activities

    def _succeeded(self, run_id: str, name: str, run: PipelineRun, activities: Statuses) -> RunStatus:
        """Return a success, or why it does not count."""
        pipeline = self._definition(run)
        status = replace(activities[name], run_id=run_id, url=activities[name].url or run.status.url)
        if error := _unnameable(pipeline, name):
            return _refused(status, error)
        if found := doubt(pipeline, run, activities, name):
            return _refused(status, RemoteError("NotFinal", found.reason)) if found.final else _waits(status)
        return self._with_children(status) if pipeline.by_name[name].detached else status

    def _with_children(self, status: RunStatus) -> RunStatus:
        """Return the success of an ExecutePipeline as that of the runs that it started."""
        children = [self._client.run(child).status for child in status.output.get("child_runs", ())]
        if not children:
            text = "It does not say which pipeline run it started, and need not wait for it (waitOnCompletion)."
            return _refused(status, RemoteError("NotAwaited", text))
        for child in children:
            if child.phase.ended and child.phase is not Phase.SUCCEEDED:
                why = child.error.message if child.error else child.state
                return _refused(
                    status, RemoteError("ChildFailed", f"Pipeline run {child.run_id}, which it started: {why}")
                )
        return status if all(child.phase.ended for child in children) else _waits(status)

    def _absent(self, run_id: str, name: str, run: PipelineRun, activities: Statuses) -> RunStatus:
        pipeline = self._definition(run)
        if error := _unnameable(pipeline, name):
            return RunStatus(run_id, "NotFound", Phase.FAILED, error, run.status.url)
        culprit, why = first_broken(pipeline, activities, name)
        if not run.status.phase.ended and not (why and not self._tries_again(run, culprit, activities[culprit])):
            return RunStatus(run_id, "Waiting", Phase.WAITING, url=run.status.url)
        caused_by = {"caused_by": culprit} if culprit != name else {}
        return RunStatus(
            run_id, "NotRun", Phase.FAILED, _not_run(run, culprit, why), run.status.url, output=caused_by
        )

    def _tries_again(self, run: PipelineRun, name: str, status: RunStatus) -> bool:
        definition = self._definition(run).by_name.get(name)
        return definition is not None and int(status.output.get("retry_attempt") or 0) < definition.retries

    def _definition(self, run: PipelineRun) -> Pipeline:
        if run.pipeline not in self._pipelines:
            self._pipelines[run.pipeline] = self._client.pipeline(run.pipeline)
        return self._pipelines[run.pipeline]


def _unnameable(pipeline: Pipeline, name: str) -> RemoteError | None:
    """Return why ``name`` cannot stand for one activity that runs."""
    named = [activity for activity in pipeline.activities if activity.name == name]
    if not named:
        known = did_you_mean(name, pipeline.by_name)
        return RemoteError("NoSuchActivity", f"Pipeline {pipeline.name} has no activity {name}. {known}")
    if len(named) > 1:
        text = f"Pipeline {pipeline.name} has {len(named)} activities called {name}; rename all but one."
        return RemoteError("AmbiguousActivity", text)
    if named[0].inactive:
        return RemoteError("Inactive", f"Pipeline {pipeline.name} has switched {name} off: it does nothing.")
    return None


def _waits(status: RunStatus) -> RunStatus:
    """Return a success that does not count yet."""
    return replace(status, phase=Phase.RUNNING, ended=None)


def _refused(status: RunStatus, error: RemoteError) -> RunStatus:
    """Return a success that never will count."""
    return replace(status, phase=Phase.FAILED, error=error)


def _not_run(run: PipelineRun, culprit: str, why: RemoteError | None) -> RemoteError:
    if why:
        return RemoteError(
            "DependencyFailed", f"It never ran, because {culprit} failed first ({why.code}: {why.message})."
        )
    return RemoteError("NotRun", f"It never ran, and the pipeline run ended as {run.status.state}.")
