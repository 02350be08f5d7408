"""Rows that change while we look: what differs is read again, after it had time to settle, before it counts.

Two servers are never seen at the very same instant. A row that differs may simply be on its way; so its key
is read again under fresh snapshots. Equal now: it was in flight. The same difference again: it is real. Other
texts: it changed again, and is given another round; what never stands still cannot be judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import repeat

from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.rows.chunk_diff import KEYS, Pair, Reading, read_keys
from parity.tablediff.rows.chunk_scan import ChunkScan
from parity.tablediff.rows.matching import Difference
from parity.tablediff.rows.spill import ChunkDifferences, clear, read_back
from parity.tablediff.sessions.pair import SessionPair

MOST = 50_000
"""Differences that are read again; more are no rows in flight, and reading them all again is not gentle."""
ROUNDS = 3
LEAST = 0.001

ByKey = dict[str, list[Difference]]


@dataclass
class Recheck:
    """What became of the differences of one table."""

    in_flight: int = 0
    changed_again: int = 0
    """Keys whose difference was another one the second time, whatever became of it."""
    restless: int = 0
    """Rows that still changed in the last round."""
    skipped: str = ""
    """Why nothing was read again."""
    real: ByKey = field(default_factory=dict)
    legacy: int = 0
    """By how many rows the legacy side's count moved."""
    target: int = 0


def recheck(walk: ChunkScan, state: Checkpoint, settle: float, settled: float = 0.0) -> tuple[Checkpoint, Recheck]:
    """Read the differences of a walked table again, up to three times; return corrected counts.

    ``settle`` is how many seconds they are given each time, ``settled`` how many have passed already.
    """
    if not state.different or settle <= 0:
        return state, Recheck()
    if why := _unsuitable(walk, state):
        return state, Recheck(skipped=why)
    found = Recheck()
    pending = _by_key(list(read_back(walk.folder)))
    for rest in (max(settle - settled, LEAST), *repeat(settle, ROUNDS - 1)):
        walk.clock.sleep(rest)
        walk.line.retried(SessionPair.snapshot)
        pending = _round(walk, pending, found)
        if not pending:
            break
    found.restless = sum(map(len, pending.values()))
    state = _rewritten(walk, state, found)
    walk.store.save(walk.run, walk.plan.name, state.to_json())
    return state, found


def _unsuitable(walk: ChunkScan, state: Checkpoint) -> str:
    if not (walk.plan.unique and walk.plan.allows_lookup):
        return "its rows have no unique key by which they could be asked for again"
    if state.different > MOST:
        return f"more than {MOST:,} rows differ"
    return ""


def _by_key(differences: Sequence[Difference]) -> ByKey:
    found: ByKey = {}
    for difference in differences:
        found.setdefault(difference.key, []).append(difference)
    return found


def _round(walk: ChunkScan, pending: ByKey, found: Recheck) -> ByKey:
    """Read the pending keys again, sort them into ``found``, and return those that changed again."""
    keys, moved = sorted(pending), {}
    for start in range(0, len(keys), KEYS):
        batch = keys[start : start + KEYS]
        reading = walk.line.retried(partial(_read, walk, batch))
        now = _by_key(reading.unequal.differences())
        _count_rows({key: pending[key] for key in batch}, reading, found)
        for key in batch:
            if key not in now:
                found.in_flight += len(pending[key])
            elif now[key] == pending[key]:
                found.real[key] = now[key]
            else:
                found.changed_again += 1
                moved[key] = now[key]
    return moved


def _read(walk: ChunkScan, keys: Sequence[str], sides: SessionPair) -> Reading:
    return read_keys(Pair(*sides.tables(walk.plan), walk.plan.allows_lookup), keys)


def _count_rows(before: Mapping[str, list[Difference]], reading: Reading, found: Recheck) -> None:
    """Keep both sides' counts true to the last reading: rows came and went since the walk."""
    olds = Counter(line.partition("|")[0] for line in reading.legacy)
    news = Counter(line.partition("|")[0] for line in reading.target)
    for key, differences in before.items():
        found.legacy += olds[key] - sum(d.legacy is not None for d in differences)
        found.target += news[key] - sum(d.target is not None for d in differences)


def _rewritten(walk: ChunkScan, state: Checkpoint, found: Recheck) -> Checkpoint:
    """Keep only real differences on disk and in the counts."""
    clear(walk.folder)
    kept = ChunkDifferences(walk.plan, walk.folder, 0)
    for key in sorted(found.real):
        kept.add(found.real[key])
    kept.flush()
    return replace(
        state,
        legacy=state.legacy + found.legacy,
        target=state.target + found.target,
        changed=kept.changed,
        missing=kept.missing,
        extra=kept.extra,
        columns=dict(kept.columns),
    )
