"""An independent count of what a CSV file holds: its records, and the delimiters between their fields.

DuckDB drops a surplus empty field, and blanks around quotes, without an error. This count shares no code with it.
Where every quote stands at the border of a field, it takes pieces of bytes and no loop over lines; otherwise
Python's own reader counts, which is slow.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parity.errors import ExportRefused
from parity.wording import plural

_PIECE = 1 << 24


@dataclass
class _Count:
    records: int = 0
    delimiters: int = 0
    regular: bool = True


def count_records(plain: str, path: str, delimiter: str, quote: str, columns: int) -> int:
    """Return the records of a file, its header included; refuse one whose lines have unlike numbers of fields."""
    count = _count(plain, delimiter.encode(), quote.encode(), columns)
    if count.regular and count.delimiters == count.records * (columns - 1):
        return count.records
    return _one_by_one(plain, path, delimiter, quote, columns)


def _count(plain: str, delimiter: bytes, quote: bytes, columns: int) -> _Count:
    count, inside, open_line = _Count(), False, False
    for piece in _pieces(plain):
        parts = piece.split(quote) if quote else [piece]
        bare = quote.join(parts[inside::2]).replace(b"\r\n", b"\n")
        begins = not (inside or open_line)
        inside ^= len(parts) % 2 == 0
        bare += quote if inside else b""
        count.regular &= not quote or _regular(bare, delimiter, quote)
        count.regular &= b"\r" not in bare or b"\n" not in bare
        ends = b"\r" if b"\r" in bare else b"\n"
        count.records += bare.count(ends) - (_blank(bare, ends, begins) if columns > 1 else 0)
        count.delimiters += bare.count(delimiter)
        open_line = bool(bare) and not bare.endswith(ends)
    count.records += open_line
    return count


def _pieces(plain: str) -> Iterator[bytes]:
    """Yield a file in pieces that end with a line, without its byte order mark."""
    rest = b""
    with Path(plain).open("rb") as file:
        if file.read(3) != b"\xef\xbb\xbf":
            file.seek(0)
        while read := file.read(_PIECE):
            whole, end, rest = (rest + read).rpartition(b"\n")
            if end:
                yield whole + end
    if rest:
        yield rest


def _regular(bare: bytes, delimiter: bytes, quote: bytes) -> bool:
    """Return whether every quoted part, of which ``bare`` holds one quote, fills its field."""
    while quote * 2 in bare:
        bare = bare.replace(quote * 2, quote)
    borders = (delimiter, b"\n", b"\r")
    before = sum(bare.count(border + quote) for border in borders) + bare.startswith(quote)
    after = sum(bare.count(quote + border) for border in borders) + bare.endswith(quote)
    return before == bare.count(quote) == after


def _blank(bare: bytes, ends: bytes, begins: bool) -> int:
    """Return how many lines are empty, which are no records where there are several columns."""
    first = begins and bare.startswith(ends)
    if not first and ends * 2 not in bare:
        return 0
    return sum(not line for line in bare.split(ends)[not begins : -1])


def _one_by_one(plain: str, path: str, delimiter: str, quote: str, columns: int) -> int:
    csv.field_size_limit(sys.maxsize)
    records = 0
    options = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    with Path(plain).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True, **options)
        line = 1
        try:
            for fields in reader:
                if fields or columns == 1:
                    records += 1
                    _check_fields(path, line, fields, columns, quote)
                line = reader.line_num + 1
        except csv.Error as error:
            where = f"{path}, line {line}"
            raise ExportRefused(
                f"{where} cannot be read: {error}.", remedy="Quote whole fields, and double the quotes in them."
            ) from error
    return records


def _check_fields(path: str, line: int, fields: list[str], columns: int, quote: str) -> None:
    if len(fields or [""]) != columns:
        has, due = plural(len(fields), "column"), plural(columns, "is", "are")
        raise ExportRefused(f"{path}, line {line}: {has} where {due} expected.")
    if quote and any(field[:1].isspace() and field.lstrip().startswith(quote) for field in fields):
        raise ExportRefused(
            f"{path}, line {line}: a blank stands before a quote.", remedy="Quote whole fields, blanks included."
        )
