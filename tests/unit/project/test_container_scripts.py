"""What runs inside the containers beside Airflow, run here: the watchdog, the first job, the settings' file."""

from __future__ import annotations

import base64
import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from unit.project.places import PROJECT

HEALTH = PROJECT / "config" / "health.py"
ALL_WELL = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": "2026-03-02T02:00:00Z"},
    "triggerer": {"status": "healthy", "latest_triggerer_heartbeat": "2026-03-02T02:00:00Z"},
    "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": "2026-03-02T02:00:00Z"},
}
SILENT = {**ALL_WELL, "scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": "2026-03-02T01:00:00Z"}}
INIT = """
import os, subprocess, sys
child = subprocess.Popen(["sh", "-c", "trap '' TERM; while :; do sleep 1; done"])
check = subprocess.Popen([sys.executable, "-IS", *sys.argv[1:]])
sys.exit(0 if child.wait() == -9 and check.wait() == 1 else 3)
"""
"""Process 1 of a container: it starts a component that ignores the signal to end, and its health check."""


class Server:
    """Airflow's API server as far as the watchdog asks it, and a webhook."""

    def __init__(self) -> None:
        self.health: Any = ALL_WELL
        self.posted: list[Any] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                assert self.path == "/api/v2/monitor/health"
                self._answer(outer.health)

            def do_POST(self) -> None:
                outer.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self._answer({})

            def _answer(self, body: Any) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


Check = Callable[..., tuple[int, str]]


@pytest.fixture
def check(server: Server, tmp_path: Path) -> Check:
    """Run one health check, as Docker does, and return its exit status and what it said."""

    def run(component: str, url: str = "") -> tuple[int, str]:
        env = {**os.environ, "HEALTH_SERVER": url or server.url, "TMPDIR": str(tmp_path)}
        command = [sys.executable, "-IS", str(HEALTH), component]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()

    return run


@pytest.mark.parametrize("component", ["api-server", "scheduler", "triggerer", "dag_processor"])
def test_a_component_that_is_alive_is_healthy(check: Check, component: str) -> None:
    status, said = check(component)
    assert (status, said.partition(":")[0]) == (0, f"{component} is alive")


def test_a_component_that_is_silent_is_not_and_the_others_are(server: Server, check: Check) -> None:
    server.health = SILENT
    assert check("scheduler") == (1, "scheduler is silent: its last heartbeat was 2026-03-02T01:00:00Z")
    assert check("triggerer")[0] == 0
    server.health = {**ALL_WELL, "triggerer": {"status": None}}
    assert check("triggerer") == (1, "triggerer is silent: its last heartbeat was None")


def test_nothing_is_ended_because_the_api_server_or_the_database_is_away(
    server: Server, check: Check, tmp_path: Path
) -> None:
    server.health = {**SILENT, "metadatabase": {"status": "unhealthy"}}
    nowhere = "http://127.0.0.1:1"
    for _ in range(3):
        assert check("scheduler") == (1, "scheduler is unknown: the database does not answer")
        assert check("scheduler", nowhere)[1].startswith("scheduler is unknown: the API server does not answer")
    assert not (tmp_path / "parity-health-scheduler").exists()
    assert check("api-server", nowhere)[1].startswith("api-server is silent")


@pytest.mark.parametrize(
    ("status", "said"),
    [(0, "worker is alive"), (69, "worker is silent"), (1, "worker is unknown")],
)
def test_a_worker_is_asked_by_its_own_name_through_its_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int, said: str
) -> None:
    health = runpy.run_path(str(HEALTH))
    asked: list[tuple[list[str], str]] = []

    def run(command: list[str], *, env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append((command, env["CELERY_BROKER_URL"]))
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sys, "argv", ["health.py", "worker"])
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://:secret@redis:6379/0")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert health["main"]() == (0 if status == 0 else 1)
    [(command, broker)] = asked
    assert command[1:4] == ["-m", "celery", "inspect"]
    assert command[-3:] == ["--destination", f"celery@{socket.gethostname()}", "ping"]
    assert broker == "redis://:secret@redis:6379/0"
    assert "secret" not in " ".join(command)  # everybody on the machine reads arguments
    assert capsys.readouterr().out.startswith(said)


def test_silence_is_measured_from_its_first_check_and_ends_with_any_other(
    server: Server, check: Check, tmp_path: Path
) -> None:
    memory = tmp_path / "parity-health-scheduler"
    kept = []
    for health in (SILENT, SILENT, {"metadatabase": {"status": "unhealthy"}}, SILENT, ALL_WELL):
        server.health = health
        check("scheduler")
        kept.append(float(memory.read_text()) if memory.exists() else None)
    first, second, *rest = kept
    assert first == second
    assert [one is None for one in rest] == [True, False, True]


