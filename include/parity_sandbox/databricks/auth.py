"""Who may ask: a personal token, a service principal's OAuth token, or a token of Entra ID."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from parity_sandbox.azure.entra.tokens import TokenRefused, Tokens
from parity_sandbox.context import Context
from parity_sandbox.databricks.errors import Refused

AUDIENCES = ("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d", "https://databricks.azure.net", "all-apis")
"""Azure Databricks' own application, its older name, and what our own OAuth tokens carry."""


@dataclass(frozen=True)
class Guard:
    """Judges a request's credentials."""

    context: Context

    def admit(self, request: Request) -> None:
        """Return when the caller may ask; Refused otherwise."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            message = "Credential was not sent or was of an unsupported type for this API."
            raise Refused(401, "UNAUTHENTICATED", message)
        if not _same(token, self.context.endpoints.databricks_token):
            self._signed(token)

    def _signed(self, token: str) -> None:
        if token.count(".") != 2:
            raise Refused(403, "PERMISSION_DENIED", "Invalid access token.")
        try:
            Tokens.of(self.context.state).check(token, AUDIENCES)
        except TokenRefused as refused:
            raise Refused(403 if refused.expired else 401, "PERMISSION_DENIED", str(refused)) from refused

    async def token(self, request: Request) -> Response:
        """Answer ``/oidc/v1/token``: client credentials of the service principal."""
        form = await request.form()
        client, secret = _basic(request) or (str(form.get("client_id", "")), str(form.get("client_secret", "")))
        endpoints = self.context.endpoints
        if form.get("grant_type") != "client_credentials":
            return _refusal(400, "unsupported_grant_type", "Only client_credentials is supported.")
        if not (_same(client, endpoints.client_id) and _same(secret, endpoints.client_secret)):
            return _refusal(401, "invalid_client", "Client authentication failed")
        issued = Tokens.of(self.context.state).issue("all-apis", endpoints.tenant, client)
        answer = {"access_token": issued.token, "token_type": "Bearer", "scope": "all-apis"}
        return JSONResponse({**answer, "expires_in": issued.expires_in})


def _basic(request: Request) -> tuple[str, str] | None:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _refusal(status: int, word: str, description: str) -> JSONResponse:
    return JSONResponse({"error": word, "error_description": description}, status)
