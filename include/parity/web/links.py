"""Where pages are: as the server has them, or as files among the artefacts, seen from any page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import quote, urlencode

from parity.flow.suite_run.plan import run_key
from parity.suite.models import DATABASE_DAG, SUITE_DAG
from parity.tablediff.job import folder_of

SITE = "site"
"""The folder of the static pages among the artefacts."""


@dataclass(frozen=True)
class Links:
    """Addresses as a page needs them that lies ``up`` below the root: nothing, or ``../`` some times.

    With ``as_of`` the pages are files among the artefacts, which say when they were written.
    """

    up: str = ""
    as_of: datetime | None = None

    @property
    def static(self) -> bool:
        """Return whether the pages are files, so that nothing can be asked of them."""
        return self.as_of is not None

    def page(self, name: str = "") -> str:
        """Return the address of a page by its name; that of the overview without one."""
        return f"{self.up}{SITE}/{name or 'index'}.html" if self.static else f"{self.up}{name}" or "./"

    def overview(self, number: int) -> str:
        """Return the address of one page of the overview's files."""
        return self.page("" if number == 1 else f"page-{number}")

    def suite(self, name: str) -> str:
        """Return the address of the overview of one suite, which only a server has."""
        return f"{self.page()}?{urlencode({'suite': name})}"

    def activity(self, suite: str, activity: str) -> str:
        """Return the address of an activity over time."""
        if self.static:
            return f"{self.up}{quote(activity_file(suite, activity))}"
        return f"{self.up}activities/{quote(suite, '')}/{quote(activity)}"

    def run(self, suite: str, day: date, run_id: str, number: int | None = None) -> str:
        """Return the address of a run; a short one where its number in the store is known."""
        if self.static:
            return f"{self.up}{quote(f'{suite}/{day.isoformat()}/{run_key(run_id)}/index.html')}"
        if number:
            return f"{self.up}runs/{number}"
        return f"{self.up}runs/{quote(run_id, '')}?{urlencode({'dag': dag_of(suite)})}"

    def artefact(self, name: str) -> str:
        """Return the address of an artefact."""
        return f"{self.up}{'' if self.static else 'artefacts/'}{quote(name)}"

    def table(self, name: str, form: str, **asked: Any) -> str:
        """Return the address of a table as ``csv`` or ``json``."""
        chosen = {key: value for key, value in asked.items() if value not in (None, "")}
        return f"{self.up}tables/{name}.{form}" + (f"?{urlencode(chosen)}" if chosen else "")


def activity_file(suite: str, activity: str) -> str:
    """Return the name of an activity's page among the artefacts."""
    return f"{SITE}/activities/{suite}/{folder_of(activity)}.html"


def dag_of(suite: str) -> str:
    """Return the Dag of what has a name in the results store: a suite's, a database's behind ``db.``."""
    database = suite.removeprefix("db.")
    return f"{DATABASE_DAG}{database}" if database != suite else f"{SUITE_DAG}{suite}"


def suite_of(dag: str | None) -> str | None:
    """Return the name in the results store of what a Dag verifies: a suite's own, a database's after ``db.``."""
    if dag is None:
        return None
    database = dag.removeprefix(DATABASE_DAG)
    return f"db.{database}" if database != dag else dag.removeprefix(SUITE_DAG)
