"""What parsing the Dag files costs, and what a broken suite does to the others."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[3]
SUITES = PROJECT / "include" / "suites"
DATABASES = PROJECT / "include" / "databases"
HEAVY = ("duckdb", "pandas", "pyarrow", "great_expectations", "boto3", "azure", "httpx", "pymysql")
PARSE = """
import json, runpy, sys
known = set(sys.modules)
import airflow.sdk, airflow.providers.standard.operators.trigger_dagrun
of_airflow = set(sys.modules) - known
found = {"dags": [], "errors": {}}
for file in sys.argv[1:]:
    try:
        left = runpy.run_path(file)
        found["dags"] += [value.dag_id for value in left.values() if type(value).__name__ == "DAG"]
    except ImportError as error:
        found["errors"][file.rpartition("/")[2]] = str(error)
found["modules"] = sorted({name.partition(".")[0] for name in set(sys.modules) - of_airflow - known})
print(json.dumps(found))
"""


def parse(tmp_path: Path, suites: Path, databases: Path = DATABASES) -> dict[str, Any]:
    """Run every Dag file in a process of its own, as Airflow does, and return what came of it."""
    env = {
        **os.environ,
        "PYTHONPATH": str(PROJECT / "include"),
        "PARITY_SUITES": str(suites),
        "PARITY_DATABASES": str(databases),
        "PARITY_HOME": str(tmp_path / "parity"),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
    }
    files = sorted(map(str, (PROJECT / "dags").glob("*.py")))
    done = subprocess.run(
        [sys.executable, "-c", PARSE, *files], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.airflow
def test_parsing_builds_every_dag_and_imports_nothing_heavy(tmp_path: Path) -> None:
    found = parse(tmp_path, SUITES)
    assert found["errors"] == {}
    assert {"parity__payments", "parity_db__ledger"} <= set(found["dags"])
    assert sorted(set(HEAVY) & set(found["modules"])) == []


@pytest.mark.airflow
def test_a_broken_suite_is_an_import_error_and_the_good_one_keeps_its_dag(tmp_path: Path) -> None:
    suites = tmp_path / "suites"
    shutil.copytree(SUITES, suites)
    (suites / "broken.yaml").write_text("suite: broken\nowner: me\nwave: 1\nactivitees: []\n")
    found = parse(tmp_path, suites)
    assert "parity__payments" in found["dags"]
    assert "parity__broken" not in found["dags"]
    [(file, message)] = found["errors"].items()
    assert file == "parity_errors.py"
    assert "broken.yaml" in message
    assert "activitees" in message


@pytest.mark.airflow
def test_a_broken_database_is_an_import_error_and_the_good_one_keeps_its_dag(tmp_path: Path) -> None:
    databases = tmp_path / "databases"
    shutil.copytree(DATABASES, databases)
    (databases / "broken.yaml").write_text("database: broken\nowner: me\nlegcy: rds\ntarget: azure\n")
    found = parse(tmp_path, SUITES, databases)
    assert "parity_db__ledger" in found["dags"]
    assert "parity_db__broken" not in found["dags"]
    [(file, message)] = found["errors"].items()
    assert file == "parity_errors.py"
    assert "broken.yaml:3: legcy: key 'legcy' is unknown. Did you mean 'legacy'?" in message


@pytest.mark.airflow
@pytest.mark.parametrize("file", sorted((PROJECT / "dags").glob("*.py")), ids=lambda file: file.name)
def test_airflow_looks_into_every_dag_file(file: Path) -> None:
    from airflow.utils.file import might_contain_dag_via_default_heuristic

    assert might_contain_dag_via_default_heuristic(str(file))


def test_housekeeping_runs_daily_without_anybodys_doing_and_not_at_once() -> None:
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.timetables.base import TimeRestriction

    from parity.airflow.housekeeping import build_housekeeping

    dag = DagSerialization.from_dict(DagSerialization.to_dict(build_housekeeping()))
    assert dag.is_paused_upon_creation is False
    first = dag.timetable.next_dagrun_info(
        last_automated_data_interval=None,
        restriction=TimeRestriction(dag.start_date, None, catchup=dag.catchup),
    )
    assert first is not None
    assert first.run_after > datetime.now(UTC)
    assert (first.run_after.hour, first.run_after.minute) == (5, 30)
