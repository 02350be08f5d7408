"""CSV, where every type is a guess: read as text, then given the narrowest type that loses nothing.

A column takes the other side's type when every text of the file fits it exactly; otherwise it is an
integer, a decimal, a date, a timestamp or a boolean only if every text looks like one (a leading zero
makes it a text), and never a float unless some text has an exponent.
"""

from __future__ import annotations

import csv
import errno
import gzip
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from parity.compare.inputs import Files
from parity.compare.session import Session, disk_full, ident, text
from parity.compare.spec import CsvFormat
from parity.compare.types import DataType
from parity.errors import BadInput, CouldNotCompare, ExportRefused
from parity.wording import plural

_SHAPES = {
    "whole": r"-?(0|[1-9]\d{0,37})",
    "fixed": r"-?(0|[1-9]\d*)(\.\d+)?",
    "real": r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(?i:inf|infinity|nan)",
    "day": r"\d{4}-\d\d-\d\d",
    "moment": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?",
    "zoned": r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d(:?\d\d)?)",
    "truth": r"(?i:true|false)",
    "clock": r"\d\d:\d\d(:\d\d(\.\d{1,6})?)?",
}
_SAFE_DIGITS = {"tinyint": 2, "smallint": 4, "integer": 9, "bigint": 18, "hugeint": 38}
"""Every number of so many digits fits; unsigned types have no room for a sign."""
_SAFE_DIGITS |= {"utinyint": 0, "usmallint": 0, "uinteger": 0, "ubigint": 0}


def load_csv(session: Session, files: Files, form: CsvFormat, names: set[str], table: str) -> None:
    """Read every file of a side into a table of texts; ragged lines are refused by number.

    The dialect is read off the first line alone. A sniffer that looks further may take a broken line for
    another dialect, or skip lines at the top, and then rows would be lost without a word.
    """
    _check_form(form)
    first: list[str] = []
    for path in files.paths:
        copy = _utf8(session, path, form.encoding)
        try:
            line = _first_line(session, copy)
        except (CouldNotCompare, BadInput) as error:
            raise _told(error, path) from error
        delimiter = form.delimiter or _delimiter(line)
        header, columns = _columns(path, _cells(path, line, delimiter, form), form, names)
        files.refuse_twice(columns)
        if first and set(columns) != set(first):
            odd = min(set(columns) ^ set(first))
            raise ExportRefused(
                f"{path} does not have the columns of {files.paths[0]}: {odd!r} is in one of them only."
            )
        query = f"SELECT * FROM {_reader(copy, columns, delimiter, form, header, files.hive)}"
        try:
            session.run(f"INSERT INTO {table} BY NAME {query}" if first else f"CREATE TABLE {table} AS {query}")
        except (CouldNotCompare, BadInput) as error:
            raise _told(error, path) from error
        first = first or columns


def _reader(path: str, columns: list[str], delimiter: str, form: CsvFormat, header: bool, hive: bool) -> str:
    named = ", ".join(f"{text(name)}: 'VARCHAR'" for name in columns)
    quote = '"' if form.quote is None else form.quote
    return (
        f"read_csv({text(path)}, auto_detect = false, columns = {{{named}}}, delim = {text(delimiter)}, "
        f"quote = {text(quote)}, escape = {text(quote)}, header = {str(header).lower()}, strict_mode = true, "
        f"hive_partitioning = {str(hive).lower()}, hive_types_autocast = false, "
        "null_padding = false, allow_quoted_nulls = false, nullstr = "
        f"[{', '.join(map(text, form.null_text))}])"
    )


def _first_line(session: Session, path: str) -> str:
    options = (
        "auto_detect = false, columns = {'line': 'VARCHAR'}, header = false, delim = '\x1f', quote = '', "
        "escape = ''"
    )
    rows = session.rows(f"SELECT line FROM read_csv({text(path)}, {options}, null_padding = true) LIMIT 1")
    line = str(rows[0][0]) if rows and rows[0][0] else ""
    if not line.strip():
        raise ExportRefused(f"{path} is empty: it has not even a first line.")
    return line.lstrip("\ufeff")


