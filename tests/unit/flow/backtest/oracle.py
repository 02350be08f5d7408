"""A stored result, and what the comparison itself says of the same rows under other rules and waivers."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result, Verdict
from parity.expectations.findings import Findings
from parity.flow import codec
from parity.flow.backtest.judgement import Answer, Declared, answer
from parity.flow.provenance import Provenance, verdict_rules
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.flow.suite_run.records import activity_record
from parity.flow.suite_run.steps import compare
from parity.flow.suite_run.verdict import judge
from parity.history.records import ActivityRecord
from parity.settings import Settings
from parity.suite.models import Activity, Suite, Waiver

DAY = date(2026, 3, 2)
RUN_AT = datetime(2026, 3, 3, 2, tzinfo=UTC)
SQL = "SELECT * FROM fees WHERE day = :business_date"
ROWS = """
SELECT n AS id, (n * 1.25)::DECIMAL(18, 2) AS fee, 'EUR' AS currency, 'note ' || n AS note, 'Name ' || n AS name,
       n % 7 AS kind
FROM range(100) AS numbers(n)
"""
TARGET = f"""
SELECT * REPLACE (
    fee + CASE WHEN id < 4 THEN 0.01 WHEN id = 4 THEN 50 ELSE 0 END AS fee,
    CASE WHEN id BETWEEN 3 AND 6 THEN note || '  ' WHEN id = 7 THEN upper(note) ELSE note END AS note,
    CASE WHEN id BETWEEN 20 AND 39 THEN upper(name) ELSE name END AS name)
FROM ({ROWS}) WHERE id < 98
"""
"""Fees: 5 rows, two of a cent by rounding and one of 50; notes: 5, in the samples; names: 20, not all in them."""


@dataclass(frozen=True)
class At:
    """A clock that stands still."""

    def now(self) -> datetime:
        return RUN_AT

    def sleep(self, seconds: float) -> None:
        raise AssertionError


@dataclass
class Night:
    """Two outputs that any rules can be tried on; ``folder`` holds everything."""

    folder: Path
    rows: tuple[str, str] = (ROWS, TARGET)
    exports: tuple[Export, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.exports = tuple(self._write(f"{at}.parquet", sql) for at, sql in enumerate(self.rows))

    def _write(self, name: str, sql: str) -> Export:
        file = self.folder / name
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
            [(count,)] = connection.execute(f"SELECT count(*) FROM ({sql})").fetchall()
        return Export(self.folder, (file,), count, file.stat().st_size, ())

    def run(self, rules: dict[str, Any], waivers: tuple[Waiver, ...]) -> tuple[ActivityRecord, Result]:
        """Compare, and return what is stored: the record, and the report as it is read back."""
        declared = declare(rules, waivers)
        files = self.folder / "run"
        shutil.rmtree(files, ignore_errors=True)
        run = ActivityRun(
            suite=declared.suite,
            activity=declared.activity,
            plan=SuiteRunPlan("fees", "night", DAY, ("compute",), None, PipelineUse.LATEST, None, False),
            settings=Settings(home=files),
            artefacts=Artefacts.on_disk(files),
            waivers=waivers,
            clock=At(),
            provenance=Provenance("attempt", fingerprint_of(declared)),
        )
        result = compare(run, *self.exports, facts={})
        judgement = judge(result, Findings(), [], allow_empty=declared.activity.allow_empty)
        record = activity_record(run, judgement, result, Findings(), (), "then")
        report = codec.from_text(Result, run.artefacts.read(record.report))
        return replace(record, recorded=RUN_AT), report


def fingerprint_of(declared: Declared) -> str:
    return verdict_rules(declared.suite, declared.activity, declared.sql, declared.waivers, declared.classes)


def declare(rules: dict[str, Any], waivers: tuple[Waiver, ...] = (), sql: str = SQL) -> Declared:
    """Return what a suite of one activity declares."""
    activity = Activity.model_validate(
        {"name": "compute", "legacy": {"sql": "fees.sql"}, "target": {"table": "fees"}, "key": ["id"], **rules}
    )
    suite = Suite.model_validate(
        {
            "suite": "fees",
            "owner": "data",
            "wave": 1,
            "azure": {"pipeline": "p", "helper_job": "h"},
            "aws": {"database": "d"},
            "activities": [activity.model_dump(mode="python")],
        }
    )
    return Declared(suite, activity, sql, "", waivers, "now")


def waiver(**parts: Any) -> Waiver:
    """Return a waiver that is in force and has room, but for what ``parts`` say."""
    usual = {"owner": "lead", "reason": "agreed with everybody", "ticket": "PAY-1", "max_rows": 1000}
    return Waiver(suite="fees", activity="compute", **{**usual, "expires": date(2026, 12, 31), **parts})


def asked(stored: tuple[ActivityRecord, Result], rules: dict[str, Any], waivers: tuple[Waiver, ...]) -> Answer:
    return answer(*stored, declare(rules, waivers))


def truth(night: Night, rules: dict[str, Any], waivers: tuple[Waiver, ...]) -> Verdict:
    return night.run(rules, waivers)[0].verdict
