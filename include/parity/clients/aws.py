"""boto3's errors as ours.

boto3 retries by itself, by its own rules for which AWS calls may be repeated. What it gives up on becomes a class
of :mod:`parity.errors`, by AWS's code first, because Athena and Glue answer 400 for nearly everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from parity.clients.http import Failure, error_for
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
GONE = (
    "EntityNotFoundException",
    "NoSuchBucket",
    "NoSuchKey",
    "NotFound",
    "NotFoundException",
    "ResourceNotFoundException",
)
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


def console_url(client: Any, page: str, place: str) -> str:
    """Return where a person can look at something of a boto3 client's service."""
    region = client.meta.region_name
    return f"https://{region}.console.aws.amazon.com/{page}/home?region={region}#{place}"


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
