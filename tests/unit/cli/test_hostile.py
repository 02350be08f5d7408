"""Whatever files and settings `parity compare` meets: the verdict that they deserve, and never a traceback."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from parity.cli import main
from unit.cli.hostile import CASES, OPEN, Hostile

_STATUS = {"PASS": 0, "FAIL": 1, "INVALID": 2}


def _parameters() -> list[Any]:
    reasons = {name: reason for reason, names in OPEN.items() for name in names}
    marks = {name: pytest.mark.xfail(strict=True, reason=reason) for name, reason in reasons.items()}
    return [pytest.param(case, id=ascii(case.name), marks=marks.pop(case.name, ())) for case in CASES]


def test_open_cases_exist() -> None:
    assert {name for names in OPEN.values() for name in names} <= {case.name for case in CASES}


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def _differing(found: dict[str, Any]) -> set[str]:
    """Return the columns that differ in a row or by their types."""
    rows = {one["name"] for one in found["columns"] if one["different"]}
    return rows | {
        one["name"] for one in found["schema"] if one["verdict"] not in {"equal", "widened", "narrowed"}
    }


@pytest.mark.parametrize("case", _parameters())
def test_hostile_input_gets_the_verdict_that_it_deserves(
    case: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = case.make(tmp_path)
    monkeypatch.chdir(tmp_path)
    json_too = [] if "--json" in arguments else ["--json", "result.json"]
    monkeypatch.setattr(sys, "argv", ["parity", "compare", *json_too, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capfd.readouterr()
    said = shown.out + shown.err
    result = tmp_path / "result.json"
    if result.exists():
        said += result.read_text()
        found = json.loads(result.read_text())
        assert _STATUS[found["verdict"]] == ended.value.code
        if case.differing is not None:
            assert sorted(_differing(found)) == sorted(case.differing)
    assert ended.value.code in [_STATUS[verdict] for verdict in case.verdict], said
    assert "Traceback" not in said
    assert "defect of Parity" not in said
    for word in case.words:
        assert word in said
