"""The files of one database run among the artefacts: servers, survey, results of pieces, reports.

Every piece carries the number of the survey that it was cut from, so that a result of an earlier survey is never
taken for one of this survey.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TypeVar

from parity.clients.artefacts import Artefacts
from parity.clients.cloud_server import CloudServer
from parity.compare.result import Result
from parity.errors import NotFound
from parity.flow import codec
from parity.flow.database_run.plan import DATABASE, DatabaseRunPlan, pieces
from parity.flow.suite_run.files import PAGE, REPORT
from parity.tablediff.job import folder_of
from parity.tablediff.survey import Survey
from parity.tablediff.verdict import DatabaseResult, TableResult

Kind = TypeVar("Kind")
FACTS = "facts.json"
"""What was found beside the tables: schema, servers, cut-over."""


@dataclass(frozen=True)
class StoredSurvey:
    """A survey, its number, and the pieces that its tables were cut into."""

    number: str
    survey: Survey
    pieces: tuple[tuple[str, ...], ...]
    rules: str = ""
    """Hash of the declarations that it was made by."""


@dataclass(frozen=True)
class StoredTables:
    """The results of one piece, with the number of the survey that its task had read."""

    number: str
    tables: tuple[TableResult, ...]
    attempt: str = ""
    """Airflow's id of the attempt that found it."""
    rules: str = ""
    """Hash of the declarations that it was made by."""

    @property
    def green(self) -> bool:
        """Return whether every table in it is."""
        return all(table.result.verdict.green for table in self.tables)


@dataclass(frozen=True)
class DatabaseRunFiles:
    """The files of one run."""

    artefacts: Artefacts
    plan: DatabaseRunPlan

    def write_server(self, side: str, server: CloudServer) -> None:
        """Write a cloud's description of its server."""
        self._write(DATABASE, f"{side}.json", codec.to_text(server))

    def server(self, side: str) -> CloudServer | None:
        """Return a cloud's description of its server, or None when it was not queried."""
        return self._read(CloudServer, f"{side}.json")

    def write_survey(self, survey: Survey, number: str, rules: str = "") -> StoredSurvey:
        """Write the survey, split into pieces."""
        stored = StoredSurvey(number, survey, pieces(survey), rules)
        self._write(DATABASE, "survey.json", codec.to_text(stored))
        return stored

    def survey(self) -> StoredSurvey | None:
        """Return the survey, or None when there is none."""
        return self._read(StoredSurvey, "survey.json")

    def reset_piece(self, index: int) -> None:
        """Replace an earlier attempt's results by none, so that they are not taken for this attempt's."""
        self._write(DATABASE, f"piece-{index}.json", codec.to_text(StoredTables("", ())))

    def write_piece(self, index: int, piece: StoredTables) -> None:
        """Write the results of a piece."""
        self._write(DATABASE, f"piece-{index}.json", codec.to_text(piece))

    def piece(self, index: int) -> StoredTables | None:
        """Return the results of a piece, or None when there are none."""
        return self._read(StoredTables, f"piece-{index}.json")

    def write_result(self, result: DatabaseResult, page: str) -> str:
        """Write the whole result as a page and as JSON, and return the name of the latter."""
        self._write(DATABASE, PAGE, page)
        self._write(DATABASE, FACTS, codec.to_text(replace(result, tables=())))
        return self._write(DATABASE, REPORT, _report(result))

    @property
    def name_of_report(self) -> str:
        """Return the name of the database's report."""
        return f"{self.plan.folder}/{DATABASE}/{REPORT}"

    def write_table(self, table: TableResult) -> str:
        """Write one table's page and result, and return the name of the latter."""
        from parity.report.html import render_html

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
        return codec.from_text(kind, text, "Clear the survey with everything after it.")


def _report(result: DatabaseResult | Result) -> str:
    return json.dumps(result.to_json(), indent=1, ensure_ascii=False, default=str)
