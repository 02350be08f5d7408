"""Building an archive: the chains as the store has them, the documents as they lie, and what disagrees with what.

Nothing is repaired, and nothing is left out because it looks wrong: what was tampered with goes into the archive
as it is, and :mod:`parity.evidence.verify` finds it.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.errors import BadInput, NotFound
from parity.evidence.recorder import FOLDER, Recorder, chunks, line, plain
from parity.evidence.signing import Signer, text_of
from parity.evidence.verify import (
    CHAIN,
    CONTENTS,
    FILE,
    RESULTS,
    RULES,
    SEAL,
    SEAL_BYTES,
    canonical,
    fingerprint,
    sealed_text,
    sha,
)
from parity.evidence.witness import TimestampWitness, Witness
from parity.history.chains import StoredEntry
from parity.history.records import RunDetail, RunRecord
from parity.history.store import Store

OLDEST = (1980, 1, 1, 0, 0, 0)
"""The time of every member: zip knows none before."""
RUNS = 1_000_000
RunKey = tuple[str, str]
"""Run id and business date."""


@dataclass(frozen=True)
class Scope:
    """What an archive is about."""

    title: str
    subjects: tuple[str, ...]
    """Suites and databases, by their names in the results store."""
    sign_offs: str = ""
    """The chain of the wave's sign-offs."""
    run: RunKey | None = None
    """The only run whose documents are wanted; None: the newest entry of every run."""


def scope_of_run(run: RunRecord) -> Scope:
    """Return the scope of one run: its documents, and the whole chain of its suite."""
    return Scope(f"run {run.id}", (run.suite,), run=(run.run_id, run.business_date.isoformat()))


@dataclass(frozen=True)
class ReadChain:
    """A chain as the store has it, whatever that is."""

    name: str
    entries: Sequence[StoredEntry]
    bodies: Mapping[int, Mapping[str, Any]]
    """By number; without what cannot be read, which verification finds."""

    def documented(self, run: RunKey | None) -> dict[RunKey, int]:
        """Return the number of the newest entry of each run, or of one."""
        runs = {number: body["run"] for number, body in self.bodies.items() if body.get("kind") == "run"}
        keys = {(one["run_id"], one["business_date"]): number for number, one in runs.items()}
        return {key: number for key, number in keys.items() if run in (None, key)}


def build(path: Path, scope: Scope, store: Store, recorder: Recorder, keep_days: int) -> str:
    """Write an archive and return its SHA-256.

    ``keep_days`` is how long artefacts are kept; a file that is gone before is reported.
    """
    chains = [_read(name, recorder) for name in (*scope.subjects, *filter(None, [scope.sign_offs]))]
    documented = {chain.name: sorted(chain.documented(scope.run).values()) for chain in chains}
    compared = [
        _differences(scope, chain, store, recorder.artefacts) for chain in chains if chain.name in scope.subjects
    ]
    contents = {
        "version": 1,
        "scope": scope.title,
        "built": recorder.clock.now().isoformat(),
        "keep_days": keep_days,
        "chains": {
            chain.name: {
                "entries": len(chain.entries),
                "head": sha(chain.entries[-1].entry.encode()) if chain.entries else "",
            }
            for chain in chains
        },
        "documents": documented,
        "witnesses": {one.name: _seen(one, chains) for one in recorder.witnesses if one.every},
        "timestamps": _stamps(recorder.timestamps, chains),
        "differences": [one for differences, _ in compared for one in differences],
        "notes": [note for _, notes in compared for note in notes],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, CONTENTS, canonical(contents))
        for chain in chains:
            _add(archive, CHAIN.format(chain.name), b"".join(line(entry) + b"\n" for entry in chain.entries))
            for number in documented[chain.name]:
                _add_run(archive, chain.bodies[number], recorder.artefacts)
        archive.comment = b"-" * SEAL_BYTES
    return _seal(path, recorder.signer)


def _seal(path: Path, signer: Signer) -> str:
    """Write the seal over the end of the file, and return the hash of the whole."""
    seal = SEAL + f"{fingerprint(signer.public)} {text_of(signer.sign(sealed_text(path)))}".encode()
    with path.open("r+b") as file:
        file.seek(-SEAL_BYTES, 2)
        file.write(seal)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(name: str, recorder: Recorder) -> ReadChain:
    entries = recorder.chains.entries(name)
    bodies = {}
    for position, entry in enumerate(entries, 1):
        with suppress(ValueError, AttributeError):
            body = json.loads(entry.entry)
            if (body.get("chain"), body.get("number")) == (name, position):
                bodies[position] = body
    return ReadChain(name, entries, bodies)


