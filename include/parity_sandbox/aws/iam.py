"""IAM's SimulatePrincipalPolicy.

A user without any policy may do everything, as the sandbox's own services let it; to put a policy in force for the
simulation, create the user that STS names (``moto``) and give it one.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam import responses
from moto.iam.exceptions import NotFoundException

from parity_sandbox.aws.identities import documents
from parity_sandbox.aws.patches import Patch
from parity_sandbox.aws.policies import Decision, Document, Need, decide

OWN_USER = "moto"
"""The user that STS names for a key that belongs to nobody."""


def simulate_principal_policy(call: Any) -> ActionResult:
    """SimulatePrincipalPolicy for a user, without boundaries."""
    user = _get(call, "PolicySourceArn").rpartition("/")[2]
    policies = _policies(call.backend, user)
    context = {one["ContextKeyName"]: one["ContextKeyValues"][0] for one in _get(call, "ContextEntries") or []}
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": decide(policies, Need(action, resource, context)) if policies else Decision.ALLOWED,
        }
        for action in _get(call, "ActionNames")
        for resource in _get(call, "ResourceArns") or ["*"]
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _get(call: Any, name: str) -> Any:
    return call._get_param(name)  # noqa: SLF001 - moto's own way to a parameter


def _policies(backend: Any, user: str) -> list[Document]:
    if user not in {one.name for one in backend.list_users("/", None, None)}:
        if user == OWN_USER:
            return []
        raise NotFoundException(f"The user with name {user} cannot be found.")
    return list(documents(backend, user))


def patches() -> list[Patch]:
    """Return what of moto's IAM is replaced."""
    return [Patch(responses.IamResponse, "simulate_principal_policy", simulate_principal_policy, "moto has none")]
