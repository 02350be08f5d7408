"""The containers' database on a real PostgreSQL that asks for passwords: any one, and a database made once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
import yaml

from parity.errors import BadInput
from parity.history.create_database import create_database
from parity.history.store import open_store
from truth import postgres
from unit.project.places import PROJECT, text

TASKS = """
CREATE TABLE task_instance (
  state text, last_heartbeat_at timestamptz, start_date timestamptz, queued_dttm timestamptz
);
INSERT INTO task_instance VALUES
  ('running', NULL, now(), now()),
  ('running', now() - interval '1 hour', now() - interval '1 hour', NULL),
  ('success', now(), now(), NULL);
"""
"""One lives, one was killed with its scheduler, one has ended."""
CHILD = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: exit(7))
print("up", flush=True)
time.sleep(99)
"""
PASSWORD = "p@ss/w:o?r#d %41$&'\"\\ü"


@pytest.fixture(scope="module")
def server() -> Iterator[sa.URL]:
    """A PostgreSQL that lets nobody in without a password, and its user ``airflow``, who has a hard one."""
    for driver in ("psycopg2", "asyncpg"):
        pytest.importorskip(driver)
    if postgres.binaries() is None:
        pytest.skip("PostgreSQL's server is not installed")
    with postgres.cluster() as given:
        url = sa.make_url(given)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            quoted = PASSWORD.replace("'", "''")
            connection.exec_driver_sql(
                f"CREATE ROLE airflow LOGIN CREATEDB PASSWORD '{quoted}'".replace("%", "%%")
            )
            connection.exec_driver_sql("CREATE DATABASE airflow OWNER airflow")
            file = connection.exec_driver_sql("SHOW hba_file").scalar_one()
            Path(file).write_text("host all all all scram-sha-256\n")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        engine.dispose()
        yield url


@pytest.fixture
def containers(server: sa.URL, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The containers' URLs, and the environment that goes with them."""
    given = yaml.safe_load(text("docker-compose.yaml"))["services"]["scheduler"]["environment"]
    settings = {"HOST": server.host, "PORT": str(server.port), "USER": "airflow", "SSLMODE": "prefer"}
    for name, value in {**settings, "PASSWORD": PASSWORD}.items():
        assert given[f"PG{name}"].startswith(f"${{POSTGRES_{name}:?")
        monkeypatch.setenv(f"PG{name}", str(value))
    store = given["PARITY_STORE_URL"].removeprefix("${PARITY_STORE_URL:-").removesuffix("}")
    return {"airflow": given["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"], "store": store}


def test_any_password_opens_airflows_database_on_postgresql_with_both_drivers(containers: dict[str, str]) -> None:
    from airflow.settings import _get_async_conn_uri_from_sync
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = sa.create_engine(containers["airflow"])
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT current_user").scalar() == "airflow"
    engine.dispose()

    async def ask() -> object:
        reached = create_async_engine(_get_async_conn_uri_from_sync(containers["airflow"]))
        async with reached.connect() as connection:
            found = (await connection.exec_driver_sql("SELECT current_database()")).scalar()
        await reached.dispose()
        return found

    assert asyncio.run(ask()) == "airflow"


def test_the_results_stores_database_on_postgresql_is_created_once_and_holds_the_store(
    containers: dict[str, str],
) -> None:
    assert create_database(containers["store"])
    assert not create_database(containers["store"])
    store = open_store(containers["store"])
    assert list(store.runs(None, limit=1)) == []
    store.engine.dispose()


def test_a_wrong_password_on_postgresql_is_a_sentence_without_it(
    containers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    with pytest.raises(BadInput, match="database cannot be created") as refused:
        create_database(containers["store"])
    assert "wrong-one" not in str(refused.value)


def test_only_postgresql_has_its_database_created(tmp_path: Path) -> None:
    assert not create_database(f"sqlite:///{tmp_path / 'results.db'}")
    assert list(tmp_path.iterdir()) == []


def test_the_api_server_stops_when_no_task_on_postgresql_reports_any_more(
    containers: dict[str, str],
) -> None:
    engine = sa.create_engine(containers["airflow"], isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(TASKS)
        command = [sys.executable, str(PROJECT / "config" / "last.py"), sys.executable, "-c", CHILD]
        env = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": containers["airflow"]}
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            assert process.stdout.readline() == "up\n"
            process.terminate()
            assert process.stdout.readline() == "Waiting for 1 tasks to end before the API server does.\n"
            assert process.poll() is None
            connection.exec_driver_sql("UPDATE task_instance SET state = 'success'")
            assert process.wait(120) == 7
    engine.dispose()
