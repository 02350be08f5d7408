"""Glue job runs of the legacy side: looked at, never started, never stopped."""

from __future__ import annotations

from dataclasses import dataclass

from parity.clients.aws import AwsClients


@dataclass(frozen=True)
class GlueConfig:
    """How a run says its date."""

    date_argument: str = "--business_date"
    timezone: str = "UTC"
    """Zone of business dates: a run started before its date began is stale."""


class GlueRuns:
    """RemoteRuns, find-only. request: {"job", "business_date" (ISO)}; run ids are "job/jr_…"."""

    kind = "glue"

    def __init__(self, config: GlueConfig, clients: AwsClients) -> None:
        raise NotImplementedError
