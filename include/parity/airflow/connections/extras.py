"""The extras of a connection, found as its provider's hook finds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from parity.errors import BadInput

Connection = Any
"""airflow.sdk.Connection; triggers and workers fetch it in different ways."""


@dataclass(frozen=True)
class Extras:
    """A connection's extras, each under its own name or under the old one with a prefix."""

    connection: Connection
    prefix: str = ""
    """Such as ``extra__wasb__``, which Airflow's forms wrote once and the hooks still read."""

    def get(self, name: str) -> Any:
        """Return an extra, or None when it is absent or empty; an empty one hides the prefixed one."""
        known = self.connection.extra_dejson
        return (known[name] if name in known else known.get(self.prefix + name)) or None

    def text(self, name: str) -> str:
        """Return an extra as text, or an empty text."""
        return str(self.get(name) or "")

    def needed(self, name: str) -> str:
        """Return an extra as text; BadInput when it is absent or empty."""
        if value := self.get(name) or self.connection.extra_dejson.get(self.prefix + name):
            return str(value)
        raise self.refused(name, "is missing", "Add it to the connection's extra fields.")

    def client(self) -> tuple[str, SecretStr]:
        """Return a client's id and secret; BadInput with one of them alone, which the hooks drop in silence."""
        for field, value in {"Login": self.connection.login, "Password": self.connection.password}.items():
            if not value:
                raise self.refused(
                    field, "is empty", "Give the client's id as Login and its secret as Password, or neither."
                )
        return self.connection.login, SecretStr(self.connection.password)

    def refused(self, field: str, why: str, remedy: str) -> BadInput:
        """Return the error for a field that cannot be obeyed; no value is in it, for it may be a secret."""
        return BadInput(f"Connection {self.connection.conn_id!r}: {field} {why}.", remedy=remedy)
