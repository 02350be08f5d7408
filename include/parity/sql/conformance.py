"""Whether an engine writes values in their canonical texts, tested before its digests are used.

Every engine gets the same literals and returns their texts, which are compared with :mod:`parity.sql.reference`.
A kind of which an engine writes even one value differently is not hashed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from parity.sql import reference
from parity.sql.columnar import Columnar
from parity.sql.columns import Column, Kind


@dataclass(frozen=True)
class ConformanceCase:
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
        yield from ((column, None if text is None else Decimal(text)) for text in texts)
    yield from ((_column(Kind.BOOLEAN), value) for value in (True, False, None))
    yield from ((_column(Kind.DATE), day and date.fromisoformat(day)) for day in _DATES)
    yield from ((_column(Kind.TIMESTAMP, 6), moment and datetime.fromisoformat(moment)) for moment in _MOMENTS)
    yield from ((_column(Kind.TEXT), value) for value in _TEXTS)
    yield from ((_column(Kind.BINARY), None if digits is None else bytes.fromhex(digits)) for digits in _BINARIES)


CASES = tuple(ConformanceCase(f"p{at}", column, value) for at, (column, value) in enumerate(_every()))
ROWS = "rows"
"""Name of the line that holds the number of rows."""


def conformance_query(dialect: Columnar, source: str, cases: Sequence[ConformanceCase] = CASES) -> str:
    """Return the query for (name, text): the number of rows of ``source``, and every case."""
    count = f"SELECT '{ROWS}' AS name, {dialect.number_text('count(*)')} AS text\nFROM {source}"
    return "\nUNION ALL\n".join((count, cases_query(dialect, cases)))


def cases_query(dialect: Columnar, cases: Sequence[ConformanceCase] = CASES) -> str:
    """Return the query for (name, text) of every case, one part for each type; then their hashes."""
    grouped = [list(same) for _, same in groupby(cases, key=lambda case: case.column)]
    return "\nUNION ALL\n".join(
        part for same in grouped for part in (_texts(dialect, same), _hashes(dialect, same))
    )


def _texts(dialect: Columnar, same: Sequence[ConformanceCase]) -> str:
    return f"SELECT name, {dialect.text(same[0].column)} AS text\nFROM {_values(dialect, same)}"


def _hashes(dialect: Columnar, same: Sequence[ConformanceCase]) -> str:
    """Return the query for the hashes of rows that hold a value twice, and with it lengths and NULLs."""
    columns = (same[0].column, same[0].column)
    return f"SELECT concat('#', name) AS name, {dialect.hash(columns)} AS text\nFROM {_values(dialect, same)}"


def _values(dialect: Columnar, same: Sequence[ConformanceCase]) -> str:
    lines = (f"('{one.name}', {dialect.literal(one.column, one.expected)})" for one in same)
    return "(VALUES\n  " + ",\n  ".join(lines) + "\n) AS cases (name, v)"


def nonconforming(answers: Mapping[str, str | None], cases: Sequence[ConformanceCase] = CASES) -> dict[Kind, str]:
    """Return the kinds that an engine writes differently from the reference, each with its first example."""
    found: dict[Kind, str] = {}
    for one in cases:
        for name, wanted in ((one.name, one.expected), (f"#{one.name}", _twice(one))):
            if name not in answers:
                found.setdefault(one.column.kind, f"no answer for {one.expected!r}")
            elif answers[name] != wanted:
                found.setdefault(one.column.kind, f"{answers[name]!r} instead of {wanted!r} for {one.expected!r}")
    return found


def _twice(case: ConformanceCase) -> str:
    return reference.md5((case.column, case.column), (case.value, case.value))
