"""Everything that the doctor found, as JSON and as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from parity.doctor.implementation import Move, by_wave, counts
from parity.doctor.line import Finding, Line, Status
from parity.wording import plural

VERSION = 1
FOLDED = 3
"""As many right lines of one kind in a row are counted, not listed."""
SHOWN = frozenset({"identity", "connection"})
"""Kinds that are never folded: a wrong identity or workspace has to be seen."""


@dataclass(frozen=True)
class Report:
    """The answer of the doctor."""

    lines: tuple[Line, ...]
    at: datetime
    seconds: float
    moves: tuple[Move, ...] = ()
    """The implementation status."""
    scope: str = ""
    """What alone was looked at; empty: everything."""

    @property
    def counts(self) -> Mapping[Status, int]:
        """Return how many lines have each status."""
        counted = Counter(line.finding.status for line in self.lines)
        return {status: counted[status] for status in Status}

    @property
    def ok(self) -> bool:
        """Return whether everything that was looked at is in place."""
        return bool(self.lines) and all(line.ok for line in self.lines)

    @property
    def exit_code(self) -> int:
        """Return 0 when all is in place, 1 when something is missing or differs, 2 when it could not be read."""
        if self.ok:
            return 0
        return 1 if self.counts[Status.MISSING] or self.counts[Status.DIFFERS] else 2

    @property
    def summary(self) -> str:
        """Return one sentence."""
        others = {status: count for status, count in self.counts.items() if count and status is not Status.OK}
        checked = f"{plural(len(self.lines), 'line')} in {self.seconds:.1f} s"
        alone = f" ({self.scope} alone)" if self.scope else ""
        listed = ", ".join(f"{count} {status}" for status, count in others.items())
        if not self.ok and others:
            return f"Not everything is in place{alone}: {listed} of {checked}."
        return f"All is in place{alone}: {checked}{f', {listed}' if others else ''}."

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        dumped: dict[str, Any] = _ADAPTER.dump_python(self, mode="json")
        lines = [
            {"place": one["place"], **one["finding"], "needed_by": one["needed_by"]} for one in dumped.pop("lines")
        ]
        return {
            "version": VERSION,
            "ok": self.ok,
            "summary": self.summary,
            "counts": dict(self.counts),
            **dumped,
            "moves": [{"name": move.name, **one} for move, one in zip(self.moves, dumped["moves"], strict=True)],
            "waves": {str(wave): counts(moves) for wave, moves in by_wave(self.moves)},
            "lines": lines,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """Read it back."""
        known = {name: value for name, value in data.items() if name in cls.__dataclass_fields__}
        lines = [
            {
                "place": one["place"],
                "needed_by": one["needed_by"],
                "finding": {name: one[name] for name in Finding.__dataclass_fields__},
            }
            for one in data["lines"]
        ]
        moves = [{name: one[name] for name in Move.__dataclass_fields__} for one in data["moves"]]
        return _ADAPTER.validate_python({**known, "moves": moves, "lines": lines})


_ADAPTER = TypeAdapter(Report)


@dataclass(frozen=True)
class Shown:
    """A line as people read it, or several right ones of a kind in one."""

    status: Status
    what: str
    detail: str = ""
    remedy: str = ""


def by_place(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    """Return the lines by place, in the order in which places first appear."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.place, []).append(line)
    return list(found.items())


def shown(lines: Sequence[Line], *, every: bool = False) -> Iterator[Shown]:
    """Yield the lines of one place; many right ones of a kind, and many with one cause, become one."""
    order = list(dict.fromkeys(line.finding.kind for line in lines))
    by_kind = sorted(
        lines, key=lambda line: (order.index(line.finding.kind), line.finding.status is not Status.OK)
    )
    for _, some in groupby(by_kind, key=_like):
        group = list(some)
        yield from [_folded(group)] if _may_fold(group) and not every else map(_shown, group)


def _like(line: Line) -> tuple[str, Status, str]:
    found = line.finding
    return found.kind, found.status, "" if found.status is Status.OK else f"{found.detail} {found.remedy}"


def _may_fold(group: Sequence[Line]) -> bool:
    return len(group) >= FOLDED and group[0].finding.kind not in SHOWN


def _folded(group: Sequence[Line]) -> Shown:
    first = group[0].finding
    if first.status is Status.OK:
        return Shown(first.status, f"{len(group)} × {first.kind}")
    names = ", ".join(line.finding.name for line in group)
    return Shown(first.status, f"{len(group)} × {first.kind} ({names})", first.detail, first.remedy)


def _shown(line: Line) -> Shown:
    found = line.finding
    return Shown(found.status, f"{found.kind} {found.name}".strip(), found.detail, found.remedy)
