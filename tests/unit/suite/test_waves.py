"""``waves.yaml``: every mistake has its line and remedy, and nothing that belongs to a wave is forgotten."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parity.suite.database_files import load_databases
from parity.suite.suite_files import load_suites
from parity.suite.waves import load_waves

KNOWN: Any = {"payments": SimpleNamespace(wave=1), "vendors": SimpleNamespace(wave=2)}
LEDGER: Any = {"ledger": SimpleNamespace(wave=1)}
GOOD = "waves:\n  - wave: 1\n    suites: [payments]\n    databases: [ledger]\n"


def test_the_projects_own_waves_are_right() -> None:
    include = Path("include")
    suites, databases = load_suites(include / "suites").models, load_databases(include / "databases").models
    waves, errors = load_waves(include / "waves.yaml", suites, databases)
    assert not errors
    assert waves[0].suites == ("payments",)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        (GOOD + "    green: 3\n", 5, "green"),
        (GOOD + "    ready: {green_nights: 0}\n", 5, "green_nights"),
        (GOOD + "    ready: {dates: [someday]}\n", 5, "dates"),
        (GOOD.replace("payments", "payment"), 3, "Did you mean 'payments'?"),
        (GOOD.replace("[payments]", "[payments, vendors]"), 3, "'vendors' says that it belongs to wave 2."),
        (GOOD.replace("    databases: [ledger]\n", ""), 2, "leaves out what says that it belongs to it: ledger."),
        (GOOD + "  - wave: 1\n    suites: [payments]\n    databases: [ledger]\n", 5, "wave 1 is listed twice."),
        ("waves:\n  - wave: 3\n", 2, "a wave has a suite or a database at least"),
        ("waves: []\n", 1, "waves"),
        ("", 0, "waves"),
        ("waves: [\n", 2, "is not YAML"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = tmp_path / "waves.yaml"
    path.write_text(text)
    waves, errors = load_waves(path, KNOWN, LEDGER)
    assert not waves
    assert errors[0].line == line
    assert what in str(errors[0])
