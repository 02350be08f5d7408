"""Who signed a request, and with the right secret: Signature Version 4, computed again by botocore."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from hmac import compare_digest
from typing import Any

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

Environ = dict[str, Any]

_SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 +Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, *"
    r"SignedHeaders=(?P<headers>[^,]+), *Signature=(?P<signature>[0-9a-f]{64})"
)
_UNNAMED = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
"""Headers that WSGI keeps under a name without ``HTTP_``."""


_SESSION = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY")
"""What moto's GetSessionToken and GetFederationToken always give: the example of AWS's own documentation."""


class Distrust(Enum):
    """Why a request is turned away."""

    UNSIGNED = "no signature"
    UNKNOWN_KEY = "nobody has this access key"
    WRONG_SIGNATURE = "the signature is not what the key's secret makes of the request"


class _AsSent:
    """Signs the headers that the client named, and no others."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        """Return every header of the request."""
        return request.headers


class _Plain(_AsSent, SigV4Auth):
    pass


class _S3(_AsSent, S3SigV4Auth):
    pass


def distrust(environ: Environ, secrets: Mapping[str, str]) -> Distrust | None:
    """Return why a request is not to be trusted; ``secrets`` by access key, beside those that STS and IAM gave."""
    signed = _SIGNED.match(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None:
        return Distrust.UNSIGNED
    secret = ({**dict(_given()), **secrets}).get(signed["key"])
    if secret is None:
        return Distrust.UNKNOWN_KEY
    kind = _S3 if signed["service"] == "s3" else _Plain
    signer = kind(Credentials(signed["key"], secret), signed["service"], signed["region"])
    request = _request(environ, signed["headers"].split(";"))
    text = signer.string_to_sign(request, signer.canonical_request(request))
    if compare_digest(signer.signature(text, request), signed["signature"]):
        return None
    return Distrust.WRONG_SIGNATURE


def _request(environ: Environ, headers: list[str]) -> AWSRequest:
    """Return the request as its client saw it when it signed."""
    body = environ["wsgi.input"].getvalue()
    url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"
    url += f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    named = {name: _header(environ, name) for name in headers}
    request = AWSRequest(environ["REQUEST_METHOD"], url, named, body)
    request.context["timestamp"] = environ.get("HTTP_X_AMZ_DATE", "")
    return request


def _header(environ: Environ, name: str) -> str:
    return str(environ.get(_UNNAMED.get(name) or f"HTTP_{name.upper().replace('-', '_')}", ""))


def _given() -> Iterator[tuple[str, str]]:
    """Return the keys that STS and IAM gave out, with their secrets."""
    yield _SESSION
    for account in sts_backends.values():
        for backend in account.values():
            yield from ((role.access_key_id, role.secret_access_key) for role in backend.assumed_roles)
    for account in iam_backends.values():
        for backend in account.values():
            for user in backend.users.values():
                yield from ((key.access_key_id, key.secret_access_key) for key in user.access_keys)
