"""One machine, LocalExecutor, the shipped PostgreSQL: from a checkout under ``umask 077`` to the way back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
from cryptography.fernet import Fernet

from deployment.containers import PASSWORD, Check, Containers, checkout, gateway, until
from deployment.engine import Docker
from parity.history.migrate import HEAD

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
CHANGED_PASSWORD = "an/other@one"
DUMP = ("exec", "-T", "postgres", "pg_dumpall", "--clean", "--if-exists", "-U", "airflow")
RESTORE = ("exec", "-T", "postgres", "psql", "-q", "-U", "airflow", "-d", "postgres")
STOP_ALL = "import os, signal; os.kill(-1, signal.SIGSTOP)"
SPEAK = "yes $(head -c 1000 /dev/zero | tr '\\0' x) | head -c 130000000 > /proc/1/fd/1"
NEXT = "9999"
MIGRATION = f'''"""What the version after this one adds."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.create_table("parity_of_the_next_version", sa.Column("id", sa.Integer(), primary_key=True))
'''
SLEEPER = '''"""A task that takes a while, and reports when it has ended."""

import time

from airflow.sdk import DAG, task

with DAG("sleeper", is_paused_upon_creation=False) as dag:

    @task(retries=0)
    def sleep() -> str:
        time.sleep(60)
        return "ended"

    sleep()
