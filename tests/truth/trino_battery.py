"""The expressions that real Trino was asked, as they are written: one a line, ``«a¦b»`` for either."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

FOLDER = Path(__file__).parent
RECORDED, HELD_BACK = "trino_expressions", "trino_held_back"
"""What the dialect was held against, and what it is measured by; names of a list (.txt) and its record (.json)."""
CHOICE = re.compile(r"«([^»]*)»")


def expressions(name: str) -> tuple[str, ...]:
    """Return the expressions and queries of the list ``name.txt``, spelt out, each once."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    written = (line.strip() for line in lines if line.strip() and not line.startswith("#"))
    return tuple(dict.fromkeys(spelt for line in written for spelt in _spelt(line)))


def query(expression: str) -> str:
    """Return an expression as a query."""
    return expression if re.match(r"(?i)(SELECT|WITH|VALUES|TABLE)\b", expression) else f"SELECT {expression}"


def _spelt(line: str) -> list[str]:
    pieces = CHOICE.split(line)  # plain text and choices by turns
    choices = [piece.split("¦") if place % 2 else [piece] for place, piece in enumerate(pieces)]
    return ["".join(parts) for parts in itertools.product(*choices)]
