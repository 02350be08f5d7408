"""The steps of a database's Dag: plan, ask both clouds, survey, compare, record, publish, gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from parity.airflow.connections.lookup import connection
from parity.airflow.database.context import (
    PLAN,
    addresses_of,
    connections_of,
    folder,
    forget_progress,
    job_of,
    plan_of,
    survey_of,
    waivers_beside,
)
from parity.airflow.database.facts import (
    ATTEMPT,
    broken_before,
    inputs_of,
    judged,
    piece_reports,
    strangers,
    surveyed,
)
from parity.airflow.database.operator import log_survey, log_tables, red
from parity.airflow.step.failures import log_block, log_level
from parity.airflow.step.output import attempt_of, facts_of
from parity.airflow.step.pages import renew_page, write_page
from parity.airflow.step.results import open_results, run_record, run_url
from parity.clock import SystemClock, today
from parity.compare.result import Verdict
from parity.errors import BadInput, ExportRefused
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, activity_of, chosen, plan_database_run, title
from parity.flow.database_run.records import About, last_days, unvouched
from parity.flow.provenance import MADE, Made, database_rules
from parity.flow.run_verdict import COVERS
from parity.flow.stages import Stage, first_failure
from parity.flow.suite_run.files import page_of
from parity.flow.suite_run.verdict import COMPARED_AGAIN, NEXT_STEP
from parity.settings import settings
from parity.suite.databases import Database

if TYPE_CHECKING:
    from parity.clients.cloud_server import CloudServer
    from parity.flow.database_run.files import DatabaseRunFiles, StoredSurvey
    from parity.flow.stages import StageFailure
    from parity.history.records import RemoteRun, RunRecord
    from parity.tablediff.job import Job
    from parity.tablediff.verdict import DatabaseResult, TableResult


@dataclass(frozen=True)
class DatabaseTasks:
    """The worker-side steps of one database; ``path`` is its file."""

    spec: Database
    path: Path

    def plan(self, context: Context) -> dict[str, Any]:
        """Decide what this run does, and open its entry in the results store."""
        run = context["dag_run"]
        moment = run.logical_date or run.run_after
        plan = plan_database_run(self.spec, context["params"], run_id=run.run_id, moment=moment)
        plan = replace(plan, rules=self._rules())
        open_results().record_run(self._run_record(context, plan.business_date))
        return plan.to_json()

    def rds(self, context: Context) -> dict[str, Any]:
        """Ask RDS about the legacy server."""
        from parity.airflow.connections.clients import aws_clients
        from parity.clients import rds

        asked = self.spec.rds
        assert asked is not None
        clients = aws_clients(connection(asked.connection))
        found = (
            rds.instance(clients, asked.instance) if asked.instance else rds.cluster(clients, asked.cluster or "")
        )
        return self._keep(context, "legacy", found)

    def flexible_server(self, context: Context) -> dict[str, Any]:
        """Ask Azure about the migrated server."""
        from parity.airflow.connections.mysql import flexible_server

        asked = self.spec.azure
        assert asked is not None
        client = flexible_server(connection(asked.connection), asked.server, asked.resource_group)
        return self._keep(context, "target", client.server())

    def survey(self, context: Context) -> list[dict[str, Any]]:
        """Read both catalogues and settings, and return the pieces to compare."""
        from parity.tablediff.survey import survey_database

        plan, rules = plan_of(context), self._rules()
        found = survey_database(plan.applied_to(self.spec), connections_of(self.spec), SystemClock())
        kept = folder(plan).keep_survey(chosen(found, plan.tables), uuid4().hex, rules)
        log_survey(kept)
        return [
            {"index": index, "title": title(names), "survey": kept.number}
            for index, names in enumerate(kept.pieces)
        ]

    def tables(self, context: Context) -> dict[str, Any]:
        """Compare the tables of one piece; red when one of them is not equal, so that it can be cleared alone."""
        from parity.flow.database_run.files import StoredTables
        from parity.tablediff.runner import verify_tables

        plan, index = plan_of(context), int(context["task"].piece["index"])
        place = folder(plan)
        self._take_back(context, plan, place, index)
        place.forget_piece(index)
        context["ti"].xcom_push(ATTEMPT, attempt_of(context))
        kept, rules = survey_of(place), self._rules()
        if first := first_failure(strangers(plan.rules, kept, surveyed(context), rules)):
            raise ExportRefused(first.reason, remedy=first.remedy)
        names = set(kept.pieces[index])
        job = self._job(context, kept)
        found = verify_tables(job, [table for table in kept.survey.plan.tables if table.name in names])
        piece = StoredTables(kept.number, found, attempt_of(context), rules)
        place.keep_piece(index, piece)
        log_tables(found)
        self._require_servers(found)
        job.store.forget(job.run)
        if not piece.green:
            raise AirflowFailException(red(found))
        return {"tables": len(found), "rows": sum(table.result.rows.equal for table in found)}

    def record(self, context: Context) -> dict[str, Any]:
        """Judge the database, write everything to the results store, and go red when it is not green."""
        plan = plan_of(context)
        place = folder(plan)
        broken, inputs = broken_before(context), inputs_of(context)
        kept = None if broken else place.survey()
        broken += strangers(plan.rules, kept, surveyed(context), self._rules()) if kept else []
        result = self._result(context, plan, None if broken else kept, broken)
        now = open_results().moment(plan.key, plan.run_id, plan.business_date)
        if not result.verdict.green:  # whatever was said of the run before, until the gate has said it again
            open_results().record_run(self._run_record(context, plan.business_date))
        self._write(context, plan, result, broken, now)
        forget_progress(plan)
        page = settings().artefact_link(page_of(folder(plan).name_of_report))
        log_block(
            f"{result.verdict}: {self.spec.database}",
            result.reason,
            NEXT_STEP[result.verdict],
            page,
            level=log_level(result.verdict),
        )
        outcome = {
            "verdict": result.verdict,
            "reason": result.reason,
            "recorded": now.isoformat(),
            COVERS: self._last_days(result),
            MADE: Made(attempt_of(context), plan.rules, inputs).to_json(),
        }
        context["ti"].xcom_push("outcome", outcome)
        if not result.verdict.green:
            raise AirflowFailException(f"{result.verdict}: {result.reason}")
        return outcome

    def publish(self, context: Context) -> dict[str, Any]:
        """Write the run's page and return where it lies."""
        plan = plan_of(context)
        return {"page": write_page(plan.key, plan.run_id, plan.business_date, plan.folder)}

    def gate(self, context: Context) -> dict[str, Any]:
        """Be green only when everything that was asked for is; the Dag run takes this task's colour."""
        try:
            plan = plan_of(context)
        except BadInput as error:
            raise self._unplanned(context, error) from None
        said = judged(context, self._rules(), today(SystemClock(), self.spec.timezone))
        verdict, reason = Verdict(said["verdict"]), str(said["reason"])
        if plan.partial:
            reason += f" Only tables {', '.join(plan.tables)} were asked for."
        recorded = self._stored(plan, said)
        if plan.partial and not verdict.green and not recorded:  # no table has a result that would tell on-call
            context["ti"].xcom_push("beyond", reason)
        context["ti"].xcom_push("recorded", recorded)
        self._end(context, plan.business_date, verdict, reason)
        renew_page(plan.key, plan.run_id, plan.business_date, plan.folder)
        if not verdict.green:
            raise AirflowFailException(f"{verdict}: {reason}")
        if plan.partial:  # Airflow 3.3.2 updates what is among the outlets when the task has ended
            context["ti"].task.outlets = []
        for asset in context["ti"].task.outlets:
            context["outlet_events"][asset].extra = {
                "verdict": verdict,
                "reason": reason,
                "business_date": plan.business_date.isoformat(),
            }
        return {"verdict": verdict, "reason": reason}

    @cached_property
    def sha(self) -> str:
        """Return the fingerprint of what declares the database."""
        from parity.suite.database_files import database_sha

        return database_sha(self.path)

    def _last_days(self, result: DatabaseResult) -> dict[str, str]:
        """Return on which waivers a result rests: ticket and last day."""
        found = last_days(result, waivers_beside(self.path), today(SystemClock(), self.spec.timezone))
        return {ticket: last.isoformat() for ticket, last in found.items()}

    def _rules(self) -> str:
        """Return the fingerprint of what is declared now."""
        return database_rules(self.spec, waivers_beside(self.path))

    def _unplanned(self, context: Context, error: BadInput) -> AirflowFailException:
        """Record that a run without a plan compared nothing, and return what the gate fails with."""
        broken, run = facts_of(context, {PLAN: Stage.PLAN})[PLAN].broken, context["dag_run"]
        reason = broken.sentence if broken else str(error)
        context["ti"].xcom_push("beyond", reason)
        self._end(context, self.spec.business_date(run.logical_date or run.run_after), Verdict.INVALID, reason)
        return AirflowFailException(f"INVALID: {reason}")

    def _end(self, context: Context, day: date, verdict: Verdict, reason: str) -> None:
        """Write how the run ended into the log and into the results store."""
        log_block(f"The run is {verdict}.", reason, NEXT_STEP[verdict], run_url(context), level=log_level(verdict))
        open_results().record_run(self._run_record(context, day, verdict, reason))

    def _stored(self, plan: DatabaseRunPlan, said: Mapping[str, Any]) -> str:
        """Return when what counts was recorded, once the results store says nothing better of this run.

        A record task may have died before it stored anything: then an older result, perhaps a green one, would
        stand for this run.
        """
        kept = open_results().run(plan.run_id, plan.key, plan.business_date).activities
        recorded = str(said.get("recorded", ""))
        older = [record for record in kept if record.recorded.isoformat() != recorded]
        known = len(older) < len(kept)
        if not Verdict(said["verdict"]).green:
            whole = not known and not plan.partial
            now = open_results().moment(plan.key, plan.run_id, plan.business_date)
            found = unvouched(plan, older, str(said["reason"]), About(0, now, self.sha), whole=whole)
            open_results().record_activities(found)
        return recorded if known else ""

    def _take_back(self, context: Context, plan: DatabaseRunPlan, place: DatabaseRunFiles, index: int) -> None:
        """Take back what was said of this run's tables before they are compared again."""
        store, kept = open_results(), place.survey()
        tables = kept.pieces[index] if kept and index < len(kept.pieces) else ()
        names = {DATABASE, *map(activity_of, tables)}
        said = store.run(plan.run_id, plan.key, plan.business_date).activities
        if older := [record for record in said if record.key.activity in names]:
            now = store.moment(plan.key, plan.run_id, plan.business_date)
            store.record_activities(unvouched(plan, older, COMPARED_AGAIN, About(0, now, self.sha), whole=False))
            store.record_run(self._run_record(context, plan.business_date))

    def _result(
        self, context: Context, plan: DatabaseRunPlan, kept: StoredSurvey | None, broken: Sequence[StageFailure]
    ) -> DatabaseResult:
        from parity.flow.database_run.records import could_not, tables_of
        from parity.tablediff.runner import conclude
        from parity.tablediff.schema.servers import compare_servers

        if kept is None:
            return could_not(self.spec.database, broken)
        place = folder(plan)
        tables = tables_of(kept, piece_reports(context, place, kept), today(SystemClock(), self.spec.timezone))
        result = conclude(self._job(context, kept), kept.survey, tables)
        addresses = addresses_of(self.spec)
        lines = compare_servers(place.server("legacy"), place.server("target"), addresses)
        started = context["dag_run"].start_date
        seconds = round((datetime.now(UTC) - started).total_seconds(), 3) if started else 0.0
        return replace(result, cloud=lines, seconds=seconds)

    def _write(
        self,
        context: Context,
        plan: DatabaseRunPlan,
        result: DatabaseResult,
        broken: Sequence[StageFailure],
        now: datetime,
    ) -> None:
        from parity.flow.database_run.records import records
        from parity.web.pages import database_page

        place, first = folder(plan), first_failure(broken)
        # Equal tables are in the database's report; a page for each of ten thousand would say nothing more.
        red = [table for table in result.tables if table.result.verdict is not Verdict.PASS]
        reports = {activity_of(table.table): place.keep_table(table) for table in red}
        reports[DATABASE] = place.keep_result(result, database_page(result))
        about = About(
            attempt=int(context["ti"].try_number),
            now=now,
            sha=self.sha,
            servers=tuple(_asked(place)),
            first_broken=first.sentence if first else "",
        )
        open_results().record_activities(records(self.spec, plan, result, reports, about))

    def _job(self, context: Context, kept: StoredSurvey) -> Job:
        return job_of(self.spec, self.path, context, kept.number)

    def _require_servers(self, found: Sequence[TableResult]) -> None:
        """Have Airflow try again later, where a table could not be compared because a server is away."""
        from parity.tablediff.sessions.pair import SessionPair

        if any(table.result.verdict is Verdict.INVALID for table in found):
            SessionPair.open(connections_of(self.spec)).close()

    def _keep(self, context: Context, side: str, server: CloudServer) -> dict[str, Any]:
        folder(plan_of(context)).keep_server(side, server)
        return {"run_id": server.name, "state": server.state, "version": server.version, "url": server.url}

    def _run_record(
        self, context: Context, day: date, verdict: Verdict | None = None, reason: str = ""
    ) -> RunRecord:
        return run_record(context, (self.spec.key, self.spec.wave, self.sha), day, verdict, reason)


def _asked(place: DatabaseRunFiles) -> list[RemoteRun]:
    from parity.history.records import RemoteRun

    servers = [place.server(side) for side in ("legacy", "target")]
    return [RemoteRun(s.kind, s.name, s.state, s.url) for s in servers if s]
