"""The row's text between two servers of MySQL's family, and the queries made of it."""

from __future__ import annotations

import os
from pathlib import Path

from parity.sql.columns import Column, Kind, agree
from parity.sql.mysql import MySQL, MySQL57
from parity.sql.mysql_canary import AT_ONCE, canaries
from parity.sql.mysql_packed import (
    MOST_HASH_BUCKETS,
    BucketRanges,
    digests,
    key_and_row,
    packed_digests,
    rows_by_bucket,
)
from parity.sql.mysql_row import row_text

GOLDEN = Path(__file__).parent / "golden" / "mysql_row.sql"
KEY = Column("id", Kind.INTEGER, nullable=False)
COLUMNS = (
    KEY,
    Column("amount", Kind.DECIMAL, 2, stored=(Kind.DECIMAL, 4)),
    Column("rate", Kind.FLOAT, nullable=False),
    Column("score", Kind.FLOAT),
    Column("spread", Kind.FLOAT),
    Column("settled_at", Kind.TIMESTAMP, 6),
    Column("flags", Kind.BIT, stored=(Kind.BIT, 0)),
    Column("token", Kind.BINARY, nullable=False),
    Column("note", Kind.TEXT),
    Column("old_note", Kind.TEXT, charset="latin1"),
    Column("older_note", Kind.TEXT, charset="gbk"),
    Column("own_note", Kind.TEXT, charset="gbk", raw=True),
    Column("ratio", Kind.FLOAT, nullable=False, stored=(Kind.DECIMAL, 4)),
    Column("document", Kind.JSON, long=True),
    Column("state", Kind.LABEL, native="enum('new','done')"),
    Column("old_state", Kind.LABEL, native="enum('','done')"),
    Column("own_state", Kind.LABEL, native="set('','a')", charset="latin1"),
)


def test_every_kind_is_spelled_as_a_person_can_read_it() -> None:
    dialects = {"mysql": MySQL(), "mysql 5.7": MySQL57()}
    texts = (f"-- {name}\n{row_text(dialect, COLUMNS)}" for name, dialect in dialects.items())
    shown = "\n".join(texts).replace(", ", ",\n    ") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_both_sides_of_two_types_have_parts_in_one_order() -> None:
    legacy, target = agree(Column("v", Kind.DATE), Column("v", Kind.TEXT))
    note = Column("note", Kind.TEXT)
    old, new = (row_text(MySQL(), (column, note)) for column in (legacy, target))
    assert (
        old.replace("IF(`v` IS NULL, '', CONVERT(`v` USING utf8mb4))", "IFNULL(`v`, '')").replace(
            "IF(`v` IS NULL, '~', LENGTH(CONVERT(`v` USING utf8mb4)))", "IF(`v` IS NULL, '~', LENGTH(`v`))"
        )
        == new
    )


def test_a_wide_tables_canary_is_asked_for_in_parts() -> None:
    columns = [KEY, *(Column(f"c{at}", Kind.INTEGER) for at in range(AT_ONCE))]
    parts = list(canaries(MySQL(), "wide", columns))
    assert [part.count("UNION ALL") for part in parts] == [AT_ONCE - 1, 0]


def test_a_table_that_cannot_be_cut_has_no_more_heaps_than_one_value_holds() -> None:
    assert BucketRanges.by_hash(1_280).count == 10
    assert BucketRanges.by_hash(10**9).count == MOST_HASH_BUCKETS


def test_digests_that_outgrow_one_value_are_asked_for_one_by_one() -> None:
    asked = digests(MySQL(), "t", [KEY], [KEY], BucketRanges(width=10), "")
    assert packed_digests(asked).row_by_row == (
        f"SELECT 0, 1, CONCAT(CONCAT_WS(',', b, n, s), ';') FROM ({asked}) AS digested"
    )


def test_no_name_of_a_column_is_taken_for_a_part_of_the_query() -> None:
    key = [Column("COUNT(*), GROUP_CONCAT(", Kind.TEXT, nullable=False)]
    page = rows_by_bucket(MySQL(), "t", key_and_row(MySQL(), key, key), key, BucketRanges(count=3), None, "")
    for query, times in ((page.packed, 1), (page.row_by_row, 0)):
        assert query.replace("`COUNT(*), GROUP_CONCAT(`", "").count("GROUP_CONCAT(") == times


def test_texts_of_one_character_set_are_compared_by_their_bytes_and_others_by_characters() -> None:
    chinese = Column("v", Kind.TEXT, charset="gbk")
    same, _ = agree(chinese, chinese)
    other, _ = agree(chinese, Column("v", Kind.TEXT))
    assert MySQL().spell(same, "v") == "CAST(v AS BINARY)"
    assert "CONVERT(v USING utf8mb4)" in MySQL().spell(other, "v")
    assert "x'ff', 'gbk:'" in MySQL().spell(other, "v")


def test_nothing_needs_a_hash_that_mysql_has_lost() -> None:
    long = [*COLUMNS, Column("a", Kind.BINARY, long=True), Column("b", Kind.TEXT, long=True)]
    for asked in (
        digests(MySQL(), "t", long, [KEY], BucketRanges(width=10), ""),
        rows_by_bucket(
            MySQL(), "t", key_and_row(MySQL(), long, [KEY]), [KEY], BucketRanges(width=10), None, ""
        ).packed,
        *canaries(MySQL(), "t", long),
    ):
        assert "MD5" not in asked
        assert "SHA1" not in asked


def test_a_change_is_planted_away_from_the_limits_of_a_type() -> None:
    kinds = (Kind.FLOAT, Kind.TIME, Kind.DECIMAL)
    [asked] = canaries(MySQL(), "t", [Column(kind, kind) for kind in kinds])
    assert asked.count(" - ") + asked.count("SUBTIME") >= len(kinds)
