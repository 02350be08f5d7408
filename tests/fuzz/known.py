"""What open cases already show: it is not reported twice, and not drawn again, until they are mended.

A case is open while its file says why (``open``) and how it fails (``shows``). The tests demand that it does fail,
so the mend that makes it pass has to take both out, and nothing is known any longer.
"""

from __future__ import annotations

import json
from functools import cache

from fuzz.case import CASES, Case, Column
from fuzz.judge import Judgement


@cache
def _open() -> tuple[Case, ...]:
    texts = (path.read_text() for path in sorted(CASES.glob("*.json")))
    return tuple(
        Case.of_text(text) for text in texts if "open" in (data := json.loads(text)) and "tables" not in data
    )


@cache
def refusals() -> frozenset[str]:
    """Return the ways in which open cases are refused or crash."""
    return frozenset(one for case in _open() for one in case.shows if one.startswith(("invalid", "crashed")))


def is_known(judgement: Judgement) -> bool:
    """Return whether a pair fails in no other way than open cases do."""
    return judgement.classes <= refusals()


def avoided(column: Column) -> bool:
    """Return whether an open case shows wrong counts for a column of these types under such a rule."""
    return any(
        (one.legacy, one.target) == (column.legacy, column.target) and set(one.rule) <= set(column.rule)
        for case in _open()
        if not set(case.shows) <= refusals()
        for one in case.columns[-1:]
    )
