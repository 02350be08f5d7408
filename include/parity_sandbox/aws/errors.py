"""How AWS's services word their errors: JSON, query XML and S3 XML."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from parity_sandbox.aws.signature import Distrust

JSON_SERVICES = ("glue", "athena", "monitoring", "kms")


@dataclass(frozen=True)
class Answer:
    """A response that is ready to be sent."""

    status: int
    body: str
    content_type: str = "application/x-amz-json-1.1"
    code: str = ""

    def send(self, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Send it as a WSGI response."""
        payload = self.body.encode()
        headers = [("Content-Type", self.content_type), ("Content-Length", str(len(payload)))]
        if self.code:
            headers.append(("x-amzn-ErrorType", self.code))
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [payload]


def unknown_operation(service: str, message: str) -> Answer:
    """Return how ``service`` says that it has no such operation."""
    if service in ("sts", "rds", "iam"):
        return _xml(400, "InvalidAction", message, "ErrorResponse")
    if service == "s3":
        return _xml(501, "NotImplemented", message, "")
    return _json(400, "UnknownOperationException", message)


_TOKEN = "The security token included in the request is invalid."
_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
_DISTRUST = {
    "s3": {
        Distrust.UNSIGNED: (403, "AccessDenied", "Access Denied"),
        Distrust.UNKNOWN_KEY: (
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        Distrust.WRONG_SIGNATURE: (403, "SignatureDoesNotMatch", _SIGNATURE),
    },
    "json": {
        Distrust.UNSIGNED: (400, "MissingAuthenticationTokenException", "Missing Authentication Token"),
        Distrust.UNKNOWN_KEY: (400, "UnrecognizedClientException", _TOKEN),
        Distrust.WRONG_SIGNATURE: (400, "InvalidSignatureException", _SIGNATURE),
    },
    "query": {
        Distrust.UNSIGNED: (403, "MissingAuthenticationToken", "Request is missing Authentication Token"),
        Distrust.UNKNOWN_KEY: (403, "InvalidClientTokenId", _TOKEN),
        Distrust.WRONG_SIGNATURE: (403, "SignatureDoesNotMatch", _SIGNATURE),
    },
}


def distrusted(service: str, why: Distrust) -> Answer:
    """Return how ``service`` refuses a request whose signer it does not trust."""
    if service in JSON_SERVICES:
        return _json(*_DISTRUST["json"][why])
    if service == "s3":
        return _xml(*_DISTRUST["s3"][why], "")
    return _xml(*_DISTRUST["query"][why], "ErrorResponse")


def denied(service: str, sentence: str) -> Answer:
    """Return how ``service`` refuses what no policy allows."""
    if service in JSON_SERVICES:
        return _json(400, "AccessDeniedException", sentence)
    return _xml(403, "AccessDenied", sentence, "" if service == "s3" else "ErrorResponse")


def internal(service: str, error: Exception) -> Answer:
    """Return how ``service`` says that it broke."""
    message = f"sandbox: {type(error).__name__}: {error}"
    if service in JSON_SERVICES:
        return _json(500, "InternalServerException", message)
    return _xml(500, "InternalError" if service == "s3" else "InternalFailure", message, "")


def bad_request(message: str) -> Answer:
    """Return a plain refusal."""
    return _json(400, "ValidationException", message)


def _json(status: int, code: str, message: str) -> Answer:
    return Answer(status, json.dumps({"__type": code, "message": message, "Message": message}), code=code)


def _xml(status: int, code: str, message: str, wrapper: str) -> Answer:
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    if wrapper:
        body = f"<{wrapper}>{body}<RequestId>sandbox</RequestId></{wrapper}>"
    return Answer(status, body, "application/xml")
