"""What Databricks refuses, in its own words."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refused(Exception):
    """A request cannot be granted."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code

    def answer(self) -> JSONResponse:
        """Return the error as Databricks shapes it."""
        return JSONResponse({"error_code": self.code, "message": str(self)}, self.status)


def invalid(message: str) -> Refused:
    """Return the refusal of a parameter."""
    return Refused(400, "INVALID_PARAMETER_VALUE", message)


def no_job(job_id: Any) -> Refused:
    """Return the refusal of an unknown job."""
    return Refused(404, "RESOURCE_DOES_NOT_EXIST", f"Job {job_id} does not exist.")


def no_run(run_id: Any) -> Refused:
    """Return the refusal of an unknown run: 400 and not 404, as the real service has it."""
    return invalid(f"Run {run_id} does not exist.")


def no_endpoint(method: str, path: str) -> Refused:
    """Return the refusal of an unknown route."""
    return Refused(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}'")


async def on_refused(_request: Request, error: Exception) -> Response:
    """Answer a refusal."""
    assert isinstance(error, Refused)
    return error.answer()
