"""MySQL's spelling, for RDS and for Azure alike; MariaDB has no JSON, and MySQL 5.7 differs in it alone.

The session must run in UTC with an empty ``sql_mode`` (:mod:`parity.clients.mysql` sets both): zero dates
then read as text and survive a CAST, and no CHAR is padded.
"""

from __future__ import annotations

import re

from parity.sql.columns import FREE, Column, Kind

POISON = "1" + "0" * 40
"""Stands for a row whose text the server refused to build; no honest sum of 60-bit numbers reaches it.

Written out: as 1e40 it would turn the exact sum into a double, which forgets its last digits."""

_BYTES = frozenset({Kind.BINARY, Kind.GEOMETRY})
_DIGITS = 65
"""Most digits of a DECIMAL."""
FULLY_MAPPED_CHARSETS = frozenset(
    "cp850 cp852 cp866 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman".split()  # noqa: SIM905
)
"""Character sets in which every byte is a character with a Unicode of its own; as both servers report."""
_NAMELESS = re.compile(r"[(,]' *'[,)]")
"""Finds an empty member in an ENUM's or SET's own words."""
_SPECIAL = ("'.'", "'-'", "'base64:type'")
"""One of these is in the text of every JSON value whose type its text does not show."""
_CASTS = {Kind.DECIMAL: "DECIMAL(65,{})", Kind.TIME: "TIME({})", Kind.TIMESTAMP: "DATETIME({})"}


def has_empty_member(column: Column) -> bool:
    """Return whether a column is an ENUM or SET with an empty member, whose text number 0 has as well."""
    stored = column.stored[0] if column.stored else column.kind
    return stored is Kind.LABEL and bool(_NAMELESS.search(column.native))


