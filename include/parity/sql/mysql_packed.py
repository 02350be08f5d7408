"""The queries that compare two MySQL tables: digests by bucket, and rows packed into few long values.

A single integer key is bucketed by division, so that a bucket is a range of the index and cheap to read
again; any other key by CRC32 of its text, which only has to spread the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parity.sql.columns import Columns, Kind
from parity.sql.keys import Cells, among, cells
from parity.sql.mysql import MySQL
from parity.sql.mysql_row import row_hash, row_text, total

ROWS = 128
"""Most rows per bucket: one different row makes this many be looked at again."""
MOST_HASH_BUCKETS = 200_000
"""Most hash buckets: their digests are one value of some 8 MB."""
WIDEST = 2**62


@dataclass(frozen=True)
class BucketRanges:
    """How a range is split: by ``width`` of an integer key, or into ``count`` hash buckets by CRC32."""

    width: int = 0
    count: int = 1

    @classmethod
    def by_width(cls, first: int, last: int, rows: int, each: int = ROWS) -> BucketRanges:
        """Split keys from ``first`` to ``last``, which hold ``rows`` rows, into buckets of about ``each`` rows."""
        return cls(width=min(max(1, (last - first + 1) * each // max(rows, 1)), WIDEST))

    @classmethod
    def by_hash(cls, rows: int, each: int = ROWS) -> BucketRanges:
        """Split ``rows`` rows into hash buckets of about ``each`` rows; of more where these would be too many."""
        return cls(count=min(max(1, rows // each), MOST_HASH_BUCKETS))

    def expression(self, dialect: MySQL, key: Columns) -> str:
        """Return the bucket of a row."""
        if self.width:
            return f"{dialect.quote(key[0].name)} DIV {self.width}"
        return f"CRC32({row_text(dialect, key)}) % {self.count}" if self.count > 1 else "0"

    def where(self, dialect: MySQL, key: Columns, wanted: Sequence[int] | None) -> str:
        """Return the condition for the wanted buckets; empty when all are."""
        if wanted is None or (self.count == 1 and not self.width):
            return ""
        if self.width:
            name = dialect.quote(key[0].name)
            spans = _runs([self._range(bucket) for bucket in sorted(wanted)])
            return "(" + " OR ".join(f"{name} BETWEEN {low} AND {high}" for low, high in spans) + ")"
        return f"{self.expression(dialect, key)} IN ({', '.join(map(str, wanted))})"

    def _range(self, bucket: int) -> tuple[int, int]:
        """Return the keys of a bucket; DIV truncates towards zero, so bucket 0 is twice as wide."""
        low, high = bucket * self.width, bucket * self.width
        return (low - self.width + 1 if bucket <= 0 else low), (high + self.width - 1 if bucket >= 0 else high)


def _runs(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges that touch."""
    runs: list[tuple[int, int]] = []
    for low, high in ranges:
        if runs and runs[-1][1] + 1 >= low:
            runs[-1] = (runs[-1][0], high)
        else:
            runs.append((low, high))
    return runs


def has_integer_key(key: Columns) -> bool:
    """Return whether the key is one integer column that is never NULL; a server reads 9 as a YEAR like 2009."""
    one = key[0]
    whole = one.kind is Kind.INTEGER and one.as_stored and not one.native.startswith("year")
    return len(key) == 1 and whole and not one.nullable


def _from(dialect: MySQL, table: str, *conditions: str) -> str:
    where = " AND ".join(condition for condition in conditions if condition)
    return f"FROM {dialect.quote(table)}" + (f" WHERE {where}" if where else "")


def digests(dialect: MySQL, table: str, columns: Columns, key: Columns, buckets: BucketRanges, where: str) -> str:
    """Return the query for bucket, COUNT and SUM."""
    bucket, hashed = buckets.expression(dialect, key), row_hash(dialect, columns)
    # The inner query is merged into the outer one, unless it looks into JSON, which MySQL cannot while it groups.
    inner = f"SELECT {bucket} AS b, {hashed} AS h {_from(dialect, table, where)}"
    return f"SELECT b, COUNT(*) AS n, {total('h')} AS s FROM ({inner}) AS hashed GROUP BY b"


@dataclass(frozen=True)
class PackedQuery:
    """A query that packs its rows into few long values, and the same one row at a time."""

    what: str
    """The text of a row; ``;`` ends it, so that a value cut short is seen."""
    source: str
    """FROM and WHERE."""
    bucket: str = ""
    """The SQL by which rows are packed together; empty for all in one value."""

    @property
    def packed(self) -> str:
        """Return the query for bucket, number of rows, and the rows' texts."""
        tail = "GROUP BY b" if self.bucket else "HAVING COUNT(*) > 0"
        inner = f"SELECT {self.bucket or 0} AS b, {self.what} AS t {self.source}"
        return f"SELECT MAX(b), COUNT(*), GROUP_CONCAT(t, ';' SEPARATOR '') FROM ({inner}) AS texts {tail}"

    @property
    def row_by_row(self) -> str:
        """Return the query for rows too long to share a value."""
        return f"SELECT {self.bucket or 0}, 1, CONCAT({self.what}, ';') {self.source}"


def packed_digests(digested: str) -> PackedQuery:
    """Return the query for how many buckets a query of digests finds, and all of them as one text."""
    return PackedQuery("CONCAT_WS(',', b, n, s)", f"FROM ({digested}) AS digested")


def key_and_hash(dialect: MySQL, columns: Columns, key: Columns) -> str:
    """Return the text ``key|hash`` of a row."""
    return f"CONCAT({cells(dialect, key)}, '|', {row_hash(dialect, columns)})"


def key_and_row(dialect: MySQL, columns: Columns, key: Columns) -> str:
    """Return the text ``key|row`` of a row."""
    return f"CONCAT({cells(dialect, key)}, '|', {cells(dialect, columns)})"


def rows_by_bucket(
    dialect: MySQL,
    table: str,
    what: str,
    key: Columns,
    buckets: BucketRanges,
    wanted: Sequence[int] | None,
    where: str,
) -> PackedQuery:
    """Return the query for the rows of the wanted buckets."""
    source = _from(dialect, table, where, buckets.where(dialect, key, wanted))
    return PackedQuery(what, source, buckets.expression(dialect, key))


def rows_by_key(
    dialect: MySQL, table: str, what: str, key: Columns, wanted: Sequence[Cells], where: str
) -> PackedQuery:
    """Return the query for one page with the rows that have the wanted keys, and maybe a few more."""
    condition = f"({among(dialect, key, wanted)})"
    return PackedQuery(what, _from(dialect, table, condition, f"({where})" if where else ""))