def _delimiter(line: str) -> str:
    """Return the delimiter that occurs most outside quotes in the first line."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(",\t;|", key=bare.count) if any(one in bare for one in ",\t;|") else ","


def _check_form(form: CsvFormat) -> None:
    for name, value in (("delimiter", form.delimiter), ("quote", form.quote)):
        if value is not None and len(value) > 1:
            raise BadInput(f"The CSV {name} {value!r} is not one character.")


def _cells(path: str, line: str, delimiter: str, form: CsvFormat) -> list[str]:
    quote = '"' if form.quote is None else form.quote
    if not quote:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, quotechar=quote))
    except csv.Error as error:
        raise ExportRefused(f"{path}, line 1 cannot be read: {error}.") from error


def _columns(path: str, cells: list[str], form: CsvFormat, names: set[str]) -> tuple[bool, list[str]]:
    """Return whether the first line is a header, and the columns' names.

    It is one when it holds a name that is looked for, or when no cell is empty, repeated or a number.
    """
    header = form.header
    if header is None:
        known = {name.casefold() for name in names} & {cell.casefold() for cell in cells}
        plain_names = all(cells) and len(set(cells)) == len(cells) and not any(map(_is_number, cells))
        header = bool(known) or plain_names
    if not header:
        return False, [f"column{at}" for at in range(len(cells))]
    folded = [cell.casefold() for cell in cells]
    if len(set(folded)) < len(folded):
        twice = next(cell for cell in cells if folded.count(cell.casefold()) > 1)
        raise ExportRefused(f"{path} has two columns called {twice!r}.")
    return True, [cell or f"column{at}" for at, cell in enumerate(cells)]


def _is_number(cell: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d*\.?\d+([eE][+-]?\d+)?", cell.strip()))


def _utf8(session: Session, path: str, encoding: str) -> str:
    """Return a UTF-8 copy of a file that is written otherwise; the file itself when it already is."""
    if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig"):
        return path
    folders = [part for part in Path(path).parts[:-1] if "=" in part]
    plain = Path(path).name.removesuffix(".gz")
    copy = session.scratch.joinpath(str(len(list(session.scratch.iterdir()))), *folders, plain)
    copy.parent.mkdir(parents=True)
    try:
        with (
            _opened(path, encoding) as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            while piece := old.read(1 << 20):
                new.write(piece)
    except LookupError as error:
        raise BadInput(f"There is no encoding called {encoding!r}.") from error
    except UnicodeError as error:
        raise ExportRefused(f"{path} is not {encoding}.", remedy="Name its encoding.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise disk_full(session.scratch) from error
        raise ExportRefused(f"{path} cannot be read: {error}.") from error
    except (EOFError, zlib.error) as error:
        raise ExportRefused(f"{path} cannot be read: {error}.") from error
    return str(copy)


def _opened(path: str, encoding: str) -> TextIO:
    if path.endswith(".gz"):
        return gzip.open(path, "rt", encoding=encoding, newline="")
    if path.endswith(".zst"):
        raise BadInput(f"{path} is compressed with zstd and not UTF-8.", remedy="Decompress it first.")
    return Path(path).open(encoding=encoding, newline="")


def _told(error: CouldNotCompare | BadInput, path: str) -> CouldNotCompare | BadInput:
    """Say which line is wrong, without quoting it: it may hold what must not be shown."""
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


def typed_columns(
    session: Session, table: str, form: CsvFormat, wanted: Mapping[str, DataType | None]
) -> dict[str, str]:
    """Return, for every column of a table of texts, the SQL that gives it its type."""
    names = [name for name, _ in session.describe(f"SELECT * FROM {table}")]
    unknown = sorted(set(form.types) - set(names))
    if unknown:
        raise BadInput(f"The CSV has no column {unknown[0]!r}.", remedy=f"It has {', '.join(names[:20])}.")
    looks = {name: looks for part in _chunks(names, 100) for name, looks in _looks(session, table, part).items()}
    return {
        name: f"CAST({ident(name)} AS {form.types.get(name) or choose(looks[name], wanted.get(name))})"
        for name in names
    }


def _chunks(names: list[str], size: int) -> list[list[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def _looks(session: Session, table: str, names: list[str]) -> dict[str, dict[str, int]]:
    """Count, for each column, its texts and how many of them have each shape."""
    parts = []
    for name in names:
        cell = ident(name)
        parts.append(f"count({cell})")
        parts += [f"count(*) FILTER ({_looks_like(cell, shape)})" for shape in _SHAPES]
        parts.append(f"count(*) FILTER (regexp_matches({cell}, '\\d[eE]'))")
        parts.append(f"coalesce(max(length(regexp_extract({cell}, '\\.(\\d+)', 1))), 0)")
        parts.append(f"coalesce(max(length(regexp_extract({cell}, '^[+-]?(\\d*)', 1))), 0)")
    flat = session.row(f"SELECT {', '.join(parts)} FROM {table}")
    keys = ("texts", *_SHAPES, "exponent", "fraction", "digits")
    return {
        name: dict(zip(keys, flat[at * len(keys) : (at + 1) * len(keys)], strict=True))
        for at, name in enumerate(names)
    }


_EXISTS = {"day": "DATE", "moment": "TIMESTAMP", "zoned": "TIMESTAMPTZ", "clock": "TIME"}
"""Shapes whose texts may name what does not exist, such as 2026-02-30, which stays a text."""


def _looks_like(cell: str, shape: str) -> str:
    matches = f"regexp_full_match({cell}, {text(_SHAPES[shape])})"
    kind = _EXISTS.get(shape)
    return f"CASE WHEN {matches} THEN TRY_CAST({cell} AS {kind}) IS NOT NULL END" if kind else matches


def choose(looks: Mapping[str, int], wanted: DataType | None) -> str:
    """Choose the type of a column from the shapes of its texts and the other side's type."""
    every = {shape for shape in _SHAPES if looks[shape] == looks["texts"]}
    if not looks["texts"]:
        return wanted.sql if wanted else "VARCHAR"
    return _fit(looks, every, wanted) if wanted else _guess(looks, every)


