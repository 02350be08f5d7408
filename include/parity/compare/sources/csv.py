"""CSV files, read as texts: their first line, their dialect, and whether all of their records were read."""

from __future__ import annotations

import codecs
import csv
import errno
import gzip
import re
import shutil
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from parity.compare.session import DuckSession, disk_full, ident, literal, text
from parity.compare.sources.csv_records import count_records
from parity.compare.sources.files import DataFile, SourceFiles
from parity.compare.spec import CsvFormat
from parity.errors import BadInput, CouldNotCompare, ExportRefused
from parity.wording import fold, plural


@dataclass(frozen=True)
class HeaderEvidence:
    """What shows whether the first line of a side holds names: the key, rules, and the other side."""

    key: tuple[frozenset[str], ...] = ()
    """For every part of the key, what it may be called here; folded, as all of these."""
    rules: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    """The other side's columns, where they are known for certain."""
    line: tuple[str, ...] = ()
    """The other side's first line, where it is CSV, too."""


@dataclass(frozen=True)
class _Csv:
    """One file, as uncompressed UTF-8, with the cells of its first line."""

    file: DataFile
    plain: str
    delimiter: str
    cells: tuple[str, ...]


def first_line(session: DuckSession, files: SourceFiles) -> tuple[str, ...]:
    """Return the cells of the first line of a side's first file."""
    _check_form(files.source.csv)
    return _open(session, files.files[0], files.source.csv).cells


def load_csv(session: DuckSession, files: SourceFiles, header: HeaderEvidence, table: str) -> int:
    """Read every file of a side into a table of texts, and return the rows that they hold by a count of our own.

    Ragged lines are refused by number. The dialect is read off the first line alone. A sniffer that looks further
    may take a broken line for another dialect, or skip lines at the top, and rows would be lost without an error.
    """
    form, rows = files.source.csv, 0
    _check_form(form)
    first: list[str] = []
    named = form.header
    for file in files.files:
        opened = _open(session, file, form)
        named = _is_header(opened, header) if named is None else named
        columns = _columns(file.path, opened.cells, named)
        files.refuse_twice(columns)
        if first and set(columns) != set(first):
            odd = min(set(columns) ^ set(first))
            raise ExportRefused(
                f"{file.path} does not have the columns of {files.files[0].path}: {odd!r} is in one of them only."
            )
        held = count_records(opened.plain, file.path, opened.delimiter, _quote(form), len(columns)) - named
        read = _read(session, opened, columns, form, named, f"INSERT INTO {table} BY NAME" if first else table)
        if read != held:
            raise ExportRefused(f"{plural(read, 'row')} of {file.path} could be read, of {held:,} that it holds.")
        first, rows = first or columns, rows + held
        if opened.plain != file.link:
            Path(opened.plain).unlink()
    return rows


_LINE_SIZES = (2**21, 2**25, 2**29, 2**32)
"""Bytes of the longest line, tried one after the other; the first is DuckDB's own bound."""


def _read(session: DuckSession, opened: _Csv, columns: list[str], form: CsvFormat, header: bool, into: str) -> int:
    parts = "".join(f", {literal(value)}::VARCHAR AS {ident(name)}" for name, value in opened.file.partition)
    verb = into if into.startswith("INSERT") else f"CREATE TABLE {into} AS"
    for size in _LINE_SIZES:
        reader = _reader(opened, columns, form, header, size)
        try:
            return session.run(f"{verb} SELECT *{parts} FROM {reader}")
        except (CouldNotCompare, BadInput) as error:
            if "aximum line size" not in str(error.__cause__) or size == _LINE_SIZES[-1]:
                raise _located(error, opened.file.path) from error
    raise AssertionError


def _reader(opened: _Csv, columns: list[str], form: CsvFormat, header: bool, line_size: int) -> str:
    named = ", ".join(f"{text(name)}: 'VARCHAR'" for name in columns)
    quote = text(_quote(form))
    return (
        f"read_csv({text(opened.plain)}, auto_detect = false, columns = {{{named}}}, "
        f"delim = {text(opened.delimiter)}, quote = {quote}, escape = {quote}, header = {str(header).lower()}, "
        f"strict_mode = true, max_line_size = {line_size}, hive_partitioning = false, compression = 'none', "
        f"null_padding = false, allow_quoted_nulls = false, nullstr = [{', '.join(map(text, form.null_text))}])"
    )


def _quote(form: CsvFormat) -> str:
    return '"' if form.quote is None else form.quote


def _open(session: DuckSession, file: DataFile, form: CsvFormat) -> _Csv:
    """Read the first line of a file, which may hold line ends inside quotes."""
    plain, quote = _plain(session, file, form.encoding), _quote(form)
    try:
        with Path(plain).open(encoding="utf-8-sig", newline="") as opened:
            line = opened.readline()
            while quote and line.count(quote) % 2 and (more := opened.readline()):
                line += more
    except UnicodeError as error:
        raise ExportRefused(f"{file.path} is not UTF-8.", remedy="Name its encoding.") from error
    except OSError as error:
        raise ExportRefused(f"{file.path} cannot be read: {error.strerror}.") from error
    line = line.rstrip("\r\n")
    if not line.strip():
        raise ExportRefused(f"{file.path} is empty: it has not even a first line.")
    delimiter = form.delimiter or _delimiter(line)
    return _Csv(file, plain, delimiter, tuple(_cells(file.path, line, delimiter, quote)))


