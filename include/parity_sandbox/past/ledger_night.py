"""A night of the ledger: its tables compared and judged as a database's run does, without its servers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from parity.clients.artefacts import Artefacts
from parity.compare import Source, Spec, compare
from parity.compare.result import Result, Verdict
from parity.flow.database_run.files import DatabaseRunFiles
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan
from parity.flow.database_run.records import RecordContext, records
from parity.history.records import SEEDED, ActivityRecord, RunRecord
from parity.settings import Settings
from parity.suite.databases import Database
from parity.tablediff.verdict import DatabaseResult, TableResult, judge_database
from parity.web.pages import database_page
from parity_sandbox.mysql.ledger import TABLES
from parity_sandbox.past.outputs import Made, Outputs
from parity_sandbox.past.story import Night

BEGINS = time(3, 30)
KEYS = {
    "currencies": ("code",),
    "merchants": ("merchant_id",),
    "ledger_entries": ("entry_id",),
    "payouts": ("payout_id",),
    "daily_balances": ("merchant_id", "day"),
}
"""The primary keys; the audit log has none."""


@dataclass(frozen=True)
class LedgerNight:
    """One night of the ledger; ``sha`` is the fingerprint of its declaration."""

    night: Night
    database: Database
    sha: str
    settings: Settings
    known: dict[tuple[object, ...], Result] = field(default_factory=dict)
    """What was found in a pair of files."""

    def play(self, outputs: Outputs) -> tuple[RunRecord, list[ActivityRecord]]:
        """Compare and judge every table; return what a run records."""
        spec, day = self.database, self.night.day
        started = datetime.combine(day + timedelta(days=1), BEGINS, ZoneInfo(spec.timezone))
        plan = DatabaseRunPlan(spec.database, spec.key, f"{SEEDED}{started.isoformat()}", day)
        tables = tuple(
            TableResult(name, self._table(name, made)) for name, made in outputs.of(self.night, TABLES).items()
        )
        found = judge_database(DatabaseResult(spec.database, Verdict.INVALID, "", tables), ())
        files = DatabaseRunFiles(Artefacts.on_disk(Path(self.settings.artefact_root)), plan)
        reports = {table.table: files.write_table(table) for table in tables}
        reports[DATABASE] = files.write_result(found, database_page(found))
        ended = started + timedelta(minutes=4)
        run = RunRecord(
            suite=spec.key,
            run_id=plan.run_id,
            business_date=day,
            started=started,
            ended=ended,
            verdict=found.verdict,
            reason=found.reason,
            wave=spec.wave,
            suite_sha=self.sha,
        )
        return run, list(records(spec, plan, found, reports, RecordContext(1, ended, self.sha)))

    def _table(self, name: str, made: Made) -> Result:
        rules, key = self.database.rules(name), (made[0].files, made[1].files)
        columns = {
            column: rule for column, rule in rules.columns.items() if column in ("amount", "iban", "balance")
        }
        if key not in self.known:
            left, right = (Source.of(*side.files, expected_rows=side.rows) for side in made)
            self.known[key] = compare(left, right, Spec(key=KEYS.get(name, ()), columns=columns))
        return self.known[key]
