"""What Athena, Spark and DuckDB have in common: texts and hashes of rows, digests of buckets, and their rows.

A bucket's digest is its rows, the rows whose key is not alone, and four sums, each over 32 bits of the rows'
MD5: all 128 bits decide that two buckets are equal. Sums of 32-bit numbers fit a BIGINT for 2^31 rows a bucket.
Beside them stands how many times are finer than a millisecond: it shows a reader that rounds them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from parity.sql.columns import Column, Columns, Kind

SEPARATOR = "\x1f"
"""The unit separator: rare in texts, and harmless there because of their lengths."""
MASK = 32
"""Columns per NULL mask: what every engine's integers hold."""
HASHABLE = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE, Kind.TIMESTAMP, Kind.TEXT, Kind.BINARY})
"""Kinds with one canonical text on every engine; a FLOAT has none, and nested values have several."""
QUARTERS = (1, 9, 17, 25)
"""Where each 8 of a hash's 32 digits begin."""
AT_ONCE = 100
"""Arguments of one function call: Trino allows 254."""
WIDE = 80
"""Characters of a row's parts that are still written on one line."""
BUCKET = "bucket"
FINER = "finer"
"""Times finer than a millisecond: Athena reads none from a Hive table, whatever its files hold."""
SUMS = (*(f"digest_{n}" for n in range(1, len(QUARTERS) + 1)), FINER)


