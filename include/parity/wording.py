"""Wording that every message shares: counts with their nouns, suggestions, and foreign text made safe to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

_UNSAFE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def plural(count: int, noun: str, many: str = "") -> str:
    """Write a count with its noun: ``1 row``, ``1,204 rows``; ``many`` where an s is not enough."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def did_you_mean(name: str, known: Iterable[str], listing: str = "It has") -> str:
    """Return ``Did you mean 'x'?``, or else up to ten known names behind ``listing``; without one, nothing."""
    names = sorted(set(map(str, known)))
    folded = {one.casefold(): one for one in names}
    if close := get_close_matches(name.casefold(), folded, n=1, cutoff=0.6):
        return f"Did you mean {folded[close[0]]!r}?"
    listed = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    return f"{listing} {listed or 'none'}." if listing else ""


def fold(name: str) -> str:
    """Return a name without regard to case; only letters that come as a pair of a capital and a small one count.

    ``str.casefold`` goes further: it takes ß for ss, and thereby two columns for one.
    """
    if name.isascii():
        return name.lower()
    return "".join(small if (small := letter.lower()).upper() == letter else letter for letter in name)


def visible(value: str) -> str:
    """Return a text on one line, in which no control or format character can act on a terminal or hide in a page.

    For everything that was written by others: values, names of columns and files, a server's own words. What it
    returns, it leaves alone.
    """
    if value.isprintable():
        return value
    return "".join(_shown(char) for char in value)


def _shown(char: str) -> str:
    if unicodedata.category(char) in _UNSAFE:
        return _SHORT.get(char, f"\\u{ord(char):04x}")
    return char
