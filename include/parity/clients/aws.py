"""boto3 clients from one place, and their errors as ours.

boto3's own "standard" retries are kept: they know which AWS calls may be repeated. What they give up on becomes
a class of :mod:`parity.errors`, by AWS's code first, because Athena and Glue answer 400 for nearly everything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from parity.clients.http import NO_SECRET, Failure, error_for
from parity.errors import AccessDenied, Terminal, Unreachable

AwsClients = Callable[[str], Any]
"""Gives the boto3 client of a service, such as ``athena``; parity.airflow passes its hook's."""

DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
GONE = ("EntityNotFoundException", "NoSuchBucket", "NoSuchKey", "NotFound", "ResourceNotFoundException")
THROTTLED = (
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
BROKEN = ("InternalServerException", "InternalServiceException", "ServiceUnavailable", "OperationTimeoutException")
MEANING: Mapping[str, int] = (
    dict.fromkeys(DENIED, 403)
    | dict.fromkeys(GONE, 404)
    | dict.fromkeys(THROTTLED, 429)
    | dict.fromkeys(BROKEN, 503)
)
"""The HTTP status that AWS's code means, whatever status it came with."""


@dataclass(frozen=True)
class AwsConfig:
    """Keys, region and addresses; empty keys mean boto3's own chain."""

    region: str
    access_key: str = ""
    secret_key: SecretStr = NO_SECRET
    session_token: SecretStr = NO_SECRET
    endpoint: str = ""
    """Address of every service; empty means Amazon's own."""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Per service; wins over ``endpoint``."""


class CachedClients:
    """Builds each service's client once; thread-safe, because building one is not."""

    def __init__(self, build: AwsClients) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._build(service)
            return self._clients[service]


def aws_clients(config: AwsConfig) -> AwsClients:
    """Return a source of boto3 clients with time-outs and retries."""
    import boto3
    from botocore.config import Config

    session = boto3.Session(
        aws_access_key_id=config.access_key or None,
        aws_secret_access_key=config.secret_key.get_secret_value() or None,
        aws_session_token=config.session_token.get_secret_value() or None,
        region_name=config.region,
    )
    settings = Config(
        connect_timeout=10,
        read_timeout=60,
        retries={"mode": "standard", "max_attempts": 6},
        max_pool_connections=16,
        # A stand-in is addressed by path: bucket.127.0.0.1 is no host.
        s3={"addressing_style": "path"} if config.endpoint or config.endpoints.get("s3") else {},
    )

    open_client: Any = session.client

    def build(service: str) -> Any:
        endpoint = config.endpoints.get(service) or config.endpoint or None
        return open_client(service, endpoint_url=endpoint, config=settings)

    return CachedClients(build)


@contextmanager
def aws_errors(service: str, what: str) -> Iterator[None]:
    """Turn what boto3 raises inside into errors of :mod:`parity.errors` that name ``what``."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionError,  # noqa: A004
        CredentialRetrievalError,
        HTTPClientError,
        IncompleteReadError,
        NoCredentialsError,
        PartialCredentialsError,
    )

    try:
        yield
    except ClientError as error:
        raise error_for(_failure(error.response), service, what) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError) as error:
        remedy = "Check the AWS connection's keys or role."
        raise AccessDenied(f"There are no AWS credentials for {what} ({error}).", remedy=remedy) from None
    except (HTTPClientError, ConnectionError, IncompleteReadError) as error:
        reason = type(error).__name__
        raise Unreachable(f"{service} could not be reached for {what} ({reason}).") from None
    except BotoCoreError as error:
        raise Terminal(f"boto3 refused the request for {what} ({error}).") from None


def _failure(response: Mapping[str, Any]) -> Failure:
    error = response.get("Error", {})
    meta = response.get("ResponseMetadata", {})
    code = str(error.get("Code", ""))
    # HEAD has no body, so boto3 puts the number where the code belongs.
    status = MEANING.get(code) or (int(code) if code.isdecimal() else meta.get("HTTPStatusCode", 500))
    return Failure(status, code, str(error.get("Message", "")))
