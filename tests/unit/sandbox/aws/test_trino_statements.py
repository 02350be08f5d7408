"""What the product asks Athena: answered by real Trino, by plain Python and by the sandbox."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import duckdb
import pytest

from parity.clients.athena_sql import literal
from parity.sql.conformance import conformance_query
from parity.sql.trino import Trino
from parity.suite.legacy_query import bare_decimals
from parity_sandbox.aws import trino
from truth import records
from truth.statement_shapes import SHAPES, Shape, shapes, statements, summed
from truth.trino_statements import RECORD, disagreement

REMEDY = "what Athena is asked has changed since Trino answered: make truth ENGINE=trino"
SAMPLE = 10
"""One shape of so many is run by the sandbox: all would take minutes."""


@pytest.fixture(scope="module")
def session() -> Any:
    with duckdb.connect() as connection:
        trino.prepare(connection)
        yield connection


def test_trino_has_answered_every_statement_as_it_is_written_today() -> None:
    recorded = records.read(RECORD).cases
    asked = {shape.name: statements(shape, shape.plan) for shape in shapes()}
    assert len(asked) == SHAPES
    assert {name: one.mark for name, one in asked.items()} == {n: one["sql"] for n, one in recorded.items()}, (
        REMEDY
    )


def test_no_statement_holds_a_decimal_without_a_type() -> None:
    for shape in shapes():
        asked = statements(shape, shape.plan)
        assert [*bare_decimals(asked.digest), *bare_decimals(asked.rows)] == [], shape.name
    assert list(bare_decimals(conformance_query(Trino(), "t"))) == []
    assert list(bare_decimals(literal(Decimal("0.33")))) == []
    assert len(list(bare_decimals("SELECT 0.33"))) == 1


def test_trino_answered_every_shape_as_plain_python_does() -> None:
    recorded = records.read(RECORD).cases
    assert [line for shape in shapes() if (line := disagreement(shape, recorded[shape.name]))] == []


@pytest.mark.slow
def test_the_sandbox_answers_as_trino_or_refuses(session: Any) -> None:
    recorded = records.read(RECORD).cases
    refused = 0
    for shape in shapes()[::SAMPLE]:
        try:
            found = answered(session, shape)
        except (trino.Limitation, duckdb.Error):
            refused += 1
        else:
            assert {**recorded[shape.name], **found} == recorded[shape.name], shape.name
    assert refused < SHAPES / SAMPLE / 4


def answered(session: Any, shape: Shape) -> dict[str, Any]:
    """Return the sandbox's answers to both statements."""
    plan = shape.plan
    asked = statements(shape, plan)
    digest, rows = (session.execute(duck(sql)).fetchall() for sql in (asked.digest, asked.rows))
    return {"digest": sorted(map(list, digest)), "rows": summed(plan, rows)}


def duck(sql: str) -> str:
    return trino.translate(trino.parse(sql), {}).sql
