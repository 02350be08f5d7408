"""The ledger that both servers hold, and what was planted in the target's copy, switched on and off one by one.

What a comparison must find is derived from the defects that are on, and from nothing that a comparison said.
``state`` is the sandbox's folder throughout.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from parity_sandbox.mysql.server import Server

_HERE = Path(__file__).parent
TABLES = ("audit_log", "currencies", "daily_balances", "ledger_entries", "merchants", "payouts")
WHOLE = "(database)"
"""What stands for schema and servers among the tables of a night."""
Counts = Mapping[str, int]


@dataclass(frozen=True)
class LedgerDefect:
    """One thing that the migration got wrong."""

    name: str
    table: str
    what: str
    sql: str
    rows: Counts = field(default_factory=dict)
    schema: tuple[tuple[str, str], ...] = ()
    """(kind, object) that then differ."""
    lonely: bool = False
    """It makes a table that the other side lacks: red without a single row."""


@cache
def defects() -> Mapping[str, LedgerDefect]:
    """Return every defect by name, as ``defects.yaml`` defines them."""
    import yaml

    document = yaml.safe_load((_HERE / "defects.yaml").read_text())
    return {name: _defect(name, entry) for name, entry in document.items()}


def _defect(name: str, entry: Mapping[str, Any]) -> LedgerDefect:
    schema = tuple((kind, what) for kind, what in entry.get("schema", ()))
    return LedgerDefect(name=name, **{**entry, "schema": schema})


def switched_on(state: Path) -> frozenset[str]:
    """Return the names of the defects that are on; at first all are."""
    record = _record(state)
    return frozenset(json.loads(record.read_text()) if record.is_file() else defects())


def remember(state: Path, on: Collection[str]) -> None:
    """Write down which defects the next seeding plants."""
    _record(state).parent.mkdir(parents=True, exist_ok=True)
    _record(state).write_text(json.dumps(sorted(on)))


def switch(state: Path, name: str, *, on: bool) -> LedgerDefect:
    """Switch a defect for the next seeding, and return it; KeyError when there is none of that name."""
    defect = defects()[name]
    now = switched_on(state)
    remember(state, now | {name} if on else now - {name})
    return defect


def expected_rows(on: Collection[str]) -> dict[str, dict[str, int]]:
    """Return the rows that are changed, missing and extra, by table."""
    found = {table: {"changed": 0, "missing": 0, "extra": 0} for table in TABLES}
    for name in on:
        counts = found.setdefault(defects()[name].table, {"changed": 0, "missing": 0, "extra": 0})
        for kind, rows in defects()[name].rows.items():
            counts[kind] += rows
    return found


def expected_schema(on: Collection[str]) -> set[tuple[str, str]]:
    """Return the (kind, object) that differ."""
    return {one for name in on for one in defects()[name].schema}


def expected_verdicts(on: Collection[str]) -> dict[str, str]:
    """Return the verdict that every table, and the database as a whole, deserves."""
    lonely = {defects()[name].table for name in on if defects()[name].lonely}
    rows = expected_rows(on)
    verdicts = {t: "FAIL" if sum(counts.values()) or t in lonely else "PASS" for t, counts in rows.items()}
    return {**verdicts, WHOLE: "FAIL" if expected_schema(on) else "PASS"}


def seed_legacy(server: Server) -> None:
    """Create the ledger as it was before the migration."""
    _fresh(server)
    server.run((_HERE / "ledger.sql").read_text(), "ledger")


def seed_target(server: Server, on: Collection[str] | None = None) -> None:
    """Create the ledger as it arrived: with the defects that are on; None means all."""
    seed_legacy(server)
    for name, defect in defects().items():
        if on is None or name in on:
            server.run(defect.sql, "ledger")


def _record(state: Path) -> Path:
    return state / "mysql" / "defects.json"


def _fresh(server: Server) -> None:
    server.run("DROP DATABASE IF EXISTS ledger;\nCREATE DATABASE ledger CHARACTER SET utf8mb4;\n")
