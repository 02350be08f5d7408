"""Who may touch the storage: the account's key, proved by a signature, or a token of Entra."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parity_sandbox.azure.entra.tokens import TokenRefused, Tokens
from parity_sandbox.azure.storage.wire import Ask, StorageError

AUDIENCE = "https://storage.azure.com"
CHALLENGE = (
    "Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize "
    "resource_id=https://storage.azure.com"
)
SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
FAILED = (
    "Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly "
    "including the signature."
)


@dataclass(frozen=True)
class Doorman:
    """Admits or refuses; ``key`` is the account's key as Base64 text."""

    account: str
    key: str
    tenant: str
    tokens: Tokens

    def admit(self, ask: Ask) -> None:
        """Raise StorageError unless the request proves who sends it."""
        scheme, _, proof = ask.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self._token(ask, proof.strip())
        elif scheme == "SharedKey":
            self._signature(ask, proof)
        elif scheme:
            raise StorageError(403, "AuthenticationFailed", f"{FAILED} (scheme {scheme[:20]!r})")
        elif "sig" in ask.query:
            text = "sandbox limitation: shared access signatures are not supported; use the key or a token."
            raise StorageError(403, "AuthenticationFailed", text)
        else:
            text = "Server failed to authenticate the request. Please refer to the information in the "
            raise StorageError(
                401, "NoAuthenticationInformation", f"{text}www-authenticate header.", self._ask_for()
            )

    def _ask_for(self) -> dict[str, str]:
        return {"www-authenticate": CHALLENGE.format(tenant=self.tenant)}

    def _token(self, ask: Ask, token: str) -> None:
        own = (f"https://{ask.account}.{half}.core.windows.net" for half in ("blob", "dfs"))
        try:
            self.tokens.check(token, {AUDIENCE, *own})
        except TokenRefused as refused:
            raise StorageError(401, "InvalidAuthenticationInfo", str(refused), self._ask_for()) from refused

    def _signature(self, ask: Ask, proof: str) -> None:
        account, _, signature = proof.partition(":")
        given = signature.strip().encode()
        if account != ask.account or account != self.account:
            raise StorageError(403, "AuthenticationFailed", FAILED)
        if not any(hmac.compare_digest(given, self._sign(text)) for text in _texts(ask)):
            raise StorageError(403, "AuthenticationFailed", FAILED)

    def _sign(self, text: str) -> bytes:
        digest = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        return base64.b64encode(digest)


def _texts(ask: Ask) -> Iterator[str]:
    """Yield what the client may have signed.

    The specification signs the Range header; the Python client leaves it out.
    """
    headers = {name: ask.headers.get(name, "") for name in SIGNED}
    if headers["content-length"] == "0":
        headers["content-length"] = ""
    if "x-ms-date" in ask.headers:
        headers["date"] = ""
    for ranged in {headers["range"], ""}:
        lines = [ask.method, *({**headers, "range": ranged}[name] for name in SIGNED)]
        yield "\n".join(lines) + "\n" + _canonical_headers(ask.headers) + _canonical_resource(ask)


def _canonical_headers(headers: Mapping[str, str]) -> str:
    named = [(name, value) for name, value in headers.items() if name.startswith("x-ms-")]
    return "".join(f"{name}:{value.strip()}\n" for name, value in sorted(named, key=_weight))


def _weight(header: tuple[str, str]) -> tuple[str, str]:
    """Sort as the service does: hyphens count last, an underscore comes before digits."""
    name = header[0]
    return name.replace("-", "").replace("_", "!"), name


def _canonical_resource(ask: Ask) -> str:
    lines = [f"\n{name.lower()}:{value}" for name, value in sorted(ask.query.items())]
    return f"/{ask.account}{ask.raw_path}" + "".join(lines)
