"""Some 300 typed values: the same canonical text on Athena, Spark and MariaDB as in plain Python."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from mysql_servers import servers
from parity.clients.athena import AthenaConfig, AthenaRuns
from parity.clients.athena_sql import Statement
from parity.clients.mysql import address, connect
from parity.sql.columns import Column, Kind
from parity.sql.conformance import CASES, ConformanceCase, cases_query, nonconforming
from parity.sql.keys import literal
from parity.sql.mysql import MySQL
from parity.sql.spark import Spark
from parity.sql.trino import Trino
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Job

pytestmark = [pytest.mark.sandbox, pytest.mark.spark, pytest.mark.mariadb]

ALPHABET = "aA zZ09\t\n\x1f'\"\\%_;:?äßİłÅΩя中あ한🙂\u0301\u200d\u00a0\ufeff"
ASK = """
import json
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate().newSession()
spark.conf.set("spark.sql.session.timeZone", "UTC")
answers = []
for ansi in ("true", "false"):
    spark.conf.set("spark.sql.ansi.enabled", ansi)
    answers.append({row["name"]: row["text"] for row in spark.sql(json.loads(%r)).collect()})
print(json.dumps(answers))
"""


def more(dice: random.Random) -> Iterator[tuple[Column, Any]]:
    """Yield random values of every kind, after the probe's chosen ones."""
    whole = Column("v", Kind.INTEGER)
    yield from ((whole, dice.randint(-(2**bits), 2**bits - 1)) for bits in range(3, 63, 2))
    for precision, scale in ((9, 3), (18, 2), (18, 9), (38, 12)):
        column = Column("v", Kind.DECIMAL, scale, precision=precision)
        for digits in range(1, precision + 1, max(1, precision // 12)):
            yield column, Decimal(dice.randint(-(10**digits) + 1, 10**digits - 1)).scaleb(-scale)
    days = Column("v", Kind.DATE)
    yield from ((days, date(1600, 1, 1) + timedelta(days=dice.randint(0, 3_000_000))) for _ in range(25))
    moments = Column("v", Kind.TIMESTAMP, 6)
    start = datetime(1600, 1, 1)  # noqa: DTZ001 - UTC
    for _ in range(30):
        yield moments, start + timedelta(microseconds=dice.randint(0, 25 * 10**16))
    texts = Column("v", Kind.TEXT)
    yield from ((texts, "".join(dice.choices(ALPHABET, k=n % 9))) for n in range(45))
    raw = Column("v", Kind.BINARY)
    yield from ((raw, dice.randbytes(n % 12)) for n in range(25))


BATTERY = (
    *CASES,
    *(
        ConformanceCase(f"r{at}", column, value)
        for at, (column, value) in enumerate(more(random.Random(20260302)))
    ),
)


def test_the_battery_is_large_and_has_every_kind() -> None:
    assert len(BATTERY) >= 290
    assert len({probe.column.kind for probe in BATTERY}) == 7


def test_athena_writes_every_value_as_the_reference_does(sandbox: Any) -> None:
    runs = AthenaRuns(AthenaConfig("default", output="s3://parity-exchange/canonical/"), sandbox.aws)
    run_id = runs.submit(Statement(cases_query(Trino(), BATTERY)).request, uuid4().hex)
    runs._wait(run_id, 60)
    pages = sandbox.aws("athena").get_paginator("get_query_results").paginate(QueryExecutionId=run_id)
    lines = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]][1:]
    assert nonconforming({name["VarCharValue"]: text.get("VarCharValue") for name, text in lines}, BATTERY) == {}


def test_spark_writes_every_value_as_the_reference_does_with_and_without_ansi(
    sandbox: Any, tmp_path: Path
) -> None:
    script = tmp_path / "ask.py"
    script.write_text(ASK % json.dumps(cases_query(Spark(), BATTERY)), encoding="utf-8")
    outcome = SparkRunner(Options(sandbox.state).spark_address).run(Job(script), f"ask-{uuid4().hex[:8]}")
    assert outcome.ok, outcome.trace
    assert [nonconforming(answered, BATTERY) for answered in json.loads(outcome.stdout.splitlines()[-1])] == [
        {},
        {},
    ]


def test_mariadb_writes_every_value_as_the_reference_does() -> None:
    session = connect(address(servers()[0].url("information_schema")))
    try:
        assert mariadb_texts(session) == {one.name: one.expected for one in BATTERY}
    finally:
        session.close()


def mariadb_texts(session: Any) -> Mapping[str, str | None]:
    """Return MariaDB's text of every value."""
    parts = []
    for column, same in groupby(BATTERY, key=lambda probe: probe.column):
        values = " UNION ALL ".join(f"SELECT '{one.name}' AS name, {mariadb_literal(one)} AS v" for one in same)
        cells = ", ".join(f"CAST({cell} AS BINARY)" for cell in ("name", MySQL().spell(column, "v")))
        parts.append(f"SELECT {cells} FROM ({values}) AS probes")
    rows = session.rows(" UNION ALL ".join(parts))
    return {name.decode(): None if text is None else text.decode() for name, text in rows}


def mariadb_literal(probe: ConformanceCase) -> str:
    """Return a value as a typed literal of MariaDB."""
    casts = {Kind.DATE: "DATE", Kind.TIMESTAMP: "DATETIME(6)", Kind.INTEGER: "SIGNED"}
    casts[Kind.DECIMAL] = f"DECIMAL({probe.column.precision},{probe.column.scale})"
    plain = "NULL" if probe.expected is None else literal(probe.column, probe.expected)
    to = casts.get(probe.column.kind)
    return f"CAST({plain} AS {to})" if to else plain
