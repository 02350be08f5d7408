"""What a draft asks Athena, asked of a real Trino: counts and sums of hashes of a column of each kind."""

from __future__ import annotations

from typing import Any

from parity.draft.facts import ColumnFacts, TableFacts
from parity.draft.queries import profile_query, sets_query
from parity.sql.trino import Trino
from truth import records
from truth.engines import Outcome
from truth.trino_server import TrinoServer

RECORD = "trino_draft"
COLUMNS = {
    "id": "int",
    "same": "decimal(18,2)",
    "name": "string",
    "at": "timestamp",
    "day": "date",
    "flag": "boolean",
    "rate": "double",
    "list": "array<int>",
}
"""Glue's types; ``same`` holds the numbers of ``id``."""
TABLE = TableFacts("data", tuple(ColumnFacts(name, kind) for name, kind in COLUMNS.items()))
SETS = (("id", "name"), ("name", "day"), ("same", "at", "flag"))
SOURCE = f"""(SELECT * FROM (VALUES
  (1, DECIMAL '1.00', 'x', TIMESTAMP '2026-03-02 01:02:03.004005', DATE '2026-03-02', true, 0.5E0, ARRAY[1]),
  (2, DECIMAL '2.00', 'x', TIMESTAMP '2026-03-02 01:02:03.009000', DATE '2026-03-02', false, 0.5E0, ARRAY[2]),
  (3, DECIMAL '3.00', '''y''', TIMESTAMP '2026-03-02 01:02:09.004005', DATE '2026-03-02', true, 1.5E0, ARRAY[3]),
  (NULL, NULL, '', NULL, DATE '2026-03-02', NULL, NULL, ARRAY[4])) AS t({", ".join(COLUMNS)})) AS stored"""
QUERIES = (
    profile_query(TABLE.columns, Trino(), SOURCE),
    sets_query(TABLE, SETS, Trino(), SOURCE),
)


def ask(server: TrinoServer) -> Outcome:
    """Record the answer of each query, by column."""
    version = server.query("SELECT version()").value
    records.write(RECORD, "Trino", version, {sql: _answer(server, sql) for sql in QUERIES})
    return Outcome("Trino, what a draft asks", version, len(QUERIES))


def _answer(server: TrinoServer, sql: str) -> dict[str, Any]:
    answer = server.query(sql)
    [row] = answer.rows
    return dict(zip(answer.columns, row, strict=True))
