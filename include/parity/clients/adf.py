"""Data Factory over its REST API, version 2018-06-01."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from parity.clients.entra import EntraConfig
from parity.clients.remote import RemoteError, RunStatus
from parity.clock import Clock


@dataclass(frozen=True)
class AdfConfig:
    """One factory and how to reach it."""

    subscription: str
    resource_group: str
    factory: str
    credential: EntraConfig
    endpoint: str = "https://management.azure.com"


@dataclass(frozen=True)
class Recovery:
    """A rerun of part of an earlier run; ADF then takes the earlier run's parameters."""

    run_id: str
    start_activity: str = ""
    from_failure: bool = False


@dataclass(frozen=True)
class ActivityDefinition:
    """One activity as the pipeline declares it; ``depends_on`` maps an activity to its conditions."""

    name: str
    kind: str
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Pipeline:
    """A pipeline's top level."""

    name: str
    parameters: tuple[str, ...]
    activities: tuple[ActivityDefinition, ...]


@dataclass(frozen=True)
class PipelineRun:
    """One run as the factory lists it; parameter values are all text."""

    run_id: str
    group_id: str
    pipeline: str
    parameters: Mapping[str, str]
    latest: bool
    status: RunStatus


class AdfClient:
    """Thin calls, typed answers."""

    def __init__(
        self, config: AdfConfig, *, clock: Clock | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        raise NotImplementedError

    def pipeline(self, name: str) -> Pipeline:
        """Return the pipeline's definition; NotFound with did-you-mean."""
        raise NotImplementedError

    def create_run(self, pipeline: str, parameters: Mapping[str, Any], recovery: Recovery | None = None) -> str:
        """Start a run once and return its id; Unreachable means that nobody knows whether it started."""
        raise NotImplementedError

    def run(self, run_id: str) -> PipelineRun:
        """Return one run."""
        raise NotImplementedError

    def runs(
        self, *, after: datetime, before: datetime, filters: Sequence[Mapping[str, Any]] = ()
    ) -> list[PipelineRun]:
        """Return the runs last updated in the window, oldest start first; all pages."""
        raise NotImplementedError

    def activities(self, run_id: str) -> dict[str, RunStatus]:
        """Return the latest attempt of each activity of a run by name; one poll answers for all."""
        raise NotImplementedError

    def cancel(self, run_id: str) -> None:
        """Cancel a run and what it started."""
        raise NotImplementedError


def first_broken(
    pipeline: Pipeline, activities: Mapping[str, RunStatus], name: str
) -> tuple[str, RemoteError | None]:
    """Return the first activity upstream of ``name`` (or itself) that broke, and its error."""
    raise NotImplementedError


class AdfRuns:
    """RemoteRuns over one factory. request: {"pipeline", "parameters", "recovery_of"?, "start_activity"?,
    "start_from_failure"?, "since"? (ISO time: no run of this token is older)}."""

    kind = "adf"

    def __init__(self, client: AdfClient, *, clock: Clock | None = None) -> None:
        raise NotImplementedError
