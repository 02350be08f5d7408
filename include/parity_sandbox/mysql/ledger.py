"""The ledger that both servers hold, and what was planted in the target's copy."""

from __future__ import annotations

from pathlib import Path

from parity_sandbox.mysql.server import Server

_HERE = Path(__file__).parent

PLANTED = {
    "audit_log": {"changed": 0, "missing": 0, "extra": 1},
    "currencies": {"changed": 0, "missing": 0, "extra": 0},
    "daily_balances": {"changed": 3, "missing": 0, "extra": 0},
    "ledger_entries": {"changed": 19, "missing": 3, "extra": 2},
    "merchants": {"changed": 1, "missing": 0, "extra": 0},
    "payouts": {"changed": 0, "missing": 0, "extra": 0},
}
"""Rows that differ, by table."""

PLANTED_SCHEMA = {
    ("column", "currencies.minor_digits"),
    ("column", "payouts.iban"),
    ("index", "merchants.by_status"),
    ("routine", "minor_units"),
    ("table", "migration_notes"),
    ("trigger", "payouts_check"),
}
"""Objects whose definition differs."""


def seed_legacy(server: Server) -> None:
    """Create the ledger as it was before the migration."""
    _fresh(server)
    server.run((_HERE / "ledger.sql").read_text(), "ledger")


def seed_target(server: Server) -> None:
    """Create the ledger as it arrived: with one planted difference of each kind."""
    seed_legacy(server)
    server.run((_HERE / "planted.sql").read_text(), "ledger")


def _fresh(server: Server) -> None:
    server.run("DROP DATABASE IF EXISTS ledger;\nCREATE DATABASE ledger CHARACTER SET utf8mb4;\n")
