"""A remote run, whichever cloud: submit once, store its id, wait, cancel on request, report what happened.

Every cloud's states are mapped by one table (:class:`Lifecycle`) to the five phases that the rest of the product
uses. A state that is not in the table is an error, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, ClassVar, Protocol

from parity.errors import Terminal


class Phase(StrEnum):
    """Where a remote run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Return whether the run is over."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED)


@dataclass(frozen=True)
class Lifecycle:
    """What each of one cloud's states means; client, sandbox and tests read the same table."""

    cloud: str
    phases: Mapping[str, Phase]

    def phase(self, state: str) -> Phase:
        """Return the phase that ``state`` stands for; Terminal when it is unknown."""
        if (phase := self.phases.get(state)) is None:
            raise Terminal(
                f"{self.cloud} answered with the state {state!r}, which Parity does not know.",
                remedy=f"Known: {', '.join(self.phases)}; add the new one in parity.clients.",
            )
        return phase


def fingerprint(token: str) -> str:
    """Return 64 lower-case hexadecimal digits that stand for ``token`` where its length or letters don't fit.

    A destination that contains its first 12 ties what was written there to the attempt.
    """
    return sha256(token.encode()).hexdigest()


def carries(text: str, token: str) -> bool:
    """Return whether ``text`` names ``token``, itself or by the first 12 digits of its fingerprint."""
    return token in text or fingerprint(token)[:12] in text


@dataclass(frozen=True)
class RemoteError:
    """Why a remote run failed, in the cloud's own words."""

    code: str
    message: str
    failure_type: str = ""
    """Such as ADF's UserError or SystemError; SystemError may pass by itself."""


@dataclass(frozen=True)
class RunStatus:
    """One remote run, as of one poll."""

    run_id: str
    state: str
    """In the cloud's own words."""
    phase: Phase
    error: RemoteError | None = None
    url: str = ""
    """Where people can look at it."""
    started: datetime | None = None
    ended: datetime | None = None
    output: Mapping[str, Any] = field(default_factory=dict)
    """JSON that later steps need: rows copied, bytes scanned, linked run."""


class RemoteRuns(Protocol):
    """One kind of remote run. Every method raises only errors of :mod:`parity.errors`."""

    kind: ClassVar[str]

    def submit(self, request: Mapping[str, Any], token: str) -> str:
        """Start a run and return its id; a repeated ``token`` returns the run that it started first."""

    def find(self, request: Mapping[str, Any], token: str) -> str | None:
        """Return the run that ``token`` started, or None when there is none."""

    def status(self, run_id: str) -> RunStatus:
        """Return how the run stands."""

    def cancel(self, run_id: str) -> None:
        """Request that the cloud stop the run; ended runs are left alone."""
