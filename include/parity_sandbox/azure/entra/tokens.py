"""Signed tokens with an end. Whoever holds the state folder's key can check them; nothing is remembered.

So a token survives a restart of the sandbox, as it survives everything that happens to the real cloud, and
Data Factory and storage can check it without asking.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt

from parity.clock import Clock, SystemClock

LIFETIME = 3600
ALGORITHM = "HS256"


class TokenRefused(Exception):
    """A token cannot be accepted; ``expired`` and ``audience`` say why."""

    def __init__(self, message: str, *, expired: bool = False, audience: bool = False) -> None:
        super().__init__(message)
        self.expired = expired
        self.audience = audience


@dataclass(frozen=True)
class Issued:
    """A fresh token; times are seconds, ``expires_on`` and ``not_before`` since the epoch."""

    token: str
    expires_in: int
    not_before: int

    @property
    def expires_on(self) -> int:
        """Return when it ends."""
        return self.not_before + self.expires_in


def signing_key(state: Path) -> str:
    """Return the sandbox's own key, made when it is asked for first."""
    path = state / "entra" / "signing.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32))
    return path.read_text()


@dataclass
class Tokens:
    """Issues and checks; ``lifetime`` in seconds may be changed while it serves."""

    key: str
    clock: Clock = field(default_factory=SystemClock)
    lifetime: int = LIFETIME

    @classmethod
    def of(cls, state: Path) -> Tokens:
        """Return the tokens of the sandbox at ``state``."""
        return cls(signing_key(state))

    def issue(self, audience: str, tenant: str, client: str) -> Issued:
        """Return a new token for ``audience``, the resource that it opens."""
        now = int(self.clock.now().timestamp())
        issuer = f"https://sts.windows.net/{tenant}/"
        claims = {"aud": audience, "iss": issuer, "appid": client, "oid": client, "sub": client, "tid": tenant}
        span = {"iat": now, "nbf": now, "exp": now + self.lifetime}
        token = jwt.encode({**claims, **span, "ver": "1.0"}, self.key, algorithm=ALGORITHM)
        return Issued(token, self.lifetime, now)

    def check(self, token: str, audiences: Collection[str]) -> dict[str, Any]:
        """Return the claims of a token that is ours, still valid and meant for one of ``audiences``."""
        claims = self._decode(token)
        now = self.clock.now()
        ends = datetime.fromtimestamp(claims["exp"], UTC)
        if ends <= now:
            text = f"The access token expiry UTC time '{ends:%m/%d/%Y %I:%M:%S %p}' is earlier than current "
            raise TokenRefused(f"{text}UTC time '{now:%m/%d/%Y %I:%M:%S %p}'.", expired=True)
        if str(claims["aud"]).rstrip("/") not in audiences:
            raise TokenRefused(self._wrong_audience(claims["aud"], audiences), audience=True)
        return claims

    def _decode(self, token: str) -> dict[str, Any]:
        unchecked = {"verify_exp": False, "verify_aud": False, "verify_nbf": False, "verify_iat": False}
        try:
            return jwt.decode(token, self.key, algorithms=[ALGORITHM], options={**unchecked})  # type: ignore[arg-type]
        except jwt.InvalidTokenError as error:
            raise TokenRefused("The access token is invalid.") from error

    @staticmethod
    def _wrong_audience(audience: str, audiences: Collection[str]) -> str:
        allowed = ",".join(f"'{one}/'" for one in sorted(audiences))
        return (
            f"The access token has been obtained for wrong audience or resource '{audience}'. "
            f"It should exactly match with one of the allowed audiences {allowed}."
        )
