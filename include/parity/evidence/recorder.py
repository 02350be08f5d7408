"""Recording evidence: one signed entry for each run, at the moment at which its gate has judged it.

An entry is written into the results store, and again beside the artefacts and to a witness. It names by hash every
result, the rules and every file of the run, and carries the hash of the entry before it. Whoever can write the
store alone can recompute the hashes, but no signature; whoever cuts the chain off leaves the copies behind.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from parity.clients.artefacts import Artefacts
from parity.clock import Clock
from parity.errors import ParityError, Terminal
from parity.evidence.signing import Signer, text_of
from parity.evidence.verify import RESULTS, RULES, SIGNS_HASH, canonical, fingerprint, sha, signed_text
from parity.evidence.witness import StorageWitness, TimestampWitness, Witness
from parity.history.chains import StoredChains, StoredEntry
from parity.history.records import RunDetail

FOLDER = "evidence"
"""Where the artefacts keep entries, rules and results; no folder in it has a date as name: retention keeps it."""
RUN_PAGE = "index.html"
"""The page of a run shows the results store's own words, and may be written again."""
PACKAGES = ("parity", "apache-airflow", "duckdb", "great-expectations", "pymysql")
TRIES = 20
READ_AT_ONCE = 64
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Recorder:
    """Appends to the chains of evidence."""

    chains: StoredChains
    artefacts: Artefacts
    signer: Signer
    clock: Clock
    witness: Witness | None = None
    timestamps: TimestampWitness | None = None

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """Return everything that keeps a copy of each entry."""
        beside = StorageWitness(
            Artefacts(self.artefacts.url(f"{FOLDER}/chains"), self.artefacts.storage), "artefacts"
        )
        return beside, *(one for one in (self.witness, self.timestamps) if one)

    def record_run(self, detail: RunDetail, folder: str, rules: Mapping[str, Any]) -> StoredEntry:
        """Append a run as the results store has it, with the hashes of its files in ``folder``."""
        results = {record.key.activity: plain(record) for record in detail.activities}
        hashes = {activity: sha(canonical(result)) for activity, result in results.items()}
        texts = {
            RESULTS.format(sha(canonical(hashes))): canonical(results),
            RULES.format(rules_hash(rules)): canonical(rules),
        }
        for name, text in texts.items():
            self.artefacts.write(f"{FOLDER}/{name}", text)
        return self.append(
            detail.run.suite,
            {
                "kind": "run",
                "run": plain(detail.run) | {"folder": folder},
                "results": hashes,
                "rules": rules_hash(rules),
                "files": dict(file_hashes(self.artefacts, folder)),
                "versions": versions(),
            },
        )

    def append(self, chain: str, body: Mapping[str, Any]) -> StoredEntry:
        """Sign an entry, append it, and hand it to the witnesses; another run may append at the same moment."""
        for _ in range(TRIES):
            entry = self._next(chain, body)
            if self.chains.add(chain, entry):
                for witness in self.witnesses:
                    self._copy(chain, entry, witness)
                return entry
        raise Terminal(f"The chain of evidence {chain} could not be appended to in {TRIES} tries.")

    def _next(self, chain: str, body: Mapping[str, Any]) -> StoredEntry:
        last, now = self.chains.last(chain), self.clock.now()
        if last:  # another worker's clock may be ahead
            now = max(now, datetime.fromisoformat(json.loads(last.entry)["recorded"]))
        entry = {
            **body,
            "version": 1,
            "chain": chain,
            "number": last.number + 1 if last else 1,
            "previous": last.sha if last else "",
            "recorded": now.isoformat(),
            "key": fingerprint(self.signer.public),
            **({"signs": SIGNS_HASH} if self.signer.hashes else {}),
        }
        text = canonical(entry)
        signature = self.signer.sign(signed_text(entry, text))
        return StoredEntry(entry["number"], sha(text), text.decode(), text_of(signature))

    def _copy(self, chain: str, entry: StoredEntry, witness: Witness) -> None:
        """Write an entry to a witness, and those before it that the witness missed."""
        try:
            seen = {number for number, _ in witness.seen(chain)}
            whole = len(seen) == entry.number - 1
            for one in (entry,) if whole or not witness.every else self.chains.entries(chain):
                if one.number not in seen:
                    witness.append(chain, one.number, one.sha, line(one))
        except ParityError:
            log.exception(
                "%s did not get entry %d of %s; the next one brings it.", witness.name, entry.number, chain
            )


def line(entry: StoredEntry) -> bytes:
    """Return an entry as archives and witnesses hold it; whatever the store has, it is not read."""
    return b'{"entry":%s,"signature":%s}' % (entry.entry.encode(), json.dumps(entry.signature).encode())


def plain(record: Any) -> dict[str, Any]:
    """Return a record as plain JSON, without the number that the store gave it."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(record), default=str))
    found.pop("id", None)
    return found


def rules_hash(rules: Mapping[str, Any]) -> str:
    """Return the hash of rules."""
    return sha(canonical(rules))


def file_hashes(artefacts: Artefacts, folder: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the hash of every file of a run."""
    names = sorted(stored.name for stored in artefacts.listed(folder) if stored.name != RUN_PAGE)
    for some in chunks(names):
        found = artefacts.read_each(f"{folder}/{name}" for name in some)
        for name, data in found.items():
            yield name.removeprefix(f"{folder}/"), hashlib.sha256(data).hexdigest()


def chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield names, as many at once as are read at once."""
    return (names[start : start + READ_AT_ONCE] for start in range(0, len(names), READ_AT_ONCE))


def versions() -> dict[str, str]:
    """Return the versions of what compared and judged."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
