"""The AWS user with which Parity works here, and its policy: that of ``deploy/aws``, with this world's names."""

from __future__ import annotations

import json
from string import Template
from typing import Any

from moto.iam.models import AccessKey, iam_backends

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.world.places import DATABASE, HERE, WORKGROUP

POLICY = HERE.parents[2] / "deploy" / "aws" / "policy.json"
USER = "parity"
ACCOUNT = "123456789012"


def names(at: Endpoints) -> dict[str, str]:
    """Return what the policy's placeholders stand for here."""
    return {
        "region": at.region,
        "account": ACCOUNT,
        "principal": f"user/{USER}",
        "glue_jobs": "*",
        "database": DATABASE,
        "workgroup": WORKGROUP,
        "data_bucket": at.legacy_bucket,
        "data_prefix": "",
        "exchange_bucket": at.exchange_bucket,
        "exchange_prefix": "parity",
        "results_prefix": "athena-results",
    }


def policy(at: Endpoints) -> dict[str, Any]:
    """Return the policy of ``deploy/aws``; KeyError for a placeholder that nobody knows."""
    document: dict[str, Any] = json.loads(Template(POLICY.read_text(encoding="utf-8")).substitute(names(at)))
    return document


def register(at: Endpoints) -> None:
    """Make the user, with keys that are known beforehand."""
    backend = iam_backends[ACCOUNT]["aws"]
    user = backend.create_user("us-east-1", USER)
    backend.put_user_policy(USER, "parity", json.dumps(policy(at)))
    key = AccessKey(user_name=USER, prefix="AKIA", account_id=ACCOUNT)
    key.access_key_id, key.secret_access_key = at.parity_access_key, at.parity_secret_key
    user.access_keys.append(key)