def _delimiter(line: str) -> str:
    """Return the delimiter that occurs most outside quotes in the first line: a comma if there is none."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",\t;|", key=bare.count)


def _check_form(form: CsvFormat) -> None:
    for name, value in (("delimiter", form.delimiter), ("quote", form.quote)):
        if value is not None and (len(value) > 1 or "\ud800" <= value <= "\udfff"):
            raise BadInput(f"The CSV {name} {value!r} is not one character.")
    try:
        "".encode(form.encoding)  # Python knows codecs that are not for texts, such as hex and rot13.
    except (LookupError, ValueError) as error:
        raise BadInput(f"There is no encoding called {form.encoding!r}.") from error


def _cells(path: str, line: str, delimiter: str, quote: str) -> list[str]:
    if not quote:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote))
    except csv.Error as error:
        raise ExportRefused(f"{path}, line 1 cannot be read: {error}.") from error


def _is_header(opened: _Csv, header: HeaderEvidence) -> bool:
    """Return whether the first line holds names, from what else is known of them; an ambiguous one is refused.

    It does when it holds the whole key or the name of a rule, when more than half of it are the other side's
    columns, or when it is the other side's first line to the letter. Otherwise a line with a number, an empty or
    a repeated cell is data.
    """
    cells = {fold(cell) for cell in opened.cells}
    plain = all(opened.cells) and len(cells) == len(opened.cells) and not any(map(_is_number, opened.cells))
    if header.key and all(part & cells for part in header.key):
        return True
    if header.key and all(any(map(_GENERATED.fullmatch, part)) for part in header.key):
        return False
    if header.rules & cells or 2 * len(header.columns & cells) > len(cells):
        return True
    if plain and header.line != opened.cells:
        raise BadInput(
            f"Nothing proves whether the first line of {opened.file.path} holds names or data.",
            remedy="Give --header or --no-header, or name the key.",
        )
    return plain


_GENERATED = re.compile(r"column\d+")


def _columns(path: str, cells: tuple[str, ...], header: bool) -> list[str]:
    """Return the columns' names; those without one are called by their places."""
    names = [cell if header and cell else f"column{at}" for at, cell in enumerate(cells)]
    folded = [fold(name) for name in names]
    if len(set(folded)) < len(folded):
        twice = next(name for name in names if folded.count(fold(name)) > 1)
        raise ExportRefused(f"{path} has two columns called {twice!r}.")
    return names


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?", cell.strip()))


def _plain(session: DuckSession, file: DataFile, encoding: str) -> str:
    """Return the path of the file as UTF-8 and not compressed: its own, or that of a copy."""
    utf8 = encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")
    name = file.path.lower()
    if utf8 and not name.endswith((".gz", ".zst")):
        return file.link
    copy = Path(f"{file.link}.plain")
    if copy.exists():
        return str(copy)
    try:
        with _binary(file) as old, copy.open("wb") as new:
            if utf8:
                shutil.copyfileobj(old, new, _PIECE)
            else:
                _recode(old, new, encoding)
    except UnicodeError as error:
        raise ExportRefused(f"{file.path} is not {encoding}.", remedy="Name its encoding.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise disk_full(session.scratch) from error
        raise _cut(file, error) from error
    except (EOFError, zlib.error) as error:
        raise _cut(file, error) from error
    return str(copy)


def _cut(file: DataFile, error: Exception) -> ExportRefused:
    return ExportRefused(
        f"{file.path} cannot be read to its end: {error}.", remedy="It may be cut: export it again."
    )


_PIECE = 1 << 20


def _recode(old: BinaryIO, new: BinaryIO, encoding: str) -> None:
    decoder = codecs.getincrementaldecoder(encoding)()
    while piece := old.read(_PIECE):
        new.write(decoder.decode(piece).encode())
    new.write(decoder.decode(b"", final=True).encode())


def _binary(file: DataFile) -> BinaryIO:
    """Open a file, decompressing it; one that was cut raises an error at its end."""
    name = file.path.lower()
    if name.endswith(".gz"):
        return cast("BinaryIO", gzip.open(file.link, "rb"))
    if name.endswith(".zst"):
        import pyarrow as pa

        return cast("BinaryIO", pa.CompressedInputStream(pa.OSFile(file.link), "zstd"))
    return Path(file.link).open("rb")


def _located(error: CouldNotCompare | BadInput, path: str) -> CouldNotCompare | BadInput:
    """Return the error with its line, which is not quoted: it may hold sensitive values."""
    words = str(error.__cause__ or error)
    line = re.search(r"Line:? (\d+)", words)
    wanted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", words)
    if line and wanted:
        has, due = plural(int(wanted[2]), "column"), plural(int(wanted[1]), "is", "are")
        return ExportRefused(f"{path}, line {line[1]}: {has} where {due} expected.")
    if "nvalid unicode" in words or "not utf-8" in words.lower():
        where = f", line {line[1]}" if line else ""
        return ExportRefused(f"{path}{where} is not UTF-8.", remedy="Name its encoding.")
    if line:
        return ExportRefused(f"{path}, line {line[1]} cannot be read in the given or detected dialect.")
    if "CSV" in words:
        return ExportRefused(f"{path} is not regular CSV: its line ends are mixed, or a quote is not closed.")
    return error
