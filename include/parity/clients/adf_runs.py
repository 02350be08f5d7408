"""Data Factory runs, started once.

``createRun`` has no idempotency key. So a pipeline should declare the parameter ``parity_token``; it then
carries the token, and the factory is asked for it *before* anything is started. ``createRun`` itself is never
sent twice: when its answer is lost, the run is looked for, and if it cannot be found the outcome is
Unreachable; a later attempt looks first.

A pipeline without the parameter, and a recovery (whose parameters are the first run's), can only be recognised
by what started since: the same pipeline and parameters, or the same run group. So a request that an attempt may
have sent before it was killed gives the time since when (``asked``); two such runs are an error, never a guess.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from parity.clients.adf import RETENTION, AdfClient, PipelineRun
from parity.clients.remote import Phase, RunStatus
from parity.errors import Terminal, Unreachable

log = logging.getLogger(__name__)

MARK = "parity_token"
"""The correlation parameter; a pipeline declares it as ``{"type": "string", "defaultValue": ""}``."""
FAR = datetime.max.replace(tzinfo=UTC)
SETTLE = (1.0, 3.0, 6.0, 10.0)
"""Seconds between looks after a lost answer; the factory lists a new run within moments."""
SKEW = timedelta(seconds=30)
"""How far the factory's clock may differ from ours."""


@dataclass(frozen=True)
class Request:
    """What AdfRuns is asked to start, as JSON carries it."""

    pipeline: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    recovery_of: str = ""
    """Run to recover; its own parameters are then used."""
    since: str = ""
    """ISO time with zone: no run of this token is older. Empty: as far back as the factory remembers."""
    asked: str = ""
    """ISO time with zone since which a killed worker may have sent this very request; empty: never."""


class AdfRuns:
    """RemoteRuns over one factory; see :class:`Request` for what a request holds."""

    kind: ClassVar[str] = "adf"

    def __init__(self, client: AdfClient) -> None:
        self._client = client
        self._clock = client.clock

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Return the run that ``token`` started, starting it if there is none; never starts two knowingly."""
        asked = Request(**request)
        if known := self.find(request, token):
            return known
        began = self._clock.now()
        try:
            return self._client.create_run(asked.pipeline, self._parameters(asked, token), asked.recovery_of)
        except Unreachable as error:
            return self._look_for(asked, token, began, error)

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return the run that ``token`` started, or None when there is none or it cannot be recognised."""
        asked = Request(**request)
        if asked.recovery_of:
            return self._oldest(self._recoveries(asked), token)
        if not self._is_marked(asked):
            return self._unmarked(asked)
        return self._oldest(self._marked_runs(asked, token), token)

    def status(self, run_id: str) -> RunStatus:
        """Return how the run stands."""
        return self._client.run(run_id).status

    def cancel(self, run_id: str) -> None:
        """Cancel the run and what it started; an ended one is left alone."""
        if not self.status(run_id).phase.ended:
            self._client.cancel(run_id)

    def _parameters(self, asked: Request, token: str) -> dict[str, Any]:
        if asked.recovery_of:
            return {}
        return {**asked.parameters, **({MARK: token} if self._is_marked(asked) else {})}

    def _is_marked(self, asked: Request) -> bool:
        return MARK in self._client.pipeline(asked.pipeline).parameters

    def _marked_runs(self, asked: Request, token: str) -> list[PipelineRun]:
        runs = self._runs_since(asked, self._since(asked))
        marked = [run for run in runs if run.parameters.get(MARK) == token]
        # A recovery inherits the parameters, and so the token, of the run that it recovers.
        first_of = {run.group_id for run in marked if run.run_id == run.group_id}
        return [run for run in marked if run.run_id == run.group_id or run.group_id not in first_of]

    def _recoveries(self, asked: Request) -> list[PipelineRun]:
        reference = self._client.run(asked.recovery_of)
        group = [run for run in self._runs_since(asked, self._since(asked)) if run.group_id == reference.group_id]
        younger = [run for run in group if _started(run) > _started(reference)]
        # One that ended badly is not taken up again: a new request means another try.
        valid = (Phase.SUCCEEDED,) if asked.since else ()
        return [run for run in younger if not run.status.phase.ended or run.status.phase in valid]

    def _unmarked(self, asked: Request) -> str | None:
        """Return the one run with these parameters since the request may have been sent; Terminal for several."""
        if not asked.asked:
            return None
        found = self._started_by(asked, "", datetime.fromisoformat(asked.asked))
        if len(found) > 1:
            ids = ", ".join(run.run_id for run in found)
            raise Terminal(
                f"Pipeline {asked.pipeline!r} was started {len(found)} times for the same parameters while a task "
                f"was killed, and it is unknown which run is ours ({ids}).",
                remedy=f"Choose 'use this run id', and declare the parameter {MARK!r} in the pipeline.",
            )
        return found[0].run_id if found else None

    def _look_for(self, asked: Request, token: str, began: datetime, error: Unreachable) -> str:
        log.warning("Data Factory: lost the answer to createRun of %r; looking for the run", asked.pipeline)
        for pause in SETTLE:
            self._clock.sleep(pause)
            if found := self._oldest(self._started_by(asked, token, began), token):
                return found
        raise Unreachable(
            f"Data Factory's answer to starting pipeline {asked.pipeline!r} was lost ({error.message}), "
            f"and no such run is listed: it may or may not have started.",
            remedy=f"The next attempt looks for it first, if the pipeline declares the parameter {MARK!r}; "
            "otherwise look in the monitor before trying again.",
        ) from error

    def _started_by(self, asked: Request, token: str, began: datetime) -> list[PipelineRun]:
        if not asked.recovery_of and self._is_marked(asked):
            return self._marked_runs(asked, token)
        recent = [run for run in self._runs_since(asked, began - SKEW) if _started(run) >= began - SKEW]
        if asked.recovery_of:
            group = self._client.run(asked.recovery_of).group_id
            return [run for run in recent if run.group_id == group and run.run_id != asked.recovery_of]
        wanted = {name: _text(value) for name, value in asked.parameters.items()}
        return [run for run in recent if wanted.items() <= run.parameters.items()]

    def _runs_since(self, asked: Request, since: datetime) -> list[PipelineRun]:
        name = {"operand": "PipelineName", "operator": "Equals", "values": [asked.pipeline]}
        return self._client.runs(after=since, before=self._clock.now() + timedelta(days=1), filters=[name])

    def _since(self, asked: Request) -> datetime:
        if asked.since:
            return datetime.fromisoformat(asked.since) - SKEW
        return self._clock.now() - RETENTION

    def _oldest(self, runs: list[PipelineRun], token: str) -> str | None:
        if len(runs) > 1:
            ids = ", ".join(run.run_id for run in runs)
            log.warning("Data Factory: %d runs carry token %s (%s); taking the first", len(runs), token, ids)
        return runs[0].run_id if runs else None


def _started(run: PipelineRun) -> datetime:
    """Return when a run started; a queued one has not, and sorts last."""
    return run.status.started or FAR


def _text(value: Any) -> str:
    """Return a parameter as the factory lists it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
