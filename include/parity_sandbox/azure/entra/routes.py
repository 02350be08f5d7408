"""Entra's routes: both token endpoints, both managed-identity endpoints, and the two kinds of discovery."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from parity_sandbox.azure.entra.errors import Refused
from parity_sandbox.azure.entra.grants import Application, Grants
from parity_sandbox.azure.entra.tokens import Issued, Tokens
from parity_sandbox.endpoints import Endpoints

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
LONGEST = 86400


def base(request: Request) -> str:
    """Return scheme and authority as the caller wrote them."""
    return f"{request.url.scheme}://{request.headers['host']}"


class Entra:
    """One directory with one application and one managed identity."""

    def __init__(self, endpoints: Endpoints, tokens: Tokens) -> None:
        application = Application(endpoints.tenant, endpoints.client_id, endpoints.client_secret)
        self.tokens = tokens
        self.grants = Grants(application, tokens.clock)
        self.tenant = endpoints.tenant
        self.client = endpoints.client_id

    def routes(self) -> list[Route]:
        """Return what Entra answers, and ``/_sandbox/tokens``, which sets the lifetime of tokens."""
        return [
            Route("/{tenant}/oauth2/v2.0/token", self._version2, methods=["POST"]),
            Route("/{tenant}/oauth2/token", self._version1, methods=["POST"]),
            Route("/msi/token", self._app_service),
            Route("/metadata/identity/oauth2/token", self._instance_metadata),
            Route("/{tenant}/v2.0/.well-known/openid-configuration", self._configuration),
            Route("/{tenant}/.well-known/openid-configuration", self._configuration),
            Route("/common/discovery/instance", self._instances),
            Route("/_sandbox/tokens", self._lifetime, methods=["GET", "POST"]),
        ]

    async def _version2(self, request: Request) -> Response:
        def shape(issued: Issued, _audience: str) -> dict[str, Any]:
            seconds = issued.expires_in
            return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds}

        return await self._grant(request, scoped=True, shape=shape)

    async def _version1(self, request: Request) -> Response:
        def shape(issued: Issued, audience: str) -> dict[str, Any]:
            seconds = str(issued.expires_in)
            numbers = {"expires_on": str(issued.expires_on), "not_before": str(issued.not_before)}
            kind = {"token_type": "Bearer", "resource": audience}
            return {**kind, "expires_in": seconds, "ext_expires_in": seconds, **numbers}

        return await self._grant(request, scoped=False, shape=shape)

    async def _grant(self, request: Request, *, scoped: bool, shape: Any) -> Response:
        tenant = request.path_params["tenant"]
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        try:
            audience = self.grants.audience(tenant, form, scoped=scoped)
        except Refused as refused:
            return refused.answer()
        issued = self.tokens.issue(audience, self.tenant, self.client)
        return JSONResponse({**shape(issued, audience), "access_token": issued.token}, headers=NO_STORE)

    async def _app_service(self, request: Request) -> Response:
        """Answer a managed identity of App Service: any identity header will do, but there must be one."""
        if not request.headers.get("x-identity-header"):
            return _bad_identity("Required header X-IDENTITY-HEADER not specified", 401)
        return self._identity(request)

    async def _instance_metadata(self, request: Request) -> Response:
        if request.headers.get("metadata", "").lower() != "true":
            return _bad_identity("Required metadata header not specified", 400)
        return self._identity(request)

    def _identity(self, request: Request) -> Response:
        resource = request.query_params.get("resource", "")
        wanted = request.query_params.get("client_id", self.client)
        if not resource:
            return _bad_identity("The resource parameter is required.", 400)
        if wanted.lower() != self.client.lower():
            return _bad_identity("Identity not found", 400)
        issued = self.tokens.issue(resource.removesuffix("/.default"), self.tenant, self.client)
        numbers = {"expires_on": str(issued.expires_on), "expires_in": str(issued.expires_in)}
        body = {"access_token": issued.token, **numbers, "not_before": str(issued.not_before)}
        kind = {"resource": resource, "token_type": "Bearer", "client_id": self.client}
        return JSONResponse({**body, **kind}, headers=NO_STORE)

    async def _configuration(self, request: Request) -> Response:
        root = f"{base(request)}/{request.path_params['tenant']}"
        return JSONResponse(
            {
                "issuer": f"{root}/v2.0",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def _instances(self, request: Request) -> Response:
        host = request.headers["host"]
        metadata = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        discovery = f"{base(request)}/{self.tenant}/v2.0/.well-known/openid-configuration"
        body = {"tenant_discovery_endpoint": discovery, "api-version": "1.1", "metadata": [metadata]}
        return JSONResponse(body)

    async def _lifetime(self, request: Request) -> Response:
        if request.method == "POST":
            wanted = _lifetime_of(await request.body())
            if not isinstance(wanted, int) or not 1 <= wanted <= LONGEST:
                text = f"lifetime must be a whole number of seconds from 1 to {LONGEST}"
                return JSONResponse({"error": text}, 400)
            self.tokens.lifetime = wanted
        return JSONResponse({"lifetime": self.tokens.lifetime})


def _lifetime_of(body: bytes) -> Any:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("lifetime") if isinstance(document, dict) else None


def _bad_identity(text: str, status: int) -> Response:
    return JSONResponse({"error": "invalid_request", "error_description": text}, status)