class Columnar(ABC):
    """How an engine over files writes the canonical forms. Subclasses hold differences only."""

    text_type: ClassVar[str] = "VARCHAR"
    separator: ClassVar[str] = "chr(31)"

    def quote(self, name: str) -> str:
        """Return an identifier that is safe to paste."""
        return '"' + name.replace('"', '""') + '"'

    def text(self, column: Column) -> str:
        """Return the expression of a column's canonical text; NULL stays NULL."""
        return self.spell(column, self.quote(column.name))

    def spell(self, column: Column, value: str) -> str:
        """Return the canonical text of ``value``; ValueError for a kind that has none."""
        if column.kind not in HASHABLE:
            raise ValueError(f"{column.name}: {column.kind} has no canonical text")
        if column.kind is Kind.TEXT:
            return self.unpadded(value) if column.padded else value
        if column.kind is Kind.BOOLEAN:
            return f"CASE WHEN {value} THEN '1' WHEN NOT {value} THEN '0' END"
        spelling = {
            Kind.DATE: self.day,
            Kind.DECIMAL: self.decimal,
            Kind.TIMESTAMP: self.moment,
            Kind.BINARY: self.hexadecimal,
        }.get(column.kind)
        return spelling(column, value) if spelling else self.number_text(value)

    @abstractmethod
    def decimal(self, column: Column, value: str) -> str:
        """Return an exact number with the column's scale, plainly: no exponent, no separators."""

    @abstractmethod
    def moment(self, column: Column, value: str) -> str:
        """Return a date or time in UTC with six digits after the second, and a plus before a fifth of the year."""

    def day(self, column: Column, value: str) -> str:
        """Return a date as ISO 8601 writes it: ``0000`` is the year before 1, and no plus before a fifth digit."""
        return self.number_text(value)

    @abstractmethod
    def hexadecimal(self, column: Column, value: str) -> str:
        """Return bytes as lower-case hexadecimal digits."""

    @abstractmethod
    def unpadded(self, value: str) -> str:
        """Return a CHAR(n) without the blanks that fill it up; no other white space is touched."""

    @abstractmethod
    def literal(self, column: Column, cell: str | None) -> str:
        """Return a literal of the column's type whose canonical text is ``cell``."""

    @abstractmethod
    def md5(self, text: str) -> str:
        """Return the MD5 of a text's UTF-8 as 32 lower-case hexadecimal digits."""

    @abstractmethod
    def hexadecimal_number(self, digits: str) -> str:
        """Return up to 15 hexadecimal digits as a BIGINT."""

    def length(self, column: Column) -> str:
        """Return the number of characters of the canonical text."""
        return self.number_text(f"length({self.text(column)})")

    def is_null(self, column: Column, bit: int) -> str:
        """Return the column's bit of the mask."""
        return f"CASE WHEN {self.quote(column.name)} IS NULL THEN {2**bit} ELSE 0 END"

    def number_text(self, value: str) -> str:
        """Return digits."""
        return f"CAST({value} AS {self.text_type})"

    def joined(self, parts: list[str]) -> str:
        """Join by the separator; many parts are joined in groups, alike on every engine."""
        if len(parts) > AT_ONCE:
            parts = [self.joined(parts[at : at + AT_ONCE]) for at in range(0, len(parts), AT_ONCE)]
        between = ",\n             " if sum(map(len, parts)) > WIDE else ", "
        return f"concat_ws({self.separator}, {between.join(parts)})"

    def row(self, columns: Columns) -> str:
        """Return the text of a row: values, lengths of free texts but the first, mask of NULLs.

        One free text needs no length: everything else in the row is known to hold no separator.
        """
        lengths = [self.length(column) for column in columns if column.free][1:]
        return self.joined([*(self.text(c) for c in columns), *lengths, *self._masks(columns)])

    def _masks(self, columns: Columns) -> list[str]:
        nullable = [column for column in columns if column.nullable]
        parts = [nullable[start : start + MASK] for start in range(0, len(nullable), MASK)]
        return [
            self.number_text("(" + " + ".join(self.is_null(c, bit) for bit, c in enumerate(part)) + ")")
            for part in parts
        ]

    def hash(self, columns: Columns) -> str:
        """Return the hash of a row."""
        return self.md5(self.row(columns))

    def finer(self, columns: Columns) -> str:
        """Return how many times of a row have microseconds beside their milliseconds."""
        times = [self.text(column) for column in columns if column.kind is Kind.TIMESTAMP]
        parts = (f"CASE WHEN substr({time}, -3) <> '000' THEN 1 ELSE 0 END" for time in times)
        return " + ".join(parts) or "0"

    def bucket(self, md5: str, buckets: int) -> str:
        """Return the first 28 bits of a hash, modulo ``buckets``."""
        return f"{self.hexadecimal_number(f'substr({md5}, 1, 7)')} % {buckets}"

    def digests(self, columns: Columns, key: Columns, source: str, buckets: int) -> str:
        """Return the query for one line per bucket; ``source`` is what follows FROM, conditions included.

        Columns: bucket, row_count, duplicates, and :data:`SUMS`. An empty ``key`` buckets by the whole row.
        """
        quarters = ",\n         ".join(
            f"sum({self.hexadecimal_number(f'substr(row_hash, {start}, 8)')}) AS {name}"
            for start, name in zip(QUARTERS, SUMS, strict=False)
        )
        totals = {"row_count": "row_count", "duplicates": "CASE WHEN row_count > 1 THEN row_count ELSE 0 END"}
        totals |= {name: name for name in SUMS}
        sums = ",\n       ".join(f"CAST(sum({what}) AS BIGINT) AS {name}" for name, what in totals.items())
        bucket = self.bucket("key_hash", buckets)
        return (
            f"SELECT CAST({bucket} AS BIGINT) AS {BUCKET},\n"
            f"       {sums}\n"
            f"FROM (\n"
            f"  SELECT key_hash, count(*) AS row_count,\n"
            f"         {quarters},\n"
            f"         sum({FINER}) AS {FINER}\n"
            f"  FROM (\n"
            f"    SELECT {self.hash(key or columns)} AS key_hash,\n"
            f"           {self.hash(columns)} AS row_hash,\n"
            f"           {self.finer(columns)} AS {FINER}\n"
            f"    FROM {source}\n"
            f"  ) AS hashed\n"
            f"  GROUP BY key_hash\n"
            f") AS keyed\n"
            f"GROUP BY {bucket}"
        )

    def among(self, key: Columns, buckets: int, wanted: Sequence[int]) -> str:
        """Return the condition that a row's bucket is one of ``wanted``."""
        listed = ", ".join(str(int(bucket)) for bucket in wanted)
        return f"{self.bucket(self.hash(key), buckets)} IN ({listed})" if listed else "1 = 0"

    def detail(self, names: Sequence[str], always: Sequence[str], inside: str, source: str) -> str:
        """Return the query for the rows where ``inside`` holds.

        With columns that are ``always`` read, every row is returned, the other columns NULL outside the buckets.
        """
        if not always:
            listed = ", ".join(map(self.quote, names))
            return f"SELECT {listed}\nFROM (SELECT * FROM {source}) AS stored\nWHERE {inside}"
        listed = ",\n       ".join(self._shown(name, name in always) for name in names)
        shown = ", ".join(map(self.quote, names))
        return (
            f"SELECT {listed}\n"
            f"FROM (\n"
            f"  SELECT {shown}, {inside} AS parity_inside\n"
            f"  FROM (SELECT * FROM {source}) AS stored\n"
            f") AS marked"
        )

    def _shown(self, name: str, always: bool) -> str:
        quoted = self.quote(name)
        return quoted if always else f"CASE WHEN parity_inside THEN {quoted} END AS {quoted}"
