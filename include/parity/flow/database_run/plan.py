"""The plan of one run of one database, and its pieces, which the scheduler can show and repeat.

A piece is a few table groups that one task compares. Pieces are balanced by rows, so that a large group has a
task of its own and thousands of small tables share a few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, get_args

from parity.compare.result import NotCompared, Omission
from parity.errors import BadInput
from parity.flow.suite_run.plan import run_key
from parity.suite.databases import Database, Strategy, matches
from parity.tablediff.survey import Survey
from parity.tablediff.table_plan import TablePlan

MOST_PIECES = 24
DATABASE = "(database)"
"""Name of the database as a whole among its tables: schema, servers, cut-over."""


def activity_name(table: str) -> str:
    """Return the name of a table among the results; one that is called ``(database)`` is put into quotes."""
    return f"`{table}`" if table.strip("`") == DATABASE else table


@dataclass(frozen=True)
class DatabaseRunPlan:
    """One run of one database."""

    database: str
    key: str
    """The database's name in the results store."""
    run_id: str
    business_date: date
    tables: tuple[str, ...] = ()
    """Patterns; empty means every table."""
    strategy: str = ""
    """Empty: as declared."""
    rows_per_second: int | None = None
    """None: as declared."""
    rules: str = ""
    """Hash of the rules when the run was planned."""

    @property
    def partial(self) -> bool:
        """Return whether only some tables are compared, so that the database as a whole has no verdict."""
        return bool(self.tables)

    @property
    def folder(self) -> str:
        """Return the folder of this run among the artefacts."""
        return f"{self.key}/{self.business_date.isoformat()}/{run_key(self.run_id)}"

    def applied_to(self, spec: Database) -> Database:
        """Return the database's declaration with what the form says instead."""
        given = {"strategy": self.strategy, "rows_per_second": self.rows_per_second}
        limits = spec.throttle.model_copy(update={name: value for name, value in given.items() if value})
        return spec.model_copy(update={"throttle": limits})


def plan_database_run(
    spec: Database, params: Mapping[str, Any], *, run_id: str, moment: datetime
) -> DatabaseRunPlan:
    """Turn the form's ``params`` into a plan; the date is that of ``moment`` in the database's own zone.

    Raises BadInput, with the remedy, for whatever the form cannot rule out by itself.
    """
    tables = tuple(name.strip() for name in str(params.get("tables") or "").split(",") if name.strip())
    for name in tables:
        if not set("*?[") & set(name) and (why := spec.exclusion(name)):
            raise BadInput(f"Database {spec.database} leaves table {name} out: {why}.", remedy="Change its file.")
    strategy = str(params.get("strategy"))
    return DatabaseRunPlan(
        database=spec.database,
        key=spec.key,
        run_id=run_id,
        business_date=spec.business_date(moment),
        tables=tables,
        strategy=strategy if strategy in get_args(Strategy) else "",
        rows_per_second=params.get("rows_per_second") or None,
    )


def select_tables(survey: Survey, patterns: Sequence[str]) -> Survey:
    """Return the survey with only the tables of the run; the others are listed as not compared.

    What belongs to no table (routines, events, settings) is part of a run of every table only.
    """
    if not patterns:
        return survey
    tables = tuple(plan for plan in survey.plan.tables if _matches(plan.name, patterns))
    if idle := [pattern for pattern in patterns if not any(matches(table.name, pattern) for table in tables)]:
        raise BadInput(f"No table is called {', '.join(idle)}.", remedy=_there_are(survey.plan.tables))
    names = {plan.name for plan in tables}
    others = [plan.name for plan in survey.plan.tables if plan.name not in names]
    left_out = [NotCompared(f"table {name}", "not part of this run", kind=Omission.IGNORED) for name in others]
    left_out.append(
        NotCompared("views, routines, events, libraries", "a run of some tables compares none of them")
    )
    plan = replace(survey.plan, tables=tables, left_out=(*survey.plan.left_out, *left_out))
    return replace(survey, plan=plan, schema=tuple(d for d in survey.schema if d.table in names))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(matches(name, pattern) for pattern in patterns)


def _there_are(tables: Sequence[TablePlan]) -> str:
    names = [plan.name for plan in tables]
    return f"There are {', '.join(names[:10])}{', …' if len(names) > 10 else ''}."


def pieces(survey: Survey, most: int = MOST_PIECES) -> tuple[tuple[str, ...], ...]:
    """Return the tables in at most ``most`` pieces, groups unsplit, the piece with most rows first."""
    rows = {plan.name: plan.rows for plan in survey.plan.tables}
    found: list[list[str]] = [[] for _ in range(min(most, len(survey.groups)))]
    weight = [0] * len(found)
    for group in survey.groups:  # the largest first, so that the lightest piece is the right one to add to
        lightest = min(range(len(found)), key=weight.__getitem__)
        found[lightest] += group
        weight[lightest] += sum(rows[name] + 1 for name in group)
    order = sorted(range(len(found)), key=lambda at: -weight[at])
    return tuple(tuple(found[at]) for at in order)


def title(tables: Sequence[str]) -> str:
    """Return the title of a piece."""
    more = f" and {len(tables) - 3} more" if len(tables) > 3 else ""
    return f"{', '.join(tables[:3])}{more}"
