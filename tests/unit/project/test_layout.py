"""The house stands as drawn, the locks are current, and the code keeps to its figures."""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from unit.project.places import PROJECT, canonical, pins, text

TREES = ("include", "dags")
FOLDERS = {
    ".ci", "benchmarks", "config", "dags", "deploy", "docs", "include", "plugins", "requirements", "scripts",
    "tests",
}  # fmt: skip
LOCKS = {
    "requirements.txt": "requirements/product.txt",
    "requirements/airflow.in": "requirements/product.txt",
    "requirements/production.in": "requirements/production.txt",
    "requirements/sandbox.in": "requirements/sandbox.txt",
    "requirements/dev.in": "requirements/dev.txt",
}
NAMED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)", re.MULTILINE)


def _tracked() -> list[str]:
    done = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return done.stdout.splitlines()


def _sources() -> Iterator[tuple[Path, str]]:
    for tree in TREES:
        for path in sorted((PROJECT / tree).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text(encoding="utf-8")


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef, lines: list[str]) -> int:
    """Return a function's non-blank lines without its signature's first line and its docstring."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    skipped = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return len([line for line in lines[node.lineno - 1 : node.end_lineno] if line.strip()]) - skipped - 1


def test_the_top_level_is_as_drawn() -> None:
    assert {path.split("/")[0] for path in _tracked() if "/" in path} <= FOLDERS


ROOMS = {"sandbox": "parity_sandbox"}
"""Folders of unit tests for packages beside ``parity``; the others are for its rooms."""


def test_unit_tests_mirror_the_product() -> None:
    tests = PROJECT / "tests" / "unit"
    folders = {path.relative_to(tests).parent for path in tests.rglob("test_*.py")} - {Path("project")}
    packages = [Path(ROOMS.get(of.parts[0], f"parity/{of.parts[0]}"), *of.parts[1:]) for of in folders]
    assert [str(one) for one in packages if not (PROJECT / "include" / one / "__init__.py").exists()] == []
    rooms = {path.parent.name for path in (PROJECT / "include" / "parity").glob("*/__init__.py")}
    assert rooms <= {folder.parts[0] for folder in folders}


@pytest.mark.parametrize(("wanted", "lock"), LOCKS.items())
def test_every_wish_is_in_its_lock_and_every_pin_agrees(wanted: str, lock: str) -> None:
    locked = pins(lock)
    assert pins(wanted).items() <= locked.items()
    names = {canonical(name) for name in NAMED.findall(text(wanted))}
    assert names <= set(locked)


def test_locks_do_not_contradict_each_other() -> None:
    product = pins("requirements/product.txt")
    for lock in LOCKS.values():
        shared = {name: version for name, version in pins(lock).items() if name in product}
        assert shared.items() <= product.items(), lock


def test_airflow_and_pymysql_are_not_moved_back() -> None:
    locked = pins("requirements/product.txt")
    assert tuple(map(int, locked["apache-airflow"].split("."))) >= (3, 3, 2)
    assert tuple(map(int, locked["pymysql"].split("."))) >= (1, 2, 4)
    assert "apache-airflow-providers-mysql" not in locked


def test_tests_that_share_a_server_run_in_one_process(request: pytest.FixtureRequest) -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ or not request.config.getvalue("loadgroup"):
        pytest.skip("tests are not in groups")
    assert "@" in request.node.nodeid, "This pytest-xdist ignores groups under this pytest: requirements/dev.in"


def test_modules_stay_short() -> None:
    sizes = {path: len([line for line in source.splitlines() if line.strip()]) for path, source in _sources()}
    assert sizes
    for travels in ("helper_job/export.py", "evidence/verify.py"):  # alone, so that it cannot be split
        assert sizes.pop(PROJECT / "include/parity" / travels) <= 400
    assert not {str(path.relative_to(PROJECT)): size for path, size in sizes.items() if size > 300}


def _long_functions() -> set[str]:
    return {
        f"{path.relative_to(PROJECT)} {node.name}"
        for path, source in _sources()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _length(node, source.splitlines()) > 50
    }


def test_functions_stay_short() -> None:
    assert not _long_functions()


def test_a_long_function_would_be_seen() -> None:
    source = "def f():\n    '''Say.'''\n" + "    x = 1\n" * 51
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.FunctionDef)
    assert _length(node, source.splitlines()) == 51
