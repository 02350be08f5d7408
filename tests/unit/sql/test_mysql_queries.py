"""Every query for two MySQL tables as a file for people; PARITY_REGENERATE=1 writes it again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from parity.sql.columns import Column, Kind, agree
from parity.sql.keys import KeyRange, allows_lookup, among, boundary, cells, literal, same_order, unpack
from parity.sql.mysql import MySQL
from parity.sql.mysql_canary import canaries
from parity.sql.mysql_packed import (
    BucketRanges,
    digests,
    has_integer_key,
    key_and_hash,
    key_and_row,
    packed_digests,
    rows_by_bucket,
    rows_by_key,
)

GOLDEN = Path(__file__).parent / "golden" / "mysql_queries.sql"
ME = MySQL()
ID = Column("id", Kind.INTEGER, nullable=False)
DAY = Column("day", Kind.DATE, nullable=False)
CODE = Column("co`de", Kind.TEXT, nullable=False)
EVERY = (
    ID,
    Column("amount", Kind.DECIMAL, 2),
    Column("whole", Kind.DECIMAL, 0),
    Column("grown", Kind.DECIMAL, 4, stored=(Kind.DECIMAL, 2)),
    Column("filled", Kind.INTEGER, native="int(5) unsigned zerofill"),
    Column("on", Kind.BOOLEAN),
    Column("flags", Kind.BIT),
    Column("rate", Kind.FLOAT),
    DAY,
    Column("clock", Kind.TIME, 3, stored=(Kind.TIME, 0)),
    Column("moment", Kind.TIMESTAMP, 6, stored=(Kind.TIMESTAMP, 0)),
    CODE,
    Column("note", Kind.TEXT),
    Column("old", Kind.TEXT, charset="latin1"),
    Column("alike", Kind.TEXT, charset="gbk", raw=True),
    Column("label", Kind.LABEL),
    Column("numbered", Kind.TEXT, stored=(Kind.BIT, 0)),
    Column("worded", Kind.TEXT, stored=(Kind.DECIMAL, 2)),
    Column("token", Kind.BINARY),
    Column("document", Kind.JSON, long=True),
    Column("story", Kind.TEXT, long=True, nullable=False),
    Column("scan", Kind.BINARY, long=True),
    Column("place", Kind.GEOMETRY, long=True),
)
WIDTH, HEAPS = BucketRanges(width=10), BucketRanges(count=7)
PAIR = (ID, DAY)
AFTER, UPTO = ("7", "2026-03-01"), ("9", "2026-03-02")


def queries() -> dict[str, str]:
    """Every kind of query, by what it is for."""
    narrow = (ID, EVERY[1])
    return {
        "digests by ranges of the key": digests(ME, "pay`s", narrow, (ID,), WIDTH, "paid"),
        "digests by heaps": digests(ME, "pays", narrow, (CODE,), HEAPS, ""),
        "digests of one heap": digests(ME, "pays", narrow, (CODE,), BucketRanges(), ""),
        "digests on one page": packed_digests("SELECT 1").packed,
        "key and hash": key_and_hash(ME, narrow, PAIR),
        "key and row": key_and_row(ME, narrow, PAIR),
        "some buckets": rows_by_bucket(ME, "pays", "x", (ID,), WIDTH, [4, 2, 3, 9], "paid").packed,
        "some heaps": rows_by_bucket(ME, "pays", "x", (CODE,), HEAPS, [5, 2], "").packed,
        "all buckets": rows_by_bucket(ME, "pays", "x", (ID,), WIDTH, None, "").packed,
        "a single heap": rows_by_bucket(ME, "pays", "x", (CODE,), BucketRanges(), [0], "").packed,
        "some keys": rows_by_key(ME, "pays", "x", (ID,), [("1",), ("2",)], "paid OR due").packed,
        "some keys anywhere": rows_by_key(ME, "pays", "x", (ID,), [("1",)], "").packed,
        "some keys one by one": rows_by_key(ME, "pays", "x", (ID,), [("1",)], "").row_by_row,
        "some buckets one by one": rows_by_bucket(ME, "pays", "x", (ID,), WIDTH, [1], "").row_by_row,
        "the end of a span": boundary(ME, "pays", (ID,), KeyRange(("7",)), 100),
        "the end of the first span": boundary(ME, "pays", PAIR, KeyRange(), 1),
        "a span": KeyRange(AFTER, UPTO).where(ME, PAIR),
        "a span of one column": KeyRange(("7",), ("9",)).where(ME, (ID,)),
        "a span of three columns": KeyRange(None, ("7", "2026-03-01", "a")).where(ME, (*PAIR, CODE)),
        "keys of two columns": among(ME, PAIR, [AFTER, ("8", None)]),
        "every kind of cell": cells(ME, EVERY),
        "every kind of canary": "\n".join(
            one for column in EVERY for one in canaries(ME, "pays", [column], "paid")
        ),
        "a canary anywhere": "\n".join(canaries(ME, "pays", narrow)),
    }


def test_every_query_is_as_a_person_has_read_it() -> None:
    shown = "\n\n".join(f"-- {name}\n{sql}" for name, sql in queries().items())
    shown = shown.replace(" UNION ALL ", " UNION ALL\n") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("column", "cell", "sql"),
    [
        (ID, "-12", "-12"),
        (Column("d", Kind.DECIMAL, 2), "-12.50", "-12.50"),
        (Column("b", Kind.BOOLEAN), "1", "1"),
        (Column("b", Kind.BIT), "5", "5"),
        (DAY, "2026-03-01", "'2026-03-01'"),
        (Column("t", Kind.TIME), "-838:59:59.0", "'-838:59:59.0'"),
        (Column("b", Kind.BINARY), "00FF", "x'00ff'"),
        (Column("l", Kind.LABEL), "a", "CONVERT(x'61' USING utf8mb4)"),
    ],
)
def test_a_cell_is_a_literal_of_its_kind(column: Column, cell: str, sql: str) -> None:
    assert literal(column, cell) == sql


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        (ID, "", "'' is no number"),
        (ID, "--1", "'--1' is no number"),
        (ID, "1-1", "'1-1' is no number"),
        (ID, "1.", "'1.' is no number"),
        (ID, "1.2.3", "'1.2.3' is no number"),
        (ID, "٣", "'٣' is no number"),
        (DAY, "2026-03-01'", "is no date or time"),
        (DAY, "now", "'now' is no date or time"),
        (Column("b", Kind.BINARY), "x'", "non-hexadecimal"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(column: Column, cell: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        literal(column, cell)


def test_a_packed_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 2 columns arrived with 3 cells"):
        unpack((ID, CODE), "1,61,62")


def test_only_a_nullable_column_reads_the_mark_of_null_and_only_a_free_one_is_decoded() -> None:
    nullable = Column("note", Kind.TEXT)
    assert unpack((nullable, DAY), "~,2026-03-01") == (None, "2026-03-01")
    assert unpack((DAY,), "~") == ("~",)
    assert unpack((CODE,), "#9#abc") == ("#9#abc",)


@pytest.mark.parametrize(
    ("key", "can"),
    [
        ((), False),
        ((ID,), True),
        ((ID, Column("f", Kind.FLOAT)), False),
        ((Column("s", Kind.TEXT, long=True), ID), False),
        ((Column("j", Kind.JSON),), False),
        ((ID, DAY, CODE, Column("b", Kind.BINARY), Column("l", Kind.LABEL)), True),
    ],
)
def test_single_keys_can_be_asked_for_where_every_value_can_be_named(key: tuple[Column, ...], can: bool) -> None:
    assert allows_lookup(key) is can


@pytest.mark.parametrize(
    ("legacy", "target", "same"),
    [
        (CODE, CODE, True),
        (CODE, Column("code", Kind.TEXT), False),
        (Column("code", Kind.TEXT), CODE, False),
        (CODE, Column("code", Kind.TEXT, nullable=False, collation="utf8mb4_bin"), False),
        (CODE, Column("code", Kind.TEXT, nullable=False, stored=(Kind.LABEL, 0)), False),
        (Column("f", Kind.FLOAT, nullable=False), Column("f", Kind.FLOAT, nullable=False), False),
    ],
)
def test_both_servers_walk_a_key_in_one_order_only_where_nothing_about_it_differs(
    legacy: Column, target: Column, same: bool
) -> None:
    assert same_order((ID, legacy), (ID, target)) is same


@pytest.mark.parametrize(
    ("key", "can"),
    [
        ((ID,), True),
        (PAIR, False),
        ((DAY,), False),
        ((Column("id", Kind.INTEGER),), False),
        ((Column("id", Kind.INTEGER, nullable=False, stored=(Kind.TEXT, 0)),), False),
    ],
)
def test_only_one_integer_that_is_never_null_is_cut_by_division(key: tuple[Column, ...], can: bool) -> None:
    assert has_integer_key(key) is can


@pytest.mark.parametrize(
    ("first", "last", "rows", "width"),
    [
        (1, 1000, 1000, 128),
        (1, 1000, 10, 12800),
        (1, 10, 1000, 1),
        (5, 5, 0, 128),
        (-(2**63), 2**63 - 1, 1, 2**62),
    ],
)
def test_a_range_holds_about_128_rows_and_never_outgrows_an_integer(
    first: int, last: int, rows: int, width: int
) -> None:
    assert BucketRanges.by_width(first, last, rows).width == width


def test_buckets_with_another_between_them_are_two_ranges() -> None:
    assert BucketRanges(width=1).where(ME, (ID,), [3, 1]) == "(`id` BETWEEN 1 AND 1 OR `id` BETWEEN 3 AND 3)"
    assert BucketRanges(width=1).where(ME, (ID,), [3, 2]) == "(`id` BETWEEN 2 AND 3)"


def test_a_small_table_is_one_heap() -> None:
    assert [BucketRanges.by_hash(rows).count for rows in (0, 255, 256)] == [1, 1, 2]


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (Kind.INTEGER, Kind.DECIMAL, Kind.DECIMAL),
        (Kind.INTEGER, Kind.BOOLEAN, Kind.INTEGER),
        (Kind.INTEGER, Kind.BIT, Kind.INTEGER),
        (Kind.BOOLEAN, Kind.BIT, Kind.INTEGER),
        (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP),
        (Kind.TEXT, Kind.LABEL, Kind.TEXT),
        (Kind.DECIMAL, Kind.FLOAT, Kind.FLOAT),
        (Kind.INTEGER, Kind.FLOAT, Kind.FLOAT),
        (Kind.INTEGER, Kind.DATE, Kind.TEXT),
        (Kind.BINARY, Kind.TEXT, Kind.TEXT),
        (Kind.BINARY, Kind.BINARY, Kind.BINARY),
    ],
)
def test_two_kinds_are_compared_as_the_wider_one_or_as_text(one: Kind, other: Kind, kind: Kind) -> None:
    for legacy, target in ((one, other), (other, one)):
        assert [c.kind for c in agree(Column("a", legacy), Column("a", target))] == [kind, kind]


def test_what_one_side_may_hold_both_are_read_for() -> None:
    plain = Column("a", Kind.TEXT, nullable=False)
    for legacy, target in ((plain, Column("a", Kind.TEXT)), (Column("a", Kind.TEXT), plain)):
        assert [c.nullable for c in agree(legacy, target)] == [True, True]
    for legacy, target in ((plain, Column("a", Kind.TEXT, long=True)), (Column("a", Kind.TEXT, long=True), plain)):
        assert [c.long for c in agree(legacy, target)] == [True, True]
    assert [(c.nullable, c.long) for c in agree(plain, plain)] == [(False, False)] * 2


@pytest.mark.parametrize(
    ("legacy", "target", "raw"),
    [
        (Column("a", Kind.TEXT, charset="gbk"), Column("a", Kind.LABEL, charset="gbk"), True),
        (Column("a", Kind.TEXT, charset="gbk"), Column("a", Kind.TEXT), False),
        (Column("a", Kind.TEXT), Column("a", Kind.BINARY), False),
        (Column("a", Kind.BINARY), Column("a", Kind.TEXT), False),
    ],
)
def test_bytes_are_compared_only_where_both_sides_store_texts_in_one_set(
    legacy: Column, target: Column, raw: bool
) -> None:
    assert [column.raw for column in agree(legacy, target)] == [raw, raw]


def test_only_what_has_digits_after_the_point_brings_a_scale() -> None:
    legacy, target = agree(Column("a", Kind.TEXT, 9), Column("a", Kind.TIMESTAMP, 3))
    assert (legacy.scale, target.scale, legacy.stored, target.stored) == (
        3, 3, (Kind.TEXT, 9), (Kind.TIMESTAMP, 3),
    )  # fmt: skip
    assert agree(ID, ID)[0].scale == 0
