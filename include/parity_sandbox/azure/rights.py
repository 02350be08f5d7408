"""``Microsoft.Authorization/permissions``, version 2022-04-01: what the caller's roles give on a resource.

The sandbox has one role, the owner's. A test that needs less has a fault answer, with status 200 and a body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from parity_sandbox.azure.adf import arm
from parity_sandbox.azure.adf.arm import Answer, ArmError, Call, Guard
from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.context import Context

API_VERSION = "2022-04-01"
PERMISSIONS = re.compile(r"/providers/microsoft\.authorization/permissions/?$", re.IGNORECASE)
OWNER = {"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}


@dataclass
class Rights:
    """The rights in one subscription."""

    subscription: str
    guard: Guard

    def knows(self, path: str) -> bool:
        """Return whether a path asks for rights."""
        return PERMISSIONS.search(path) is not None

    def answer(self, call: Call) -> Answer:
        """Answer one call; every refusal is an answer too."""
        return arm.answer(self, ROUTES, call)

    def scope(self, names: Mapping[str, str]) -> None:
        """Refuse a subscription that is not there."""
        if names["subscription"].lower() != self.subscription.lower():
            text = f"The subscription '{names['subscription']}' could not be found."
            raise ArmError(404, "SubscriptionNotFound", text)


def create_rights(context: Context) -> Rights:
    """Return the service."""
    return Rights(context.endpoints.subscription, Guard(Tokens.of(context.state), API_VERSION, "permissions"))


def list_permissions(_service: Rights, _call: Call) -> Answer:
    """List what the caller's roles give."""
    return Answer({"value": [OWNER]})


ROUTES = arm.table(
    (
        "GET",
        r"/subscriptions/(?P<subscription>[^/]+)(/.+)?/providers/Microsoft\.Authorization/permissions",
        list_permissions,
    )
)
