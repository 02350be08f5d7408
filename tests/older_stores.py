"""Results stores as earlier versions of Parity left them, with a run and its result in them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from parity.history import migrate

MIGRATIONS = Path(migrate.__file__).with_name("migrations")
RUN_ID = "scheduled__2026-03-02T02:00:00+00:00"
OLDER = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()][1:]
"""Every revision but the newest."""
NAMED = {"suite": "payments", "run_id": RUN_ID, "activity": "settle", "verdict": "PASS", "severity": "critical"}
NAMED |= {"cost_usd": "0.5"}
BY_TYPE: dict[type, Any] = {str: "[]", dict: [], object: [], int: 7, float: 1.5, bool: False}
BY_TYPE |= {datetime: datetime(2026, 3, 3, tzinfo=UTC).replace(tzinfo=None), date: date(2026, 3, 2)}


def make_older(engine: sa.Engine, revision: str) -> None:
    """Make the tables of ``revision``, and put in what every version has: one run and its result."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    with engine.begin() as connection:
        for name in ("parity_runs", "parity_results"):
            table = sa.Table(name, sa.MetaData(), autoload_with=connection)
            connection.execute(sa.insert(table), _row(table))


def _row(table: sa.Table) -> dict[str, Any]:
    needed = [column for column in table.columns if not column.nullable and not column.primary_key]
    row = {column.name: NAMED.get(column.name, BY_TYPE[column.type.python_type]) for column in needed}
    return {**row, "verdict": NAMED["verdict"]}
