"""The digests of DuckDB, the worker's own engine, against plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.sql import reference
from parity.sql.columnar import QUARTERS, SUMS
from parity.sql.columns import Column, Kind
from parity.sql.conformance import CASES, cases_query, nonconforming
from parity.sql.duckdb_dialect import DuckDB

KEY = [Column("id", Kind.INTEGER)]
COLUMNS = [
    *KEY,
    Column("amount", Kind.DECIMAL, 4, precision=18),
    Column("note", Kind.TEXT),
    Column("other", Kind.TEXT),
    Column("at", Kind.TIMESTAMP, 6),
    Column("day", Kind.DATE),
    Column("raw", Kind.BINARY),
    Column("flag", Kind.BOOLEAN),
]
SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "amount": pa.decimal128(18, 4),
        "note": pa.string(),
        "other": pa.string(),
        "at": pa.timestamp("us"),
        "day": pa.date32(),
        "raw": pa.binary(),
        "flag": pa.bool_(),
    }
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=5)
LINES = st.tuples(
    st.integers(0, 6),
    st.decimals(-(10**9), 10**9, places=4, allow_nan=False) | st.none(),
    TEXTS | st.none(),
    TEXTS | st.sampled_from(["\x1f", "a\x1fb", ""]) | st.none(),
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)) | st.none(),  # noqa: DTZ001 - wall clock
    st.dates(date(1, 1, 1)) | st.none(),
    st.binary(max_size=4) | st.none(),
    st.booleans() | st.none(),
)


Digest = tuple[int, int, tuple[int, ...]]
"""Rows, rows whose key is not alone, four sums."""


def digests(
    columns: Sequence[Column], key: Sequence[Column], rows: Iterable[Sequence[Any]], buckets: int
) -> dict[int, Digest]:
    """Return the digest of every bucket that holds a row."""
    places = [columns.index(column) for column in key or columns]
    hashed = [
        (reference.md5(key or columns, [one[at] for at in places]), reference.md5(columns, one)) for one in rows
    ]
    alone = Counter(key_hash for key_hash, _ in hashed)
    found: dict[int, Digest] = {}
    for (key_hash, row_hash), row in zip(hashed, rows, strict=True):
        bucket = int(key_hash[:7], 16) % buckets
        count, doubled, sums = found.get(bucket, (0, 0, (0,) * len(SUMS)))
        finer = sum(isinstance(cell, datetime) and cell.microsecond % 1000 > 0 for cell in row)
        quarters = (*(int(row_hash[start - 1 : start + 7], 16) for start in QUARTERS), finer)
        added = tuple(one + other for one, other in zip(sums, quarters, strict=True))
        found[bucket] = (count + 1, doubled + (alone[key_hash] > 1), added)
    return found


def digested(rows: Sequence[Sequence[Any]], key: Sequence[Column]) -> dict[int, Digest]:
    """Return the digests that DuckDB computes of some rows."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    columns = [
        pa.array(list(cells), kind) for cells, kind in zip(zip(*rows, strict=True), SCHEMA.types, strict=True)
    ]
    connection.register("made", pa.Table.from_arrays(columns, schema=SCHEMA))
    found = connection.execute(DuckDB().digests(COLUMNS, key, "made", 3)).fetchall()
    return {bucket: (count, doubled, tuple(map(int, sums))) for bucket, count, doubled, *sums in found}


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=12))
def test_digests_agree_with_plain_python(rows: list[tuple[Any, ...]]) -> None:
    assert digested(rows, KEY) == digests(COLUMNS, KEY, rows, 3)
    assert digested(rows, []) == digests(COLUMNS, [], rows, 3)


@settings(max_examples=150, deadline=None)
@given(LINES, LINES)
def test_two_rows_have_the_same_text_only_when_they_are_the_same(
    one: tuple[Any, ...], other: tuple[Any, ...]
) -> None:
    assert (reference.row(COLUMNS, one) == reference.row(COLUMNS, other)) == (one == other)


def test_a_decimal_is_written_to_the_scale_of_its_column() -> None:
    for value, scale, written in (("1", 2, "1.00"), ("-0.5", 3, "-0.500"), ("-0", 1, "0.0"), ("12e2", 0, "1200")):
        assert reference.text(Column("c", Kind.DECIMAL, scale), Decimal(value)) == written


def test_a_text_cannot_pass_for_its_neighbours() -> None:
    two = [Column("a", Kind.TEXT), Column("b", Kind.TEXT)]
    rows = [("x\x1f", "y"), ("x", "\x1fy"), ("", None), (None, ""), ("x\x1fy", ""), ("", "x\x1fy"), (None, None)]
    assert len({reference.row(two, row) for row in rows}) == len(rows)


def test_two_equal_rows_do_not_cancel_each_other() -> None:
    row = (1, Decimal("1.0000"), "a", None, None, None, None, None)
    once, twice = (digests(COLUMNS, KEY, [row] * n, 1)[0] for n in (1, 2))
    assert (once[:2], twice[:2]) == ((1, 0), (2, 2))
    assert tuple(2 * total for total in once[2]) == twice[2]


def test_the_probe_finds_nothing_strange_in_an_engine_that_writes_as_the_reference_does() -> None:
    assert len(CASES) > 80
    answered = dict(duckdb.connect().execute(cases_query(DuckDB())).fetchall())
    assert nonconforming(answered) == {}


def test_one_value_written_otherwise_demotes_its_kind_and_no_other() -> None:
    answered = dict(duckdb.connect().execute(cases_query(DuckDB())).fetchall())
    zero = next(one for one in CASES if one.expected == "0.0000000000")
    found = nonconforming({**answered, zero.name: "0E-10"})
    assert set(found) == {Kind.DECIMAL}
    assert "'0E-10' instead of '0.0000000000'" in found[Kind.DECIMAL]


def test_an_engine_that_leaves_a_value_out_or_hashes_otherwise_is_strange_too() -> None:
    answered = dict(duckdb.connect().execute(cases_query(DuckDB())).fetchall())
    texts = [one for one in CASES if one.column.kind is Kind.TEXT]
    assert set(nonconforming({name: text for name, text in answered.items() if name != texts[0].name})) == {
        Kind.TEXT
    }
    assert set(nonconforming({**answered, f"#{texts[1].name}": "0" * 32})) == {Kind.TEXT}


def test_a_chars_filling_is_blanks_at_its_very_end_and_nothing_else() -> None:
    padded = Column("v", Kind.TEXT, padded=True)
    values = ["ab  ", "ab", " ab", "ab\t ", "ab \n", "ab\u00a0", "   ", ""]
    listed = ", ".join(DuckDB().literal(padded, value) for value in values)
    found = (
        duckdb.connect()
        .execute(f"SELECT {DuckDB().text(padded)} FROM (SELECT unnest([{listed}]) AS v)")
        .fetchall()
    )
    assert [text for (text,) in found] == [reference.text(padded, value) for value in values]
    assert [text for (text,) in found] == ["ab", "ab", " ab", "ab\t", "ab \n", "ab\u00a0", "", ""]
