"""``make deploy-test``: builds and runs the containers, and checks what people rely on. Heavy; root on Debian."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Column, Table

from deployment import images
from deployment.containers import PASSWORD, Containers, checkout, until
from deployment.engine import engine
from truth.engines import Unavailable

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
CHANGED_PASSWORD = "an/other@one"
DUMP = ("exec", "-T", "postgres", "pg_dumpall", "--clean", "--if-exists", "-U", "airflow")
RESTORE = ("exec", "-T", "postgres", "psql", "-q", "-U", "airflow", "-d", "postgres")
STOP_ALL = "import os, signal; os.kill(-1, signal.SIGSTOP)"


def unreadable_suites_are_named(here: Containers) -> None:
    """A checkout under umask 077: init names the suites that it cannot read, and the remedy."""
    said = here.compose("up", "--build", "--wait", check=False)
    said_then = here.compose("logs", "init")
    assert "cannot read all of /opt/parity/include/suites" in said_then, said + said_then
    for folder in ("suites", "databases"):
        for path in ((here.home / "include" / folder), *(here.home / "include" / folder).rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
    here.home.chmod(0o755)


def everything_is_healthy(here: Containers) -> None:
    """After that, up --wait brings everything up, with a password that a URL could not hold."""
    here.compose("up", "--wait")
    assert all(here.inspect(name)["State"]["Health"]["Status"] == "healthy" for name in COMPONENTS)


def one_image_runs_everywhere(here: Containers) -> None:
    """All components run one image."""
    assert len({here.inspect(name)["Image"] for name in (*COMPONENTS, "init")}) == 1


def both_databases_are_there(here: Containers) -> None:
    """PostgreSQL has both databases, and both have tables."""
    assert {"airflow", "parity"} <= set(here.sql("SELECT datname FROM pg_database").split())
    assert here.sql("SELECT count(*) FROM parity_runs", "parity") == "0"


def dags_are_paused_but_for_housekeeping(here: Containers) -> None:
    """Suites and databases have Dags, which are paused; housekeeping is not."""
    until("the Dags", lambda: len(here.sql("SELECT dag_id FROM dag").split()) >= 5)
    paused = dict(line.split("|") for line in here.sql("SELECT dag_id, is_paused FROM dag").splitlines())
    assert paused["parity__payments"] == "t"
    assert paused["parity_db__ledger"] == "t"
    assert paused["parity_housekeeping"] == "f"


def settings_arrive(here: Containers) -> None:
    """A setting of .env arrives, and one that is not set there is not set here."""
    code = "from parity.settings import settings as s; print(s().poll_seconds, s().retry_seconds)"
    assert here.inside("scheduler", "python", "-c", code).split()[-2:] == ["7.0", "20.0"]


def passwords_stay_secret(here: Containers) -> None:
    """The administrator's password is in a file that only its user reads, and in no log; nor is PostgreSQL's."""
    file = "/var/lib/parity/passwords.json"
    assert here.inside("api-server", "stat", "-c", "%a", file).strip() == "600"
    password = json.loads(here.inside("api-server", "cat", file))["admin"]
    logs = here.compose("logs")
    assert "The password of admin is in" in logs
    assert password not in logs
    assert PASSWORD not in logs
    assert (here.home / ".env").stat().st_mode & 0o077 == 0


def people_are_sent_to_the_login(here: Containers) -> None:
    """An alert's link leads a browser to the login and back, and answers a program with 401."""
    link = f"{here.url}/parity/runs/1?dag=parity__payments"
    page = httpx.get(link, headers={"accept": "text/html"}, follow_redirects=True, timeout=60)
    assert page.status_code == 200
    assert (page.url.path, page.url.params["next"]) == ("/auth/login", "/parity/runs/1?dag=parity__payments")
    assert httpx.get(link, timeout=60).status_code == 401


def the_sandbox_is_not_in_the_image(here: Containers) -> None:
    """`parity sandbox` answers with a sentence and status 2."""
    done = here.docker.run(
        "compose", "exec", "-T", "scheduler", "parity", "sandbox", "up", where=here.home, check=False
    )
    assert done.returncode == 2
    assert "The sandbox is not installed here" in done.stderr
    assert "Traceback" not in done.stderr


def a_running_task_ends_before_what_it_reports_to(here: Containers) -> None:
    """`up` after a change waits for a running task, whose result counts."""
    here.inside("scheduler", "airflow", "dags", "trigger", "sleeper")
    state = "SELECT state FROM task_instance WHERE dag_id = 'sleeper'"
    until("the task's start", lambda: here.sql(state) in {"running", "failed"})
    here.set(AIRFLOW_PARALLELISM="3")
    here.compose("up", "--wait")
    assert here.sql(state) == "success"
    assert here.sql("SELECT try_number FROM task_instance WHERE dag_id = 'sleeper'") == "1"


