"""CeleryExecutor on two machines, with a PostgreSQL of one's own, artefacts in ADLS, and more than one user.

The second machine is another project of Compose: its worker shares no network and no volume with the first, and
reaches Redis, PostgreSQL and the API server where they are published. The sandbox is both clouds.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
from ruamel.yaml import YAML

from conftest import RunningSandbox, start_sandbox, stop_sandbox
from deployment.clouds import Roads
from deployment.containers import PASSWORD, Check, Containers, checkout, free_port, gateway, until
from deployment.engine import Docker
from deployment.managed import OWNER, managed
from integration.airflow.conftest import ACTIVITIES, SMALL, DagRun, World, prepare, small_suite
from parity_sandbox.demo.api import AirflowApi
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import defects

CLOUDS = ("--only", "aws,azure,databricks,storage,sink")
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
PEOPLE = ("Viewer", "User", "Op", "Admin")
HEAVY = ACTIVITIES[0]
"""The activity whose suite names the queue for heavy comparisons."""
SUBMISSION = b"/jobs/run-now"
TENANT, CLIENT = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
EXTRA = """# What other machines reach, on an address of their network. A killed worker is noticed after a minute.
services:
  init: {{build: {{network: host}}}}
  api-server: {{ports: ["{host}:{api}:8080"]}}
  redis: {{ports: ["{host}:{redis}:6379"]}}
  scheduler:
    environment:
      AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT: "60"
      AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL: "5"
"""


@dataclass
class Machines(Containers):
    """The first machine; ``other`` is the second."""

    other: Containers | None = None
    sandbox: RunningSandbox | None = None
    roads: Roads | None = None
    run: DagRun | None = None

    def sign_in(self, person: str = "Admin") -> AirflowApi:
        """Return the API as a person uses it."""
        return AirflowApi(self.url, person.lower(), PASSWORD)


@contextmanager
def opened(docker: Docker, home: Path) -> Iterator[Containers]:
    """Yield both machines, before anything runs on them."""
    host, api, redis = gateway(docker), free_port(), free_port()
    override = EXTRA.format(host=host, api=api, redis=redis)
    with managed(docker, home) as database, _clouds(home / "sandbox") as sandbox:
        first = checkout(docker, home / "parity", override)
        roads = Roads.to(sandbox.endpoints)
        here = Machines(docker, first.home, first.port, database.psql, sandbox=sandbox, roads=roads)
        here.set(
            COMPOSE_PROFILES="celery",
            POSTGRES_HOST=database.host,
            POSTGRES_PORT=database.port,
            POSTGRES_USER=OWNER,
            POSTGRES_PASSWORD=f"'{PASSWORD}'",
            POSTGRES_SSLMODE="require",
            AIRFLOW_EXECUTOR="CeleryExecutor",
            AIRFLOW_PARALLELISM="8",
            WORKERS="1",
            HEAVY_WORKERS="0",
            WORKER_TASKS="3",
            HEAVY_MEMORY="3GB",
            AIRFLOW__CORE__AUTH_MANAGER=FAB,
            AIRFLOW__LOGGING__REMOTE_LOGGING="true",
            AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER="s3://parity-exchange/parity/logs",
            AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID="aws_default",
            PARITY_ARTEFACTS="abfss://exchange@paritysandbox.dfs.core.windows.net/artefacts",
            PARITY_EXCHANGE_S3="s3://parity-exchange/parity",
            PARITY_EXCHANGE_ADLS="abfss://exchange@paritysandbox.dfs.core.windows.net/parity",
            PARITY_POLL_SECONDS="3",
        )
        suite = small_suite()
        suite["activities"][0]["queue"] = "heavy"
        YAML(typ="safe", pure=True).dump(suite, here.home / "include" / "suites" / "small.yaml")
        here.other = _other(here, home / "other", host, api, redis)
        try:
            yield here
        finally:
            for machine in (here.other, here):
                machine.compose("down", "--volumes", "--timeout", "5", check=False)


def _other(here: Machines, home: Path, host: str, api: int, redis: int) -> Containers:
    """Copy the first machine's checkout and settings; what was a name in its network is an address here."""
    shutil.copytree(here.home, home)
    other = Containers(here.docker, home, here.port, here.psql)
    password = re.search(r"^REDIS_PASSWORD=(.+)$", (home / ".env").read_text(), re.MULTILINE)
    assert password
    other.set(
        CELERY_BROKER_URL=f"redis://:{password[1]}@{host}:{redis}/0",
        EXECUTION_API_URL=f"http://{host}:{api}/execution/",
        HEAVY_WORKERS="1",
    )
    with (home / ".env").open("a") as file:
        file.write("COMPOSE_PROJECT_NAME=parity-other\n")
    return other


