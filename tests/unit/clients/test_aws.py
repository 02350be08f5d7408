from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from parity.clients.aws import aws_errors
from parity.errors import AccessDenied, NotFound, Terminal, Throttled, Unreachable


def refused(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (refused("AccessDeniedException"), AccessDenied),
        (refused("ExpiredTokenException"), AccessDenied),
        (refused("403", 403), AccessDenied),
        (refused("EntityNotFoundException"), NotFound),
        (refused("404", 404), NotFound),
        (refused("TooManyRequestsException"), Throttled),
        (refused("SlowDown", 503), Throttled),
        (refused("InternalServerException", 500), Unreachable),
        (refused("Whatever", 502), Unreachable),
        (refused("InvalidRequestException"), Terminal),
        (EndpointConnectionError(endpoint_url="http://x"), Unreachable),
        (ReadTimeoutError(endpoint_url="http://x"), Unreachable),
        (NoCredentialsError(), AccessDenied),
        (ParamValidationError(report="bad"), Terminal),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_failure_is_one_class_of_error(raised: Exception, kind: type) -> None:
    with pytest.raises(kind, match="the thing") as caught, aws_errors("Athena", "the thing"):
        raise raised
    assert type(caught.value) is kind
