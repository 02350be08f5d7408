"""Rows that change while they are compared: a difference is read again, after a while, before it counts.

Two servers are never seen at the very same instant. A row that differs may simply not have arrived yet; so its
key is read again under fresh snapshots. Equal now: it was in flight. The same difference again: it is real. Other
texts: it changed again, and gets another round; a row that changes in every round cannot be judged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat

from parity.tablediff.rows.checkpoint import Checkpoint
from parity.tablediff.rows.chunk_diff import KEY_BATCH, KeyLookup, look_up
from parity.tablediff.rows.chunk_scan import ChunkScan
from parity.tablediff.rows.matching import Difference
from parity.tablediff.rows.spill import ChunkDifferences, clear, read_back
from parity.tablediff.sessions.pair import SessionPair

MAX_DIFFERENCES = 50_000
"""Differences that are read again; more are no rows in flight, and would be too much load for the servers."""
ROUNDS = 3
MIN_WAIT = 0.001

ByKey = dict[str, list[Difference]]


@dataclass
class Recheck:
    """What became of the differences of one table."""

    in_flight: int = 0
    changed_again: int = 0
    """Keys whose difference was another one the second time, whatever became of it."""
    unstable: int = 0
    """Rows that still changed in the last round."""
    skipped: str = ""
    """Why nothing was read again."""
    real: ByKey = field(default_factory=dict)
    legacy: int = 0
    """By how many rows the legacy side's count moved."""
    target: int = 0


def recheck(scan: ChunkScan, state: Checkpoint, settle: float, settled: float = 0.0) -> tuple[Checkpoint, Recheck]:
    """Read the differences of a scanned table again, up to three times; return corrected counts.

    ``settle`` is how many seconds they are given each time, ``settled`` how many have passed already.
    """
    if not state.different or settle <= 0:
        return state, Recheck()
    if why := _unsuitable(scan, state):
        return state, Recheck(skipped=why)
    outcome = Recheck()
    pending = _by_key(list(read_back(scan.folder)))
    for rest in (max(settle - settled, MIN_WAIT), *repeat(settle, ROUNDS - 1)):
        scan.throttle.clock.sleep(rest)
        scan.pair.retry(SessionPair.snapshot)
        pending = _round(scan, pending, outcome)
        if not pending:
            break
    outcome.unstable = sum(map(len, pending.values()))
    state = _rewritten(scan, state, outcome)
    scan.store.save(scan.run, scan.plan.name, state.to_json())
    return state, outcome


def _unsuitable(scan: ChunkScan, state: Checkpoint) -> str:
    if not (scan.plan.unique and scan.plan.allows_lookup):
        return "its rows have no unique key by which they could be read again"
    if state.different > MAX_DIFFERENCES:
        return f"more than {MAX_DIFFERENCES:,} rows differ"
    return ""


def _by_key(differences: Sequence[Difference]) -> ByKey:
    found: ByKey = {}
    for difference in differences:
        found.setdefault(difference.key, []).append(difference)
    return found


def _round(scan: ChunkScan, pending: ByKey, outcome: Recheck) -> ByKey:
    """Read the pending keys again, sort them into ``outcome``, and return those that changed again."""
    keys, moved = sorted(pending), {}
    for start in range(0, len(keys), KEY_BATCH):
        batch = keys[start : start + KEY_BATCH]
        found = _look_up(scan, batch)
        now = _by_key(found.unmatched.differences())
        _count_rows({key: pending[key] for key in batch}, found, outcome)
        for key in batch:
            if key not in now:
                outcome.in_flight += len(pending[key])
            elif now[key] == pending[key]:
                outcome.real[key] = now[key]
            else:
                outcome.changed_again += 1
                moved[key] = now[key]
    return moved


def _look_up(scan: ChunkScan, keys: Sequence[str]) -> KeyLookup:
    return scan.pair.retry(lambda sessions: look_up(sessions.tables(scan.plan), keys))


def _count_rows(before: Mapping[str, list[Difference]], found: KeyLookup, outcome: Recheck) -> None:
    """Correct both sides' counts by the rows that came and went since the scan."""
    legacy = Counter(line.partition("|")[0] for line in found.legacy)
    target = Counter(line.partition("|")[0] for line in found.target)
    for key, differences in before.items():
        outcome.legacy += legacy[key] - sum(d.legacy is not None for d in differences)
        outcome.target += target[key] - sum(d.target is not None for d in differences)


def _rewritten(scan: ChunkScan, state: Checkpoint, outcome: Recheck) -> Checkpoint:
    """Leave only real differences on disk and in the counts."""
    clear(scan.folder)
    spilled = ChunkDifferences(scan.plan, scan.folder, 0)
    for key in sorted(outcome.real):
        spilled.add(outcome.real[key])
    spilled.flush()
    return replace(
        state,
        legacy=state.legacy + outcome.legacy,
        target=state.target + outcome.target,
        changed=spilled.changed,
        missing=spilled.missing,
        extra=spilled.extra,
        columns=dict(spilled.columns),
    )
