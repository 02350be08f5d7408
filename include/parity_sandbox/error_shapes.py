"""How each cloud words an error: what a fault answers when it brings no body of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

Shape = tuple[str, dict[str, str]]
"""Body, and headers with its content type."""


@dataclass(frozen=True)
class Asked:
    """The request that is refused: path with query, and lower-case headers."""

    path: str
    headers: Mapping[str, str]


JSON = {"content-type": "application/json"}
XML = {"content-type": "application/xml"}

THROTTLED, EXPIRED = 429, 401

AWS_CODES = {
    400: "ValidationException",
    401: "ExpiredTokenException",
    403: "AccessDeniedException",
    404: "EntityNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
S3_CODES = {
    400: "InvalidRequest",
    401: "ExpiredToken",
    403: "AccessDenied",
    404: "NoSuchKey",
    429: "SlowDown",
    500: "InternalError",
    503: "SlowDown",
}
ARM_CODES = {
    400: "BadRequest",
    401: "ExpiredAuthenticationToken",
    403: "AuthorizationFailed",
    404: "ResourceNotFound",
    409: "Conflict",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
STORAGE_CODES = {
    400: "InvalidInput",
    401: "InvalidAuthenticationInfo",
    403: "AuthorizationFailure",
    404: "BlobNotFound",
    409: "BlobAlreadyExists",
    412: "ConditionNotMet",
    429: "ServerBusy",
    500: "InternalError",
    503: "ServerBusy",
}
DATABRICKS_CODES = {
    400: "INVALID_PARAMETER_VALUE",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}
MESSAGES = {
    401: "The access token has expired.",
    403: "The caller is not allowed to do this.",
    404: "The resource was not found.",
    429: "The request rate is above the limit.",
    500: "An internal error occurred.",
    503: "The service is temporarily unavailable.",
}


def _code(codes: Mapping[int, str], status: int) -> str:
    return codes.get(status, codes[500 if status >= 500 else 400])


def _message(status: int) -> str:
    return MESSAGES.get(status, f"The request failed with status {status}.")


def _aws(status: int, asked: Asked) -> Shape:
    if "x-amz-target" in asked.headers:
        code = _code(AWS_CODES, status)
        return json.dumps({"__type": code, "message": _message(status)}), {
            "content-type": "application/x-amz-json-1.1",
            "x-amzn-errortype": code,
        }
    code, text = _code(S3_CODES, status), escape(_message(status))
    if asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{text}</Message></Error>"
        return f"<ErrorResponse>{error}<RequestId>sandbox</RequestId></ErrorResponse>", XML
    return f"<Error><Code>{code}</Code><Message>{text}</Message><RequestId>sandbox</RequestId></Error>", XML


def _arm(status: int, asked: Asked) -> Shape:
    if "/oauth2/" in asked.path or "/token" in asked.path:
        word = "invalid_client" if status == EXPIRED else "temporarily_unavailable"
        return json.dumps({"error": word, "error_description": f"AADSTS90033: {_message(status)}"}), JSON
    error = {"code": _code(ARM_CODES, status), "message": _message(status)}
    return json.dumps({"error": error}), JSON


def _databricks(status: int, _asked: Asked) -> Shape:
    error = {"error_code": _code(DATABRICKS_CODES, status), "message": _message(status)}
    return json.dumps(error), JSON


def _storage(status: int, asked: Asked) -> Shape:
    code, text = _code(STORAGE_CODES, status), _message(status)
    if "action=" in asked.path or "resource=" in asked.path:  # the DFS half of the service speaks JSON
        return json.dumps({"error": {"code": code, "message": text}}), {**JSON, "x-ms-error-code": code}
    body = f"<Error><Code>{code}</Code><Message>{escape(text)}</Message></Error>"
    return f'<?xml version="1.0" encoding="utf-8"?>{body}', {**XML, "x-ms-error-code": code}


def _sink(status: int, _asked: Asked) -> Shape:
    return json.dumps({"status": "error", "message": _message(status), "errors": []}), JSON


SHAPES: Mapping[str, Callable[[int, Asked], Shape]] = {
    "aws": _aws,
    "azure": _arm,
    "databricks": _databricks,
    "storage": _storage,
    "sink": _sink,
}


def error(service: str, status: int, asked: Asked) -> Shape:
    """Return the body and headers with which ``service`` reports ``status``."""
    return SHAPES[service](status, asked)


def served(status: int, payload: bytes, asked: Asked) -> tuple[int, dict[str, str]]:
    """Return status and headers with which a storage service hands out ``payload``."""
    headers = {"content-type": "application/octet-stream", "etag": '"0x8DTAMPERED"'}
    if "range" not in asked.headers and "x-ms-range" not in asked.headers:
        return status, headers
    return 206, {**headers, "content-range": f"bytes 0-{max(len(payload) - 1, 0)}/{len(payload)}"}
