"""boto3, and its errors as ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

AwsClients = Callable[[str], Any]
"""Gives the boto3 client of a service, such as ``athena``; parity.airflow passes its hook's session."""


@dataclass(frozen=True)
class AwsConfig:
    """Keys, region and addresses; empty keys mean boto3's own chain."""

    region: str
    access_key: str = ""
    secret_key: SecretStr = SecretStr("")
    session_token: SecretStr = SecretStr("")
    role_arn: str = ""
    endpoint: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    """Per service; wins over ``endpoint``."""


def aws_clients(config: AwsConfig) -> AwsClients:
    """Return a thread-safe source of boto3 clients, each built once."""
    raise NotImplementedError
