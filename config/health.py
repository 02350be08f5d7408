"""Asks whether a component of Airflow is alive; ends one that is hung, so that Docker starts it again.

Docker marks a hung container as unhealthy and leaves it so. Here, when every check of five minutes found the
component itself silent while the database (or a worker's broker) works, everything in the container is ended, and
its restart policy starts it again; the log and ``WATCHDOG_WEBHOOK`` say so. Standard library only: this runs every
minute in each container.

    python -IS health.py api-server|scheduler|dag_processor|triggerer|worker
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from enum import Enum
from pathlib import Path

SECONDS_UNTIL_HUNG = 300
SECONDS_TO_STOP = 10
HOST_NAMESPACE = "pid:[4026531836]"
"""What Linux calls the processes of the machine itself, where ending all would end far more than a container."""
API_SERVER, WORKER = "api-server", "worker"
NO_REPLY = 69
"""Exit status of ``celery inspect`` when the broker was reached and the worker said nothing."""


class Health(Enum):
    """What one check found."""

    ALIVE = "alive"
    SILENT = "silent"
    UNKNOWN = "unknown"
    """Nobody could say: the API server, the database or the broker is away, which no restart of this one mends."""


def ask(component: str, server: str) -> tuple[Health, str]:
    """Return how a component is, and why one thinks so."""
    try:
        with urllib.request.urlopen(f"{server}/api/v2/monitor/health", timeout=15) as answer:
            found = json.load(answer)
    except (OSError, ValueError) as error:
        silent = Health.SILENT if component == API_SERVER else Health.UNKNOWN
        return silent, f"the API server does not answer: {error}"
    if component == API_SERVER:
        return Health.ALIVE, "it answers"
    if found["metadatabase"]["status"] != "healthy":
        return Health.UNKNOWN, "the database does not answer"
    state = found.get(component) or {}
    if state.get("status") == "healthy":
        return Health.ALIVE, "its heartbeat is recent"
    return Health.SILENT, f"its last heartbeat was {state.get(f'latest_{component}_heartbeat')}"


def ask_worker(broker: str) -> tuple[Health, str]:
    """Return how this container's Celery worker is, by a question through the ``broker``."""
    name = f"celery@{socket.gethostname()}"
    command = [sys.executable, "-m", "celery", "inspect", "--timeout", "10", "--destination", name, "ping"]
    try:
        done = subprocess.run(
            command, env={**os.environ, "CELERY_BROKER_URL": broker}, capture_output=True, timeout=30, check=False
        )
    except subprocess.TimeoutExpired:
        return Health.UNKNOWN, "the broker does not answer"
    if done.returncode == 0:
        return Health.ALIVE, "it answers"
    if done.returncode == NO_REPLY:
        return Health.SILENT, "it does not answer, and the broker does"
    return Health.UNKNOWN, "the broker does not answer"


def silent_seconds(component: str, health: Health, folder: Path) -> float:
    """Return for how long each check has found it silent; one that nobody could make starts again."""
    memory = folder / f"parity-health-{component}"
    if health is not Health.SILENT:
        memory.unlink(missing_ok=True)
        return 0.0
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    since = min(float(memory.read_text()), now) if memory.exists() else now
    memory.write_text(str(since))
    # The file outlives a container that was stopped and started again.
    return min(now - since, now - _process_1_started())


def _process_1_started() -> float:
    fields = Path("/proc/1/stat").read_text().rpartition(")")[2].split()
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")  # field 22 of proc(5), of which two came before


def announce(sentence: str, webhook: str) -> None:
    """Write a sentence to the container's log and, as ``{"text": …}``, to a webhook, such as Slack's or Teams'."""
    try:
        Path("/proc/1/fd/2").write_text(f"{sentence}\n")
    except OSError:
        print(sentence, file=sys.stderr)
    if not webhook:
        return
    body = json.dumps({"text": sentence}).encode()
    request = urllib.request.Request(webhook, body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=10).close()
    except OSError as error:
        print(f"The watchdog's webhook cannot be reached: {error}", file=sys.stderr)


def in_a_container() -> bool:
    """Return whether the processes that we see are a container's alone; what cannot be read counts as no."""
    try:
        return str(Path("/proc/self/ns/pid").readlink()) != HOST_NAMESPACE
    except OSError:
        return False


def end_container() -> None:
    """End every process of the container: first politely through process 1, then what is left."""
    if not in_a_container():
        print("This is no container: nothing is ended.", file=sys.stderr)
        return
    os.kill(1, signal.SIGTERM)
    time.sleep(SECONDS_TO_STOP)
    os.kill(-1, signal.SIGKILL)  # all but process 1, which then ends, and this one


def main() -> int:
    """Return the exit status that Docker reads: 0 alive, 1 not."""
    component = sys.argv[1]
    if component == WORKER:
        health, why = ask_worker(os.environ["AIRFLOW__CELERY__BROKER_URL"])
    else:
        host = "127.0.0.1" if component == API_SERVER else API_SERVER
        health, why = ask(component, os.environ.get("HEALTH_SERVER") or f"http://{host}:8080")
    print(f"{component} is {health.value}: {why}")
    seconds = silent_seconds(component, health, Path(os.environ.get("TMPDIR", "/tmp")))
    if seconds >= SECONDS_UNTIL_HUNG:
        sentence = f"Parity: {component} has been silent for {seconds:.0f} s ({why}) and is started again."
        announce(sentence, os.environ.get("WATCHDOG_WEBHOOK", ""))
        end_container()
    return 0 if health is Health.ALIVE else 1


if __name__ == "__main__":
    sys.exit(main())
