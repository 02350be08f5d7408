"""Resource Manager's manners: its calls, its answers, its errors, and who may ask."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from parity_sandbox.azure.entra.tokens import TokenRefused, Tokens
from parity_sandbox.journal import unknown_route

API_VERSION = "2018-06-01"
AUDIENCES = frozenset({"https://management.azure.com", "https://management.core.windows.net"})
CHALLENGE = 'Bearer authorization_uri="https://login.windows.net/", error="invalid_token"'


class ArmError(Exception):
    """An error answer."""

    def __init__(
        self, status: int, code: str, message: str, *, target: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.target = target
        self.headers = dict(headers or {})

    def document(self) -> dict[str, Any]:
        """Return the JSON that every part of ARM speaks."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        if self.target:
            error.update(target=self.target, details=None)
        return {"error": error}


@dataclass(frozen=True)
class Call:
    """One request; header names are lower-case, ``path`` values as the route's blanks name them."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str
    names: Mapping[str, str] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """Return a boolean of the query; absent is false."""
        return self.query.get(name, "").lower() == "true"

    def document(self) -> dict[str, Any]:
        """Return the body's JSON object; an empty body is an empty object."""
        if not self.body.strip():
            return {}
        try:
            document = json.loads(self.body)
        except ValueError as error:
            raise invalid_content(str(error)) from error
        if not isinstance(document, dict):
            raise invalid_content(f"expected a JSON object, not {type(document).__name__}.")
        return document


@dataclass(frozen=True)
class Answer:
    """What is answered; None means an empty body."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def headers() -> dict[str, str]:
    """Return what accompanies every answer."""
    request = str(uuid4())
    return {
        "x-ms-request-id": request,
        "x-ms-correlation-request-id": request,
        "x-ms-ratelimit-remaining-subscription-reads": "11999",
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
    }


def invalid_content(detail: str) -> ArmError:
    """Return the error of a body that cannot be read."""
    text = "The request content was invalid and could not be deserialized"
    return ArmError(400, "InvalidRequestContent", f"{text}: '{detail}'.")


def not_found(kind: str, name: str, group: str) -> ArmError:
    """Return the error of a resource that does not exist."""
    where = f"The Resource 'Microsoft.DataFactory/factories/{name}' under resource group '{group}' was not found."
    return ArmError(404, "ResourceNotFound", where, target=kind)


def no_route(path: str) -> ArmError:
    """Return the error of a path or method that no provider knows."""
    return ArmError(404, "InvalidResourceType", f"The resource type could not be found for the path '{path}'.")


@dataclass(frozen=True)
class Guard:
    """Refuses whoever has no valid token, and whoever speaks another version."""

    tokens: Tokens
    version: str = API_VERSION
    kind: str = "factories"

    def admit(self, call: Call) -> None:
        """Raise ArmError unless the call may be answered."""
        self._token(call.headers.get("authorization", ""))
        version = call.query.get("api-version")
        if not version:
            text = "The api-version query parameter (?api-version=) is required for all requests."
            raise ArmError(400, "MissingApiVersionParameter", text)
        if version != self.version:
            text = f"No registered resource provider found for API version '{version}' for type '{self.kind}'."
            supported = f" The supported api-versions are '{self.version}'."
            raise ArmError(400, "NoRegisteredProviderFound", text + supported)

    def _token(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            text = "Authentication failed. The 'Authorization' header is missing or invalid."
            raise ArmError(401, "AuthenticationFailed", text, headers={"www-authenticate": CHALLENGE})
        try:
            self.tokens.check(token.strip(), AUDIENCES)
        except TokenRefused as refused:
            raise _unauthorised(refused) from refused


def _unauthorised(refused: TokenRefused) -> ArmError:
    code = "InvalidAuthenticationToken"
    if refused.expired:
        code = "ExpiredAuthenticationToken"
    elif refused.audience:
        code = "InvalidAuthenticationTokenAudience"
    return ArmError(401, code, str(refused), headers={"www-authenticate": CHALLENGE})


class Provider(Protocol):
    """A resource provider's REST interface."""

    @property
    def guard(self) -> Guard:
        """Return who may ask."""

    def scope(self, names: Mapping[str, str]) -> None:
        """Refuse a subscription or a resource group that is not there; ``names`` are the path's blanks."""


AnyProvider = TypeVar("AnyProvider", bound=Provider)
Route = tuple[str, re.Pattern[str], Callable[[AnyProvider, Call], Answer]]
"""Method, pattern of the path, and the function that answers."""


def table(*rows: tuple[str, str, Callable[[AnyProvider, Call], Answer]]) -> list[Route[AnyProvider]]:
    """Return routes from paths; Resource Manager does not tell upper case from lower."""
    return [(method, re.compile(path, re.IGNORECASE), handler) for method, path, handler in rows]


def answer(provider: AnyProvider, routes: Iterable[Route[AnyProvider]], call: Call) -> Answer:
    """Answer one call by the first route that fits; every refusal is an answer too."""
    try:
        provider.guard.admit(call)
        return _answer(provider, routes, call)
    except ArmError as error:
        return Answer(error.document(), error.status, error.headers)


def _answer(provider: AnyProvider, routes: Iterable[Route[AnyProvider]], call: Call) -> Answer:
    for method, pattern, handler in routes:
        match = pattern.fullmatch(call.path.rstrip("/"))
        if match and method == call.method:
            provider.scope(match.groupdict())
            return handler(provider, replace(call, names=match.groupdict()))
    unknown_route("azure", call.method, call.path)
    raise no_route(call.path)
