"""The rules of time zones: the offsets of every region that the sandbox has, at each change and once a week.

A case is a region with what Trino's offsets from 1970 to 2100, and from 1800 to 1970, come to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from parity_sandbox.aws.trino.zones import rules
from truth import records
from truth.engines import Outcome
from truth.trino_server import TrinoError, TrinoServer

RECORD = "trino_zones"
WEEK, TOGETHER = 604800, 40
SPANS = {"1970": (0, 6783), "1800": (-8870, 0)}
"""Weeks before or after 1970, by the first year."""
QUERY = """
SELECT z, to_hex(md5(to_utf8(array_join(array_agg(o ORDER BY s), ','))))
FROM (
  SELECT z, s, CAST(to_unixtime(CAST(at_timezone(from_unixtime(s), z) AS timestamp)) - s AS bigint) AS o
  FROM (VALUES {zones}) AS t (z, changes)
  CROSS JOIN UNNEST(concat(
    transform(sequence({first}, {last}), w -> w * {week}),
    transform(filter(split(changes, ','), c -> c <> ''), c -> CAST(c AS bigint)))) AS u (s)) AS offsets
GROUP BY z"""


def names() -> tuple[str, ...]:
    """Return the regions of the package ``tzdata``."""
    listed = files("tzdata").joinpath("zones").read_text().split()
    return tuple(sorted(one for one in listed if "/" in one and not one.startswith("Etc/")))


def ask(server: TrinoServer) -> Outcome:
    """Record the digests of every region's offsets; what Trino does not know has none."""
    version = server.query("SELECT version()").value
    cases: dict[str, dict[str, str]] = {name: {} for name in names()}
    for span in SPANS:
        for at in range(0, len(cases), TOGETHER):
            for name, digest in _asked(server, names()[at : at + TOGETHER], span):
                cases[name][span] = digest
    records.write(RECORD, "Trino", version, cases)
    return Outcome(f"Trino, {len(agreeing(cases))} time zones", version, len(cases))


def _asked(server: TrinoServer, zones: Sequence[str], span: str) -> list[list[Any]]:
    first, last = SPANS[span]
    changes = {zone: ",".join(str(at) for at in offsets(zone, span) if at % WEEK) for zone in zones}
    spelt = ", ".join(f"('{zone}', '{at}')" for zone, at in changes.items())
    try:
        return server.query(QUERY.format(zones=spelt, first=first, last=last, week=WEEK)).rows
    except TrinoError:
        half = len(zones) // 2
        return _asked(server, zones[:half], span) + _asked(server, zones[half:], span) if half else []


@cache
def offsets(zone: str, span: str) -> dict[int, int]:
    """Return a region's offset in seconds, by Unix time: every week, and on both sides of each change."""
    first, last = SPANS[span]
    found = {week * WEEK: seconds(zone, week * WEEK) for week in range(first, last + 1)}
    for low, high in pairwise(sorted(found)):
        if found[low] != found[high]:
            found |= _change(zone, low, high)
    return found


def _change(zone: str, low: int, high: int) -> dict[int, int]:
    before = seconds(zone, low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seconds(zone, middle) == before else (low, middle)
    return {low: before, high: seconds(zone, high)}


def seconds(zone: str, instant: int) -> int:
    """Return the offset of a region in seconds."""
    ahead = datetime.fromtimestamp(instant, rules(zone)).utcoffset() or timedelta()
    return ahead // timedelta(seconds=1)


def digest(zone: str, span: str) -> str:
    """Return the digest of the sandbox's own offsets."""
    text = ",".join(str(ahead) for _, ahead in sorted(offsets(zone, span).items()))
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def agreeing(cases: dict[str, dict[str, str]]) -> dict[str, int]:
    """Return the first year from which the sandbox has Trino's offsets, by region."""
    found = {zone: since(zone, answer) for zone, answer in cases.items()}
    return {zone: year for zone, year in found.items() if year is not None}


def since(zone: str, answer: dict[str, str]) -> int | None:
    """Return the first year from which a region's offsets are Trino's; 0 for all, None for none."""
    if answer.get("1970") != digest(zone, "1970"):
        return None
    return 0 if answer.get("1800") == digest(zone, "1800") else 1970
