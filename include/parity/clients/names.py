"""What was probably meant when a name is unknown."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` or what there is, as a remedy; at most ten names."""
    names = sorted(set(known))
    folded = {n.casefold(): n for n in names}
    if close := get_close_matches(name.casefold(), folded, n=1, cutoff=0.6):
        return f"Did you mean {folded[close[0]]!r}?"
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    return f"There is {shown}." if names else "There is none at all."
