"""Azure Resource Manager as one identity sees it: who we are, what we may do on a resource, what it is."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from parity.clients.entra import BearerCredential, EntraConfig, entra_credential, management_scope
from parity.clients.http import ApiClient, Retry
from parity.clock import Clock, SystemClock

PERMISSIONS = {"api-version": "2022-04-01"}
"""Version of Microsoft.Authorization."""


@dataclass(frozen=True)
class AzureIdentity:
    """Who a token says that we are; empty where it does not say."""

    tenant: str = ""
    client: str = ""
    object_id: str = ""


@dataclass(frozen=True)
class Permission:
    """What one role gives, as patterns with ``*``."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Return whether the role gives ``action``."""
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


class AzureAccount:
    """Reads Azure Resource Manager; nothing here changes anything."""

    def __init__(
        self,
        credential: EntraConfig,
        endpoint: str,
        *,
        clock: Clock | None = None,
        retry: Retry | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        clock = clock or SystemClock()
        scope = management_scope(endpoint)
        self._credential: BearerCredential = entra_credential(credential, scope, clock=clock, transport=transport)
        self._api = ApiClient(
            endpoint,
            service="Azure Resource Manager",
            credential=self._credential,
            clock=clock,
            retry=retry,
            transport=transport,
        )

    def identity(self) -> AzureIdentity:
        """Return who we are, from the token itself, whose signature is for Azure to check."""
        claims = token_claims(self._credential.token().text.get_secret_value())
        return AzureIdentity(
            str(claims.get("tid", "")),
            str(claims.get("appid") or claims.get("azp") or claims.get("upn") or ""),
            str(claims.get("oid", "")),
        )

    def resource(self, path: str, version: Mapping[str, str], what: str) -> dict[str, Any]:
        """Return a resource as its provider describes it; NotFound, AccessDenied."""
        found: dict[str, Any] = self._api.get(path, what=what, params=version)
        return found

    def listed(self, path: str, version: Mapping[str, str], what: str) -> list[dict[str, Any]]:
        """Return the items of a listing; all pages."""
        return list(self._api.listed(path, what=what, params=version))

    def skew(self) -> timedelta | None:
        """Return how far Azure's clock was ahead of ours when it answered last; None: it has not said."""
        return self._api.skew

    def permissions(self, resource: str) -> tuple[Permission, ...]:
        """Return what our roles give on a resource, inherited ones included, without deny assignments."""
        path = f"{resource}/providers/Microsoft.Authorization/permissions"
        found = self._api.listed(path, what=f"our rights on {resource}", params=PERMISSIONS)
        return tuple(
            Permission(tuple(one.get("actions") or ()), tuple(one.get("notActions") or ())) for one in found
        )


def lacking(permissions: Iterable[Permission], actions: Iterable[str]) -> list[str]:
    """Return the actions that none of the roles gives."""
    roles = tuple(permissions)
    return [action for action in actions if not any(role.allows(action) for role in roles)]


def token_claims(token: str) -> dict[str, Any]:
    """Return what a JSON web token says; nothing when it is none."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(
        re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action, re.IGNORECASE) for pattern in patterns
    )
