"""What Entra refuses, with its own numbers: one row per reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from starlette.responses import JSONResponse


@dataclass(frozen=True)
class Reason:
    """One AADSTS number: the status, OAuth's word, and the sentence with its blanks."""

    number: int
    status: int
    word: str
    sentence: str


REASONS: Mapping[str, Reason] = {
    "grant": Reason(
        70003, 400, "unsupported_grant_type", "The app requested an unsupported grant type '{grant_type}'."
    ),
    "parameter": Reason(
        900144, 400, "invalid_request", "The request body must contain the following parameter: '{name}'."
    ),
    "tenant": Reason(
        90002,
        400,
        "invalid_request",
        "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into "
        "the correct cloud.",
    ),
    "client": Reason(
        700016,
        400,
        "unauthorized_client",
        "Application with identifier '{client_id}' was not found in the directory '{tenant}'.",
    ),
    "secret": Reason(
        7000215,
        401,
        "invalid_client",
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
        "value, not the client secret ID, for a secret added to app '{client_id}'.",
    ),
    "no_secret": Reason(
        7000218,
        401,
        "invalid_client",
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    "assertion": Reason(50027, 400, "invalid_request", "JWT token is invalid or malformed."),
    "old_assertion": Reason(700024, 401, "invalid_client", "Client assertion is not within its valid time range."),
    "scope": Reason(
        1002012,
        400,
        "invalid_scope",
        "The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
        "with /.default suffixed to the resource identifier (application ID URI).",
    ),
}


class Refused(Exception):
    """A request for a token cannot be granted; ``details`` fill the sentence's blanks."""

    def __init__(self, reason: str, **details: str) -> None:
        self.reason = REASONS[reason]
        super().__init__(self.reason.sentence.format(**details))

    def answer(self) -> JSONResponse:
        """Return the error as Entra words it."""
        number, (trace, correlation) = self.reason.number, (str(uuid4()), str(uuid4()))
        at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
        tail = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"
        body = {
            "error": self.reason.word,
            "error_description": f"AADSTS{number}: {self} {tail}",
            "error_codes": [number],
            "timestamp": at,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={number}",
        }
        return JSONResponse(body, self.reason.status, headers={"cache-control": "no-store"})
