"""Who signed a request, and what the policies of that IAM user allow.

The sandbox's own key is nobody's and may do everything. A key that IAM gave to a user may do what the user's
policies allow and nothing else; those of groups, and boundaries, do not count.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from parity_sandbox.aws.policies import Decision, Document, Need, decide

_KEY = re.compile(r"Credential=(?P<key>[^/]+)/")
WHY = {
    Decision.NEUTRAL: "because no identity-based policy allows the {} action",
    Decision.DENIED: "with an explicit deny in an identity-based policy",
}


@dataclass(frozen=True)
class Identity:
    """An IAM user with its policies."""

    arn: str
    documents: tuple[Document, ...]

    def refusal(self, needs: Iterable[Need]) -> str:
        """Return the sentence about the first need that is not allowed, or an empty text."""
        for need in needs:
            decision = decide(self.documents, need)
            if decision is not Decision.ALLOWED:
                what = f"User: {self.arn} is not authorized to perform: {need.action} on resource: {need.resource}"
                return f"{what} {WHY[decision].format(need.action)}"
        return ""


def signed_by(authorization: str) -> Identity | None:
    """Return the IAM user whose key signed a request; None for a key that is no user's."""
    found = _KEY.search(authorization)
    for backend, user in _users():
        if found and any(key.access_key_id == found["key"] for key in user.access_keys):
            return Identity(user.arn, tuple(documents(backend, user.name)))
    return None


def documents(backend: Any, user: str) -> Iterator[Document]:
    """Yield the policies of a user, its own and those attached."""
    for name in backend.list_user_policies(user):
        yield json.loads(backend.get_user_policy(user, name)["policy_document"])
    attached, _ = backend.list_attached_user_policies(user)
    for policy in attached:
        yield json.loads(next(one.document for one in policy.versions if one.is_default))


def _users() -> Iterator[tuple[Any, Any]]:
    for account in iam_backends.values():
        for backend in account.values():
            for user in list(backend.users.values()):
                yield backend, user
