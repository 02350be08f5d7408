"""Pairs as many rows of a key as rules can make equal: a largest matching between the rows of both sides.

Under a tolerance a row may have several partners, and taking the nearest one can cost another row its only one:
of {0, 5} against {8, 14} under 10, only 0 with 8 and 5 with 14 make two pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parity.compare.session import DuckSession

_EDGES = 100_000
"""Pairs looked at in one go."""


def pair_most(session: DuckSession, prefix: str) -> None:
    """Move a largest set of pairs that are equal under the rules from ``cand`` to ``dp``, key by key."""
    edges = int(session.one(f"SELECT count(*) FROM {prefix}cand WHERE d = 0"))
    parts = -(-edges // _EDGES)
    for part in range(parts):
        rows = session.rows(
            f"SELECT lid, tid FROM {prefix}cand WHERE d = 0 AND g % {parts} = {part} ORDER BY lid, o, tid"
        )
        if not rows:
            continue
        partners: dict[int, list[int]] = {}
        for left, right in rows:
            partners.setdefault(left, []).append(right)
        pairs = most(partners)
        session.run(f"INSERT INTO {prefix}dp SELECT unnest({[*pairs]}), unnest({[*pairs.values()]})")
    if edges:
        session.run(
            f"DELETE FROM {prefix}cand WHERE lid IN (SELECT lid FROM {prefix}dp) "
            f"OR tid IN (SELECT tid FROM {prefix}dp)"
        )


def most(partners: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return a largest matching of left rows with right ones, each with one of its possible ``partners``."""
    pairs: dict[int, int] = {}
    owners: dict[int, int] = {}
    for start in partners:
        reached: dict[int, int] = {}  # Right rows, each with the left row that led to it.
        todo, free = [start], None
        while todo and free is None:
            left = todo.pop()
            for right in partners[left]:
                if right in reached:
                    continue
                reached[right] = left
                if right not in owners:
                    free = right
                    break
                todo.append(owners[right])
        while free is not None:  # Each left row on the path gives its partner up for another one.
            left = reached[free]
            pairs[left], owners[free], free = free, left, pairs.get(left)
    return pairs
