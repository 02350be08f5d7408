"""Whole results of a few rich pairs, against golden files: every count, cause, sample, note, waiver and proposal.

PARITY_REGENERATE=1 rewrites them: read the difference. A pair is one entry.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from parity.suite.models import Waiver
from unit.compare.conftest import Compare

GOLDEN = Path(__file__).parent / "golden"
TODAY = dt.date(2026, 3, 1)


def waiver(**fields: Any) -> Waiver:
    known = {"suite": "s", "activity": "a", "owner": "me", "reason": "known since January", "ticket": "PAY-1"}
    return Waiver.model_validate({**known, "expires": TODAY, "max_rows": 30, **fields})


def turned(rows: str, **columns: str) -> str:
    """Return rows with some columns replaced by expressions over them."""
    return f"SELECT * REPLACE ({', '.join(f'{sql} AS {name}' for name, sql in columns.items())}) FROM ({rows})"


PAID = (
    "SELECT i AS id, 'x' || i AS v, (i * 1.5)::DECIMAL(18,2) AS amount, (i * 1000)::BIGINT AS cents, "
    "['EUR', 'JPY', NULL][1 + i % 3] AS currency, i * 0.1::DOUBLE AS fee FROM range(24) t(i)"
)
OWED = turned(
    f"SELECT * FROM ({PAID}) WHERE id <> 9 UNION ALL SELECT 90, 'new', 7.25, 8, 'EUR', 0.5",
    v="CASE WHEN id < 3 THEN v || ' ' WHEN id = 3 THEN upper(v) ELSE v END",
    amount="amount + CASE id WHEN 3 THEN 5 WHEN 4 THEN -2.5 WHEN 5 THEN 1 ELSE 0 END",
    cents="cents - CASE WHEN id IN (6, 7) THEN 1200 ELSE 0 END",
    currency="CASE id WHEN 10 THEN 'JPY' ELSE currency END",
    fee="CASE id WHEN 11 THEN 'nan' WHEN 12 THEN fee + 0.125 ELSE fee END",
)
MONEY = {"amount": {"money": "EUR"}, "cents": {"money": "currency"}, "fee": {"money": "yen"}}

TEXTS = (
    "SELECT i AS id, 'Ab c' || i AS spaces, 'word' || i AS tail, 'Name' || i AS cased, "
    "CASE WHEN i % 2 = 0 THEN 'x' || i END AS empty, '00' || (i + 1) AS zeros, 'café' || i AS code, "
    "'abcdefgh' || (100 + i) AS cut, 'secret' || i AS secret, 'note ' || i AS note, "
    "repeat('long ', 90) || i AS long, (i * 3)::VARCHAR AS net, (i * 7 + 1)::VARCHAR AS gross FROM range(12) t(i)"
)
TEXTS_TURNED = turned(
    TEXTS,
    spaces="'Ab  c' || id",
    tail="tail || '  '",
    cased="CASE WHEN id < 6 THEN lower(cased) ELSE cased END",
    empty="coalesce(empty, '')",
    zeros="(id + 1)::VARCHAR",
    code="'cafÃ©' || id",
    cut="left(cut, 8)",
    secret="CASE WHEN id > 8 THEN 'public' || id ELSE secret END",
    note="CASE id WHEN 4 THEN 'secret9' WHEN 5 THEN NULL ELSE note END",
    long="CASE id WHEN 2 THEN long || '!' WHEN 3 THEN '!' || long ELSE long END",
    net="gross",
    gross="net",
)
NUMBERS = (
    "SELECT i AS id, (1 + i * 1.126)::DECIMAL(18,3) AS rounded, (1 + i * 1.5)::DECIMAL(18,2) AS scaled, "
    "(1 + i * 1.5)::DECIMAL(18,2) AS signed, 1 + i * 0.1::DOUBLE AS single, i AS absent, "
    "TIMESTAMP '2026-01-01 10:11:12.123456' + to_days(i::INT) AS stamp, "
    "TIMESTAMP '2026-01-01 10:11:12' + to_days(i::INT) AS zone, DATE '2026-01-01' + i::INT AS day, "
    "i % 2 = 0 AS flag, i * 7 AS odd FROM range(12) t(i)"
)
NUMBERS_TURNED = turned(
    NUMBERS,
    rounded="round(rounded, 2)",
    scaled="scaled * 100",
    signed="-signed",
    single="single::FLOAT::DOUBLE",
    absent="CASE WHEN id < 4 THEN NULL ELSE absent END",
    stamp="date_trunc('millisecond', stamp)",
    zone="zone + INTERVAL 5 HOUR + INTERVAL 30 MINUTE",
    day="day + 1",
    flag="CASE id WHEN 4 THEN NULL WHEN 5 THEN NOT flag ELSE flag END",
    odd="CASE WHEN id > 7 THEN odd + id ELSE odd END",
)
LOADED = (
    "SELECT i AS id, 'p' || i % 4 AS place, DATE '2026-01-01' + (i // 10)::INT AS day, i * 2 AS n "
    "FROM range(40) t(i)"
)
RELOADED = (
    f"SELECT * FROM ({LOADED}) WHERE day <> '2026-01-04' "
    f"UNION ALL SELECT * FROM ({LOADED}) WHERE day = '2026-01-01' "
    "UNION ALL SELECT 100 + i, 'p9', DATE '2026-02-01', i FROM range(3) t(i)"
)
TYPED = (
    "SELECT 1 AS id, 5::INTEGER AS wider, 5::BIGINT AS narrower, '5' AS other, 1 AS gone, 7 AS renamed, 2 AS idle"
)
RETYPED = (
    "SELECT 1 AS id, 5::BIGINT AS wider, 5::INTEGER AS narrower, 5 AS other, 2 AS come, 7 AS named, 3 AS idle"
)
REPEATED = "SELECT i // 2 AS k, 'v' || i AS v, i * 10 AS n FROM range(14) t(i)"
SPREAD = turned(
    f"SELECT * FROM ({REPEATED}) WHERE v <> 'v7' UNION ALL SELECT * FROM ({REPEATED}) WHERE v = 'v0' "
    "UNION ALL SELECT 1, 'fan', 70 UNION ALL SELECT 4, 'out', 81",
    v="CASE v WHEN 'v2' THEN 'V2' WHEN 'v8' THEN 'v8 ' ELSE v END",
    n="CASE v WHEN 'v5' THEN n + 1 WHEN 'v12' THEN -n WHEN 'v13' THEN NULL ELSE n END",
)
LOOSE = (
    "SELECT i AS id, ' Ab  ' || i AS a, i * 1.5::DOUBLE AS b, '{\"k\": ' || i || ', \"l\": 2}' AS c, '' AS d, "
    "TIMESTAMP '2026-01-01' + to_seconds(i) AS e, (i * 100)::DECIMAL(18,2) AS f FROM range(9) t(i)"
)
LOOSENED = turned(
    LOOSE,
    a="upper(trim(a))",
    b="CASE id WHEN 8 THEN b + 0.2 ELSE b + 0.0625 END",
    c="CASE id WHEN 8 THEN '{}' ELSE '{\"l\": 2.0,\"k\":' || id || '}' END",
    d="CASE id WHEN 8 THEN 'x' END",
    e="CASE id WHEN 8 THEN e + INTERVAL 3 SECOND ELSE e + INTERVAL 2 SECOND END",
    f="CASE id WHEN 8 THEN f * 1.02 ELSE f * 1.01 END",
)
LOOSE_RULES = {
    "a": {"trim": "both", "case": "ignore"},
    "b": {"tolerance": "0.1"},
    "c": {"json_equal": True},
    "d": {"null_equals_empty": True},
    "e": {"tolerance": "2s"},
    "f": {"tolerance": "1%"},
}

UNDONE = (
    "SELECT i AS id, i * 300 AS cents, 'é' || i AS form, 'a b' || i AS inside, "
    "'abc' || i AS mixed, 1 + i * 0.1::DOUBLE AS noise, "
    "TIMESTAMP '2026-01-15 12:00:00.123456' + to_days((i * 30)::INT) AS seconds, "
    "make_timestamp_ns(1768478400123456789 + i) AS nanos, "
    "TIMESTAMP '2026-01-15 12:00' + to_days((i * 30)::INT) AS berlin, "
    "TIMESTAMP '2026-01-15 12:00' + to_days((i * 30)::INT) AS utc, "
    "TIMESTAMP '2026-01-15 12:00' + to_days((i * 30)::INT) AS earlier FROM range(1, 13) t(i)"
)
UNDOING = turned(
    UNDONE,
    cents="cents // 100",
    form="'e' || chr(769) || id",
    inside="'  ab' || id",
    mixed="CASE WHEN id < 5 THEN upper(mixed) WHEN id < 9 THEN mixed || ' ' ELSE ' ' || mixed END",
    noise="noise * (1 + 1.2345e-13)",
    seconds="date_trunc('second', seconds)",
    nanos="make_timestamp_ns(epoch_ns(nanos) // 1000 * 1000)",
    berlin="timezone('UTC', timezone('Europe/Berlin', berlin))",
    utc="timezone('Europe/Berlin', timezone('UTC', utc))",
    earlier="earlier - INTERVAL 3 HOUR - INTERVAL 45 MINUTE",
)

PAIRS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "money_and_waivers": (
        PAID,
        OWED,
        {
            "rules": MONEY,
            "waivers": (
                waiver(column="v", cause="trailing_space", max_rows=3),
                waiver(column="v", cause="case", rows="id = 3", max_money=Decimal(10)),
                waiver(column="amount", max_money=Decimal("8.49")),
                waiver(column="amount", max_money=Decimal("8.5")),
                waiver(column="cents", max_rows=1),
                waiver(column="fee", max_money=Decimal(1)),
                waiver(column="currency", expires=dt.date(2026, 2, 28)),
                waiver(kind="missing", rows="amount > 13", max_money=Decimal(100_000)),
                waiver(kind="extra", max_money=Decimal(1)),
                waiver(kind="schema"),
                waiver(rows="id > 100"),
                waiver(rows="nonsense"),
                waiver(cause="gremlins"),
            ),
        },
    ),
    "every_difference_waived": (
        TYPED,
        RETYPED,
        {"waivers": (waiver(kind="schema"), waiver(column="idle")), "rules": {"named": {"legacy": "renamed"}}},
    ),
    "columns_and_types": (
        TYPED,
        RETYPED,
        {"rules": {"named": {"legacy": "renamed"}, "idle": {"ignore": "unused"}}},
    ),
    "texts": (TEXTS, TEXTS_TURNED, {"rules": {"secret": {"sensitive": True}}, "samples": 2}),
    "numbers_and_times": (NUMBERS, NUMBERS_TURNED, {"samples": 1}),
    "what_is_proposed": (UNDONE, UNDOING, {"samples": 0}),
    "rows_that_came_late_or_twice": (LOADED, RELOADED, {"samples": 2, "suite": "s", "activity": "a"}),
    "rows_without_a_key": (LOADED, RELOADED, {"key": (), "samples": 2}),
    "keys_that_repeat": (REPEATED, SPREAD, {"key": ("k",), "samples": 3}),
    "rules": (LOOSE, LOOSENED, {"rules": LOOSE_RULES, "samples": 1}),
    "rules_that_hide_everything": (
        f"SELECT * FROM ({LOOSE}) WHERE id < 8",
        f"SELECT * FROM ({LOOSENED}) WHERE id < 8",
        {"rules": LOOSE_RULES},
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_result_says_exactly_what_it_said(comparing: Compare, name: str) -> None:
    legacy, target, spec = PAIRS[name]
    found = comparing(legacy, target, today=TODAY, **spec).to_json()
    del found["seconds"], found["peak_mib"]  # the machine's, not the data's
    shown = yaml.safe_dump(
        json.loads(json.dumps(found)), sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )
    path = GOLDEN / f"{name}.yaml"
    if os.environ.get("PARITY_REGENERATE"):
        path.write_text(shown)
    assert shown == path.read_text()
