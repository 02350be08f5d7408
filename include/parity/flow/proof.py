"""Whether a business date is proven, for whoever is about to use its data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from parity.errors import BadInput
from parity.flow.database_run.plan import DATABASE
from parity.history import grid
from parity.history.grid import Cell
from parity.history.store import Store
from parity.suite.models import DATABASE_DAG, SUITE_DAG

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_DATABASE = re.compile(rf"parity\.(db\.({_NAME}))")
_ACTIVITY = re.compile(rf"parity\.({_NAME})\.({_NAME})")


def why_unproven(store: Store, asset: str, day: date) -> str:
    """Return why the date of an activity's or a database's asset is not proven, and the remedy; empty when it is.

    The newest result counts, as it is now: an update of the asset may be of a verdict that was withdrawn since.
    """
    if found := _DATABASE.fullmatch(asset):
        key, dag = found[1], f"{DATABASE_DAG}{found[2]}"
    elif found := _ACTIVITY.fullmatch(asset):
        key, dag = found[1], f"{SUITE_DAG}{found[1]}"
    else:
        raise BadInput(
            f"{asset!r} is the asset of no activity and of no database.",
            remedy="Write parity.<suite>.<activity> or parity.db.<database>.",
        )
    cells = standing(grid.results_of_suite(store, key, day, day))
    # Of a database all of it: a run of some tables has no result of the whole.
    for name in dict.fromkeys((DATABASE, *cells)) if dag.startswith(DATABASE_DAG) else (found[2],):
        if (cell := cells.get(name)) is None:
            return f"{asset} has no result for {day}: {name} was not compared. Run {dag} for that date."
        if cell.verdict is None or not cell.verdict.green:
            why = f"{name} is {cell.verdict}, {cell.reason} See parity show {cell.run}."
            return f"{asset} is not proven for {day}: {why}"
    return ""


def standing(newest: Iterable[Cell]) -> dict[str, Cell]:
    """Return the newest results of one date by activity, without those that a later run of a whole database lacks.

    Such a run has every table that either server has: one that it lacks is gone, or is not compared any more.
    """
    found = {cell.activity: cell for cell in newest}
    if (whole := found.get(DATABASE)) is None:
        return found
    return {name: cell for name, cell in found.items() if cell.run_id == whole.run_id or not _before(cell, whole)}


def _before(cell: Cell, whole: Cell) -> bool:
    return cell.recorded is not None and whole.recorded is not None and cell.recorded < whole.recorded
