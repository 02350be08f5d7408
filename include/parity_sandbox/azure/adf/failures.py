"""How an activity ends other than well."""

from __future__ import annotations


class ActivityFailure(Exception):
    """The activity failed; ``failure_type`` is UserError, or SystemError for what may pass by itself."""

    def __init__(self, code: str, message: str, failure_type: str = "UserError") -> None:
        super().__init__(message)
        self.code = code
        self.failure_type = failure_type

    def document(self) -> dict[str, str]:
        """Return the error of an activity run."""
        return {
            "errorCode": self.code,
            "message": str(self),
            "failureType": self.failure_type,
            "details": "",
        }


class TimedOut(ActivityFailure):
    """The activity took longer than its policy allows."""

    def __init__(self) -> None:
        super().__init__("2108", "Activity timed out.")


class Stopped(Exception):
    """The pipeline run was cancelled."""


def limitation(what: str) -> ActivityFailure:
    """Return the failure that says what this sandbox lacks."""
    return ActivityFailure("SandboxLimitation", f"sandbox limitation: {what}")