def _add_run(archive: zipfile.ZipFile, body: Mapping[str, Any], artefacts: Artefacts) -> None:
    for name in (RESULTS.format(sha(canonical(body["results"]))), RULES.format(body["rules"])):
        if name not in archive.NameToInfo:
            with suppress(NotFound):
                _add(archive, name, artefacts.read(f"{FOLDER}/{name}"))
    folder = body["run"]["folder"]
    for some in chunks(list(body["files"])):
        for name, data in artefacts.read_each(f"{folder}/{file}" for file in some).items():
            member = FILE.format(body["chain"], body["number"], name.removeprefix(f"{folder}/"))
            _add(archive, member, data)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, OLDEST)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, data)


def _seen(witness: Witness, chains: Sequence[ReadChain]) -> dict[str, list[tuple[int, str]]]:
    return {chain.name: sorted(witness.seen(chain.name)) for chain in chains}


def _stamps(witness: TimestampWitness | None, chains: Sequence[ReadChain]) -> dict[str, list[tuple[int, str]]]:
    """Return the timestamps of each chain: not as members of their own, which earlier verifiers do not expect."""
    if witness is None:
        return {}
    return {
        chain.name: [(number, text_of(stamp)) for number, stamp in witness.stamps(chain.name)] for chain in chains
    }


def _differences(
    scope: Scope, chain: ReadChain, store: Store, artefacts: Artefacts
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return where the results store no longer says what was recorded, and what is worth knowing."""
    differences = [] if chain.entries else [(chain.name, "nothing is recorded")]
    notes: list[str] = []
    for (run_id, day), number in chain.documented(scope.run).items():
        where = f"{chain.name} entry {number} ({day})"
        try:
            detail = store.run(run_id, chain.name, date.fromisoformat(day))
        except BadInput:
            notes.append(f"{where}: its run is no longer in the results store")
            continue
        changed = _changed(chain.bodies[number], detail, artefacts)
        differences += [(f"{where}{at}", f"the results store says otherwise now: {what}") for at, what in changed]
    if scope.run is None:
        for run in _unrecorded(chain, store):
            what = f"{run.verdict} of {run.business_date} ({run.run_id}) was never recorded"
            if run.verdict and run.verdict.green:
                differences.append((chain.name, what))
            else:
                notes.append(f"{chain.name}: {what}")
    return differences, notes


def _changed(body: Mapping[str, Any], detail: RunDetail, artefacts: Artefacts) -> Iterator[tuple[str, str]]:
    """Yield what of a run differs from its entry: the place within it, and the field."""
    for name in _differing(body["run"], plain(detail.run)):
        yield "", name
    now = {record.key.activity: plain(record) for record in detail.activities}
    if {name: sha(canonical(result)) for name, result in now.items()} == body["results"]:
        return
    with suppress(NotFound, ValueError):
        recorded = json.loads(artefacts.read(f"{FOLDER}/{RESULTS.format(sha(canonical(body['results'])))}"))
        for activity in sorted(now.keys() | recorded.keys()):
            if activity not in now or activity not in recorded:
                yield f": {activity}", "it is gone" if activity in recorded else "it is new"
            else:
                for name in _differing(recorded[activity], now[activity]):
                    yield f": {activity}", name


def _differing(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that differ among those that both have: a later version of Parity may record more."""
    for name in recorded.keys() & now.keys():
        one, other = recorded[name], now[name]
        if isinstance(one, dict) and isinstance(other, dict):
            yield from (f"{name} {below}" for below in _differing(one, other))
        elif one != other:
            yield name


def _unrecorded(chain: ReadChain, store: Store) -> Iterator[RunRecord]:
    """Yield the runs that ended since the chain began, and have no entry."""
    known = chain.documented(None)
    first = min((body["recorded"] for body in chain.bodies.values()), default="")
    for run in store.runs(chain.name, RUNS) if first else ():
        key = (run.run_id, run.business_date.isoformat())
        if run.ended and not run.seeded and key not in known and run.ended > datetime.fromisoformat(first):
            yield run
