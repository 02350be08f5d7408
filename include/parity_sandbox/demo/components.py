"""Airflow's components, forked from one process that has imported Airflow once.

Importing Airflow costs each component several seconds of processor time; on two cores that is most of a start.
So this process imports it, forks the components (each then runs its ordinary command), and forks the
scheduler last, with everything imported that a task will import: the local executor's workers are forks of
the scheduler, so that no task pays for an import again.

Run as ``python -m parity_sandbox.demo.components HOME``; writes ``HOME/components.json`` (name to process
id) as they start, and ends, with all of them, when it is told to or when its parent does.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from parity_sandbox.processes import die_with

COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server", "--workers", "1"),
    # Logs are read from the shared folder; the log servers would listen on every interface.
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
}
SHARED = (
    "airflow.cli.cli_parser",
    "airflow.jobs.job",
    "airflow.models.dagrun",
    "airflow.serialization.serialized_objects",
)
OF_TASKS = (
    "duckdb",
    "httpx",
    "boto3",
    "great_expectations",
    "sqlalchemy.orm",
    "airflow.providers.amazon.aws.hooks.base_aws",
    "parity.compare.comparison",
    "parity.expectations.validation",
    "parity.history.store",
)


def main(home: Path) -> None:
    """Bring the database up to date, fork every component, and wait to be told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    (home / "components.json").unlink(missing_ok=True)
    _guard(home)
    _import(SHARED)
    _migrate(home)
    pids: dict[str, int] = {}
    try:
        for name, command in COMPONENTS.items():
            if name == "scheduler":
                _import(OF_TASKS)
                _build_dags()
            pids[name] = _fork(command, home / f"{name}.log")
            _tell(home, pids)
        _watch(home)
    finally:
        stop(list({**pids, **_told(home)}.values()))


def stop(groups: Sequence[int], patience: float = 6.0) -> None:
    """Stop process groups politely, and after ``patience`` seconds by force."""
    _signal(groups, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and any(_alive(pid) for pid in groups):
        time.sleep(0.1)
    _signal(groups, signal.SIGKILL)


def _guard(home: Path) -> None:
    """Fork a process that outlives this one just long enough to end what a ``kill -9`` would leave behind.

    The local executor's workers are grandchildren, which no death signal reaches.
    """
    parent = os.getpid()
    if os.fork():
        return
    os.setsid()
    while os.getppid() == parent:
        time.sleep(0.5)
    _signal(list(_told(home).values()), signal.SIGKILL)
    os._exit(0)


def _import(names: Sequence[str]) -> None:
    for name in names:
        importlib.import_module(name)


def _build_dags() -> None:
    """Build every Dag once, for what Airflow itself imports only then."""
    from parity.airflow.suite.dag import build_dag
    from parity.settings import settings
    from parity.suite.suite_files import load_suites

    loaded = load_suites(settings().suites)
    for name, suite in loaded.models.items():
        build_dag(suite, loaded.paths[name])


def _migrate(home: Path) -> None:
    """Migrate unless this very version of Airflow has done so already."""
    import airflow

    stamp = home / "migrated"
    if stamp.exists() and stamp.read_text() == airflow.__version__:
        return
    _, status = os.waitpid(_fork(("db", "migrate"), home / "migrate.log"), 0)
    if status:
        sys.exit(f"airflow db migrate failed; read {home / 'migrate.log'}")
    stamp.write_text(airflow.__version__)


def _fork(command: Sequence[str], log: Path) -> int:
    parent = os.getpid()
    if pid := os.fork():
        return pid
    try:
        die_with(parent)
        os.setsid()
        _redirect(log)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        sys.argv = ["airflow", *command]
        from airflow.__main__ import main as airflow

        airflow()
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 - a fork must never return into its parent's code
        import traceback

        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _redirect(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(target, 1)
    os.dup2(target, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _tell(home: Path, pids: Mapping[str, int]) -> None:
    draft = home / "components.json.new"
    draft.write_text(json.dumps(pids))
    draft.replace(home / "components.json")


def _told(home: Path) -> dict[str, int]:
    file = home / "components.json"
    return dict(json.loads(file.read_text())) if file.exists() else {}


def _watch(home: Path) -> None:
    """Return never, unless a component ends by itself: then end with its status, and so end the others.

    Whoever ends a component on purpose takes it out of ``components.json`` first.
    """
    while True:
        pid, status = os.wait()
        names = {pid: name for name, pid in _told(home).items()}
        if pid in names:
            sys.exit(f"Airflow's {names[pid]} ended with status {os.waitstatus_to_exitcode(status)}")


def _signal(groups: Sequence[int], number: signal.Signals) -> None:
    for pid in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)


def _alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
