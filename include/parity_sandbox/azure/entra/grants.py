"""Who may have a token: one application, known by its secret or by a signed assertion."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from parity.clock import Clock
from parity_sandbox.azure.entra.errors import Refused

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEFAULT = "/.default"


@dataclass(frozen=True)
class Application:
    """The one application of the one directory."""

    tenant: str
    client_id: str
    secret: str


@dataclass(frozen=True)
class Grants:
    """Judges a client-credentials request; raises :class:`Refused`."""

    application: Application
    clock: Clock

    def audience(self, tenant: str, form: Mapping[str, str], *, scoped: bool) -> str:
        """Return the resource that is asked for, when the asker may have it; ``scoped`` means version 2."""
        if form.get("grant_type") != "client_credentials":
            raise Refused("grant", grant_type=form.get("grant_type", ""))
        self._client(tenant, form)
        self._proof(form)
        return self._resource(form, scoped=scoped)

    def _client(self, tenant: str, form: Mapping[str, str]) -> None:
        if tenant.lower() != self.application.tenant.lower():
            raise Refused("tenant", tenant=tenant)
        if not form.get("client_id"):
            raise Refused("parameter", name="client_id")
        if form["client_id"].lower() != self.application.client_id.lower():
            raise Refused("client", client_id=form["client_id"], tenant=tenant)

    def _proof(self, form: Mapping[str, str]) -> None:
        if form.get("client_assertion"):
            self._assertion(form)
        elif not form.get("client_secret"):
            raise Refused("no_secret")
        elif not hmac.compare_digest(form["client_secret"].encode(), self.application.secret.encode()):
            raise Refused("secret", client_id=form["client_id"])

    def _assertion(self, form: Mapping[str, str]) -> None:
        """Check what can be checked without the issuer's keys: the form, and the time."""
        claims = self._claims(form["client_assertion"])
        if form.get("client_assertion_type") != JWT_BEARER or not claims.get("sub"):
            raise Refused("assertion")
        if float(claims.get("exp", "inf")) <= self.clock.now().timestamp():
            raise Refused("old_assertion")

    @staticmethod
    def _claims(assertion: str) -> dict[str, Any]:
        try:
            return jwt.decode(assertion, options={"verify_signature": False, "verify_exp": False})
        except jwt.InvalidTokenError as error:
            raise Refused("assertion") from error

    @staticmethod
    def _resource(form: Mapping[str, str], *, scoped: bool) -> str:
        name = "scope" if scoped else "resource"
        wanted = form.get(name, "")
        if not wanted:
            raise Refused("parameter", name=name)
        if scoped and not wanted.endswith(DEFAULT):
            raise Refused("scope", scope=wanted)
        return wanted.removesuffix(DEFAULT)