class MySQL:
    """RDS MySQL, Azure Database for MySQL, and MariaDB from 10.7 on, which stands for both in the sandbox."""

    def quote(self, name: str) -> str:
        """Return an identifier in backquotes."""
        return "`" + name.replace("`", "``") + "`"

    def spell(self, column: Column, value: str) -> str:
        """Return the canonical text of ``value`` as bytes, digits or a date's own text."""
        kind = column.kind
        if kind in _CASTS and not column.as_stored:
            return self._cast(column, value)
        if kind in (Kind.TEXT, Kind.LABEL, Kind.JSON):
            return f"CAST({self.characters(column, value)} AS BINARY)"
        if kind in _BYTES:
            return f"LOWER(HEX({value}))"
        return self._number(column, value)

    def content(self, column: Column, value: str) -> str:
        """Return what is hashed of a long column: its bytes as they are, which fit any packet."""
        return value if column.kind in _BYTES else self.spell(column, value)

    def shown(self, column: Column, value: str) -> str:
        """Return the canonical text of ``value`` for a transferred row: characters even where bytes are hashed.

        Two different texts of one column stay different, because only what converts there and back is converted.
        """
        if column.raw and column.charset and column.kind in FREE:
            return f"CAST({self._unicode(column, value)} AS BINARY)"
        return self.spell(column, value)

    def _cast(self, column: Column, value: str) -> str:
        cast = f"CAST({value} AS {_CASTS[column.kind].format(column.scale)})"
        stored, scale = column.stored or (column.kind, column.scale)
        if stored is Kind.DECIMAL and column.precision - scale + column.scale > _DIGITS:
            return f"IF({cast} = {value}, {cast}, {value})"  # it would be cut down to the most that fits
        return cast

    def _number(self, column: Column, value: str) -> str:
        stored = column.stored[0] if column.stored else column.kind
        if column.kind is Kind.FLOAT:  # 0e0 widens FLOAT to all its digits, and turns -0 into 0
            double = self.double(value)
            if stored is Kind.FLOAT:
                return double
            return f"IF({self.exact(column, value)}, {double}, CONCAT('exactly ', {value}))"
        if stored is Kind.BIT or "zerofill" in column.native or column.native.startswith("year"):
            return f"({value} + 0)"
        return value

    def double(self, value: str) -> str:
        """Return a number as a double with all its digits; -0 is 0."""
        return f"({value} + 0e0)"

    def exact(self, column: Column, value: str) -> str:
        """Return the condition under which a number survives being a double, which 2^53 + 1 does not."""
        scale = column.stored[1] if column.stored else 0
        return f"CAST({value} + 0e0 AS DECIMAL({_DIGITS},{scale})) = {value}"

    def characters(self, column: Column, value: str) -> str:
        """Return the text of ``value`` in UTF-8, or its bytes where both sides have the same character set."""
        stored = column.stored[0] if column.stored else column.kind
        if (
            stored in _BYTES
        ):  # behind a byte that begins no text: the digits of bytes are no text of the other side
            return f"CONCAT(x'ff', 'bytes:', LOWER(HEX({value})))"
        if stored is Kind.BIT:
            return f"({value} + 0)"
        if stored is Kind.FLOAT:  # FLOAT prints six digits of what it holds
            return f"CONVERT({self.double(value)} USING utf8mb4)"
        if stored is Kind.JSON:
            return self.json(value)
        if has_empty_member(column):
            return self._label(column, value)
        if stored in (Kind.TEXT, Kind.LABEL):
            return value if column.raw or not column.charset else self._unicode(column, value)
        return f"CONVERT({value} USING utf8mb4)"

    def _label(self, column: Column, value: str) -> str:
        """Return the words of an ENUM or SET that has an empty member, and which of two empty texts it is.

        Number 0, which a server stores in place of a value that is no member, has the same text.
        """
        text = value if column.raw or not column.charset else self._unicode(column, value)
        return f"CONCAT(IF({value} = '' AND ({value} + 0) = 0, x'ff', ''), CAST({text} AS BINARY))"

    def _unicode(self, column: Column, value: str) -> str:
        """Return a text in UTF-8; one that has no Unicode as its bytes, behind 0xFF and the name of their set.

        A server writes ``?`` for a character without Unicode, or nothing at all. Where one set meets another, a
        text counts as converted when nothing was lost; where it stays with its own, it must convert back as well.
        """
        converted = f"CONVERT({value} USING utf8mb4)"
        if column.charset in FULLY_MAPPED_CHARSETS:
            return converted
        whole = f"CAST(CONVERT({converted} USING {column.charset}) AS BINARY) = CAST({value} AS BINARY)"
        if not column.raw:
            marks = f"CAST(CONVERT(REPLACE({value}, '?', '') USING utf8mb4) AS BINARY)"
            lengths = f"CHAR_LENGTH({value}) = CHAR_LENGTH({converted})"
            whole = f"({whole} OR ({lengths} AND LOCATE(x'3f', {marks}) = 0))"
        content = f"CONCAT(x'ff', '{column.charset}:', CAST({value} AS BINARY))"
        return f"IF({whole}, CAST({converted} AS BINARY), {content})"

    def json(self, value: str) -> str:
        """Return a document's text, and the types that its text does not show; MySQL stores documents normalised.

        A DATE prints as a string does, a DECIMAL as a double, and bytes as a string in base64. Whatever holds
        none of ``.``, ``-`` and ``base64:type``, and needs no more room than its text read again, holds none of
        them and is not searched: a DECIMAL without a point takes more bytes than the integer of its digits.
        """
        text = f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
        plain = " AND ".join(f"LOCATE({mark}, CAST({text} AS BINARY)) = 0" for mark in _SPECIAL)
        plain = f"{plain} AND JSON_STORAGE_SIZE({value}) = JSON_STORAGE_SIZE({text})"
        parts = [self._json_types(value, path) for path in ("$", "$**.*", "$**[*]")]
        types = f"CONCAT({', '.join(parts)})"
        return f"IF({plain}, {text}, CONCAT({text}, {types}))"

    def _json_types(self, value: str, path: str) -> str:
        """Return number and type of the values on a path that are of no type that JSON's own text has."""
        columns = "parity_n FOR ORDINALITY, parity_v JSON PATH '$'"  # names that no column of the table has
        found = f"JSON_TABLE({value}, '{path}' COLUMNS ({columns})) AS parity_j"
        plain = "'OBJECT', 'ARRAY', 'STRING', 'INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'BOOLEAN', 'NULL'"
        listed = "GROUP_CONCAT(' ', parity_n, ':', JSON_TYPE(parity_v) ORDER BY parity_n SEPARATOR '')"
        special = f"SELECT CONCAT(' {path}', {listed}) FROM {found} WHERE JSON_TYPE(parity_v) NOT IN ({plain})"
        return f"COALESCE(({special}), '')"


class OracleMySQL(MySQL):
    """MySQL itself, which writes a computed double in 22 characters, whatever digits are lost."""

    def double(self, value: str) -> str:
        """Return a double's text: JSON has all digits, and a ``.0`` behind a whole number.

        ``-1.7976931348623157e308 + 0e0`` becomes ``-1.797693134862316e308``, which is infinite (MySQL 9.7).
        """
        return f"TRIM(TRAILING '.0' FROM CAST(CAST({value} + 0e0 AS JSON) AS CHAR CHARACTER SET utf8mb4))"


class MySQL57(OracleMySQL):
    """MySQL 5.7, which cannot look into a document."""

    def json(self, value: str) -> str:
        """Return a document's text, marked where reading that text back makes another document."""
        text = f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
        return f"IF({value} = CAST({text} AS JSON), {text}, CONCAT({text}, ' of types that are not shown'))"
