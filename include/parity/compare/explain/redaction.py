"""How a sensitive value is shown: a keyed hash, its length and its character classes; never the value."""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from collections.abc import Iterable, Iterator

from parity.compare.schema.plan import ComparisonPlan
from parity.compare.schema.rules import SPACES
from parity.compare.session import DuckSession, text

_SHORTEST = 4
"""Characters from which on a value is recognised elsewhere: a shorter one stands in most columns by chance."""
_SHORTEST_INSIDE = 6
"""Characters from which on it is recognised inside another value."""
_WORDS = 8
"""Words in a row that are looked at inside another value."""
_EDGES = string.punctuation + SPACES
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


def _parts(value: str) -> Iterator[str]:
    """Yield a value and every few words in a row of it, in lower case, without signs and blanks at the ends."""
    value = value[:_PREFIX].lower()
    whole = value.strip(_EDGES)
    if len(whole) >= _SHORTEST:
        yield whole
    words = list(re.finditer(r"[^\W_]+", value))
    for at, first in enumerate(words):
        for last in words[at : at + _WORDS]:
            if last.end() - first.start() >= _SHORTEST_INSIDE:
                yield value[first.start() : last.end()]


class SensitiveValues:
    """Values of sensitive columns of either side, compared or not, that occur in another column as well."""

    def __init__(self, session: DuckSession, plan: ComparisonPlan, values: Iterable[str | None]) -> None:
        cells = [
            f"SELECT {c.value}::VARCHAR AS cell FROM {side}"
            for c in plan.columns
            if c.rule.sensitive
            for side in ("legacy", "target")
        ]
        cells += plan.secrets
        wanted = sorted({part for value in values if value for part in _parts(value)}) if cells else []
        self._found: frozenset[str] = frozenset()
        if wanted:
            bare = f"trim(lower(left(cell, {_PREFIX})), {text(_EDGES)})"
            query = f"SELECT DISTINCT {bare} AS bare FROM ({' UNION ALL '.join(cells)})"
            listed = ", ".join(map(text, wanted))
            self._found = frozenset(
                cell for (cell,) in session.rows(f"SELECT bare FROM ({query}) WHERE bare IN ({listed})")
            )

    def __contains__(self, value: str | None) -> bool:
        return bool(self._found) and value is not None and not self._found.isdisjoint(_parts(value))
