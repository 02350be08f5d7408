"""The same typed values through an engine, before it is believed: does it write them as we think it does?

Every engine gets the same literals and answers with their canonical texts; :mod:`parity.sql.reference` says
what they should be. A kind that an engine writes otherwise, in only one of its values, is not hashed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from parity.sql import reference
from parity.sql.columns import Column, Kind
from parity.sql.lake import Columnar


@dataclass(frozen=True)
class EngineConformance:
    """One typed value."""

    name: str
    column: Column
    value: Any

    @property
    def expected(self) -> str | None:
        """Return its canonical text."""
        return reference.text(self.column, self.value)


def _column(kind: Kind, scale: int = 0, precision: int = 0) -> Column:
    return Column("v", kind, scale, precision=precision)


_INTEGERS = (0, 1, -1, 127, -128, 32767, 2**31 - 1, -(2**31), 10**15 + 1, 2**63 - 1, -(2**63), None)
_DECIMALS = (
    (0, 5, ("0", "-1", "99999", None)),
    (2, 10, ("0.00", "0.01", "-0.01", "0.10", "1.00", "12345678.90", "-99999999.99", "99999999.99", None)),
    (4, 18, ("0.0000", "0.0001", "-0.0001", "1234.5000", "99999999999999.9999")),
    (6, 38, ("0.000000", "0.000001", "-12345678901234567890123456789012.345678", "1000000.000000")),
    (10, 38, ("0.0000000000", "0.0000001000", "-0.0000000001", "1234567890123456789012345678.0123456789")),
    (18, 38, ("0.000000000000000000", "-0.000000000000000001", "12345678901234567890.123456789012345678")),
)
_DATES = ("1970-01-01", "1969-12-31", "2000-02-29", "2024-02-29", "1900-01-01", "9999-12-31", "1582-10-15", None)
_MOMENTS = (
    "1970-01-01 00:00:00.000000",
    "1969-12-31 23:59:59.999999",
    "2026-03-29 01:30:00.000000",
    "2026-03-29 02:30:00.123456",
    "2026-10-25 02:30:00.100000",
    "2024-02-29 23:59:59.999999",
    "2000-01-01 00:00:00.129999",
    "1999-12-31 12:00:00.000001",
    "2026-03-02 10:20:30.120000",
    "1900-01-01 00:00:00.000000",
    "9999-12-31 23:59:59.999999",
    None,
)
_TEXTS = (
    "", " ", "a", "A", "a ", " a", "a\tb", "a\nb", "a\\b", "it's", '"', "\x1f", "a\x1fb", "ä", "e\u0301", "ß",
    "İ", "ﬁ", "zażółć", "日本語", "😀", "👩\u200d👩\u200d👧", "\u00a0", "\ufeff", "NULL", "0", "%", "$1", ":x",
    "x" * 300, None,
)  # fmt: skip
_BINARIES = ("", "00", "ff", "0a1b", "000000", "e4", "deadbeef00", None)


def _every() -> Iterator[tuple[Column, Any]]:
    yield from ((_column(Kind.INTEGER), value) for value in _INTEGERS)
    for scale, precision, texts in _DECIMALS:
        column = _column(Kind.DECIMAL, scale, precision)
        yield from ((column, None if told is None else Decimal(told)) for told in texts)
    yield from ((_column(Kind.BOOLEAN), value) for value in (True, False, None))
    yield from ((_column(Kind.DATE), told and date.fromisoformat(told)) for told in _DATES)
    yield from ((_column(Kind.TIMESTAMP, 6), told and datetime.fromisoformat(told)) for told in _MOMENTS)
    yield from ((_column(Kind.TEXT), value) for value in _TEXTS)
    yield from ((_column(Kind.BINARY), None if told is None else bytes.fromhex(told)) for told in _BINARIES)


PROBES = tuple(EngineConformance(f"p{at}", column, value) for at, (column, value) in enumerate(_every()))
ROWS = "rows"
"""Name of the line that holds the number of rows."""


def survey(dialect: Columnar, source: str, probes: Sequence[EngineConformance] = PROBES) -> str:
    """Return the query for (name, text): the number of rows of ``source``, and every probe."""
    count = f"SELECT '{ROWS}' AS name, {dialect.number_text('count(*)')} AS text\nFROM {source}"
    return "\nUNION ALL\n".join((count, answers(dialect, probes)))


def answers(dialect: Columnar, probes: Sequence[EngineConformance] = PROBES) -> str:
    """Return the query for (name, text) of every probe, one part for each type; then their hashes."""
    grouped = [list(same) for _, same in groupby(probes, key=lambda probe: probe.column)]
    return "\nUNION ALL\n".join(
        part for same in grouped for part in (_texts(dialect, same), _hashes(dialect, same))
    )


def _texts(dialect: Columnar, same: Sequence[EngineConformance]) -> str:
    return f"SELECT name, {dialect.text(same[0].column)} AS text\nFROM {_values(dialect, same)}"


def _hashes(dialect: Columnar, same: Sequence[EngineConformance]) -> str:
    """Each value twice in a row: with its length, its NULLs and its hash."""
    columns = (same[0].column, same[0].column)
    return f"SELECT concat('#', name) AS name, {dialect.hash(columns)} AS text\nFROM {_values(dialect, same)}"


def _values(dialect: Columnar, same: Sequence[EngineConformance]) -> str:
    lines = (f"('{one.name}', {dialect.literal(one.column, one.expected)})" for one in same)
    return "(VALUES\n  " + ",\n  ".join(lines) + "\n) AS probes (name, v)"


def strange(told: Mapping[str, str | None], probes: Sequence[EngineConformance] = PROBES) -> dict[Kind, str]:
    """Return the kinds that an engine writes otherwise than the reference, each with its first example."""
    found: dict[Kind, str] = {}
    for one in probes:
        for name, wanted in ((one.name, one.expected), (f"#{one.name}", _twice(one))):
            if name not in told:
                found.setdefault(one.column.kind, f"no answer for {one.expected!r}")
            elif told[name] != wanted:
                found.setdefault(one.column.kind, f"{told[name]!r} instead of {wanted!r} for {one.expected!r}")
    return found


def _twice(probe: EngineConformance) -> str:
    return reference.md5((probe.column, probe.column), (probe.value, probe.value))
