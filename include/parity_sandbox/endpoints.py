"""Where the sandbox listens and with what names and keys; written as ``endpoints.json`` when all is ready."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass
class Endpoints:
    """URLs are filled in as ports are bound, before any service starts; the names are fixed."""

    aws: str = ""
    azure: str = ""
    databricks: str = ""
    storage: str = ""
    sink: str = ""
    smtp: str = ""
    """Host and port where the sink takes mail."""
    mysql_legacy: str = ""
    mysql_target: str = ""
    tenant: str = "11111111-1111-4111-8111-111111111111"
    subscription: str = "22222222-2222-4222-8222-222222222222"
    resource_group: str = "payments-migration"
    factory: str = "parity-sandbox"
    client_id: str = "33333333-3333-4333-8333-333333333333"
    client_secret: str = "sandbox-secret"
    databricks_token: str = "sandbox-token"
    storage_account: str = "paritysandbox"
    storage_key: str = "c2FuZGJveC1zdG9yYWdlLWtleQ=="
    exchange_container: str = "exchange"
    lake_container: str = "lake"
    aws_access_key: str = "AKIASANDBOX"
    aws_secret_key: str = "sandbox"
    parity_access_key: str = "AKIAPARITYSANDBOX000"
    """Of an IAM user that has the rights of ``deploy/aws`` and no other."""
    parity_secret_key: str = "sandbox-parity"
    region: str = "eu-west-1"
    legacy_bucket: str = "payments-legacy"
    raw_bucket: str = "payments-raw"
    exchange_bucket: str = "parity-exchange"

    def write(self, state: Path) -> None:
        """Write ``state/endpoints.json`` in one step, so that a reader never sees half of it."""
        draft = state / "endpoints.json.new"
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n")
        draft.replace(state / "endpoints.json")

    @classmethod
    def read(cls, state: Path) -> Endpoints:
        """Return what a ready sandbox wrote; FileNotFoundError when none is ready there."""
        return cls(**json.loads((state / "endpoints.json").read_text()))
