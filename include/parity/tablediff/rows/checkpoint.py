"""How far a table has been scanned, stored so that a killed worker's successor resumes after the last chunk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Checkpoint:
    """What was counted in one table up to its last finished chunk."""

    fingerprint: str
    """Of the plan: another plan starts again."""
    after: tuple[str | None, ...] | None = None
    """The last key of the last finished chunk."""
    chunks: int = 0
    done: bool = False
    legacy: int = 0
    target: int = 0
    rows_fetched: int = 0
    hashes_fetched: int = 0
    changed: int = 0
    missing: int = 0
    extra: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    """Changed rows by column."""
    resumed: int = 0
    """How often it went on from an earlier chunk, in a new snapshot."""
    count_checked: bool = False
    """The server's own count, under the snapshot that was compared, is that of the rows that were."""
    partitions: int = 1
    """How many partitions of it were read at once, each in a snapshot of its own."""
    cuts: tuple[tuple[str | None, ...], ...] = ()
    """The keys at which a table is cut into partitions, each of which has a checkpoint of its own."""

    @property
    def different(self) -> int:
        """Return how many rows are changed, missing or extra."""
        return self.changed + self.missing + self.extra

    def to_json(self) -> str:
        """Return the checkpoint as one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Checkpoint:
        """Return the checkpoint that :meth:`to_json` wrote."""
        state = json.loads(text)
        after, cuts = state.pop("after"), state.pop("cuts", ())
        return cls(after=None if after is None else tuple(after), cuts=tuple(map(tuple, cuts)), **state)


class CheckpointStore(Protocol):
    """Where checkpoints are stored, by run and table. Every write may be repeated."""

    def load(self, run: str, table: str) -> str | None:
        """Return what was saved last, or None."""

    def save(self, run: str, table: str, state: str) -> None:
        """Store ``state``, replacing what was there."""

    def forget(self, run: str) -> None:
        """Delete everything of a run that has ended."""


class MemoryCheckpoints:
    """Checkpoints that live as long as the process: for one command at a terminal."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], str] = {}

    def load(self, run: str, table: str) -> str | None:
        """Return what was saved last, or None."""
        return self.states.get((run, table))

    def save(self, run: str, table: str, state: str) -> None:
        """Store ``state``."""
        self.states[run, table] = state

    def forget(self, run: str) -> None:
        """Delete everything of a run."""
        self.states = {key: value for key, value in self.states.items() if key[0] != run}
