"""A wave from a red night to a cut-over that an auditor verifies: the real Dags, people's answers by the API."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from conftest import RunningSandbox
from integration.airflow.conftest import ENDED, PROJECT, until
from parity.history import tables
from parity.history.store import open_store
from parity_sandbox.demo.airflow import USER, LocalAirflow
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.mysql import ledger
from parity_sandbox.world import defects, run_legacy_night
from unit.evidence.worlds import private_pem
from unit.project.places import built_wheel, pins

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.sandbox,
    pytest.mark.spark,
    pytest.mark.mariadb,
    pytest.mark.slow,
    pytest.mark.timeout(3600),
]
PAYMENTS, LEDGER, PROMOTE = "parity__payments", "parity_db__ledger", "parity_promote"
FIRST, SECOND = "first_signature", "second_signature"
ANA, BEN, AUTHOR = "ana", "ben", "vendor-data-lead"
"""The wave's signers; the last one owns the waiver of the payments."""
WAVES = f"""
waves:
  - wave: 1
    suites: [payments]
    databases: [ledger]
    signers: [{ANA}, {BEN}, {AUTHOR}]
    ready: {{green_nights: 2, coverage: 0.9, severity: warning, repeated: 1}}
"""
LONG = 1200.0
"""Seconds that a night may take on a busy machine."""


@dataclass
class Promotion:
    """One run of the Dag that has the wave signed off."""

    wave: Wave
    run_id: str

    def asked(self, task: str) -> dict[str, Any]:
        """Return what people are asked, once they are."""
        http = self.wave.api._http

        def found() -> dict[str, Any]:
            if (answer := http.get(self._question(task))).status_code == httpx.codes.OK:
                return dict(answer.json())
            assert not self.wave.state(PROMOTE, self.run_id), self.ended()[1]
            return {}

        return dict(until(found, LONG))

    def answer(self, task: str, person: str) -> int:
        """Approve as the page *Required actions* does, and return the HTTP status.

        Airflow asks again when the answer comes before the scheduler knows that the task has paused.
        """
        self.asked(task)
        paused = f"state success for task instance TaskInstanceKey(dag_id='{PROMOTE}', task_id='{task}'"
        log, run = self.wave.airflow.home / "scheduler.log", f"run_id='{self.run_id}'"
        until(lambda: any(paused in line and run in line for line in log.read_text().splitlines()), LONG)
        body = {"chosen_options": ["Approve"], "params_input": {"comment": "as agreed"}}
        return self.wave.signed_in(person).patch(self._question(task), json=body).status_code

    def ended(self) -> tuple[str, str]:
        """Return how the run ended, and what its tasks logged."""
        state = until(lambda: self.wave.state(PROMOTE, self.run_id), LONG)
        logs = self.wave.airflow.home.joinpath("logs").rglob(f"*run_id={self.run_id}*/task_id=*/**/*.log")
        return state, "\n".join(file.read_text() for file in logs)

    def _question(self, task: str) -> str:
        return f"/api/v2/dags/{PROMOTE}/dagRuns/{self.run_id}/taskInstances/{task}/-1/hitlDetails"


