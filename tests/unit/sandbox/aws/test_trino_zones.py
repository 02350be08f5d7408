"""Timestamps with a zone in statements over tables, and the rules of the zones themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from parity_sandbox.aws import trino
from parity_sandbox.aws.trino.shapes import Verified, verified
from truth import records
from truth.trino_zones import RECORD, agreeing, names
from unit.sandbox.aws.conftest import Place

LAKE = {"lake": {"pay": {"id": "INTEGER", "paid": "TIMESTAMP(3)", "zone": "VARCHAR"}}}
ROWS = """
    (1, timestamp '2026-03-28 22:59:59.999', 'Europe/Berlin'),
    (2, timestamp '2026-03-28 23:00:00', '+01:00'),
    (3, timestamp '2026-03-29 21:59:59.999', 'America/New_York'),
    (4, timestamp '2026-03-29 22:00:00', 'UTC'),
    (5, null, 'Europe/Berlin')"""
"""Around 29 March 2026, which has 23 hours in Berlin."""
BERLIN = "paid AT TIME ZONE 'Europe/Berlin'"
SAME = "TIMESTAMP '2026-03-29 00:00:00 Europe/Berlin'"


@pytest.fixture(scope="module")
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        trino.prepare(connection)
        connection.execute("create schema lake")
        connection.execute(f"create table lake.pay as select * from (values {ROWS}) t(id, paid, zone)")
        yield connection


def run(session: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return session.execute(trino.translate(trino.parse(sql), LAKE).sql).fetchall()


def test_a_day_of_23_hours_holds_what_happened_in_it(session: duckdb.DuckDBPyConnection) -> None:
    days = f"SELECT date({BERLIN}) AS d, count(*) AS n FROM lake.pay GROUP BY date({BERLIN}) ORDER BY d"
    saturday, sunday, monday = date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)
    assert run(session, days) == [(saturday, 1), (sunday, 2), (monday, 1), (None, 1)]
    sundays = f"SELECT id FROM lake.pay WHERE date({BERLIN}) = DATE '2026-03-29' ORDER BY id"
    assert run(session, sundays) == [(2,), (3,)]
    hours = f"SELECT date_diff('hour', min({BERLIN}), date_add('day', 1, min({BERLIN})))"
    hours += " FROM lake.pay WHERE id > 1"
    assert run(session, hours) == [(23,)]


def test_rows_are_grouped_by_the_instant_and_shown_with_a_zone(session: duckdb.DuckDBPyConnection) -> None:
    sql = (
        f"SELECT CAST(date_trunc('day', {BERLIN}) AS varchar) AS d, count(*) AS n FROM lake.pay "
        f"WHERE date_trunc('day', {BERLIN}) >= {SAME} GROUP BY date_trunc('day', {BERLIN}) ORDER BY d"
    )
    assert run(session, sql) == [
        ("2026-03-29 00:00:00.000 Europe/Berlin", 2),
        ("2026-03-30 00:00:00.000 Europe/Berlin", 1),
    ]


def test_one_instant_in_two_zones_is_one_value(session: duckdb.DuckDBPyConnection) -> None:
    shown = "at_timezone(paid, zone)"
    join = f"SELECT count(*) FROM lake.pay AS a JOIN lake.pay AS b ON at_timezone(a.paid, a.zone) = b.{BERLIN}"
    assert run(session, join) == [(4,)]
    twice = f"(SELECT {shown} AS v FROM lake.pay UNION ALL SELECT {BERLIN} FROM lake.pay) AS t"
    assert run(session, f"SELECT count(DISTINCT v) FROM {twice}") == [(4,)]
    assert run(session, f"SELECT count(*) FROM (SELECT DISTINCT v FROM {twice}) AS d") == [(5,)]
    assert run(session, f"SELECT count(*) FROM (SELECT v FROM {twice} GROUP BY v) AS g") == [(5,)]
    peers = f"SELECT max(r) FROM (SELECT rank() OVER (ORDER BY v) AS r FROM {twice}) AS x"
    assert run(session, peers) == [(9,)]


def test_each_row_has_its_own_zone(session: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT CAST(at_timezone(paid, zone) AS varchar) FROM lake.pay ORDER BY id"
    assert run(session, sql) == [
        ("2026-03-28 23:59:59.999 Europe/Berlin",),
        ("2026-03-29 00:00:00.000 +01:00",),
        ("2026-03-29 17:59:59.999 America/New_York",),
        ("2026-03-29 22:00:00.000 UTC",),
        (None,),
    ]
    first = "SELECT id FROM lake.pay ORDER BY at_timezone(paid, zone) DESC NULLS LAST LIMIT 1"
    assert run(session, first) == [(4,)]


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT CASE {BERLIN} WHEN {SAME} THEN 1 ELSE 2 END FROM lake.pay",
        f"SELECT {BERLIN} IN (SELECT {SAME}) FROM lake.pay",
        f"SELECT {BERLIN} = ANY (SELECT {SAME}) FROM lake.pay",
        f"SELECT {BERLIN} FROM lake.pay UNION SELECT {SAME}",
        f"SELECT {BERLIN} FROM lake.pay INTERSECT SELECT {SAME}",
        f"SELECT array_distinct(array_agg({BERLIN})) FROM lake.pay",
        f"SELECT contains(ARRAY[{BERLIN}], {SAME}) FROM lake.pay",
        f"SELECT ARRAY[{BERLIN}] = ARRAY[{SAME}] FROM lake.pay",
        f"SELECT ROW({BERLIN}) = ROW({SAME}) FROM lake.pay",
        f"SELECT map_agg({BERLIN}, id) FROM lake.pay",
        f"SELECT array_agg(DISTINCT {BERLIN}) FROM lake.pay",
        f"SELECT (id, {BERLIN}) IN ((1, {SAME})) FROM lake.pay",
        f"SELECT {BERLIN} AS v FROM lake.pay GROUP BY ROLLUP ({BERLIN})",
        "SELECT paid AT TIME ZONE zone FROM lake.pay",
    ],
)
def test_what_would_compare_the_zone_is_refused(session: duckdb.DuckDBPyConnection, sql: str) -> None:
    known = Verified(frozenset(), verified().types, everything=True)
    with pytest.raises((trino.Limitation, trino.TypeMismatch)):
        trino.translate(trino.parse(sql), LAKE, known)


def test_a_zone_that_trino_was_not_asked_about_is_refused(session: duckdb.DuckDBPyConnection) -> None:
    for zone in ("Europe/Atlantis", "CET", "America/Vancouver"):
        with pytest.raises(duckdb.Error, match="sandbox limitation: the time zone"):
            run(session, f"SELECT paid AT TIME ZONE '{zone}' FROM lake.pay")
    with pytest.raises(duckdb.Error, match="sandbox limitation: a time in Africa/Accra before 1970"):
        run(session, "SELECT TIMESTAMP '1969-01-01 00:00:00 UTC' AT TIME ZONE 'Africa/Accra'")


def test_athena_shows_the_zone_and_unloads_none(place: Place) -> None:
    shown = "SELECT TIMESTAMP '2020-05-11 00:15:05.000 +01:00' AS a, from_unixtime(0) AS b, ARRAY[{}] AS c".format(
        "TIMESTAMP '2020-05-11 00:15:05.000 Europe/Berlin'"
    )
    assert place.rows(shown) == [
        [
            "2020-05-11 00:15:05.000 +01:00",
            "1970-01-01 00:00:00.000 UTC",
            "[2020-05-11 00:15:05.000 Europe/Berlin]",
        ]
    ]
    ended = place.query(f"UNLOAD ({shown}) TO '{place.uri('out/')}' WITH (format = 'PARQUET')")["Status"]
    assert ended["StateChangeReason"] == "NOT_SUPPORTED: Unsupported Hive type: timestamp(3) with time zone"


def recorded(every: int) -> dict[str, dict[str, str]]:
    return dict(list(records.read(RECORD).cases.items())[::every])


def test_the_record_has_every_zone() -> None:
    assert tuple(records.read(RECORD).cases) == names()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("every", [130, pytest.param(1, marks=pytest.mark.slow)])
def test_the_zones_that_pass_are_those_whose_offsets_are_trinos(every: int) -> None:
    cases = recorded(every)
    passing = {zone: year for zone, year in verified().zones.items() if zone in cases}
    assert agreeing(cases) == passing, "the package tzdata has changed: make truth ENGINE=trino"
