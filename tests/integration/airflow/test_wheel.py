"""The wheel in an Airflow elsewhere: an environment of its own, a new home, two Dag files, no checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.project.places import PROJECT, built_wheel, text

DAG_FILES = ("parity.py", "parity_errors.py")


class Elsewhere:
    """An Airflow in ``folder`` that has the wheel."""

    def __init__(self, folder: Path) -> None:
        self.home, self.bin = folder / "home", folder / "venv" / "bin"
        venv, uv = str(folder / "venv"), [str(Path(sys.executable).with_name("uv"))]
        subprocess.run([*uv, "venv", "-q", "--python", sys.executable, venv], check=True)
        install = [*uv, "pip", "install", "-q", "--python", venv]
        subprocess.run([*install, "-r", str(PROJECT / "requirements" / "product.txt")], check=True)
        (folder / "build").mkdir()
        subprocess.run([*install, "--no-deps", str(built_wheel(folder / "build"))], check=True)
        for tree in ("include/suites", "include/databases"):
            shutil.copytree(PROJECT / tree, self.home / tree)
        (self.home / "dags").mkdir()
        for name in DAG_FILES:
            (self.home / "dags" / name).write_text(text(f"dags/{name}"))
        self.run("airflow", "db", "migrate")

    def run(self, *command: str, status: int = 0) -> str:
        """Run a command of the environment and return what it printed."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PARITY_"))}
        env = {**kept, "AIRFLOW_HOME": str(self.home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        words = [str(self.bin / command[0]), *command[1:]]
        done = subprocess.run(words, env=env, cwd=self.home, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def listed(self, what: str, status: int = 0) -> list[dict[str, str]]:
        """Return what ``airflow dags`` lists, from the files as they are now."""
        printed = self.run("airflow", "dags", what, "--local", "--output", "json", status=status)
        return list(json.loads(printed.splitlines()[-1]))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    folder = tmp_path_factory.mktemp("elsewhere")
    yield Elsewhere(folder)
    shutil.rmtree(folder / "venv")


@pytest.mark.slow
@pytest.mark.airflow
@pytest.mark.timeout(1800)
def test_three_lines_make_every_dag_and_a_broken_suite_takes_none_away(elsewhere: Elsewhere) -> None:
    dags = {"parity__payments", "parity_db__ledger", "parity_doctor", "parity_housekeeping", "parity_promote"}
    assert {one["dag_id"] for one in elsewhere.listed("list")} == dags
    (elsewhere.home / "include" / "suites" / "broken.yaml").write_text("suite: broken\nactivitees: []\n")
    (broken,) = elsewhere.listed("list-import-errors", status=1)
    assert broken["filepath"].endswith("parity_errors.py")
    assert "broken.yaml:2" in broken["error"]
    assert {one["dag_id"] for one in elsewhere.listed("list")} == dags


@pytest.mark.slow
@pytest.mark.airflow
@pytest.mark.timeout(1800)
def test_the_plugin_and_the_command_are_there(elsewhere: Elsewhere) -> None:
    plugins = elsewhere.run("airflow", "plugins", "--output", "json")
    assert "parity.airflow.plugin:ParityPlugin" in plugins
    assert "payments.yaml" in elsewhere.run(
        "parity", "suites", "check", str(elsewhere.home / "include/suites/payments.yaml")
    )
