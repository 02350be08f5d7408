"""Runs the product on a case, as people run it, and returns its result as the JSON that is its contract."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

from fuzz import files
from fuzz.case import Case
from fuzz.reference import NUMBER

TODAY = dt.date(2026, 3, 1)
SHOWN = 1_900
"""Different cells of one pair at most, where every one is to be shown."""
_EXIT = {"PASS": 0, "WAIVED": 0, "FAIL": 1, "INVALID": 2}


def shows_all(case: Case) -> bool:
    """Return whether the product shall show every defect, by the number of its row."""
    return NUMBER in case.key and case.through == "function"


def run(case: Case, folder: Path) -> dict[str, Any]:
    """Write a case's files and compare them; ``crash`` holds what nobody should ever see."""
    folder.mkdir(parents=True, exist_ok=True)
    sides = [files.write(case, side, folder) for side in (0, 1)]
    return _command(case, sides, folder) if case.through == "command" else _function(case, sides)


def _function(case: Case, sides: list[Path]) -> dict[str, Any]:
    from parity.compare import CsvFormat, Source, Spec, compare
    from parity.suite.models import ColumnRule, Waiver

    forms = [
        CsvFormat(
            header=True if how["format"] == "csv" and not case.key else None, encoding=how.get("encoding", "utf-8")
        )
        for how in case.storage
    ]
    spec = Spec(
        key=case.key,
        columns={c.name: ColumnRule.model_validate(c.rule) for c in case.columns if c.rule},
        waivers=tuple(Waiver.model_validate(_waiver(case, one)) for one in case.waivers),
        memory="500MB",
        threads=1,
        samples=SHOWN if shows_all(case) else 2,
        today=TODAY,
        mask_key=b"fuzz",
    )
    try:
        return compare(
            *(Source.of(path, csv=form) for path, form in zip(sides, forms, strict=True)), spec
        ).to_json()
    except Exception:  # noqa: BLE001 - that is what is looked for
        return {"verdict": "crash", "reason": traceback.format_exc()}


def _waiver(case: Case, given: dict[str, Any]) -> dict[str, Any]:
    """Return a waiver as a suite's author writes it."""
    expires = TODAY - dt.timedelta(days=1) if given.get("expired") else TODAY
    fixed = {"suite": "s", "activity": "a", "owner": "fuzz", "reason": "known for a while", "ticket": "F-1"}
    own = {key: value for key, value in given.items() if key not in ("rows", "expired")}
    if "rows" in given:
        name, most = given["rows"]
        own["rows"] = f'"{name}" <= {most}'
    return {**fixed, **own, "expires": expires}


def _command(case: Case, sides: list[Path], folder: Path) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("parity")), "compare", *map(str, sides), "--json", "-"]
    command += ["--key", ",".join(case.key)] if case.key else []
    rules = {c.name: c.rule for c in case.columns if c.rule}
    if rules:
        (folder / "rules.yaml").write_text(json.dumps({"columns": rules}))
        command += ["--columns", str(folder / "rules.yaml")]
    if not case.key and any(how["format"] == "csv" for how in case.storage):
        command.append("--header")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        result = {"verdict": "INVALID", "reason": done.stderr}
    if "Traceback" in done.stderr or done.returncode != _EXIT[result["verdict"]]:
        return {"verdict": "crash", "reason": f"exit status {done.returncode}\n{done.stderr}"}
    return result
