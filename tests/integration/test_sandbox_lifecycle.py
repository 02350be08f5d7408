"""A sandbox's life: up, used, down, and nothing left of it, however it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from conftest import RunningSandbox, start_sandbox, stop_sandbox
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.lock import holder
from parity_sandbox.options import Options
from parity_sandbox.processes import belonging_to, command_line

pytestmark = pytest.mark.sandbox

SMALL = ("--spark", "lazy", "--no-world", "--only", "databricks,sink,mysql")
PARTS = ("parity_sandbox.server", "java", "mariadbd", "sleep 600", "pyspark.daemon")
PATIENCE = 20.0


def python_m(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parity_sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def all_gone(state: Path) -> bool:
    """Wait until no process of the sandbox is left."""
    deadline = time.monotonic() + PATIENCE
    while (holder(state) or belonging_to(state)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not (holder(state) or belonging_to(state))


def start_an_endless_job(sandbox: RunningSandbox) -> None:
    """Have Spark run a script that has a child of its own and a Python worker, until somebody kills it."""
    script, started = sandbox.state / "endless.py", sandbox.state / "started"
    script.write_text(
        "import subprocess, time\nfrom pathlib import Path\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        "print(spark.sparkContext.parallelize([1]).map(lambda n: n + 1).sum())\n"
        f"Path({str(started)!r}).touch()\ntime.sleep(600)\n"
    )
    asker = "import sys; from pathlib import Path; from parity_sandbox.spark.client import SparkRunner\n"
    asker += "from parity_sandbox.spark.runner import Job\n"
    asker += "SparkRunner(bytes.fromhex(sys.argv[1]).decode()).run(Job(Path(sys.argv[2])), 'endless')"
    address = Options(sandbox.state).spark_address.encode().hex()
    subprocess.Popen([sys.executable, "-c", asker, address, str(script)], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 90
    while not started.exists():
        assert time.monotonic() < deadline, "Spark did not start the script"
        time.sleep(0.1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "state"
    python_m("down", "--state", str(tmp_path / "state"))


def kinds(state: Path) -> str:
    return " ".join(command_line(pid) for pid in belonging_to(state))


@pytest.mark.mariadb
@pytest.mark.spark
@pytest.mark.slow
def test_a_killed_supervisor_takes_everything_with_it_time_and_again(state: Path) -> None:
    sandbox = start_sandbox(state, *SMALL)
    start_an_endless_job(sandbox)
    alive = kinds(state)
    missing = [part for part in PARTS if part not in alive]
    assert missing == []

    sandbox.process.kill()
    sandbox.process.wait()
    assert all_gone(state), kinds(state)

    again = start_sandbox(state, *SMALL)
    assert "mariadbd" in kinds(state)
    again.process.kill()
    again.process.wait()
    assert all_gone(state), kinds(state)


@pytest.mark.mariadb
def test_a_killed_parent_takes_the_sandbox_with_it(state: Path) -> None:
    script = (
        "import subprocess, sys, time\n"
        "up = [sys.executable, '-m', 'parity_sandbox', 'up', '--foreground']\n"
        f"subprocess.Popen([*up, '--state', {str(state)!r}, *{SMALL!r}])\ntime.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (state / "endpoints.json").exists():
        assert time.monotonic() < deadline, "the sandbox did not start"
        time.sleep(0.1)
    assert "mariadbd" in kinds(state)

    parent.kill()
    parent.wait()

    assert all_gone(state), kinds(state)


def test_the_end_of_the_thread_that_started_it_leaves_the_sandbox_alone(state: Path) -> None:
    started: list[RunningSandbox] = []
    thread = threading.Thread(target=lambda: started.append(start_sandbox(state, *SMALL[:4], "sink")))
    thread.start()
    thread.join()
    time.sleep(1)

    assert httpx.get(f"{started[0].endpoints.sink}/_sandbox/health").json()["ready"] is True
    stop_sandbox(started[0])


def test_two_sandboxes_live_side_by_side(tmp_path: Path) -> None:
    both = [start_sandbox(tmp_path / name, *SMALL[:4], "databricks,sink") for name in ("a", "b")]
    first, second = (sandbox.endpoints for sandbox in both)
    assert len({first.databricks, first.sink, second.databricks, second.sink}) == 4

    both[0].fault(path="spark-versions", status=503)
    header = {"authorization": f"Bearer {first.databricks_token}"}
    path = "/api/2.1/clusters/spark-versions"
    answers = [httpx.get(url + path, headers=header).status_code for url in (first.databricks, second.databricks)]
    stop_sandbox(both[0])

    assert answers == [503, 200]
    assert all_gone(tmp_path / "a")
    assert httpx.get(f"{second.sink}/_sandbox/health").status_code == 200
    stop_sandbox(both[1])


def test_up_status_reset_down_on_the_command_line(state: Path) -> None:
    up = python_m("up", "--state", str(state), "--spark", "none", "--no-world", "--only", "databricks,sink")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "ready" in up.stdout
    endpoints = Endpoints.read(state)
    (state / "volumes" / "left").mkdir()

    again = python_m("up", "--state", str(state))
    status = python_m("status", "--state", str(state))
    reset = python_m("reset", "--state", str(state))
    kept = list((state / "volumes").iterdir())
    down = python_m("down", "--state", str(state))

    assert (again.returncode, again.stdout) == (2, "")
    assert f"already up in {state}" in again.stderr
    assert endpoints.databricks in status.stdout
    assert "together" in status.stdout
    assert (reset.returncode, kept) == (0, [])
    assert (down.returncode, all_gone(state)) == (0, True)
    assert not (state / "endpoints.json").exists()


def test_a_sandbox_that_cannot_start_says_why_and_leaves_nothing(state: Path) -> None:
    state.mkdir()
    (state / "mysql").write_text("a file where the databases belong")

    up = python_m("up", "--state", str(state), "--spark", "none", "--no-world", "--only", "sink,mysql")

    assert up.returncode == 2
    assert "did not start" in up.stderr
    assert "NotADirectoryError" in up.stdout
    assert all_gone(state)


def test_a_dropped_connection_is_really_closed(sandbox_light: RunningSandbox) -> None:
    sandbox_light.fault(service="sink", path="/v2/enqueue", drop=True, times=1)

    with pytest.raises(
        (httpx.RemoteProtocolError, httpx.ReadError)
    ):  # closed, or reset while the body was on its way
        httpx.post(f"{sandbox_light.endpoints.sink}/v2/enqueue", json={})

    assert httpx.post(f"{sandbox_light.endpoints.sink}/v2/enqueue", json={}).status_code < 500
    dropped = [entry for entry in sandbox_light.requests("sink") if entry["status"] == 0]
    assert [entry["path"] for entry in dropped[-1:]] == ["/v2/enqueue"]


@pytest.mark.parametrize("service", ["aws", "azure", "databricks", "storage", "sink"])
def test_every_service_is_wrapped(sandbox_light: RunningSandbox, service: str) -> None:
    url = getattr(sandbox_light.endpoints, service)
    sandbox_light.fault(service=service, path="^/wrapped", status=429, retry_after=3)

    answer = httpx.get(f"{url}/wrapped")

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    assert sandbox_light.requests(service)[-1]["path"] == "/wrapped"


def test_a_shell_gets_the_connections_of_the_sandbox_that_is_up(sandbox_light: RunningSandbox) -> None:
    printed = python_m("connections", "--state", str(sandbox_light.state))
    script = f"{printed.stdout}\nprintf '%s' \"$AIRFLOW_CONN_AWS_DEFAULT\""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, timeout=60)
    connection = json.loads(done.stdout)
    assert connection["login"] == sandbox_light.endpoints.parity_access_key
    assert connection["extra"]["endpoint_url"] == sandbox_light.endpoints.aws