@contextmanager
def _clouds(state: Path) -> Iterator[RunningSandbox]:
    """Start both clouds, with the legacy nights of a small suite, whose activities deserve to be green."""
    sandbox = start_sandbox(state, *CLOUDS)
    try:
        defects.switch(state, "ad_spend_fails", on=False)
        prepare(sandbox)
        yield sandbox
    finally:
        stop_sandbox(sandbox)


def a_managed_postgresql_is_enough(here: Containers) -> None:
    """A PostgreSQL of one's own, over TLS, with a user who may create no database: no other is started."""
    here.compose("up", "--build", "--wait")
    assert here.compose("ps", "-aq", "postgres") == ""
    sessions = "pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL"
    assert here.sql(f"SELECT DISTINCT usename, ssl FROM {sessions}") == f"{OWNER}|t"
    assert here.sql("SELECT count(*) FROM parity_schema", "parity") == "1"


def a_second_machine_joins(here: Containers) -> None:
    """Workers on another machine join with the same settings and two addresses; each queue has its workers."""
    other = _machines(here).other
    assert other
    other.compose("up", "--wait", "--no-deps", "worker", "worker-heavy")
    found = here.inside(
        "worker", "sh", "-c", "CELERY_BROKER_URL=$AIRFLOW__CELERY__BROKER_URL celery inspect --json active_queues"
    )
    queues = json.JSONDecoder().raw_decode(found[found.index("{") :])[0]
    assert sorted(queue["name"] for node in queues.values() for queue in node) == ["default", "default", "heavy"]
    code = "from parity.settings import settings; print(settings().memory)"
    memories = [other.inside(name, "python", "-c", code).split()[-1] for name in ("worker", "worker-heavy")]
    assert memories == ["2GB", "3GB"]


def people_may_what_their_role_says(here: Containers) -> None:
    """Everybody with a role sees Parity's pages; a Viewer may start nothing; nobody else sees anything."""
    for person in PEOPLE:
        name = person.lower()
        words = ("--username", name, "--role", person, "--password", PASSWORD, "--email", f"{name}@example.com")
        here.inside("api-server", "airflow", "users", "create", *words, "--firstname", name, "--lastname", name)
    until("a Dag", lambda: here.sql("SELECT 1 FROM dag WHERE dag_id = 'parity_doctor'"))
    api = {person: _machines(here).sign_in(person)._http for person in PEOPLE}
    assert {p: http.get("/parity/").status_code for p, http in api.items()} == dict.fromkeys(PEOPLE, 200)
    answers = {
        person: [
            http.patch("/api/v2/dags/parity_doctor", json={"is_paused": True}).status_code,
            http.get("/api/v2/connections").status_code,
        ]
        for person, http in api.items()
    }
    assert answers == {"Viewer": [403, 403], "User": [200, 403], "Op": [200, 200], "Admin": [200, 200]}
    assert httpx.get(f"{here.url}/parity/").status_code == 401


def the_login_leads_back(here: Containers) -> None:
    """An alert's link leads who is not signed in to the login's form, and from there to the page."""
    link = "/parity/?suite=small"
    with httpx.Client(
        base_url=here.url, headers={"accept": "text/html"}, follow_redirects=True, timeout=60
    ) as browser:
        form = browser.get(link)
        assert form.url.path == "/auth/login/"
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
        assert token
        words = {"username": "viewer", "password": PASSWORD, "csrf_token": token[1]}
        page = browser.post(str(form.url), data=words)
        assert (page.status_code, f"{page.url.path}?{page.url.query.decode()}") == (200, link)
        assert "Parity" in page.text


