"""A run's life as data: every state a run or task can be in, with both spellings of the API.

``state`` is the older spelling (life_cycle_state, result_state), ``status`` the newer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

ENDED = frozenset({"TERMINATED", "SKIPPED", "INTERNAL_ERROR"})
CLIENT_ERROR = "CLIENT_ERROR"
SAW_NO_ERROR = "SUCCESS"


@dataclass(frozen=True)
class State:
    """How a run or a task stands."""

    life: str
    result: str = ""
    code: str = ""
    """Termination code of the newer spelling."""
    type: str = CLIENT_ERROR
    message: str = ""

    @property
    def ended(self) -> bool:
        """Return whether nothing more will happen."""
        return self.life in ENDED

    @property
    def succeeded(self) -> bool:
        """Return whether it ended well."""
        return self.result == "SUCCESS"

    @property
    def old(self) -> dict[str, Any]:
        """Return ``state``."""
        result = {"result_state": self.result} if self.result else {}
        stopped = self.result in ("CANCELED", "TIMEDOUT")
        return {
            "life_cycle_state": self.life,
            **result,
            "state_message": self.message,
            "user_cancelled_or_timedout": stopped,
        }

    @property
    def new(self) -> dict[str, Any]:
        """Return ``status``."""
        if not self.ended:
            return {"state": self.life}
        details = {"code": self.code, "type": self.type, "message": self.message}
        return {"state": "TERMINATED", "termination_details": details}


QUEUED = State("QUEUED", message="Queued due to reaching maximum concurrent runs.")
PENDING = State("PENDING")
BLOCKED = State("BLOCKED")
RUNNING = State("RUNNING", message="In run")
WAITING_FOR_RETRY = State("WAITING_FOR_RETRY")
TERMINATING = State("TERMINATING", message="Cancelling.")
SUCCESS = State("TERMINATED", "SUCCESS", "SUCCESS", SAW_NO_ERROR)
SUCCESS_WITH_FAILURES = State("TERMINATED", "SUCCESS_WITH_FAILURES", "SUCCESS", SAW_NO_ERROR)
CANCELED = State("TERMINATED", "CANCELED", "USER_CANCELED", SAW_NO_ERROR, "Run cancelled.")
TIMED_OUT = State("TERMINATED", "TIMEDOUT", "RUN_EXECUTION_ERROR", CLIENT_ERROR, "Timed out.")
FAILED = State(
    "TERMINATED",
    "FAILED",
    "RUN_EXECUTION_ERROR",
    CLIENT_ERROR,
    "Workload failed, see run output for details",
)
UPSTREAM_FAILED = State(
    "TERMINATED", "UPSTREAM_FAILED", "RUN_EXECUTION_ERROR", CLIENT_ERROR, "An upstream task failed."
)
EXCLUDED = State("SKIPPED", "EXCLUDED", "SUCCESS", SAW_NO_ERROR, "The condition of run_if was not met.")
BROKEN = State(
    "INTERNAL_ERROR", "FAILED", "INTERNAL_ERROR", "INTERNAL_ERROR", "The sandbox itself failed; see its log."
)
TOO_MANY = State(
    "SKIPPED",
    "MAXIMUM_CONCURRENT_RUNS_REACHED",
    "MAX_CONCURRENT_RUNS_EXCEEDED",
    CLIENT_ERROR,
    "This run was skipped because the job has already reached its maximum number of concurrent runs.",
)


def not_found(message: str) -> State:
    """Return the end of a task whose script is not there."""
    return State("INTERNAL_ERROR", "FAILED", "RESOURCE_NOT_FOUND", CLIENT_ERROR, message)


def impossible(message: str) -> State:
    """Return the end of a task that cannot be run as it is configured."""
    return State("INTERNAL_ERROR", "FAILED", "INVALID_RUN_CONFIGURATION", CLIENT_ERROR, message)


def run_failed(task_key: str, task: State) -> State:
    """Return the end of a run one of whose leaves failed."""
    message = f"Task {task_key} failed with message: {task.message.rstrip('.')}."
    return State("INTERNAL_ERROR", "FAILED", "RUN_EXECUTION_ERROR", CLIENT_ERROR, message)
