"""Turns each side's files into a relation of raw rows: ``raw_legacy`` and ``raw_target``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from parity.compare.result import NotCompared
from parity.compare.session import DuckSession, ident, literal
from parity.compare.sources.csv import HeaderEvidence, first_line, load_csv
from parity.compare.sources.csv_types import SOME_TIME, folder_cast, typed_columns
from parity.compare.sources.files import PARTITION, SourceFiles, find_files
from parity.compare.sources.parquet import parquet_table
from parity.compare.spec import Source, Spec
from parity.compare.types import TEXT, DataType, data_type
from parity.errors import ExportRefused
from parity.wording import fold

SIDES = ("legacy", "target")


@dataclass(frozen=True)
class Side:
    """One side's raw relation: its name in the session, its columns in order, and notes."""

    relation: str
    columns: dict[str, DataType]
    notes: tuple[NotCompared, ...]
    files: SourceFiles
    rows: int
    """Rows of the files: the sum of the footers, or the records of the text."""


def open_sides(session: DuckSession, legacy: Source, target: Source, spec: Spec) -> tuple[Side, Side]:
    """Open both sides; CSV takes its types from the other side where it can."""
    links = session.scratch / "files"
    files = [
        find_files(side, source, links, session.resources)
        for side, source in zip(SIDES, (legacy, target), strict=True)
    ]
    session.names |= files[0].names | files[1].names
    opened: list[Side | None] = [None, None]
    for at in (0, 1):
        if files[at].parquet and files[at].files:
            opened[at] = _parquet(session, files[at], spec)
    texts = {at: files[at] for at in (0, 1) if not files[at].parquet}
    lines = {at: first_line(session, csv) for at, csv in texts.items()}
    rows = {
        at: load_csv(session, csv, _header(spec, at, opened[1 - at], lines.get(1 - at, ())), f"text_{SIDES[at]}")
        for at, csv in texts.items()
    }
    for at, csv in texts.items():
        other = opened[1 - at]
        wanted = _renamed(other.columns, spec, at) if other else {}
        untyped = {name for name, kind in wanted.items() if kind is None or kind.untyped}
        by_rule = {
            name: kind for name, kind in _by_rules(spec, at).items() if name not in wanted or name in untyped
        }
        opened[at] = _csv(session, csv, wanted | by_rule, rows[at])
    if len(texts) == 2 and (unfit := _texts_on_one_side(spec, opened)):
        opened[0] = _csv(session, texts[0], _by_rules(spec, 0) | dict.fromkeys(unfit, TEXT), rows[0])
    legacy_side, target_side = _fill_empty(session, opened, files)
    return (
        _type_partitions(session, legacy_side, _renamed(target_side.columns, spec, 0)),
        _type_partitions(session, target_side, _renamed(legacy_side.columns, spec, 1)),
    )


def _texts_on_one_side(spec: Spec, opened: list[Side | None]) -> list[str]:
    """Return the legacy columns of two CSVs that are texts in the target alone, so that both are read as such.

    A decimal's text has the zeros of its type: 7.10 would differ from 7.10 beside a longer fraction.
    """
    legacy, target = opened
    if legacy is None or target is None:
        return []
    others = _renamed(target.columns, spec, 0)
    ruled = {(rule.legacy or name) for name, rule in spec.columns.items() if rule.tolerance is not None}
    return [
        name
        for name, kind in legacy.columns.items()
        if name not in ruled
        and (other := others.get(name)) is not None
        and other.name == "varchar"
        and kind.name != "varchar"
        and not kind.untyped
    ]


def _type_partitions(session: DuckSession, side: Side, wanted: dict[str, DataType | None]) -> Side:
    """Give the texts in folder names the other side's types where every one of them fits exactly."""
    casts = []
    folded = {fold(name): kind for name, kind in wanted.items()}
    for at, name in enumerate(side.files.partitions):
        kind = folded.get(fold(name))
        if kind is not None and side.columns[name].name == "varchar":
            values = [partition[at][1] for partition in side.files.folders]
            casts += [f"{cast} AS {ident(name)}" for cast in folder_cast(session, ident(name), values, kind)]
    if not casts:
        return side
    relation = side.relation.replace("raw_", "parted_")
    session.run(f"CREATE VIEW {relation} AS SELECT * REPLACE ({', '.join(casts)}) FROM {side.relation}")
    return replace(side, relation=relation, columns=_columns(session, relation))


