"""Keys as literals, spans along an index, and buckets."""

from __future__ import annotations

import pytest

from parity.sql.columns import Column, Kind, agree
from parity.sql.keys import KeyRange, among, decoded, encoded, literal, unpack
from parity.sql.mysql import MySQL
from parity.sql.mysql_packed import BucketRanges, has_integer_key

NUMBER = Column("id", Kind.INTEGER, nullable=False)
TEXT = Column("na`me", Kind.TEXT, nullable=True)


YEAR = Column("y", Kind.INTEGER, nullable=False, native="year")


def test_a_year_is_named_in_four_digits_because_a_server_reads_9_as_2009() -> None:
    assert literal(YEAR, "0") == "'0000'"
    assert not has_integer_key([YEAR])
    assert has_integer_key([NUMBER])


@pytest.mark.parametrize(
    "content", [b"a", "ä".encode(), b"\xffgbk:\xfeP", b"\xff", "\N{REPLACEMENT CHARACTER}ff".encode()]
)
def test_no_two_contents_become_one_text(content: bytes) -> None:
    assert encoded(decoded(content)) == content
    assert decoded(b"\xff") != decoded("\N{REPLACEMENT CHARACTER}ff".encode())


def test_a_text_without_unicode_is_named_by_its_bytes_and_never_in_another_character_set() -> None:
    cell = decoded(b"\xffgbk:\xfeP")
    chinese = Column("k", Kind.TEXT, charset="gbk", collation="gbk_chinese_ci")
    assert literal(chinese, cell) == "_gbk x'fe50' COLLATE gbk_chinese_ci"
    assert literal(Column("k", Kind.TEXT, collation="utf8mb4_bin"), cell) == "NULL"


def test_no_text_can_break_out_of_its_literal() -> None:
    assert literal(TEXT, "' OR 1=1 -- ") == "CONVERT(x'27204f5220313d31202d2d20' USING utf8mb4)"


def test_a_text_is_named_in_its_columns_own_set_and_collation_so_that_an_index_finds_it() -> None:
    column = Column("k", Kind.TEXT, collation="latin1_german2_ci")
    assert literal(column, "é") == "CONVERT(_utf8mb4 x'c3a9' USING latin1) COLLATE latin1_german2_ci"


@pytest.mark.parametrize("cell", ["1 OR 1=1", "0x41", "1e5", "--"])
def test_what_is_no_number_is_refused_as_one(cell: str) -> None:
    if cell == "--":
        assert literal(NUMBER, "-1") == "-1"
        return
    with pytest.raises(ValueError, match="no number"):
        literal(NUMBER, cell)


def test_a_composite_span_is_spelled_out_for_the_index() -> None:
    key = (NUMBER, Column("day", Kind.DATE, nullable=False))
    where = KeyRange(after=("7", "2026-03-01")).where(MySQL(), key)
    assert where == "(`id` >= 7 AND ((`id` > 7) OR (`id` = 7 AND `day` > '2026-03-01')))"


def test_a_null_in_a_key_is_asked_for_as_null() -> None:
    assert among(MySQL(), (NUMBER,), [("1",), (None,)]) == "`id` IN (1) OR `id` IS NULL"


def test_a_key_that_is_null_alone_is_asked_for_without_a_list() -> None:
    assert among(MySQL(), (TEXT,), [(None,)]) == "`na``me` IS NULL"
    assert among(MySQL(), (NUMBER,), [("1",), ("2",)]) == "`id` IN (1, 2)"


def test_backquotes_in_names_are_doubled() -> None:
    assert MySQL().quote("na`me") == "`na``me`"


def test_a_packed_row_is_taken_apart_again() -> None:
    assert unpack((NUMBER, TEXT), "5,612c7e") == ("5", "a,~")
    assert unpack((NUMBER, TEXT), "5,~") == ("5", None)
    assert unpack((NUMBER, TEXT), "5,") == ("5", "")


def test_bucket_zero_reaches_to_both_sides_because_div_truncates() -> None:
    assert BucketRanges(width=10).where(MySQL(), (NUMBER,), [0]) == "(`id` BETWEEN -9 AND 9)"
    assert (
        BucketRanges(width=10).where(MySQL(), (NUMBER,), [-1, 1, 2])
        == "(`id` BETWEEN -19 AND -10 OR `id` BETWEEN 10 AND 29)"
    )


def test_columns_agree_on_the_larger_scale_so_that_no_truncation_hides() -> None:
    old, new = agree(Column("a", Kind.DECIMAL, 2), Column("a", Kind.DECIMAL, 4))
    assert (old.scale, new.scale) == (4, 4)
    assert MySQL().spell(old, "`a`") == "CAST(`a` AS DECIMAL(65,4))"
    assert MySQL().spell(new, "`a`") == "`a`"
