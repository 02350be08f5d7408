"""The dialect, case by case: what Trino answers, or a limitation, and never another value.

``battery.json`` holds one case a line: ``sql`` and either ``value`` (what Trino answers, in its first row and
column), ``fails`` (Trino refuses) or ``limitation`` (the sandbox refuses; ``value`` beside it is Trino's).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from parity_sandbox.aws import trino

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("battery.json").read_text())
READ = {
    "decimal": Decimal,
    "double": float,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "bytes": bytes.fromhex,
}


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        trino.prepare(connection)
        yield connection


def expected(value: Any) -> Any:
    """Return a value of the data file as Python's."""
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return READ[kind](text)
    return [expected(one) for one in value] if isinstance(value, list) else value


def attempted(session: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, Exception | None]:
    """Return the first value of a query, or why there is none."""
    try:
        translated = trino.translate(trino.parse(sql), {})
        described = session.execute(f"describe {translated.sql}").fetchall()
        trino.check_types(translated, [(name, kind) for name, kind, *_ in described])
        row = session.execute(translated.sql).fetchone()
    except (trino.Limitation, trino.TypeMismatch, trino.ColumnNotFound, duckdb.Error) as error:
        return None, error
    return row[0] if row else None, None


def same(got: Any, want: Any) -> bool:
    """Tell whether two values are equal and of one kind."""
    if isinstance(want, Decimal):
        return isinstance(got, Decimal) and got == want
    if isinstance(want, list):
        return isinstance(got, list) and all(map(same, got, want)) and len(got) == len(want)
    return type(got) is type(want) and got == want


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["sql"][:90])
def test_a_query_gives_what_trino_gives_or_is_refused(
    session: duckdb.DuckDBPyConnection, case: dict[str, Any]
) -> None:
    got, error = attempted(session, case["sql"])
    if error and "sandbox limitation" in str(error):
        assert case.get("limitation"), f"this case used to be handled: {error}"
    elif error:
        assert case.get("fails"), error
    else:
        assert "value" in case, f"Trino fails here, DuckDB gave {got!r}"
        assert same(got, expected(case["value"])), f"got {got!r}"


def test_the_battery_is_mostly_handled(capsys: pytest.CaptureFixture[str]) -> None:
    limited = sum(1 for case in CASES if case.get("limitation"))
    with capsys.disabled():
        print(f"\nTrino battery: {len(CASES) - limited} handled, {limited} limited")  # noqa: T201
    assert len(CASES) - limited >= 220
