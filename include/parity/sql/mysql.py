"""MySQL's spelling, for RDS and for Azure alike; MariaDB's two differences are in :mod:`parity.sql.mariadb`.

The session must run in UTC with an empty ``sql_mode`` (:mod:`parity.clients.mysql` sees to it): zero dates
then read as text and survive a CAST, and no CHAR is padded.
"""

from __future__ import annotations

from typing import ClassVar

from parity.sql.columns import Column, Kind
from parity.sql.dialect import Dialect

POISON = "1" + "0" * 40
"""Stands for a row whose text the server refused to build; no honest sum of 60-bit numbers reaches it.

Written out: as 1e40 it would turn the exact sum into a double, which forgets its last digits."""

_CASTS = {Kind.DECIMAL: "DECIMAL(65,{})", Kind.TIME: "TIME({})", Kind.TIMESTAMP: "DATETIME({})"}


class MySQL(Dialect):
    """RDS MySQL and Azure Database for MySQL."""

    name: ClassVar[str] = "mysql"

    def quote(self, name: str) -> str:
        """Return an identifier in backquotes."""
        return "`" + name.replace("`", "``") + "`"

    def text(self, column: Column) -> str:
        """Return the canonical text; the MD5 of it for a column that may outgrow a packet."""
        spelled = super().text(column)
        return f"MD5({spelled})" if column.long else spelled

    def spell(self, column: Column, value: str) -> str:
        """Return the canonical text of ``value`` as bytes, digits or a date's own text."""
        kind = column.kind
        if kind in _CASTS and not column.as_stored:
            return f"CAST({value} AS {_CASTS[kind].format(column.scale)})"
        if kind in (Kind.TEXT, Kind.LABEL, Kind.JSON):
            return f"CAST({self.characters(column, value)} AS BINARY)"
        if kind in (Kind.BINARY, Kind.GEOMETRY):
            return f"LOWER(HEX({value}))"
        return self._number(column, value)

    def _number(self, column: Column, value: str) -> str:
        if column.kind is Kind.FLOAT:  # 0e0 widens FLOAT to all its digits, and turns -0 into 0
            return f"({value} + 0e0)"
        stored = column.stored[0] if column.stored else column.kind
        if stored is Kind.BIT or "zerofill" in column.native:
            return f"({value} + 0)"
        return value

    def characters(self, column: Column, value: str) -> str:
        """Return the text of ``value`` in UTF-8, as characters."""
        stored = column.stored[0] if column.stored else column.kind
        if stored in (Kind.BINARY, Kind.GEOMETRY):
            return f"LOWER(HEX({value}))"
        if stored is Kind.BIT:
            return f"({value} + 0)"
        if stored is Kind.JSON:
            return self.json(value)
        plain = column.unicode and stored in (Kind.TEXT, Kind.LABEL)
        return value if plain else f"CONVERT({value} USING utf8mb4)"

    def json(self, value: str) -> str:
        """Return a document's text; MySQL stores documents normalised already."""
        return f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"

    def length(self, column: Column) -> str:
        """Return the number of characters; MySQL joins numbers as they are."""
        return f"CHAR_LENGTH({self.characters(column, self.quote(column.name))})"

    def is_null(self, column: Column, bit: int) -> str:
        """Return the column's bit of the mask."""
        return f"(ISNULL({self.quote(column.name)}) << {bit})"

    def joined(self, parts: list[str]) -> str:
        """Join by the separator."""
        return f"CONCAT_WS(x'1f', {', '.join(parts)})"

    def number_text(self, value: str) -> str:
        """Return the number as it is: CONCAT_WS writes it as digits."""
        return value

    def md5(self, text: str) -> str:
        """Return the MD5."""
        return f"MD5({text})"

    def number(self, md5: str) -> str:
        """Return 60 bits, or the poison when the row's text outgrew max_allowed_packet and became NULL."""
        return f"CAST(CONV(RIGHT({md5}, 15), 16, 10) AS UNSIGNED)"

    def bucket(self, md5: str, buckets: int) -> str:
        """Return the bucket of a hash."""
        return f"CAST(CONV(LEFT({md5}, 7), 16, 10) AS UNSIGNED) % {buckets}"

    def total(self, number: str) -> str:
        """Return the sum; MySQL sums integers as exact decimals. NULL must not be summed silently."""
        return f"SUM(COALESCE({number}, {POISON}))"
