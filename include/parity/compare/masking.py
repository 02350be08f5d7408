"""How a sensitive value is shown: a keyed hash, its length and its character classes; never the value."""

from __future__ import annotations

import hashlib
import hmac


def mask(value: str | None, key: bytes) -> str | None:
    """Return what may be shown of a sensitive value; equal values look equal under one key."""
    if value is None:
        return None
    digest = hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:12]
    return f"#{digest} ({len(value)} characters: {classes(value)})"


def classes(value: str) -> str:
    """Return which classes of characters a text holds."""
    tests = {
        "digits": str.isdigit,
        "letters": str.isalpha,
        "spaces": str.isspace,
    }
    found = [name for name, test in tests.items() if any(test(char) for char in value)]
    other = any(not any(test(char) for test in tests.values()) for char in value)
    return ", ".join([*found, *(["signs"] if other else [])]) or "none"