def a_killed_worker_starts_nothing_twice(here: Containers) -> None:
    """A worker is killed between a submission and its answer: one remote run each, no orphan, right verdicts."""
    machines = _machines(here)
    roads, sandbox = machines.roads, machines.sandbox
    assert roads
    assert sandbox
    _connect(machines)
    roads.needle = SUBMISSION
    mark = sandbox.last_request()
    world = World(cast(Any, None), sandbox, machines.sign_in(), cast(Any, None))
    world.api.wait_for_dag(SMALL)
    run = machines.run = world.run(activities=list(ACTIVITIES))
    killed = roads.held.get(timeout=900)
    here.docker.run("kill", killed)
    until("the run's end", lambda: run.state() in ("success", "failed"), patience=1800)
    verdicts = here.sql(f"SELECT activity, verdict FROM parity_results WHERE run_id = '{run.run_id}'", "parity")
    assert dict(line.split("|") for line in verdicts.splitlines()) == dict.fromkeys(ACTIVITIES, "PASS")
    assert run.state() == "success"
    lost = here.sql(f"SELECT task_id, hostname FROM task_instance_history WHERE run_id = '{run.run_id}'").split()
    assert {line.partition("|")[2] for line in lost} == {killed[:12]}, lost
    assert any(".helper_job|" in line for line in lost), lost
    started = [entry for entry in sandbox.requests("azure", mark) if "/createRun" in entry["path"]]
    assert len(started) == 1
    exports = world.exports(run)
    assert sorted(_activity_of(export) for export in exports) == sorted(ACTIVITIES)
    assert {export["state"]["life_cycle_state"] for export in exports} == {"TERMINATED"}
    assert len(world.unloads(mark)) == len(ACTIVITIES)


def _connect(machines: Machines) -> None:
    """Give Airflow its connections, and every container roads to the clouds."""
    assert machines.sandbox
    assert machines.roads
    assert machines.other
    document = json.dumps(connections(machines.sandbox.endpoints))
    command = "cat > /tmp/connections.json && airflow connections import /tmp/connections.json"
    machines.inside("scheduler", "sh", "-c", command, given=document)
    of_first = [(machines, name) for name in ("api-server", "scheduler", "triggerer", "worker")]
    for machine, service in (*of_first, (machines.other, "worker"), (machines.other, "worker-heavy")):
        found = machine.inspect(service)
        machines.roads.into(found["Id"], found["State"]["Pid"])


def _activity_of(export: dict[str, Any]) -> str:
    return next(p["value"] for p in export["job_parameters"] if p["name"] == "activity")


def the_queue_is_obeyed_and_every_log_is_read(here: Containers) -> None:
    """What a suite sends to the queue `heavy` ran there; the log of a task on another machine is shown."""
    machines = _machines(here)
    run, other = machines.run, machines.other
    assert run
    assert other
    found = here.sql(f"SELECT task_id, hostname FROM task_instance WHERE run_id = '{run.run_id}'")
    hosts = dict(line.split("|") for line in found.splitlines())
    heavy = other.inspect("worker-heavy")["Config"]["Hostname"]
    there = {task for task, host in hosts.items() if host == heavy}
    assert there == {f"{HEAVY}.compare", f"{HEAVY}.great_expectations"}
    assert [task for task in there if "Post Execute" not in run.log(task)] == []


def entra_is_asked(here: Containers) -> None:
    """With Microsoft Entra, the login leads to the tenant with our client id, and back over https."""
    here.set(ENTRA_TENANT=TENANT, ENTRA_CLIENT_ID=CLIENT, ENTRA_CLIENT_SECRET="kept-by-entra")
    here.compose("up", "--wait")
    proxied = {"accept": "text/html", "host": "parity.example.com", "x-forwarded-proto": "https"}
    answer = httpx.get(f"{here.url}/auth/login/azure", headers=proxied, timeout=60)
    assert answer.status_code == 302, answer.text
    place = urlsplit(answer.headers["location"])
    assert (
        f"{place.scheme}://{place.netloc}{place.path}"
        == f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize"
    )
    asked = {name: values[0] for name, values in parse_qs(place.query).items()}
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == "https://parity.example.com/auth/oauth-authorized/azure"
    assert asked["response_type"] == "code"
    assert asked["nonce"]
    assert "kept-by-entra" not in here.compose("logs")


def _machines(here: Containers) -> Machines:
    assert isinstance(here, Machines)
    return here


CHECKS: tuple[Check, ...] = (
    a_managed_postgresql_is_enough,
    a_second_machine_joins,
    people_may_what_their_role_says,
    the_login_leads_back,
    a_killed_worker_starts_nothing_twice,
    the_queue_is_obeyed_and_every_log_is_read,
    entra_is_asked,
)
"""In their order: each leaves the machines to the next. Without the first two there is nothing to look at."""
