"""Which texts are what a type makes of them, and which lose a digit: asked of the SQL alone."""

from __future__ import annotations

import duckdb
import pytest

from parity.compare.sources.exact_texts import exactly

TEXTS = {
    "VARCHAR": (["", "x"], []),
    "INTEGER": (["0", "-7", "+7", "007", "2147483647"], ["2147483648", "1.0", "7 ", "", "1e3", "x"]),
    "UTINYINT": (["255", "0"], ["-1", "256"]),
    "DECIMAL(5,2)": (["1", "1.5", "-1.50", "+999.99", "1.5000", ".5", "1."], ["1.555", "1000", "1e2", "x", "."]),
    "FLOAT": (
        ["0.1", "16777216", "1e10", "inf", "-Infinity", "NaN", "0", "-0.000", "1.17549435e-38", "5.9604645e-8"],
        ["16777217", "0.123456789", "1e39", "1e-50", "x", "", "1e", "0.1 "],
    ),
    "DOUBLE": (
        ["0.1", "9007199254740992", "1e308", "123456789.12345678", "5e-324", "+.5", "5.", "1E5", "-inf"],
        [
            "9007199254740993",
            "123456789.123456789",
            "123456789012345678.5",
            "0.12345678901234567891",
            "1e400",
            "2e-400",
            "1 000",
            "0x1",
        ],
    ),
    "DATE": (["2026-01-02"], ["2026-02-30", "2026-1-2", "2026-01-02 00:00:00", "02.01.2026"]),
    "TIME": (["10:11", "10:11:12", "10:11:12.123456"], ["10:11:12.1234567", "25:00", "10"]),
    "BOOLEAN": (["true", "FALSE"], ["1", "t", "yes"]),
    "TIMESTAMP": (
        ["2026-01-02", "2026-01-02 10:11", "2026-01-02T10:11:12", "2026-01-02 10:11:12.123456000"],
        ["2026-01-02 10:11:12.1234567", "2026-02-30 10:11:12", "2026-01-02 10:11:12Z", "2026-01-02 10"],
    ),
    "TIMESTAMP_S": (["2026-01-02 10:11:12", "2026-01-02 10:11:12.000"], ["2026-01-02 10:11:12.5"]),
    "TIMESTAMP_MS": (["2026-01-02 10:11:12.123"], ["2026-01-02 10:11:12.1234"]),
    "TIMESTAMP_NS": (["2026-01-02 10:11:12.123456789"], ["2026-01-02 10:11:12.1234567891", "1500-01-01"]),
    "TIMESTAMPTZ": (
        ["2026-01-02 10:11:12Z", "2026-01-02 10:11:12.5+01", "2026-01-02T10:11:12-05:30", "2026-01-02 10:11"],
        ["2026-01-02 10:11:12.1234567Z", "2026-01-02 10:11:12 UTC"],
    ),
    "UUID": (["aaaaaaaa-0000-4000-8000-000000000007"], ["AAAAAAAA-0000-4000-8000-000000000007", "x"]),
}


@pytest.mark.parametrize("sql", TEXTS)
def test_a_text_is_exactly_what_its_type_says_or_it_is_not(sql: str) -> None:
    exact, lossy = TEXTS[sql]
    listed = ", ".join(f"'{text}'" for text in (*exact, *lossy))
    query = f"SELECT c, {exactly('c', sql)} FROM (SELECT unnest([{listed}]::VARCHAR[]) AS c)"
    found = dict(duckdb.connect().execute(query).fetchall())
    assert [text for text in found if found[text] is not (text in exact)] == []


@pytest.mark.parametrize("sql", [sql for sql in TEXTS if sql != "VARCHAR"])
def test_what_is_no_text_fits_no_type(sql: str) -> None:
    assert duckdb.connect().execute(f"SELECT {exactly('NULL::VARCHAR', sql)}").fetchone() in [(None,), (False,)]
