"""CSV, where every type is a guess: read as text, then given the narrowest type that loses nothing.

A column takes the other side's type when every text of the file fits it exactly; otherwise it is an
integer, a decimal, a date, a timestamp or a boolean only if every text looks like one (a leading zero
makes it a text), and never a float unless some text has an exponent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from parity.compare.inputs import Files
from parity.compare.session import Session, ident, text
from parity.compare.spec import CsvFormat
from parity.compare.types import DataType
from parity.errors import BadInput, CouldNotCompare, ExportRefused

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
    """Read every file of a side into a table of texts; ragged lines are refused by number."""
    paths = [_utf8(session, path, form.encoding) for path in files.paths]
    header = form.header if form.header is not None else _has_header(session, paths[0], form, names)
    options = [
        "all_varchar = true",
        "strict_mode = true",
        "null_padding = false",
        f"header = {str(header).lower()}",
    ]
    options += ["allow_quoted_nulls = false", f"nullstr = [{', '.join(map(text, form.null_text))}]"]
    options += [f"delim = {text(form.delimiter)}"] if form.delimiter else []
    options += [f"quote = {text(form.quote)}"] if form.quote is not None else []
    listed = ", ".join(map(text, paths))
    try:
        session.run(f"CREATE TEMP TABLE {table} AS SELECT * FROM read_csv([{listed}], {', '.join(options)})")
    except (CouldNotCompare, BadInput) as error:
        raise _told(error, files, paths) from error


def _utf8(session: Session, path: str, encoding: str) -> str:
    """Return a UTF-8 copy of a file that is written otherwise; the file itself when it already is."""
    if encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig"):
        return path
    copy = session.scratch / f"{len(list(session.scratch.iterdir()))}-{Path(path).name}"
    try:
        with (
            Path(path).open(encoding=encoding, newline="") as old,
            copy.open("w", encoding="utf-8", newline="") as new,
        ):
            while piece := old.read(1 << 20):
                new.write(piece)
    except LookupError as error:
        raise BadInput(f"There is no encoding called {encoding!r}.") from error
    except UnicodeError as error:
        raise ExportRefused(f"{path} is not {encoding}: {error}") from error
    return str(copy)


def _has_header(session: Session, path: str, form: CsvFormat, names: set[str]) -> bool:
    """A first line that holds a name we look for is a header; otherwise DuckDB's sniffer decides."""
    options = f", delim = {text(form.delimiter)}" if form.delimiter else ""
    try:
        found = session.rows(f"SELECT HasHeader FROM sniff_csv({text(path)}{options})")
        first = session.rows(
            f"SELECT * FROM read_csv({text(path)}, header = false, all_varchar = true{options}) LIMIT 1"
        )
    except (CouldNotCompare, BadInput):
        return True
    lowered = {name.lower() for name in names}
    return bool(found and found[0][0]) or any(str(cell).strip().lower() in lowered for cell in (first or [()])[0])


def _told(error: CouldNotCompare | BadInput, files: Files, paths: list[str]) -> ExportRefused:
    """Say which line is wrong, without quoting it: it may hold what must not be shown."""
    words = str(error.__cause__ or error)
    line = re.search(r"Line:? (\d+)", words)
    wanted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", words)
    original = dict(zip(paths, files.paths, strict=True))
    where = next((original[path] for path in paths if path in words), files.paths[0])
    if line and wanted:
        return ExportRefused(f"{where}, line {line[1]}: {wanted[2]} columns where {wanted[1]} are expected.")
    what = "is not readable as CSV in the dialect that was given or detected"
    return ExportRefused(f"{where}, line {line[1]}: {what}." if line else f"{where} {what}.")


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
        parts += [f"count(*) FILTER (regexp_full_match({cell}, {text(shape)}))" for shape in _SHAPES.values()]
        parts.append(f"count(*) FILTER (regexp_matches({cell}, '\\d[eE]'))")
        parts.append(f"coalesce(max(length(regexp_extract({cell}, '\\.(\\d+)', 1))), 0)")
        parts.append(f"coalesce(max(length(regexp_extract({cell}, '^[+-]?(\\d*)', 1))), 0)")
    flat = session.row(f"SELECT {', '.join(parts)} FROM {table}")
    keys = ("texts", *_SHAPES, "exponent", "fraction", "digits")
    return {
        name: dict(zip(keys, flat[at * len(keys) : (at + 1) * len(keys)], strict=True))
        for at, name in enumerate(names)
    }


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