def test_a_container_that_was_just_started_is_not_hung_whatever_an_earlier_life_left(
    server: Server, tmp_path: Path
) -> None:
    seconds = runpy.run_path(str(HEALTH))
    (tmp_path / "parity-health-scheduler").write_text("1.5")
    silent = seconds["Health"].SILENT
    measured = seconds["silent_seconds"]
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - seconds["_process_1_started"]()
    assert measured("scheduler", silent, tmp_path) == pytest.approx(age, abs=5)
    measured.__globals__["_process_1_started"] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - 12
    assert measured("scheduler", silent, tmp_path) == pytest.approx(12, abs=5)
    (tmp_path / "parity-health-scheduler").write_text("9e9")  # the machine was started again, too
    assert measured("scheduler", silent, tmp_path) == pytest.approx(0, abs=5)


def test_nothing_is_ended_outside_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    health = runpy.run_path(str(HEALTH))
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, signal: ended.append((process, signal)))
    monkeypatch.setattr(time, "sleep", lambda _: None)
    for namespace in (OSError(), health["HOST_NAMESPACE"]):

        def readlink(path: Path, namespace: Any = namespace) -> Path:
            assert str(path) == "/proc/self/ns/pid"
            if isinstance(namespace, OSError):
                raise namespace
            return Path(namespace)

        monkeypatch.setattr(Path, "readlink", readlink)
        health["end_container"]()
    assert ended == []


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs a namespace of processes")
def test_a_hung_component_is_ended_whole_and_said_to_be(server: Server, tmp_path: Path) -> None:
    server.health = SILENT
    (tmp_path / "parity-health-scheduler").write_text("0")
    sooner = tmp_path / "health.py"
    sooner.write_text(HEALTH.read_text().replace("SECONDS_UNTIL_HUNG = 300", "SECONDS_UNTIL_HUNG = 0"))
    env = {
        **os.environ,
        "HEALTH_SERVER": server.url,
        "TMPDIR": str(tmp_path),
        "WATCHDOG_WEBHOOK": f"{server.url}/hook",
    }
    inside = [sys.executable, "-c", INIT, str(sooner), "scheduler"]
    command = ["unshare", "--pid", "--fork", "--mount-proc", *inside]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    (posted,) = server.posted
    heartbeat = SILENT["scheduler"]["latest_scheduler_heartbeat"]
    why = re.escape(f"(its last heartbeat was {heartbeat})")
    assert re.fullmatch(
        rf"Parity: scheduler has been silent for \d+ s {why} and is started again\.", posted["text"]
    )
    assert posted["text"] in done.stderr


def test_passwords_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    write = runpy.run_path(str(PROJECT / "config" / "administrator.py"))["write_passwords"]
    file = tmp_path / "passwords.json"
    assert write(file, ["admin"]) == ["admin"]
    first = json.loads(file.read_text())
    assert len(first["admin"]) > 20
    file.chmod(0o644)
    assert write(file, ["admin", "lead"]) == ["lead"]
    assert json.loads(file.read_text())["admin"] == first["admin"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_airflow_takes_those_passwords_and_writes_none_to_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    file = tmp_path / "passwords.json"
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "admin:admin")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(file))
    runpy.run_path(str(PROJECT / "config" / "administrator.py"), run_name="__main__")
    SimpleAuthManager().init()
    made = json.loads(file.read_text())["admin"]
    assert SimpleAuthManager.get_passwords() == {"admin": made}
    written = "".join(capfd.readouterr())
    assert f"The password of admin is in {file}" in written
    assert made not in written
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_settings_file_is_for_its_owner_alone_and_complete(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    shutil.copy(PROJECT / "scripts" / "make-env.sh", tmp_path / "scripts")
    shutil.copy(PROJECT / ".env.example", tmp_path)
    made = subprocess.run([tmp_path / "scripts" / "make-env.sh"], capture_output=True, text=True, check=True)
    assert "wrote .env" in made.stdout
    env = tmp_path / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    values = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", env.read_text(), re.MULTILINE))
    assert all(values.values())
    assert len(base64.urlsafe_b64decode(values["AIRFLOW_FERNET_KEY"])) == 32
    secrets = [values[name] for name in ("POSTGRES_PASSWORD", "AIRFLOW_JWT_SECRET", "PARITY_MASK_KEY")]
    assert len(set(secrets)) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    env.chmod(0o644)
    again = subprocess.run([tmp_path / "scripts" / "make-env.sh"], capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert env.stat().st_mode & 0o777 == 0o600
    assert dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", env.read_text(), re.MULTILINE)) == values


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_first_job_names_suites_that_it_cannot_read_and_the_remedy() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        home.chmod(0o755)
        for folder in ("suites", "databases"):
            (home / "include" / folder).mkdir(parents=True)
        suite = home / "include" / "suites" / "payments.yaml"
        suite.write_text("suite: payments")
        suite.chmod(0o600)
        script = (PROJECT / "config" / "init.sh").read_text().replace("/opt/parity", name)
        nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": []}
        done = subprocess.run(["sh", "-s"], input=script, capture_output=True, text=True, check=False, **nobody)
    assert done.returncode == 1
    assert "user 65534 cannot read all of" in done.stderr
    assert "chmod -R a+rX include/suites, or set AIRFLOW_UID" in done.stderr
