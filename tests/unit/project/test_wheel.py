"""The wheel, built here: one package, with everything that an Airflow elsewhere needs of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

from unit.project.places import PROJECT, canonical, pins, text

SOURCES = ("LICENSE", "pyproject.toml", "requirements.txt", "requirements/airflow.in")
BUILD = "from setuptools import build_meta; build_meta.build_wheel('.')"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """Build it from a copy, because setuptools leaves folders behind."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(
        PROJECT / "include", folder / "include", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    for name in SOURCES:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    subprocess.run([sys.executable, "-c", BUILD], cwd=folder, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return ZipFile(built)


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


def test_it_asks_for_ranges_that_hold_what_is_locked_and_pins_nothing(wheel: ZipFile) -> None:
    metadata = wheel.read(f"{_metadata(wheel)}/METADATA").decode()
    needed = [Requirement(line) for line in HeaderParser().parsestr(metadata).get_all("Requires-Dist", [])]
    locked = pins("requirements/product.txt")
    assert "apache-airflow" in {one.name for one in needed}
    assert all(one.specifier.contains(locked[canonical(one.name)]) for one in needed)
    assert not [str(one) for one in needed if {part.operator for part in one.specifier} & {"==", "==="}]


def test_astro_takes_both_files() -> None:
    refused = re.compile(r"apache-airflow\s*[=~>]{1,2}.*")  # what its images refuse in a whole line
    assert not [line for line in text("requirements.txt").splitlines() if refused.fullmatch(line)]
    assert (PROJECT / "packages.txt").exists()


def _metadata(wheel: ZipFile) -> str:
    (name,) = {Path(name).parts[0] for name in wheel.namelist()} - {"parity"}
    return name
