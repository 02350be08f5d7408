"""Every statement that the product writes for Athena, on a real Trino: the survey, and 1,500 shapes of tables.

What Trino answers must be what plain Python works out; the answers are replayed on the sandbox's Athena.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from parity.clients.athena_sql import Statement, without_rows
from parity.flow.suite_run.digest.queries import legacy_side
from parity.sql.conformance import conformance_query, nonconforming
from truth import records
from truth.engines import Outcome
from truth.statement_shapes import Shape, digests, rows, shapes, statements, summed
from truth.trino_server import TrinoError, TrinoServer

RECORD = "trino_statements"
AT_ONCE = 3


def ask(server: TrinoServer) -> Outcome:
    """Ask about every shape, and record the answers."""
    version = server.query("SELECT version()").value
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = dict(zip((shape.name for shape in shapes()), pool.map(_asked(server), shapes()), strict=True))
    wrong = [line for shape in shapes() if (line := disagreement(shape, answers[shape.name]))]
    wrong += _survey(server)
    records.write(RECORD, "Trino", version, answers)
    return Outcome("Trino, statements", version, len(answers) + 1, tuple(wrong))


def disagreement(shape: Shape, answer: Any) -> str:
    """Return how an answer differs from plain Python's; empty when it does not."""
    plan = shape.plan
    wanted = {"digest": digests(shape, plan), "rows": rows(shape, plan)}
    if "error" in answer:
        return f"{shape.name}: {answer['error']}"
    return next(
        (f"{shape.name}: {key}: {answer[key]}, not {wanted[key]}" for key in wanted if answer[key] != wanted[key]),
        "",
    )


def _asked(server: TrinoServer) -> Any:
    def asked(shape: Shape) -> dict[str, Any]:
        plan = shape.plan
        asking = statements(shape, plan)
        try:
            digest = sorted(server.query(asking.digest).rows)
            shown = summed(plan, server.query(asking.rows).rows)
        except TrinoError as error:
            return {"sql": asking.mark, "error": str(error)}
        return {"sql": asking.mark, "digest": digest, "rows": shown}

    return asked


def _survey(server: TrinoServer) -> list[str]:
    """Return what Trino writes otherwise than the reference in a survey, or in a query for no rows."""
    query = Statement("SELECT 1 AS a, DATE '2026-03-02' AS b -- a comment")
    answer = server.query(conformance_query(legacy_side(query).dialect, legacy_side(query).source))
    wrong = [f"{kind}: {example}" for kind, example in nonconforming(dict(answer.rows)).items()]
    empty = server.query(without_rows(query).sql)
    expected = (("a", "b"), ("integer", "date"), [])
    return wrong if (empty.columns, empty.types, empty.rows) == expected else [*wrong, f"no rows: {empty}"]