@dataclass
class Wave:
    """The demo's world, an Airflow over it, and a project whose files may be changed."""

    folder: Path
    airflow: LocalAirflow
    sandbox: RunningSandbox
    passwords: dict[str, str]

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.airflow.url, USER, self.passwords[USER])

    def signed_in(self, person: str) -> httpx.Client:
        return AirflowApi(self.airflow.url, person, self.passwords[person])._http

    def parity(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``parity …`` as a person beside Airflow does."""
        command = [str(Path(sys.executable).with_name("parity")), *words]
        env = self.airflow.env()
        return subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True, check=False)

    def readiness(self) -> tuple[int, dict[tuple[str, str], str]]:
        """Return the exit status, and what blocks the wave: subject and criterion → why, and who owns it."""
        done = self.parity("readiness", "1", "--json")
        assert done.stdout, done.stderr
        criteria = json.loads(done.stdout)[0]["criteria"]
        blocking = {(c["subject"], c["name"]): f"{c['detail']} ({c['owner']})" for c in criteria if not c["met"]}
        return done.returncode, blocking

    def sign_off(self) -> str:
        """Return what is said of the sign-off, by the command and by the page alike."""
        said = self.parity("readiness", "1").stdout.splitlines()[-1].strip()
        page = self.api._http.get("/parity/readiness", headers={"accept": "text/html"}).raise_for_status().text
        assert said in page
        return said

    def night(self, back: int) -> tuple[str, ...]:
        """Run suite and database as they run so many nights back, and return how both ended."""
        moment = datetime.now(UTC) - timedelta(days=back)
        runs = [(dag, self._start(dag, moment)) for dag in (PAYMENTS, LEDGER)]
        return tuple(until(lambda at=at: self.state(*at), LONG) for at in runs)

    def state(self, dag: str, run_id: str) -> str:
        """Return how a run ended; empty before."""
        state = str(self.api.run(dag, run_id)["state"])
        return state if state in ENDED else ""

    def promote(self) -> Promotion:
        return Promotion(self, self.api.trigger(PROMOTE, {"wave": 1}))

    def _start(self, dag: str, moment: datetime) -> str:
        self.api.wait_for_dag(dag)
        http = self.api._http
        http.patch(f"/api/v2/dags/{dag}", json={"is_paused": False}).raise_for_status()
        body = {"logical_date": moment.isoformat(), "conf": {}}
        answer = http.post(f"/api/v2/dags/{dag}/dagRuns", json=body)
        return str(answer.raise_for_status().json()["dag_run_id"])


@pytest.fixture(scope="module")
def wave(sandbox: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wave]:
    """Everything as ``make demo`` starts with it, in a project of its own, with a key and four users."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("airflow")
    for name in ("suites", "databases"):
        shutil.copytree(PROJECT / "include" / name, folder / name)
    (folder / "waves.yaml").write_text(WAVES)
    private = private_pem()
    public = load_pem_private_key(private.encode(), None).public_key()
    (folder / "public.pem").write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    passwords = {person: secrets.token_urlsafe(9) for person in (USER, ANA, BEN, AUTHOR)}
    (home / "passwords.json").write_text(json.dumps(passwords))
    settings = {
        "PARITY_HOME": str(folder / "parity"),
        "PARITY_SUITES": str(folder / "suites"),
        "PARITY_DATABASES": str(folder / "databases"),
        "PARITY_EVIDENCE_KEY": str(folder / "public.pem"),
        "PARITY_SCHEDULED": "false",
        "PARITY_POLL_SECONDS": "1",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin,{ANA}:user,{BEN}:user,{AUTHOR}:user",
    }
    airflow = LocalAirflow(PROJECT, home, settings)
    planted = defects.switched_on(sandbox.state), ledger.switched_on(sandbox.state)
    key = {"parity_evidence": {"conn_type": "generic", "password": private}}
    try:
        airflow.start()
        airflow.connect({**connections(sandbox.endpoints), **key})
        for day in _dates(1, 0):
            run_legacy_night(sandbox.endpoints, day)
        airflow.wait(lambda _: None)
        yield Wave(folder, airflow, sandbox, passwords)
    finally:
        airflow.stop()
        defects.publish(sandbox.state, planted[0])
        ledger.remember(sandbox.state, planted[1])


def _dates(*back: int) -> list[date]:
    """Return the business dates of the payments so many nights back."""
    return [datetime.now(UTC).date() - timedelta(days=days + 1) for days in back]


@dataclass(frozen=True)
class Red:
    """What a night with every defect came to."""

    status: int
    blocking: dict[tuple[str, str], str]
    deserved: dict[str, set[str]]
    """Activities and tables that had to be red, by suite and database."""
    offered: tuple[str, str]
    """How the run ended that was to have the wave signed off all the same, and its log."""


@pytest.fixture(scope="module")
def red(wave: Wave) -> Red:
    assert wave.night(0) == ("failed", "failed")
    state = wave.sandbox.state
    verdicts = {
        "payments": defects.expected(state),
        "db.ledger": ledger.expected_verdicts(ledger.switched_on(state)),
    }
    deserved = {
        subject: {name for name, verdict in found.items() if verdict in ("FAIL", "INVALID")}
        for subject, found in verdicts.items()
    }
    return Red(*wave.readiness(), deserved, wave.promote().ended())


@pytest.fixture(scope="module")
def ready(wave: Wave, red: Red) -> tuple[int, dict[tuple[str, str], str]]:
    """What is said once every defect is off, and two nights are green, one of them twice."""
    state = wave.sandbox.state
    for name in (*defects.switched_on(state), *ledger.switched_on(state)):
        done = wave.parity("sandbox", "defect", "off", name, "--state", str(state))
        assert done.returncode == 0, done.stderr
    assert [wave.night(back) for back in (1, 0, 0)] == [("success", "success")] * 3
    return wave.readiness()


@pytest.fixture(scope="module")
def alone(wave: Wave, ready: Any) -> tuple[list[int], str, str, str]:
    """The run in which one person gave both answers: each status, how it ended, its log, what is said then."""
    run = wave.promote()
    given = ((FIRST, USER), (FIRST, ANA), (FIRST, BEN), (SECOND, ANA))
    return [run.answer(*one) for one in given], *run.ended(), wave.sign_off()


@pytest.fixture(scope="module")
def biased(wave: Wave, alone: Any) -> tuple[list[int], str, str]:
    """The run in which the owner of a waiver gave one of the answers."""
    run = wave.promote()
    return [run.answer(FIRST, AUTHOR), run.answer(SECOND, ANA)], *run.ended()


@pytest.fixture(scope="module")
def signed(wave: Wave, biased: Any) -> Promotion:
    """The run in which two people approved, of whom none owns a waiver."""
    run = wave.promote()
    assert [run.answer(FIRST, ANA), run.answer(SECOND, BEN)] == [200, 200]
    state, log = run.ended()
    assert state == "success", log
    return run


class Auditor:
    """A machine that has no Airflow and no project: a fresh environment, and one file of the wheel."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.bin = folder, folder / "venv" / "bin"
        self._uv = [str(Path(sys.executable).with_name("uv"))]
        subprocess.run([*self._uv, "venv", "-q", "--python", sys.executable, str(folder / "venv")], check=True)
        locked = pins("requirements/product.txt")
        self.install(f"cryptography=={locked['cryptography']}")
        (folder / "build").mkdir()
        self.wheel = built_wheel(folder / "build")
        with zipfile.ZipFile(self.wheel) as wheel:
            (folder / "verify.py").write_bytes(wheel.read("parity/evidence/verify.py"))

    def install(self, *what: str) -> None:
        subprocess.run([*self._uv, "pip", "install", "-q", "--python", str(self.bin.parent), *what], check=True)

    def has(self, module: str) -> bool:
        return self.run("python", "-I", "-c", f"import {module}").returncode == 0

    def verify(self, archive: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Verify an archive, by the one file unless another program is named."""
        return self.run(*(words or ("python", "verify.py")), str(archive), "--key", "public.pem")

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [str(self.bin / program), *words]
        return subprocess.run(command, env={}, cwd=self.folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def auditor(wave: Wave, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    made = Auditor(tmp_path_factory.mktemp("auditor"))
    shutil.copy(wave.folder / "public.pem", made.folder)
    return made


def built(wave: Wave, auditor: Auditor, name: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Build the wave's evidence, and carry it to the auditor."""
    done = wave.parity("evidence", "build", "--wave", "1", "--out", name)
    return done, Path(shutil.copy(wave.folder / name, auditor.folder))


def test_after_a_red_night_the_wave_is_not_ready_and_each_reason_is_named(red: Red) -> None:
    assert red.status == 1
    for subject, names in red.deserved.items():
        nights, twice = red.blocking.pop((subject, "green nights")), red.blocking.pop((subject, "repeated"))
        assert re.fullmatch(r"0 of 2: (.+) is (FAIL|INVALID) on [0-9-]+ \(payments-data\)", nights)
        assert nights.split()[3] in names
        assert twice == "0 of 1 date compared twice (payments-data)"
        open_now = red.blocking.pop((subject, "incidents")).removesuffix(" (payments-data)")
        assert set(open_now.split("; ")) == names
    waived = "sync_vendors: PAY-482 of vendor-data-lead (payments-data)"
    assert red.blocking == {("payments", "waivers"): waived}


def test_a_wave_that_is_not_ready_is_not_offered_to_anybody(red: Red) -> None:
    state, log = red.offered
    assert state == "failed"
    assert "Wave 1 is not ready: payments: green nights: 0 of 2" in log


def test_with_the_defects_off_and_the_nights_repeated_it_is_ready(ready: Any) -> None:
    assert ready == (0, {})


def test_one_person_counts_once_and_who_is_no_signer_not_at_all(alone: Any) -> None:
    statuses, state, log, said = alone
    assert statuses == [403, 200, 409, 200]
    assert state == "failed"
    assert "Refused: two people must sign, and ana did." in log
    assert "two people must sign, and ana did" in said


def test_who_owns_a_waiver_does_not_count(biased: Any) -> None:
    statuses, state, log = biased
    assert (statuses, state) == ([200, 200], "failed")
    assert f"Refused: {AUTHOR} owns a waiver of payments." in log


def test_two_people_sign_what_they_were_shown(wave: Wave, signed: Promotion) -> None:
    asked, said = signed.asked(SECOND), wave.sign_off()
    assert [person["id"] for person in asked["assigned_users"]] == [ANA, BEN, AUTHOR]
    assert (asked["responded_by_user"]["id"], asked["params_input"]) == (BEN, {"comment": "as agreed"})
    assert "2 green nights in a row" in asked["body"]
    [bound] = re.findall(r"evidence `([0-9a-f]{64})`", asked["body"])
    assert re.fullmatch(rf"Signed off by ana and ben on [0-9-]+ for evidence {bound[:12]}\.", said)


def test_the_evidence_verifies_on_a_machine_that_has_nothing_of_the_project(
    wave: Wave, signed: Promotion, auditor: Auditor
) -> None:
    done, archive = built(wave, auditor, "evidence.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not any(map(auditor.has, ("airflow", "parity", "sqlalchemy")))
    found = auditor.verify(archive)
    assert (found.returncode, found.stdout.splitlines()[0]) == (0, "PROVEN"), found.stdout
    assert re.search(r"payments: 4 entries .*: 1 INVALID, 3 PASS", found.stdout)
    assert re.search(r"db\.ledger: 4 entries .*: 1 FAIL, 3 PASS", found.stdout)
    assert re.search(r"wave\.1: 3 entries .*: 1 approved, 2 refused", found.stdout)
    assert re.search(r" 3 sign-offs: ", found.stdout)
    auditor.install("--no-deps", str(auditor.wheel))
    auditor.install("click")
    by_command = auditor.verify(archive, "parity", "verify")
    assert (by_command.returncode, by_command.stdout) == (0, found.stdout)
    assert not auditor.has("airflow")

    [shown] = re.findall(r"sha256 `([0-9a-f]{64})`", signed.asked(SECOND)["body"])
    kept = wave.folder / "parity" / "artefacts" / "evidence" / "archives" / f"wave-1-{shown[:12]}.zip"
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == shown
    assert auditor.verify(kept).returncode == 0

    bytes_ = bytearray(archive.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    archive.write_bytes(bytes_)
    assert auditor.verify(archive).returncode == 1


def test_a_waiver_that_is_changed_ends_the_sign_off_until_it_is_as_it_was(wave: Wave, signed: Promotion) -> None:
    file = wave.folder / "suites" / "waivers.yaml"
    before = file.read_text()
    file.write_text(before.replace("max_rows: 60", "max_rows: 61"))
    try:
        assert "by ana and ben on" in (said := wave.sign_off())
        assert said.endswith("no longer stands: the rules of payments were changed.")
    finally:
        file.write_text(before)
    assert wave.sign_off().startswith("Signed off by ana and ben")


def test_a_result_that_is_changed_in_the_store_is_named_and_nobody_is_asked_again(
    wave: Wave, signed: Promotion, auditor: Auditor
) -> None:
    result, store = tables.results.c, open_store(f"sqlite:///{wave.folder / 'parity' / 'results.db'}")
    chosen = tables.results.update().where(result.activity == "compute_fees", result.verdict == "PASS")
    with store.engine.begin() as connection:
        connection.execute(chosen.values(rows_equal=result.rows_equal + 1))
    try:
        done, archive = built(wave, auditor, "changed.zip")
        found = auditor.verify(archive)
        again = wave.promote().ended()
    finally:
        with store.engine.begin() as connection:
            connection.execute(chosen.values(rows_equal=result.rows_equal - 1))
    assert (done.returncode, found.returncode) == (1, 1)
    for said in (done.stdout, found.stdout):
        assert said.startswith("NOT PROVEN")
        assert len(re.findall(r"compute_fees: the results store says otherwise now: rows equal", said)) == 3
    assert again[0] == "failed"
    assert "The evidence is not as it was recorded" in again[1]
    assert wave.sign_off().startswith("Signed off by ana and ben")