def _header(spec: Spec, at: int, other: Side | None, line: tuple[str, ...]) -> HeaderEvidence:
    """Return what shows whether the first line of a CSV side holds names."""
    rules = spec.columns
    keys = [{part, *(n for n, r in rules.items() if r.legacy == part)} for part in spec.key]
    keys = [{*names, *(r.legacy for n, r in rules.items() if n in names and r.legacy)} for names in keys]
    known = {(rule.legacy if at == 0 else None) or name for name, rule in rules.items()}
    columns = _renamed(other.columns, spec, at) if other else {}
    return HeaderEvidence(tuple(map(_folded, keys)), _folded(known), _folded(columns), line)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(fold(name) for name in names)


def _by_rules(spec: Spec, at: int) -> dict[str, DataType | None]:
    """Return the columns whose rules decide their types, whatever their texts look like."""
    found: dict[str, DataType | None] = {}
    for name, rule in spec.columns.items():
        timed = rule.tolerance is not None and rule.tolerance.time is not None
        if rule.for_texts or timed:
            found[(rule.legacy if at == 0 else None) or name] = TEXT if rule.for_texts else SOME_TIME
    return found


def _renamed(columns: dict[str, DataType], spec: Spec, at: int) -> dict[str, DataType | None]:
    """Return the other side's types under this side's names."""
    wanted: dict[str, DataType | None] = {}
    for name, kind in columns.items():
        if at == 0:
            rule = spec.columns.get(name)
            wanted[(rule.legacy if rule else None) or name] = kind
        else:
            new = next((key for key, rule in spec.columns.items() if rule.legacy == name), name)
            wanted[new] = kind
    return wanted


def _csv(session: DuckSession, files: SourceFiles, wanted: dict[str, DataType | None], rows: int) -> Side:
    side = files.side
    columns = typed_columns(session, f"text_{side}", files.source.csv, wanted)
    selected = ", ".join(f"{sql} AS {ident(name)}" for name, sql in columns.items())
    session.run(f"CREATE OR REPLACE VIEW raw_{side} AS SELECT {selected} FROM text_{side}")
    return Side(f"raw_{side}", _columns(session, f"raw_{side}"), files.notes, files, rows)


def _columns(session: DuckSession, relation: str) -> dict[str, DataType]:
    return {name: data_type(kind) for name, kind in session.describe(f"SELECT * FROM {relation}")}


def _parquet(session: DuckSession, files: SourceFiles, spec: Spec) -> Side:
    name = f"raw_{files.side}"
    table = parquet_table(session, files, spec)
    query = table.query
    if files.partitions:
        number, folders = ident(PARTITION), f"folders_{files.side}"
        columns = ", ".join(f"{ident(part)} VARCHAR" for part in files.partitions)
        values = (f"({at}, {', '.join(literal(v) for _, v in one)})" for one, at in files.folders.items())
        session.run(f"CREATE TABLE {folders} ({number} BIGINT, {columns})")
        session.run(f"INSERT INTO {folders} VALUES {', '.join(values)}")
        query = f"SELECT * EXCLUDE ({number}) FROM ({query}) JOIN {folders} USING ({number})"
    session.run(f"CREATE VIEW {name} AS {query}")
    return Side(name, _columns(session, name), (*files.notes, *table.notes), files, table.rows)


def _fill_empty(session: DuckSession, opened: list[Side | None], files: list[SourceFiles]) -> tuple[Side, Side]:
    """Give a side without files, whose manifest promised zero rows, the other side's columns."""
    legacy, target = opened
    if legacy is None and target is None:
        raise ExportRefused("Neither side holds a data file, so there are no columns to compare.")
    return legacy or _empty(session, files[0], target), target or _empty(session, files[1], legacy)


def _empty(session: DuckSession, files: SourceFiles, other: Side | None) -> Side:
    assert other is not None
    session.run(f"CREATE VIEW raw_{files.side} AS SELECT * FROM {other.relation} WHERE false")
    why = "zero rows were exported without a file, so it has no schema to compare"
    notes = (*files.notes, NotCompared(f"{files.side} schema", why))
    return Side(f"raw_{files.side}", other.columns, notes, files, 0)
