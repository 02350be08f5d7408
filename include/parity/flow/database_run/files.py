"""What the tasks of one night hand each other, as files among the artefacts: facts, survey, results of pieces.

Every piece carries the number of the survey that it was cut from, so that what an earlier survey led to is
never taken for this one's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, TypeVar

from parity.clients.artefacts import Artefacts
from parity.clients.cloud_server import CloudServer
from parity.compare.result import Result
from parity.errors import ExportRefused, NotFound
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, pieces
from parity.flow.suite_run.files import PAGE, REPORT
from parity.tablediff.job import folder_of
from parity.tablediff.survey import Survey
from parity.tablediff.verdict import DatabaseResult, TableResult

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class StoredSurvey:
    """A survey, its number, and the pieces that its tables were cut into."""

    number: str
    survey: Survey
    pieces: tuple[tuple[str, ...], ...]
    rules: str = ""
    """Fingerprint of the declarations that it was made by."""


@dataclass(frozen=True)
class StoredTables:
    """What one task found, under the number of the survey that it had read."""

    number: str
    tables: tuple[TableResult, ...]
    attempt: str = ""
    """Airflow's id of the attempt that found it."""
    rules: str = ""
    """Fingerprint of the declarations that it was made by."""

    @property
    def green(self) -> bool:
        """Tell whether everything in it is."""
        return all(table.result.verdict.green for table in self.tables)


@dataclass(frozen=True)
class DatabaseRunFiles:
    """The files of one night."""

    artefacts: Artefacts
    plan: DatabaseRunPlan

    def keep_server(self, side: str, server: CloudServer) -> None:
        """Write what a cloud says of its server."""
        self._write(DATABASE, f"{side}.json", _text(server))

    def server(self, side: str) -> CloudServer | None:
        """Return what a cloud said, or None when it was not asked."""
        return self._read(CloudServer, f"{side}.json")

    def keep_survey(self, survey: Survey, number: str, rules: str = "") -> StoredSurvey:
        """Write the survey, cut into pieces."""
        kept = StoredSurvey(number, survey, pieces(survey), rules)
        self._write(DATABASE, "survey.json", _text(kept))
        return kept

    def survey(self) -> StoredSurvey | None:
        """Return the survey, or None when there is none."""
        return self._read(StoredSurvey, "survey.json")

    def forget_piece(self, index: int) -> None:
        """Make sure that nobody takes an earlier attempt's results for those to come."""
        self._write(DATABASE, f"piece-{index}.json", _text(StoredTables("", ())))

    def keep_piece(self, index: int, piece: StoredTables) -> None:
        """Write what a task found."""
        self._write(DATABASE, f"piece-{index}.json", _text(piece))

    def piece(self, index: int) -> StoredTables | None:
        """Return what a task found, or None when it left nothing."""
        return self._read(StoredTables, f"piece-{index}.json")

    def keep_result(self, result: DatabaseResult, page: str) -> str:
        """Write the whole result, for programs and for people, and return the name of the former."""
        self._write(DATABASE, PAGE, page)
        return self._write(DATABASE, REPORT, _report(result))

    @property
    def name_of_report(self) -> str:
        """Return the name of the database's report."""
        return f"{self.plan.folder}/{DATABASE}/{REPORT}"

    def keep_table(self, table: TableResult) -> str:
        """Write one table's result and page, and return the name of the former."""
        from parity.report import render_html

        folder = folder_of(table.table)
        self._write(folder, PAGE, render_html(table.result, title=f"{self.plan.database} · {table.table}"))
        return self._write(folder, REPORT, _report(table.result))

    def _write(self, folder: str, name: str, text: str) -> str:
        return self.artefacts.write(f"{self.plan.folder}/{folder}/{name}", text)

    def _read(self, kind: type[Kind], name: str) -> Kind | None:
        try:
            text = self.artefacts.read(f"{self.plan.folder}/{DATABASE}/{name}")
        except NotFound:
            return None
        return _parse(kind, text)


def _report(result: DatabaseResult | Result) -> str:
    return json.dumps(result.to_json(), indent=1, ensure_ascii=False, default=str)


def _text(value: Any) -> str:
    from pydantic import TypeAdapter

    return TypeAdapter(type(value)).dump_json(value).decode()


def _parse(kind: type[Kind], text: bytes) -> Kind:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        raise ExportRefused(
            f"A {kind.__name__} that this run wrote cannot be read back ({error.error_count()} errors).",
            remedy="Clear the survey with downstream.",
        ) from error