'''
EXTRA = """# The build reaches the packages as this machine does; the Dag is not the product's.
services:
  init: {build: {network: host}}
  scheduler: {volumes: ["./sleeper.py:/opt/parity/dags/sleeper.py:ro"]}
  dag-processor: {volumes: ["./sleeper.py:/opt/parity/dags/sleeper.py:ro"]}
"""


@contextmanager
def opened(docker: Docker, home: Path) -> Iterator[Containers]:
    """Yield the deployment of somebody with ``umask 077`` and a password that a URL could not hold."""
    here = checkout(docker, home / "parity", EXTRA, umask=0o077)
    (here.home / "sleeper.py").write_text(SLEEPER)
    here.set(POSTGRES_PASSWORD=f"'{PASSWORD}'", PARITY_POLL_SECONDS="7")
    with _webhook(gateway(docker), here.posted) as url:
        here.set(WATCHDOG_WEBHOOK=url)
        try:
            yield here
        finally:
            here.compose("down", "--volumes", "--timeout", "5", check=False)


@contextmanager
def _webhook(host: str, posted: list[str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{host}:{server.server_port}/hook"
    server.shutdown()
    server.server_close()


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


def a_containers_log_is_rotated(here: Containers) -> None:
    """A container's log is five files of 20 MB, however much it writes."""
    here.inside("dag-processor", "sh", "-c", SPEAK)
    log = Path(here.inspect("dag-processor")["LogPath"])
    until("what was written", lambda: len(sizes(log)) == 5)
    assert all(size < 21e6 for size in sizes(log)), sizes(log)


def sizes(log: Path) -> list[int]:
    """Return how large the files of a container's log are."""
    return [file.stat().st_size for file in log.parent.glob(f"{log.name}*")]


def old_task_logs_go_and_young_ones_stay(here: Containers) -> None:
    """The page's command deletes logs of tasks that are older than 60 days, and no others."""
    old = "/opt/airflow/logs/dag_id=sleeper/old.log"
    here.inside("scheduler", "touch", "-d", "61 days ago", old)
    here.inside("scheduler", "find", "/opt/airflow/logs", "-mtime", "+60", "-type", "f", "-delete")
    left = here.inside("scheduler", "find", "/opt/airflow/logs", "-path", "*sleeper*", "-type", "f")
    assert old not in left
    assert "task_id=sleep" in left


def the_fernet_key_is_rotated(here: Containers) -> None:
    """A new Fernet key takes the place of the old one, and a connection of before is read."""
    link = ("airflow", "connections")
    here.inside("scheduler", *link, "add", "kept", "--conn-uri", "http://user:word@host")
    old = re.search(r"^AIRFLOW_FERNET_KEY=(.+)$", (here.home / ".env").read_text(), re.MULTILINE)
    assert old
    new = Fernet.generate_key().decode()
    here.set(AIRFLOW_FERNET_KEY=f"{new},{old[1]}")
    here.compose("up", "--wait")
    here.inside("scheduler", "airflow", "rotate-fernet-key")
    here.set(AIRFLOW_FERNET_KEY=new)
    here.compose("up", "--wait")
    assert "word" in here.inside("scheduler", *link, "get", "kept", "--output", "json")


def an_upgrade_and_the_way_back(here: Containers) -> None:
    """A version with a newer results store migrates it; the version before refuses it, and takes the backup."""
    dump = here.docker.run("compose", *DUMP, where=here.home).stdout
    package = here.home / "include" / "parity" / "history"
    migration = package / "migrations" / "versions" / f"{NEXT}_next.py"
    migration.write_text(MIGRATION)
    module = package / "migrate.py"
    before = module.read_text()
    module.write_text(before.replace(f'HEAD = "{HEAD}"', f'HEAD = "{NEXT}"'))
    here.compose("up", "--build", "--wait")
    assert _revision(here) == NEXT
    module.write_text(before)
    migration.unlink()
    here.compose("up", "--build", "--wait", check=False)
    refused = here.compose("logs", "init")
    assert f"The results store has revision '{NEXT}', which this Parity does not know." in refused, refused[-2000:]
    here.compose("down")
    here.docker.run("volume", "rm", "parity_postgres")
    here.compose("up", "--wait", "postgres")
    here.docker.run("compose", *RESTORE, where=here.home, given=dump)
    here.compose("up", "--wait")
    assert _revision(here) == HEAD
    assert here.sql("SELECT state FROM task_instance WHERE dag_id = 'sleeper'") == "success"
    everything_is_healthy(here)


def _revision(here: Containers) -> str:
    return here.sql("SELECT version_num FROM parity_schema", "parity")


def airflows_tables_are_cleaned(here: Containers) -> None:
    """`airflow db clean` takes what is older than its date, archives nothing, and leaves the results alone."""
    here.sql("INSERT INTO parity_progress VALUES ('kept', 'kept', '')", "parity")
    for table in ("dag_run", "task_instance"):
        here.sql(f"UPDATE {table} SET start_date = start_date - interval '90 days' WHERE dag_id = 'sleeper'")
    before = here.sql("SELECT current_date - 60")
    clean = ("airflow", "db", "clean", "--clean-before-timestamp", before, "--skip-archive", "--yes")
    here.inside("scheduler", *clean)
    assert here.sql("SELECT count(*) FROM dag_run WHERE dag_id = 'sleeper'") == "0"
    assert here.sql("SELECT count(*) FROM dag WHERE dag_id = 'sleeper'") == "1"
    assert here.sql("SELECT count(*) FROM pg_tables WHERE tablename LIKE '\\_airflow\\_deleted%'") == "0"
    assert here.sql("SELECT count(*) FROM parity_progress", "parity") == "1"


def a_hung_triggerer_is_started_again(here: Containers) -> None:
    """A triggerer whose processes all stand still is started again by itself; log and webhook say so, once."""
    here.inside("triggerer", "python", "-c", STOP_ALL, check=False)
    until("the triggerer's restart", lambda: here.inspect("triggerer")["RestartCount"] > 0)
    until("its health", lambda: here.inspect("triggerer")["State"]["Health"]["Status"] == "healthy")
    [said] = here.posted
    assert said.startswith("Parity: triggerer has been silent for")
    assert said in here.compose("logs", "triggerer")
    assert all(here.inspect(name)["RestartCount"] == 0 for name in ("api-server", "scheduler", "dag-processor"))


CHECKS: tuple[Check, ...] = (
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
    a_containers_log_is_rotated,
    old_task_logs_go_and_young_ones_stay,
    the_fernet_key_is_rotated,
    an_upgrade_and_the_way_back,
    airflows_tables_are_cleaned,
)
"""In their order: each leaves the containers to the next. Without the first two there is nothing to look at."""
