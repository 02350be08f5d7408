"""IAM's SimulatePrincipalPolicy, by moto's own reading of policies.

A user without any policy may do everything, as the sandbox's own services let it; to put a policy in force for the
simulation, create the user that STS names (``moto``) and give it one.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam import responses
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.iam.exceptions import NotFoundException

from parity_sandbox.aws.patches import Patch

DECISIONS = {
    PermissionResult.PERMITTED: "allowed",
    PermissionResult.DENIED: "explicitDeny",
    PermissionResult.NEUTRAL: "implicitDeny",
}
OWN_USER = "moto"
"""The user that STS names for a key that belongs to nobody."""


def simulate_principal_policy(call: Any) -> ActionResult:
    """SimulatePrincipalPolicy for a user, without conditions and boundaries."""
    user = call._get_param("PolicySourceArn").rpartition("/")[2]  # noqa: SLF001 - moto's own way to a parameter
    policies = _policies(call.backend, user)
    actions = call._get_param("ActionNames")  # noqa: SLF001
    resources = call._get_param("ResourceArns") or ["*"]  # noqa: SLF001
    results = [
        {
            "EvalActionName": action,
            "EvalResourceName": resource,
            "EvalDecision": _decided(policies, action, resource),
        }
        for action in actions
        for resource in resources
    ]
    return ActionResult({"EvaluationResults": results, "IsTruncated": False})


def _policies(backend: Any, user: str) -> list[IAMPolicy]:
    if user not in {one.name for one in backend.list_users("/", None, None)}:
        if user == OWN_USER:
            return []
        raise NotFoundException(f"The user with name {user} cannot be found.")
    inline = [backend.get_user_policy(user, name) for name in backend.list_user_policies(user)]
    attached, _ = backend.list_attached_user_policies(user)
    return [IAMPolicy(policy) for policy in (*inline, *attached)]


def _decided(policies: list[IAMPolicy], action: str, resource: str) -> str:
    if not policies:
        return "allowed"
    found = {policy.is_action_permitted(action, resource) for policy in policies}
    for result in (PermissionResult.DENIED, PermissionResult.PERMITTED):
        if result in found:
            return DECISIONS[result]
    return DECISIONS[PermissionResult.NEUTRAL]


def patches() -> list[Patch]:
    """Return what of moto's IAM is replaced."""
    return [Patch(responses.IamResponse, "simulate_principal_policy", simulate_principal_policy, "moto has none")]
