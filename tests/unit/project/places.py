"""The project as files, for the tests that hold its parts together."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;]+)", re.MULTILINE)


def text(path: str) -> str:
    """Return a file of the project."""
    return (PROJECT / path).read_text(encoding="utf-8")


def canonical(name: str) -> str:
    """Return a distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(path: str) -> dict[str, str]:
    """Return every ``name==version`` of a requirements file."""
    return {canonical(name): version for name, version in PIN.findall(text(path))}


def pages() -> list[Path]:
    """Return everything that people read."""
    names = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
    return [*(PROJECT / name for name in names), *sorted((PROJECT / "docs").glob("*.md"))]


def built_wheel(folder: Path) -> Path:
    """Build the wheel in ``folder``, from a copy, because setuptools leaves folders behind."""
    made = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(PROJECT / "include", folder / "include", ignore=made)
    for name in ("LICENSE", "pyproject.toml", "requirements.txt", "requirements/airflow.in"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, folder / name)
    build = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", build], cwd=folder, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built
