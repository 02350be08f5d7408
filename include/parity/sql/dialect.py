"""What every engine has in common: a row's text, its hash, and the parts of digests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from parity.sql.columns import Column, Columns

SEPARATOR = "\x1f"
"""The unit separator: rare in texts, and harmless there because of their lengths."""
MASK = 32
"""Columns per NULL mask: what every engine's integers hold."""


class Dialect(ABC):
    """How one engine spells the canonical forms. Subclasses hold differences only."""

    name: ClassVar[str]

    def quote(self, name: str) -> str:
        """Return an identifier that is safe to paste."""
        return '"' + name.replace('"', '""') + '"'

    def text(self, column: Column) -> str:
        """Return the expression of a column's canonical text; NULL stays NULL."""
        return self.spell(column, self.quote(column.name))

    @abstractmethod
    def spell(self, column: Column, value: str) -> str:
        """Return the canonical text of the expression ``value``, which has the column's type."""

    @abstractmethod
    def length(self, column: Column) -> str:
        """Return how many characters the canonical text of a free column has, as text."""

    @abstractmethod
    def is_null(self, column: Column, bit: int) -> str:
        """Return 2 to the power ``bit`` when the column is NULL, else 0."""

    @abstractmethod
    def joined(self, parts: list[str]) -> str:
        """Join texts by the separator; NULLs are left out."""

    @abstractmethod
    def number_text(self, value: str) -> str:
        """Return an integer expression as plain digits."""

    @abstractmethod
    def md5(self, text: str) -> str:
        """Return the MD5 of a text as 32 lower-case hexadecimal digits."""

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
