"""How long Airflow parses 50 suites of 20 activities, and which heavy modules that imports.

Run as ``python benchmarks/parse.py``; prints seconds and the modules. Aim: under a second, and none.
"""

from __future__ import annotations

import os
import runpy
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SUITES, ACTIVITIES = 50, 20
HEAVY = ("duckdb", "pandas", "pyarrow", "great_expectations", "boto3", "azure", "httpx")


def suite(number: int) -> str:
    """Return the text of a suite with twenty activities."""
    head = (
        f"suite: bench_{number:02}\nowner: bench\nwave: 1\nschedule: '0 2 * * *'\n"
        "azure: {pipeline: nightly, helper_job: parity-helper}\n"
        "aws: {database: legacy, workgroup: parity}\nactivities:\n"
    )
    return head + "".join(activity(n) for n in range(ACTIVITIES))


def activity(number: int) -> str:
    """Return one activity, with two columns that have rules and two expectations."""
    return (
        f"  - name: activity_{number:02}\n    glue_job: activity_{number:02}\n"
        "    legacy: {sql: bench.sql}\n"
        f"    target: {{table: bench.table_{number:02}, where: day = :business_date}}\n"
        "    key: [id]\n    columns:\n      amount: {money: currency}\n      rate: {tolerance: 1e-9}\n"
        "    expect:\n      both:\n        - ExpectColumnValuesToNotBeNull: {column: id}\n"
        "        - ExpectColumnValuesToBeUnique: {column: id}\n    severity: critical\n"
    )


def write(folder: Path) -> None:
    """Write every suite, and the query that they share."""
    (folder / "sql").mkdir()
    query = "SELECT id, amount, rate, currency FROM t WHERE day = :business_date\n"
    (folder / "sql" / "bench.sql").write_text(query)
    for number in range(SUITES):
        (folder / f"bench_{number:02}.yaml").write_text(suite(number))


def main() -> None:
    """Parse in this very process, Airflow imported beforehand as in a Dag processor."""
    with tempfile.TemporaryDirectory() as scratch:
        write(Path(scratch))
        os.environ |= {"PARITY_SUITES": scratch, "AIRFLOW_HOME": scratch}
        sys.path.insert(0, str(PROJECT / "include"))
        import airflow.providers.standard.operators.trigger_dagrun
        import airflow.sdk  # noqa: F401

        before = set(sys.modules)
        seconds = [timed(PROJECT / "dags" / "parity.py") for _ in range(3)]
        heavy = sorted({name.partition(".")[0] for name in set(sys.modules) - before} & set(HEAVY))
    print(
        f"{SUITES} suites of {ACTIVITIES} activities: first parse {seconds[0]:.2f} s, again {min(seconds):.2f} s"
    )
    print(f"heavy modules imported: {', '.join(heavy) or 'none'}")


def timed(file: Path) -> float:
    """Return the seconds of processor time that one parse takes."""
    began = time.process_time()
    left = runpy.run_path(str(file))
    seconds = time.process_time() - began
    built = sum(type(value).__name__ == "DAG" for value in left.values())
    if built < SUITES:
        raise SystemExit(f"only {built} of {SUITES} suites became a Dag")
    return seconds


if __name__ == "__main__":
    main()
