"""The steps of a database's Dag: plan, ask both clouds, survey, compare, record, publish, gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.assets import update_assets, withhold_wave
from parity.airflow.connections.lookup import connection
from parity.airflow.database.context import (
    addresses_of,
    clear_checkpoints,
    connections_of,
    files_of,
    job_of,
    required_survey,
    waivers_of,
)
from parity.airflow.database.facts import (
    ATTEMPT,
    current_inputs,
    failures_before_tables,
    mismatches,
    outcome_for_gate,
    piece_reports,
    survey_pieces,
)
from parity.airflow.database.operator import failure_message, log_survey, log_tables
from parity.airflow.lineage import send_database
from parity.airflow.step import results
from parity.airflow.step.evidence import record_evidence
from parity.airflow.step.output import attempt_of, read_plan
from parity.airflow.step.pages import refresh_page, write_page
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import ExportRefused
from parity.flow.codec import to_json
from parity.flow.database_run.plan import (
    DATABASE,
    DatabaseRunPlan,
    activity_name,
    plan_database_run,
    select_tables,
    title,
)
from parity.flow.database_run.records import RecordContext, invalid_records, last_days
from parity.flow.provenance import PROVENANCE, Provenance, database_rules
from parity.flow.run_verdict import COVERS
from parity.flow.stages import first_failure
from parity.flow.suite_run.files import page_of
from parity.flow.suite_run.verdict import COMPARED_AGAIN
from parity.settings import settings
from parity.suite.databases import Database

if TYPE_CHECKING:
    from parity.clients.cloud_server import CloudServer
    from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
    from parity.flow.stages import StageFailure
    from parity.history.records import RemoteRun
    from parity.tablediff.job import Job
    from parity.tablediff.verdict import DatabaseResult, TableResult


@dataclass(frozen=True)
class DatabaseTasks:
    """The worker-side steps of one database; ``path`` is its file."""

    spec: Database
    path: Path

    def plan(self, context: Context) -> dict[str, Any]:
        """Plan this run, and record in the results store that it has started."""
        return results.start_run(context, self._subject, plan_database_run, lambda _: self._rules())

    def rds(self, context: Context) -> dict[str, Any]:
        """Query RDS about the legacy server."""
        from parity.airflow.connections.clients import aws_clients
        from parity.clients import rds

        server = self.spec.rds
        assert server is not None
        clients = aws_clients(connection(server.connection))
        found = (
            rds.instance(clients, server.instance)
            if server.instance
            else rds.cluster(clients, server.cluster or "")
        )
        return self._store_server(context, "legacy", found)

    def flexible_server(self, context: Context) -> dict[str, Any]:
        """Query Azure about the migrated server."""
        from parity.airflow.connections.mysql import flexible_server

        server = self.spec.azure
        assert server is not None
        client = flexible_server(connection(server.connection), server.server, server.resource_group)
        return self._store_server(context, "target", client.server())

    def survey(self, context: Context) -> list[dict[str, Any]]:
        """Read both catalogues and settings, and return the pieces to compare."""
        from parity.tablediff.survey import survey_database

        plan, rules = read_plan(context, DatabaseRunPlan), self._rules()
        found = survey_database(plan.applied_to(self.spec), connections_of(self.spec), SystemClock())
        stored = files_of(plan).write_survey(select_tables(found, plan.tables), uuid4().hex, rules)
        log_survey(stored)
        return [
            {"index": index, "title": title(names), "survey": stored.number}
            for index, names in enumerate(stored.pieces)
        ]

    def tables(self, context: Context) -> dict[str, Any]:
        """Compare the tables of one piece; red when one of them is not equal, so that it can be cleared alone."""
        from parity.flow.database_run.files import StoredTables
        from parity.tablediff.runner import verify_tables

        plan, index = read_plan(context, DatabaseRunPlan), int(context["task"].piece["index"])
        files = files_of(plan)
        self._retract(context, plan, files, index)
        files.reset_piece(index)
        context["ti"].xcom_push(ATTEMPT, attempt_of(context))
        stored, rules = required_survey(files), self._rules()
        if first := first_failure(mismatches(plan.rules, stored, survey_pieces(context), rules)):
            raise ExportRefused(first.reason, remedy=first.remedy)
        names = set(stored.pieces[index])
        job = self._job(context, stored)
        found = verify_tables(job, [table for table in stored.survey.plan.tables if table.name in names])
        piece = StoredTables(stored.number, found, attempt_of(context), rules)
        files.write_piece(index, piece)
        log_tables(found)
        self._require_servers(found)
        job.store.forget(job.run)
        if not piece.green:
            raise AirflowFailException(failure_message(found))
        return {"tables": len(found), "rows": sum(table.result.rows.equal for table in found)}

    def record(self, context: Context) -> dict[str, Any]:
        """Decide the database's verdict and record it with its tables'; red unless it is green."""
        plan = read_plan(context, DatabaseRunPlan)
        files = files_of(plan)
        failures, inputs = failures_before_tables(context), current_inputs(context)
        stored = None if failures else files.survey()
        failures += mismatches(plan.rules, stored, survey_pieces(context), self._rules()) if stored else []
        result = self._result(context, plan, None if failures else stored, failures)
        now = results.open_results().recording_time(plan.key, plan.run_id, plan.business_date)
        if not result.verdict.green:  # an earlier verdict of the run no longer counts
            results.record_run(context, self._subject, plan.business_date)
        self._write(context, plan, result, failures, now)
        send_database(context, self.spec, result)
        clear_checkpoints(plan)
        page = settings().artefact_link(page_of(files_of(plan).name_of_report))
        outcome = {
            "verdict": result.verdict,
            "reason": result.reason,
            "recorded": now.isoformat(),
            COVERS: self._last_days(result),
            PROVENANCE: to_json(Provenance(attempt_of(context), plan.rules, inputs)),
        }
        return results.return_outcome(context, self.spec.database, outcome, page)

    def publish(self, context: Context) -> dict[str, Any]:
        """Write the run's page and return its address."""
        plan = read_plan(context, DatabaseRunPlan)
        return {"page": write_page(plan.key, plan.run_id, plan.business_date, plan.folder)}

    def gate(self, context: Context) -> dict[str, Any]:
        """Decide the run's verdict; red unless it is green. The Dag run takes this task's colour."""
        run = context["dag_run"]
        day = self.spec.business_date(run.logical_date or run.run_after)
        plan = results.plan_for_gate(context, self._subject, DatabaseRunPlan, day)
        outcome = outcome_for_gate(context, self._rules(), today(SystemClock(), self.spec.timezone))
        verdict, reason = Verdict(outcome["verdict"]), str(outcome["reason"])
        if plan.partial:
            reason += f" Only tables {', '.join(plan.tables)} were compared."
        recorded = self._reconcile_store(plan, outcome)
        if plan.partial and not verdict.green and not recorded:  # no table has a result to alert on
            context["ti"].xcom_push(results.RUN_ISSUE, reason)
        context["ti"].xcom_push("recorded", recorded)
        results.record_run(context, self._subject, plan.business_date, verdict, reason)
        results.log_verdict(f"The run is {verdict}.", verdict, reason, results.run_url(context))
        refresh_page(plan.key, plan.run_id, plan.business_date, plan.folder)
        record_evidence(self.spec, self.path, waivers_of(self.path), plan)
        results.require_green(verdict, reason)
        if plan.partial:
            context["ti"].task.outlets = []
        withhold_wave(context, self.spec)
        update_assets(context, verdict, reason, plan.business_date)
        return {"verdict": verdict, "reason": reason}

    @cached_property
    def sha(self) -> str:
        """Return the fingerprint of what declares the database."""
        from parity.suite.database_files import database_sha

        return database_sha(self.path)

    def _last_days(self, result: DatabaseResult) -> dict[str, str]:
        """Return the waivers that a result depends on: ticket → last day."""
        found = last_days(result, waivers_of(self.path), today(SystemClock(), self.spec.timezone))
        return {ticket: last.isoformat() for ticket, last in found.items()}

    def _rules(self) -> str:
        """Return the hash of the current rules."""
        return database_rules(self.spec, waivers_of(self.path))

    def _reconcile_store(self, plan: DatabaseRunPlan, outcome: Mapping[str, Any]) -> str:
        """Correct the results store where it has a better result; return when the outcome was recorded.

        A record task may have died before it stored anything: then an older result, perhaps a green one, would
        count for this run.
        """
        stored = results.open_results().run(plan.run_id, plan.key, plan.business_date).activities
        recorded = str(outcome.get("recorded", ""))
        older = [record for record in stored if record.recorded.isoformat() != recorded]
        known = len(older) < len(stored)
        if not Verdict(outcome["verdict"]).green:
            whole = not known and not plan.partial
            now = results.open_results().recording_time(plan.key, plan.run_id, plan.business_date)
            found = invalid_records(
                plan, older, str(outcome["reason"]), RecordContext(0, now, self.sha), whole=whole
            )
            results.open_results().record_activities(found)
        return recorded if known else ""

    def _retract(self, context: Context, plan: DatabaseRunPlan, files: DatabaseRunFiles, index: int) -> None:
        """Retract the results of a piece's tables in this run before they are compared again."""
        store, stored = results.open_results(), files.survey()
        tables = stored.pieces[index] if stored and index < len(stored.pieces) else ()
        names = {DATABASE, *map(activity_name, tables)}
        recorded = store.run(plan.run_id, plan.key, plan.business_date).activities
        if older := [record for record in recorded if record.key.activity in names]:
            now = store.recording_time(plan.key, plan.run_id, plan.business_date)
            store.record_activities(
                invalid_records(plan, older, COMPARED_AGAIN, RecordContext(0, now, self.sha), whole=False)
            )
            results.record_run(context, self._subject, plan.business_date)

    def _result(
        self,
        context: Context,
        plan: DatabaseRunPlan,
        stored: StoredSurvey | None,
        failures: Sequence[StageFailure],
    ) -> DatabaseResult:
        from parity.flow.database_run.records import not_compared, tables_of
        from parity.tablediff.runner import conclude
        from parity.tablediff.schema.servers import compare_servers

        if stored is None:
            return not_compared(self.spec.database, failures)
        files = files_of(plan)
        tables = tables_of(stored, piece_reports(context, files, stored), today(SystemClock(), self.spec.timezone))
        result = conclude(self._job(context, stored), stored.survey, tables)
        addresses = addresses_of(self.spec)
        lines = compare_servers(files.server("legacy"), files.server("target"), addresses)
        started = context["dag_run"].start_date
        seconds = round((datetime.now(UTC) - started).total_seconds(), 3) if started else 0.0
        return replace(result, cloud=lines, seconds=seconds)

    def _write(
        self,
        context: Context,
        plan: DatabaseRunPlan,
        result: DatabaseResult,
        failures: Sequence[StageFailure],
        now: datetime,
    ) -> None:
        from parity.flow.database_run.records import records
        from parity.web.pages import database_page

        files = files_of(plan)
        # Equal tables are in the database's report; a page for each of ten thousand would add nothing.
        not_equal = [table for table in result.tables if table.result.verdict is not Verdict.PASS]
        reports = {activity_name(table.table): files.write_table(table) for table in not_equal}
        reports[DATABASE] = files.write_result(result, database_page(result))
        record_context = RecordContext(
            attempt=int(context["ti"].try_number),
            now=now,
            sha=self.sha,
            servers=tuple(_servers(files)),
            failure=first_failure(failures),
        )
        results.open_results().record_activities(records(self.spec, plan, result, reports, record_context))

    def _job(self, context: Context, stored: StoredSurvey) -> Job:
        return job_of(self.spec, self.path, context, stored.number)

    def _require_servers(self, found: Sequence[TableResult]) -> None:
        """Raise what Airflow retries, when a table could not be compared because a server is down."""
        from parity.tablediff.sessions.pair import SessionPair

        if any(table.result.verdict is Verdict.INVALID for table in found):
            SessionPair.open(connections_of(self.spec)).close()

    def _store_server(self, context: Context, side: str, server: CloudServer) -> dict[str, Any]:
        files_of(read_plan(context, DatabaseRunPlan)).write_server(side, server)
        return {"run_id": server.name, "state": server.state, "version": server.version, "url": server.url}

    @property
    def _subject(self) -> tuple[Database, str]:
        return self.spec, self.sha


def _servers(files: DatabaseRunFiles) -> list[RemoteRun]:
    from parity.history.records import RemoteRun

    servers = [files.server(side) for side in ("legacy", "target")]
    return [RemoteRun(s.kind, s.name, s.state, s.url) for s in servers if s]
