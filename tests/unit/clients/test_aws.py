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
from pydantic import SecretStr

from parity.clients.aws import AwsConfig, CachedClients, aws_clients, aws_errors
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


def test_a_client_is_built_once_per_service() -> None:
    built: list[str] = []
    clients = CachedClients(lambda service: built.append(service) or object())
    assert clients("s3") is clients("s3")
    clients("glue")
    assert built == ["s3", "glue"]


def test_an_endpoint_of_its_own_wins_over_the_common_one() -> None:
    config = AwsConfig(
        "eu-west-1",
        "AKIA",
        SecretStr("s"),
        endpoint="http://127.0.0.1:1",
        endpoints={"glue": "http://127.0.0.1:2"},
    )
    clients = aws_clients(config)
    assert clients("athena").meta.endpoint_url == "http://127.0.0.1:1"
    assert clients("glue").meta.endpoint_url == "http://127.0.0.1:2"


def test_a_secret_key_is_not_shown() -> None:
    assert "hunter2" not in repr(AwsConfig("eu-west-1", "AKIA", SecretStr("hunter2")))
