"""The row's text between two servers of MySQL's family, and the queries made of it."""

from __future__ import annotations

import os
from pathlib import Path

from parity.sql.columns import Column, Kind, agree
from parity.sql.mariadb import MariaDB
from parity.sql.mysql import MySQL
from parity.sql.mysql_canary import AT_ONCE, canaries
from parity.sql.mysql_packed import HEAPS, Buckets, digests, page_of_digests, singly
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
    Column("old_note", Kind.TEXT, unicode=False),
    Column("document", Kind.JSON, long=True),
)


def test_every_kind_is_spelled_as_a_person_can_read_it() -> None:
    texts = [f"-- {dialect.name}\n{row_text(dialect, COLUMNS)}" for dialect in (MySQL(), MariaDB())]
    shown = "\n".join(texts).replace(", ", ",\n    ") + "\n"
    if os.environ.get("PARITY_REGENERATE"):
        GOLDEN.write_text(shown, encoding="utf-8")
    assert shown == GOLDEN.read_text(encoding="utf-8")


def test_both_sides_of_two_types_have_parts_in_one_order() -> None:
    legacy, target = agree(Column("v", Kind.DATE), Column("v", Kind.TEXT))
    note = Column("note", Kind.TEXT)
    old, new = (row_text(MySQL(), (column, note)) for column in (legacy, target))
    assert old.replace("CONVERT(`v` USING utf8mb4)", "`v`") == new


def test_a_wide_tables_canary_is_asked_for_in_parts() -> None:
    columns = [KEY, *(Column(f"c{at}", Kind.INTEGER) for at in range(AT_ONCE))]
    parts = list(canaries(MySQL(), "wide", columns))
    assert [part.count("UNION ALL") for part in parts] == [AT_ONCE - 1, 0]


def test_a_table_that_cannot_be_cut_has_no_more_heaps_than_one_value_holds() -> None:
    assert Buckets.by_hash(1_280).count == 10
    assert Buckets.by_hash(10**9).count == HEAPS


def test_digests_that_outgrow_one_value_are_asked_for_one_by_one() -> None:
    asked = digests(MySQL(), "t", [KEY], [KEY], Buckets(width=10), "")
    assert singly(page_of_digests(asked)) == (
        f"SELECT 0, 1, CONCAT(CONCAT_WS(',', b, n, s), ';') FROM ({asked}) AS digested"
    )
