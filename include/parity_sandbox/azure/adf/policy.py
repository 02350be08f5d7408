"""How long an activity may take, and how often it is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from parity_sandbox.azure.adf.failures import ActivityFailure
from parity_sandbox.azure.adf.graph import Activity
from parity_sandbox.azure.adf.timestamps import seconds

DEFAULT_TIMEOUT = "0.12:00:00"


@dataclass(frozen=True)
class Policy:
    """``timeout`` and ``pause`` (before a retry) in seconds."""

    retry: int
    pause: float
    timeout: float

    @classmethod
    def of(cls, activity: Activity, evaluate: Callable[[Any], Any]) -> Self:
        """Return the policy that an activity declares."""
        declared = activity.get("policy") or {}
        try:
            return cls(
                retry=int(evaluate(declared.get("retry", 0))),
                pause=float(evaluate(declared.get("retryIntervalInSeconds", 30))),
                timeout=seconds(str(evaluate(declared.get("timeout", DEFAULT_TIMEOUT)))),
            )
        except (TypeError, ValueError) as error:
            raise ActivityFailure("BadRequest", f"The activity's policy cannot be read: {error}") from error
