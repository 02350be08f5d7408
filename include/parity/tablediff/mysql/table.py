"""Queries of one MySQL table: bucket digests, keys with hashes, rows by key; packed into few long values.

PyMySQL spends some 19 µs on a row of 18 values, and next to nothing on one long text; so the server joins
the rows of a bucket into one value (:mod:`parity.sql.mysql_packed`), which is taken apart here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from parity.clients.mysql import SortMemory
from parity.compare.result import CanaryCheck
from parity.errors import ExportRefused
from parity.sql import mysql_packed as packed
from parity.sql.columns import Columns
from parity.sql.keys import Cells, KeyRange, boundary, unpack
from parity.sql.mysql import POISON, MySQL
from parity.sql.mysql_canary import canaries
from parity.sql.mysql_row import row_hash
from parity.tablediff.mysql.session import QuerySession

CONDITION_BATCH = 500
"""Keys or bucket ranges in one condition: enough to amortise the round trip, few enough to plan quickly."""

Digests = dict[int, tuple[int, int]]
"""Bucket → (rows, sum of hashes)."""


@dataclass(frozen=True)
class MySQLTable:
    """One table on one server, with the columns and the key in the form agreed with the other side."""

    session: QuerySession
    dialect: MySQL
    name: str
    columns: Columns
    key: Columns
    where: str = ""
    """A filter, SQL already; empty means every row."""

    def boundary(self, key_range: KeyRange, rows: int) -> Cells | None:
        """Return the key of row number ``rows`` of the range, or None when it has fewer."""
        found = self.session.rows(boundary(self.dialect, self.name, self.key, key_range, rows))
        return unpack(self.key, _text(found[0][0])) if found else None

    def ends(self) -> tuple[int | None, int | None]:
        """Return the smallest and the largest key of a single integer key; None when there is no row."""
        name = self.dialect.quote(self.key[0].name)
        low, high = self.session.rows(f"SELECT MIN({name}), MAX({name}) FROM {self.dialect.quote(self.name)}")[0]
        return low, high

    def digests(self, key_range: KeyRange, buckets: packed.BucketRanges) -> Digests:
        """Return COUNT and SUM per bucket."""
        sql = packed.digests(self.dialect, self.name, self.columns, self.key, buckets, self._where(key_range))
        cells = (line.split(",") for line in self._lines(packed.packed_digests(sql)))
        found = {int(bucket): (int(rows), int(total)) for bucket, rows, total in cells}
        if any(total >= int(POISON) for _, total in found.values()):
            raise ExportRefused(f"{self.name}: a row is longer than max_allowed_packet and cannot be hashed.")
        return found

    def hashes(self, key_range: KeyRange, buckets: packed.BucketRanges, wanted: Sequence[int]) -> Iterator[str]:
        """Yield ``key|hash`` of every row in the wanted buckets."""
        what = packed.key_and_hash(self.dialect, self.columns, self.key)
        return self._pull(what, key_range, buckets, wanted)

    def rows(
        self, key_range: KeyRange, buckets: packed.BucketRanges, wanted: Sequence[int] | None
    ) -> Iterator[str]:
        """Yield ``key|row`` of every row in the wanted buckets; None means all of them."""
        what = packed.key_and_row(self.dialect, self.columns, self.key)
        return self._pull(what, key_range, buckets, wanted)

    def by_key(self, keys: Iterable[str]) -> Iterator[str]:
        """Yield ``key|row`` of the rows with these packed keys, equal by bytes."""
        rest = iter(keys)
        what = packed.key_and_row(self.dialect, self.columns, self.key)
        while batch := set(islice(rest, CONDITION_BATCH)):
            cells = [unpack(self.key, key) for key in sorted(batch)]
            page = packed.rows_by_key(self.dialect, self.name, what, self.key, cells, self.where)
            yield from (line for line in self._lines(page) if line.partition("|")[0] in batch)

    def count(self) -> int:
        """Count all rows."""
        return int(self.session.rows(f"SELECT COUNT(*) FROM {self.dialect.quote(self.name)}")[0][0])

    def count_compared(self, key_range: KeyRange) -> int:
        """Count the rows of a range that are to be compared."""
        where = self._where(key_range)
        asked = f"SELECT COUNT(*) FROM {self.dialect.quote(self.name)}{' WHERE ' + where if where else ''}"
        return int(self.session.rows(asked)[0][0])

    def canary(self) -> CanaryCheck:
        """Change a row's columns one at a time, inside the server, and return which changes the hash detected."""
        queries = canaries(self.dialect, self.name, self.columns, self.where)
        found = [row for sql in queries for row in self.session.rows(sql) if None not in row]
        return CanaryCheck(len(found), tuple(self.columns[int(at)].name for at, old, new in found if old == new))

    def duplicates(self) -> int:
        """Count the rows whose key occurs more than once."""
        where = f" WHERE {self.where}" if self.where else ""
        grouped = (
            f"SELECT COUNT(*) AS n FROM {self.dialect.quote(self.name)}{where} "
            f"GROUP BY {row_hash(self.dialect, self.key)} HAVING n > 1"
        )
        return int(self.session.rows(f"SELECT COALESCE(SUM(n), 0) FROM ({grouped}) AS several")[0][0])

    def _pull(
        self, what: str, key_range: KeyRange, buckets: packed.BucketRanges, wanted: Sequence[int] | None
    ) -> Iterator[str]:
        batches = (
            [None]
            if wanted is None
            else [wanted[i : i + CONDITION_BATCH] for i in range(0, len(wanted), CONDITION_BATCH)]
        )
        for batch in batches:
            where = self._where(key_range)
            yield from self._lines(
                packed.rows_by_bucket(self.dialect, self.name, what, self.key, buckets, batch, where)
            )

    def _lines(self, asked: packed.PackedQuery) -> Iterator[str]:
        """Yield the rows of all pages; ask again one by one when a page outgrew max_allowed_packet."""
        try:
            pages = self.session.rows(asked.packed)
            fits = all(_whole(count, page) for _, count, page in pages)
        except SortMemory:  # MySQL sorts the rows that it groups, and a row may be longer than its sort buffer
            fits = False
        if not fits:
            pages = self.session.rows(asked.row_by_row)
        for _, count, page in pages:
            if not _whole(count, page):
                raise ExportRefused(f"{self.name}: a row is longer than max_allowed_packet and cannot be read.")
            yield from _text(page)[:-1].split(";")

    def _where(self, key_range: KeyRange) -> str:
        parts = [key_range.where(self.dialect, self.key), f"({self.where})" if self.where else ""]
        return " AND ".join(part for part in parts if part)


def _whole(count: Any, page: Any) -> bool:
    text = "" if page is None else _text(page)
    return text.endswith(";") and text.count(";") == int(count)


def _text(value: Any) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else str(value)
