"""A column of any engine: its kind, its scale, and whether it may be NULL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Kind(StrEnum):
    """The families of types; each has one canonical text."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    TEXT = "text"
    LABEL = "label"
    """Enum and set: the words, never their numbers."""
    JSON = "json"
    BINARY = "binary"
    BIT = "bit"
    GEOMETRY = "geometry"
    UNKNOWN = "unknown"
    """A type that no rule covers; such a column is never called equal."""


FREE = frozenset({Kind.TEXT, Kind.LABEL, Kind.JSON})
"""Kinds whose text may hold any character, the separator too."""

NUMBERS = frozenset({Kind.INTEGER, Kind.DECIMAL, Kind.FLOAT, Kind.BOOLEAN, Kind.BIT})
SCALED = frozenset({Kind.DECIMAL, Kind.TIME, Kind.TIMESTAMP})


@dataclass(frozen=True)
class Column:
    """One column of one side."""

    name: str
    kind: Kind
    scale: int = 0
    """Digits after the point: of a decimal, or of a second."""
    nullable: bool = True
    charset: str = ""
    """MySQL's name of the character set in which a text is stored; empty for Unicode's own encodings."""
    raw: bool = False
    """Both sides store the text in one character set, so that its bytes are compared and nothing is converted."""
    padded: bool = False
    """A CHAR(n), which its engine may return padded with blanks."""
    long: bool = False
    """May be longer than a packet; its MD5 stands for it in the row's text."""
    collation: str = ""
    """The collation of its index; empty for what has none."""
    native: str = ""
    """The engine's own words for the type."""
    stored: tuple[Kind, int] | None = None
    """Kind and scale as the engine stores it, where :func:`agree` has chosen others."""
    precision: int = 0
    """All digits of a decimal, where its engine reports them; 0 otherwise."""

    @property
    def free(self) -> bool:
        """Return whether its text may contain the separator, so that its length is part of the row's text."""
        return self.kind in FREE and not self.long

    @property
    def as_stored(self) -> bool:
        """Return whether the engine's own text is already in the agreed kind and scale."""
        return self.stored is None or self.stored == (self.kind, self.scale)


Columns = Sequence[Column]

_WIDER: dict[frozenset[Kind], Kind] = {
    frozenset({Kind.INTEGER, Kind.DECIMAL}): Kind.DECIMAL,
    frozenset({Kind.INTEGER, Kind.BOOLEAN}): Kind.INTEGER,
    frozenset({Kind.INTEGER, Kind.BIT}): Kind.INTEGER,
    frozenset({Kind.BOOLEAN, Kind.BIT}): Kind.INTEGER,
    frozenset({Kind.DATE, Kind.TIMESTAMP}): Kind.TIMESTAMP,
    frozenset({Kind.TEXT, Kind.LABEL}): Kind.TEXT,
    frozenset({Kind.DECIMAL, Kind.FLOAT}): Kind.FLOAT,
    frozenset({Kind.INTEGER, Kind.FLOAT}): Kind.FLOAT,
}
"""Two kinds, and the one that both can be written as without losing anything that the narrower one holds."""


def agree(legacy: Column, target: Column) -> tuple[Column, Column]:
    """Return both columns with the one kind, scale and nullability under which their texts can be compared.

    The scale is the larger of the two: the smaller one would hide a truncation. Kinds that cannot be
    reconciled are compared as text, each side's own, and so differ wherever the texts do.
    """
    kind = legacy.kind if legacy.kind == target.kind else _WIDER.get(frozenset({legacy.kind, target.kind}))
    scale = max(_scale(legacy), _scale(target))

    def agreed(column: Column) -> Column:
        return replace(
            column,
            kind=kind or Kind.TEXT,
            scale=scale,
            nullable=legacy.nullable or target.nullable,
            long=legacy.long or target.long,
            raw=legacy.kind in FREE and target.kind in FREE and legacy.charset == target.charset,
            stored=(column.kind, column.scale),
        )

    return agreed(legacy), agreed(target)


def _scale(column: Column) -> int:
    return column.scale if column.kind in SCALED else 0