def the_database_password_is_changed(here: Containers) -> None:
    """PostgreSQL's password is changed as the page says."""
    here.sql(f"ALTER ROLE airflow PASSWORD '{CHANGED_PASSWORD}'")
    here.set(POSTGRES_PASSWORD=f"'{CHANGED_PASSWORD}'")
    everything_is_healthy(here)


def commands_of_maintenance_run(here: Containers) -> None:
    """The page's commands run: cleaning Airflow's tables and logs, a new Fernet key."""
    here.inside("scheduler", "airflow", "db", "clean", "--clean-before-timestamp", "2026-01-01", "--yes")
    here.inside("scheduler", "find", "/opt/airflow/logs", "-mtime", "+60", "-type", "f", "-delete")
    here.inside("scheduler", "airflow", "rotate-fernet-key")


def a_backup_is_restored(here: Containers) -> None:
    """A backup is restored into an empty PostgreSQL, as the page says, with both databases' rows."""
    dump = here.docker.run("compose", *DUMP, where=here.home).stdout
    here.compose("down")
    here.docker.run("volume", "rm", "parity_postgres")
    here.compose("up", "--wait", "postgres")
    here.docker.run("compose", *RESTORE, where=here.home, given=dump)
    here.compose("up", "--wait")
    assert here.sql("SELECT state FROM task_instance WHERE dag_id = 'sleeper'") == "success"
    assert here.sql("SELECT count(*) FROM parity_schema", "parity") == "1"


def a_hung_triggerer_is_started_again(here: Containers) -> None:
    """A triggerer whose processes all stand still is started again by itself, and the log says so."""
    here.inside("triggerer", "python", "-c", STOP_ALL, check=False)
    until("the triggerer's restart", lambda: here.inspect("triggerer")["RestartCount"] > 0)
    until("its health", lambda: here.inspect("triggerer")["State"]["Health"]["Status"] == "healthy")
    assert "Parity: triggerer has been silent for" in here.compose("logs", "triggerer")
    assert all(here.inspect(name)["RestartCount"] == 0 for name in ("api-server", "scheduler", "dag-processor"))


CHECKS: tuple[Callable[[Containers], None], ...] = (
    unreadable_suites_are_named,
    everything_is_healthy,
    one_image_runs_everywhere,
    both_databases_are_there,
    dags_are_paused_but_for_housekeeping,
    settings_arrive,
    passwords_stay_secret,
    people_are_sent_to_the_login,
    the_sandbox_is_not_in_the_image,
    a_running_task_ends_before_what_it_reports_to,
    a_hung_triggerer_is_started_again,
    the_database_password_is_changed,
    commands_of_maintenance_run,
    a_backup_is_restored,
)
"""In their order: each leaves the containers to the next."""
NEEDED = 2


def main() -> int:
    """Return 0 when every check holds, or when there is no engine to be had, which is said; else 1."""
    console = Console()
    table = Table("Check", "", Column("Seconds", justify="right"), box=None)
    if os.geteuid():
        console.print("[yellow]SKIPPED: it needs root[/yellow]")
        return 0
    home = Path(tempfile.mkdtemp(prefix="parity-deploy-"))
    try:
        with engine() as docker:
            images.provide(docker)
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            here = checkout(docker, home / "parity", port)
            try:
                # Without what the first ones make there is nothing to look at.
                failed = [check for check in CHECKS[:NEEDED] if not _holds(check, here, console, table)]
                if not failed:
                    failed = [check for check in CHECKS[NEEDED:] if not _holds(check, here, console, table)]
            finally:
                here.compose("down", "--volumes", "--timeout", "5", check=False)
    except Unavailable as unavailable:
        console.print(f"[yellow]SKIPPED: {unavailable}[/yellow]")
        return 0
    finally:
        shutil.rmtree(home, ignore_errors=True)
    console.print(table)
    return 1 if failed else 0


def _holds(check: Callable[[Containers], None], here: Containers, console: Console, table: Table) -> bool:
    name = (check.__doc__ or "").strip()
    console.print(f"[dim]· {check.__name__}[/dim]")
    started, why = time.monotonic(), ""
    try:
        check(here)
    except (AssertionError, httpx.HTTPError) as error:
        why = str(error) or "it does not hold"
        console.print(why, markup=False, soft_wrap=True)
    table.add_row(name, "[red]no[/red]" if why else "yes", f"{time.monotonic() - started:.0f}")
    return not why


if __name__ == "__main__":
    sys.exit(main())
