"""How a sensitive value is shown: a keyed hash, its length and its character classes; never the value."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from parity.compare.plan import Plan
from parity.compare.session import Session, text

_SHORTEST = 4
"""Characters from which on a value is recognised elsewhere: a shorter one stands in most columns by chance."""
_PREFIX = 1_000
"""Characters by which it is recognised."""


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


class Secrets:
    """Values that stand in a sensitive column of either side, and turned up in another column."""

    def __init__(self, session: Session, plan: Plan, values: Iterable[str | None]) -> None:
        columns = [c for c in plan.columns if c.rule.sensitive]
        wanted = sorted({value[:_PREFIX] for value in values if value and len(value) >= _SHORTEST})
        self._found: frozenset[str] = frozenset()
        if columns and wanted:
            cells = (
                f"SELECT left({c.value}::VARCHAR, {_PREFIX}) AS cell FROM {side}"
                for c in columns
                for side in ("legacy", "target")
            )
            listed = ", ".join(map(text, wanted))
            query = f"SELECT DISTINCT cell FROM ({' UNION ALL '.join(cells)}) WHERE cell IN ({listed})"
            self._found = frozenset(cell for (cell,) in session.rows(query))

    def __contains__(self, value: str | None) -> bool:
        return bool(self._found) and value is not None and value[:_PREFIX] in self._found
