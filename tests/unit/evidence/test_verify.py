"""What an archive proves, and what keeps it from proving anything."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parity.clients.artefacts import Artefacts
from parity.compare.result import Verdict
from parity.evidence import verify as verifier
from parity.evidence.archive import Scope
from parity.evidence.signing import KeySigner
from parity.evidence.witness import StorageWitness
from parity.flow.housekeeping import sweep_artefacts
from parity.history import tables
from unit.evidence.worlds import ACTIVITIES, DAY, KEEP_DAYS, MASKED, World, fill

ALLOWED = "cryptography, cffi, _cffi_backend, __main__"
BARE = f"""
import sys
allowed = set(sys.stdlib_module_names) | set({ALLOWED.split(", ")!r})
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] not in allowed:
            raise ImportError('not allowed: ' + name)
sys.meta_path.insert(0, Refuse())
import runpy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
"""
"""Runs a file in a Python that has the standard library and cryptography only."""


def places(report: verifier.Report) -> list[str]:
    return [where for where, _ in report.findings]


def test_what_was_recorded_is_proven_with_counts_of_what_was_verified(world: World) -> None:
    report = fill(world).verified()
    assert report.proven, report.findings
    counted = {name: report.counts[name] for name in ("entries", "results", "rules", "files", "sign-offs")}
    assert counted == {"entries": 8, "results": 14, "rules": 7, "files": 28, "sign-offs": 1}
    assert report.counts["entries at a witness"] == 8
    assert "payments: 5 entries from 2026-03-03 to 2026-03-03: 5 WAIVED" in report.chains


def test_the_verifier_runs_without_this_project(world: World) -> None:
    path, key = fill(world).build(), world.home / "public.pem"
    key.write_bytes(world.signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = [sys.executable, "-I", "-c", BARE, verifier.__file__, str(path), "--key", str(key)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stdout.splitlines()[:1]) == (0, ["PROVEN"]), done.stderr
    path.write_bytes(path.read_bytes()[:-300] + path.read_bytes()[-299:])
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stdout.splitlines()[:1]) == (1, ["NOT PROVEN"]), done.stderr


def test_another_key_proves_nothing(world: World, tmp_path: Path) -> None:
    path = fill(world).build()
    report = verifier.verify(path, World(tmp_path / "other").keys)
    assert {"the archive", "payments entry 1", "wave.1 entry 1"} <= set(places(report))


def test_nothing_recorded_is_not_proof(world: World) -> None:
    world.night(0)
    assert ("db.ledger", "nothing is recorded") in world.verified().findings


def test_the_archive_holds_what_an_auditor_asks_for(world: World) -> None:
    with zipfile.ZipFile(fill(world).build()) as archive:
        texts = {name: archive.read(name) for name in archive.namelist()}
    rules = json.loads(next(text for name, text in texts.items() if name.startswith("rules/")))
    assert rules["files"]["sql/a.sql"] == "SELECT 1"
    assert rules["waivers"][0]["ticket"] == "PAY-1"
    results = json.loads(next(text for name, text in texts.items() if name.startswith("results/")))
    assert results["settle"]["remote_runs"][0]["run_id"] == "q-1"
    assert MASKED in texts["files/payments/1/settle/report.json"].decode()
    entry = json.loads(texts["chains/payments.jsonl"].splitlines()[0])["entry"]
    assert entry["run"]["run_id"] == f"scheduled__{DAY}"
    assert entry["versions"]["duckdb"]
    sign_off = json.loads(texts["chains/wave.1.jsonl"].splitlines()[0])["entry"]
    assert [person["id"] for person in sign_off["people"]] == ["ana", "ben"]


def test_one_run_is_proven_with_its_whole_chain(world: World) -> None:
    fill(world)
    run = (f"scheduled__{DAY + timedelta(days=1)}", str(DAY + timedelta(days=1)))
    report = world.verified(scope=Scope("run 2", ("payments",), run=run))
    assert report.proven, report.findings
    assert (report.counts["entries"], report.counts["results"]) == (5, len(ACTIVITIES))


def test_a_run_that_is_judged_again_counts_as_it_was_judged_last(world: World) -> None:
    world.night(0, verdict=Verdict.PASS)
    world.night(0, "db.ledger")
    world.night(0, verdict=Verdict.FAIL)
    report = world.verified()
    assert report.proven, report.findings
    assert "payments: 2 entries from 2026-03-03 to 2026-03-03: 1 FAIL, 1 PASS" in report.chains


def test_a_result_that_was_edited_in_the_store_is_named_with_its_field(world: World) -> None:
    fill(world)
    table = tables.results.c
    where = sa.and_(table.suite == "payments", table.activity == "settle", table.business_date == DAY)
    with world.store.engine.begin() as connection:
        connection.execute(tables.results.update().where(where).values(rows_changed=0))
    assert world.verified().findings == [
        (f"payments entry 1 ({DAY}): settle", "the results store says otherwise now: rows changed")
    ]


def test_a_green_run_that_nobody_recorded_is_found(world: World) -> None:
    fill(world)
    with world.store.engine.begin() as connection:
        row = dict(connection.execute(sa.select(tables.runs)).mappings().first() or {})
        del row["id"]
        ended = row["ended"] + timedelta(days=9)
        connection.execute(tables.runs.insert().values(row | {"run_id": "by hand", "ended": ended}))
    ((where, what),) = world.verified().findings
    assert (where, "WAIVED" in what, "(by hand) was never recorded" in what) == ("payments", True, True)


def test_a_chain_that_was_cut_off_is_found_by_the_copies(world: World) -> None:
    fill(world)
    with world.store.engine.begin() as connection:
        connection.execute(tables.evidence.delete().where(tables.evidence.c.number > 3))
    found = world.verified()
    assert {"payments entry 4", "payments entry 5"} <= set(places(found))
    world.night(7)  # the cut is hidden by what comes after it, from the hashes but not from the copies
    assert "payments entry 4" in places(world.verified())


def test_retention_deletes_reports_and_keeps_their_hashes(world: World) -> None:
    fill(world)
    world.clock.moment += timedelta(days=KEEP_DAYS + 3)
    sweep_artefacts(world.artefacts, world.clock.moment.date(), timedelta(days=KEEP_DAYS))
    report = world.verified()
    assert report.proven, report.findings
    gone = [note for note in report.notes if "4 files were deleted by retention" in note]
    assert (len(gone), report.counts["files"]) == (6, 4)
    assert report.counts["results"] == 14


def test_a_report_that_is_gone_before_its_time_is_found(world: World) -> None:
    fill(world)
    (world.home / "artefacts/payments" / str(DAY) / f"scheduled__{DAY}" / "settle/report.json").unlink()
    assert places(world.verified()) == [f"payments entry 1 ({DAY}): settle/report.json"]


def test_an_entry_that_a_witness_missed_is_brought_by_the_next(world: World) -> None:
    world.night(0)
    world.witness = StorageWitness(Artefacts.on_disk(world.home / "worm"), "worm")
    world.night(1)
    assert sorted(number for number, _ in world.recorder.witnesses[1].seen("payments")) == [1, 2]


def test_two_writers_of_one_chain_make_one_chain(world: World) -> None:
    world.night(0)
    last = world.chains.last("payments")
    stale = iter([last])

    class Late:
        """Reads once what another worker has read, too."""

        def __getattr__(self, name: str) -> object:
            return getattr(world.chains, name)

        def last(self, chain: str) -> object:
            return next(stale, None) or world.chains.last(chain)

    world.night(1)
    recorder = world.recorder
    object.__setattr__(recorder, "chains", Late())
    assert recorder.append("payments", {"kind": "run"}).number == 3


@pytest.mark.parametrize("text", ["", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----", "secret"])
def test_a_wrong_key_is_refused_without_being_quoted(text: str) -> None:
    from pydantic import SecretStr

    from parity.errors import BadInput

    with pytest.raises(BadInput, match="no Ed25519 private key") as caught:
        KeySigner.of_pem(SecretStr(text))
    assert "secret" not in str(caught.value)
