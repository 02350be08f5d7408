"""The wheel, built here: one package, with everything that an Airflow elsewhere needs of it."""

from __future__ import annotations

import ast
import re
import runpy
import sys
from email.parser import HeaderParser
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from parity.airflow.plugin import ParityPlugin
from parity.helper_job.script import SCRIPT
from unit.project.places import PROJECT, built_wheel, canonical, pins, text

BESIDE = ("apache-airflow-core", "boto3")
"""Whose own requirements are there, too."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return ZipFile(built_wheel(tmp_path_factory.mktemp("wheel")))


def test_nothing_but_the_package_and_its_metadata_is_installed(wheel: ZipFile) -> None:
    assert {Path(name).parts[0] for name in wheel.namelist()} == {"parity", _metadata(wheel)}


def test_every_file_of_the_package_is_in_it(wheel: ZipFile) -> None:
    package = PROJECT / "include" / "parity"
    files = [path for path in package.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert {f"parity/{path.relative_to(package)}" for path in files} <= set(wheel.namelist())


def test_airflow_and_the_shell_find_what_it_offers(wheel: ZipFile) -> None:
    assert wheel.read(f"{_metadata(wheel)}/entry_points.txt").decode().split("\n\n") == [
        "[airflow.plugins]\nparity = parity.airflow.plugin:ParityPlugin",
        "[console_scripts]\nparity = parity.cli:main\n",
    ]


def test_the_folder_of_plugins_brings_the_pages_only_where_no_package_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = str(PROJECT / "plugins" / "parity_plugin.py")
    assert "ParityPlugin" not in runpy.run_path(file)
    monkeypatch.setattr(sys, "path", [])  # no package is installed there
    assert runpy.run_path(file)["ParityPlugin"] is ParityPlugin


def test_it_asks_for_ranges_that_hold_what_is_locked_and_pins_nothing(wheel: ZipFile) -> None:
    locked, needed = pins("requirements/dev.txt") | pins("requirements/product.txt"), _needed(wheel)
    assert "apache-airflow" in {one.name for one in needed}
    assert all(one.specifier.contains(locked[canonical(one.name)]) for one in needed)
    assert not [str(one) for one in needed if {part.operator for part in one.specifier} & {"==", "==="}]


def test_it_asks_for_every_library_that_it_imports(wheel: ZipFile) -> None:
    beside = [Requirement(line) for name in BESIDE for line in requires(name) or []]
    there = {canonical(one.name) for one in [*_needed(wheel), *beside]}
    given = packages_distributions()
    foreign = _imported() - {*sys.stdlib_module_names, "parity", "airflow"}
    assert {"duckdb", "sqlalchemy"} <= foreign
    assert not [name for name in foreign if not there & {canonical(one) for one in given[name]}]


def test_astro_takes_both_files() -> None:
    refused = re.compile(r"apache-airflow\s*[=~>]{1,2}.*")  # what its images refuse in a whole line
    assert not [line for line in text("requirements.txt").splitlines() if refused.fullmatch(line)]
    assert (PROJECT / "packages.txt").exists()


def _needed(wheel: ZipFile) -> list[Requirement]:
    metadata = wheel.read(f"{_metadata(wheel)}/METADATA").decode()
    return [Requirement(line) for line in HeaderParser().parsestr(metadata).get_all("Requires-Dist", [])]


def _imported() -> set[str]:
    """Return the top-level packages that the product imports; its script imports what Databricks has."""
    files = [path for path in (PROJECT / "include" / "parity").rglob("*.py") if path != SCRIPT]
    nodes = [node for path in files for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    return {name.partition(".")[0] for name in whole | parts}


def _metadata(wheel: ZipFile) -> str:
    (name,) = {Path(name).parts[0] for name in wheel.namelist()} - {"parity"}
    return name