def _guess(looks: Mapping[str, int], every: set[str]) -> str:
    digits = looks["digits"] + looks["fraction"]
    if "whole" in every and digits <= 18:
        return "BIGINT"
    if "fixed" in every and digits <= 38:
        return f"DECIMAL({max(18, digits)},{looks['fraction']})"
    if "real" in every and digits <= 17 and looks["exponent"]:
        return "DOUBLE"
    return _first(_temporal(looks) | {"truth": "BOOLEAN"}, every)


def _fit(looks: Mapping[str, int], every: set[str], wanted: DataType) -> str:
    """Return a type of the wanted kind when no text loses anything by it, and text otherwise."""
    fixed = _decimal(looks, wanted)
    if wanted.name in _SAFE_DIGITS:
        whole = wanted.sql if looks["digits"] <= _SAFE_DIGITS[wanted.name] else "HUGEINT"
        return _first({"whole": whole, "fixed": fixed}, every)
    if wanted.name.startswith("timestamp"):
        return _first(_temporal(looks), every)
    shapes = {
        "decimal": {"fixed": fixed},
        "float": {"real": "FLOAT"},
        "double": {"real": "DOUBLE"},
        "date": {"day": "DATE", "moment": _temporal(looks)["moment"]},
        "boolean": {"truth": "BOOLEAN"},
        "time": {"clock": "TIME"},
    }
    return _first(shapes.get(wanted.name, {}), every)


def _first(shapes: Mapping[str, str], every: set[str]) -> str:
    return next((sql for shape, sql in shapes.items() if shape in every), "VARCHAR")


def _decimal(looks: Mapping[str, int], wanted: DataType) -> str:
    before, after = wanted.precision - wanted.scale, wanted.scale
    if wanted.name == "decimal" and looks["fraction"] <= after and looks["digits"] <= before:
        return wanted.sql
    digits = looks["digits"] + looks["fraction"]
    return f"DECIMAL(38,{looks['fraction']})" if digits <= 38 else "VARCHAR"


def _temporal(looks: Mapping[str, int]) -> dict[str, str]:
    stamp = "TIMESTAMP_NS" if looks["fraction"] > 6 else "TIMESTAMP"
    return {"day": "DATE", "moment": stamp, "zoned": "TIMESTAMPTZ"}
