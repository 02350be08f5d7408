"""Asks a real Trino for the values of expressions, many in one statement where none of them fails."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from truth.trino_battery import query
from truth.trino_server import TrinoError, TrinoServer

TOGETHER, AT_ONCE = 24, 4


def answers(server: TrinoServer, expressions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return an answer for each expression: ``type`` and ``value`` of the first column and row, or ``error``."""
    plain = [one for one in expressions if query(one) != one]
    groups = [plain[at : at + TOGETHER] for at in range(0, len(plain), TOGETHER)]
    groups += [[one] for one in expressions if query(one) == one]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = {key: value for part in pool.map(lambda group: _ask(server, group), groups) for key, value in part}
    return {one: found[one] for one in expressions}


def _ask(server: TrinoServer, group: list[str]) -> list[tuple[str, dict[str, Any]]]:
    try:
        answer = server.query(query(", ".join(group)))
    except TrinoError as error:
        if len(group) == 1:
            return [(group[0], {"error": error.name})]
        half = len(group) // 2
        return _ask(server, group[:half]) + _ask(server, group[half:])
    if len(answer.types) != len(group) and len(group) > 1:
        return [pair for one in group for pair in _ask(server, [one])]
    row = answer.rows[0] if answer.rows else [None] * len(group)
    rest = {} if answer.rows else {"rows": 0}
    return [
        (one, {"type": kind, "value": value, **rest})
        for one, kind, value in zip(group, answer.types, row, strict=False)
    ]
