"""A store, artefacts, a clock and a key, with which dates are recorded as evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from parity.clients.artefacts import Artefacts
from parity.compare.result import CauseCount, ColumnFacts, Money, Rows, Verdict
from parity.evidence.archive import Scope, build
from parity.evidence.recorder import Recorder
from parity.evidence.signing import KeySigner
from parity.evidence.verify import Keys, Report, fingerprint, verify
from parity.evidence.witness import TimestampWitness, Witness
from parity.history.chains import StoredChains, StoredEntry
from parity.history.records import ActivityKey, ActivityRecord, RemoteRun, RunRecord
from parity.history.store import Store, open_store
from parity.suite.models import Cause

DAY = date(2026, 3, 2)
ACTIVITIES = ("settle", "compute_fees")
KEEP_DAYS = 400
MASKED = "sha:5d41402abc4b2a76"
WAVE = Scope("wave 1", ("payments", "db.ledger"), "wave.1")
WAIVER = {
    "ticket": "PAY-1",
    "owner": "vendor-data-lead",
    "max_rows": 60,
    "max_money": None,
    "expires": "2026-12-31",
}


@dataclass
class Ticking:
    """A clock that goes on by a minute each time it is read."""

    moment: datetime = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class World:
    """Everything that one deployment has."""

    home: Path
    signer: KeySigner = field(default_factory=lambda: KeySigner(Ed25519PrivateKey.generate()))
    clock: Ticking = field(default_factory=Ticking)
    witness: Witness | None = None
    timestamps: TimestampWitness | None = None

    def __post_init__(self) -> None:
        self.store: Store = open_store(f"sqlite:///{self.home / 'results.db'}")
        self.artefacts = Artefacts.on_disk(self.home / "artefacts")
        self.chains = StoredChains(self.store.engine)

    @property
    def recorder(self) -> Recorder:
        return Recorder(self.chains, self.artefacts, self.signer, self.clock, self.witness, self.timestamps)

    @property
    def keys(self) -> Keys:
        return {fingerprint(self.signer.public): self.signer.public}

    def night(
        self, back: int, suite: str = "payments", verdict: Verdict = Verdict.WAIVED, run: str = ""
    ) -> StoredEntry:
        """Record a run so many days after the first, with its reports, as its gate does."""
        day, now = DAY + timedelta(days=back), self.clock.now()
        run_id = f"scheduled__{day}{run}"
        folder = f"{suite}/{day}/{run_id}"
        self.store.record_run(RunRecord(suite, run_id, day, now, now, verdict, "", suite_sha="ab" * 32))
        for name in ACTIVITIES:
            self.store.record_activity(activity(ActivityKey(suite, name, day, run_id), verdict, now, folder))
            self.artefacts.write(f"{folder}/{name}/report.json", f'{{"sample": "{MASKED}", "day": "{day}"}}')
            self.artefacts.write(f"{folder}/{name}/report.html", f"<p>{name} {day}</p>")
        self.artefacts.write(f"{folder}/index.html", "<p>the page</p>")
        return self.recorder.record_run(self.store.run(run_id, suite, day), folder, self.rules(suite))

    def rules(self, suite: str) -> dict[str, Any]:
        return {"files": {f"{suite}.yaml": "owner: payments-data\n", "sql/a.sql": "SELECT 1"}, "waivers": [WAIVER]}

    def sign_off(self) -> StoredEntry:
        """Record a sign-off of everything so far by two people."""
        evidence = {name: [last.number, last.sha] for name in WAVE.subjects if (last := self.chains.last(name))}
        people = [
            {"id": name, "name": name, "decision": "Approve", "comment": "", "at": self.clock.now().isoformat()}
            for name in ("ana", "ben")
        ]
        body = {
            "kind": "sign-off",
            "wave": 1,
            "evidence": evidence,
            "decision": "approved",
            "reason": "",
            "people": people,
        }
        return self.recorder.append(WAVE.sign_offs, body)

    def build(self, scope: Scope = WAVE, keep_days: int = KEEP_DAYS) -> Path:
        path = self.home / "evidence.zip"
        build(path, scope, self.store, self.recorder, keep_days)
        return path

    def verified(self, **options: Any) -> Report:
        return verify(self.build(**options), self.keys)


def activity(key: ActivityKey, verdict: Verdict, at: datetime, folder: str) -> ActivityRecord:
    """Return a result that uses most fields."""
    causes = (CauseCount(Cause.ROUNDING, 5, "half-even"),)
    amount = ColumnFacts("amount", 100, 5, causes, (Money("EUR", Decimal("-0.10"), Decimal("12.34"), 5),))
    return ActivityRecord(
        key=key,
        verdict=verdict,
        reason="5 rows differ",
        recorded=at,
        rows=Rows(100, 100, 95, 5),
        columns=(amount,),
        remote_runs=(RemoteRun("athena", "q-1", "SUCCEEDED", "https://example.test/q-1"),),
        seconds=1.25,
        report=f"{folder}/{key.activity}/report.json",
        waivers=({**WAIVER, "state": "covers", "rows": 5, "money": {"EUR": "12.34"}},),
    )


def fill(world: World) -> World:
    """Record five dates of a suite, two of a database, and a sign-off."""
    for back in range(5):
        world.night(back)
        if back % 2:
            world.night(back, "db.ledger", Verdict.PASS)
    world.sign_off()
    return world


def private_pem() -> str:
    """Return a new key as people keep it."""
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
