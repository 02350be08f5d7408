"""Turns each side's files into a relation of raw rows: ``raw_legacy`` and ``raw_target``."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parity.compare.csvs import load_csv, typed_columns
from parity.compare.inputs import Files, find_files
from parity.compare.result import NotCompared
from parity.compare.session import Session, ident, text
from parity.compare.spec import Source, Spec
from parity.compare.types import TEXT, DataType, data_type
from parity.errors import ExportRefused

SIDES = ("legacy", "target")


@dataclass(frozen=True)
class Side:
    """One side's raw relation: its name in the session, its columns in order, and what was noticed."""

    relation: str
    columns: dict[str, DataType]
    notes: tuple[NotCompared, ...] = ()
    partitions: tuple[str, ...] = ()


def open_sides(session: Session, legacy: Source, target: Source, spec: Spec) -> tuple[Side, Side]:
    """Open both sides; CSV takes its types from the other side where it can."""
    files = [find_files(side, source) for side, source in zip(SIDES, (legacy, target), strict=True)]
    names = {*spec.key, *spec.columns, *(rule.legacy for rule in spec.columns.values() if rule.legacy)}
    sources = (legacy, target)
    opened: list[Side | None] = [None, None]
    for at in (0, 1):
        if files[at].parquet and files[at].paths:
            opened[at] = _parquet(session, files[at], spec)
        elif files[at].paths:
            load_csv(session, files[at], sources[at].csv, names, f"text_{SIDES[at]}")
    for at in (0, 1):
        if opened[at] is None and files[at].paths:
            other = opened[1 - at]
            wanted = _renamed(other.columns, spec, at) if other else _texts(spec, at)
            opened[at] = _csv(session, files[at], sources[at], wanted)
    legacy_side, target_side = _fill_empty(session, opened)
    return (
        _type_partitions(session, legacy_side, _renamed(target_side.columns, spec, 0)),
        _type_partitions(session, target_side, _renamed(legacy_side.columns, spec, 1)),
    )


def _type_partitions(session: Session, side: Side, wanted: dict[str, DataType | None]) -> Side:
    """Give the texts in folder names the other side's types where every one of them fits."""
    casts = []
    for name in side.partitions:
        kind = wanted.get(name)
        if kind is not None and kind.name != "varchar" and _fits(session, side, name, kind):
            casts.append(f"CAST({ident(name)} AS {kind.sql}) AS {ident(name)}")
    if not casts:
        return side
    relation = side.relation.replace("raw_", "parted_")
    session.run(f"CREATE VIEW {relation} AS SELECT * REPLACE ({', '.join(casts)}) FROM {side.relation}")
    return replace(side, relation=relation, columns=_columns(session, relation))


def _fits(session: Session, side: Side, name: str, kind: DataType) -> bool:
    cell = ident(name)
    lost = f"{cell} IS NOT NULL AND TRY_CAST({cell} AS {kind.sql}) IS NULL"
    return not session.one(f"SELECT count(*) FROM (SELECT DISTINCT {cell} FROM {side.relation}) WHERE {lost}")


def _texts(spec: Spec, at: int) -> dict[str, DataType | None]:
    """Return the columns whose rules are for texts: what these hold tonight must not make numbers of them."""
    text_rules = {name: rule for name, rule in spec.columns.items() if rule.for_texts}
    return {(rule.legacy if at == 0 else None) or name: TEXT for name, rule in text_rules.items()}


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


def _csv(session: Session, files: Files, source: Source, wanted: dict[str, DataType | None]) -> Side:
    side = files.side
    columns = typed_columns(session, f"text_{side}", source.csv, wanted)
    selected = ", ".join(f"{sql} AS {ident(name)}" for name, sql in columns.items())
    session.run(f"CREATE VIEW raw_{side} AS SELECT {selected} FROM text_{side}")
    parts = tuple(name for name in columns if f"/{name}=" in files.paths[0]) if files.hive else ()
    return Side(f"raw_{side}", _columns(session, f"raw_{side}"), partitions=parts)


def _columns(session: Session, relation: str) -> dict[str, DataType]:
    return {name: data_type(kind) for name, kind in session.describe(f"SELECT * FROM {relation}")}


def _parquet(session: Session, files: Files, spec: Spec) -> Side:
    listed = f"[{', '.join(map(text, files.paths))}]"
    if files.partitions:
        own = f"read_parquet({listed}, hive_partitioning = false, union_by_name = true)"
        files.refuse_twice(name for name, _ in session.describe(f"SELECT * FROM {own}"))
    _refuse_wide_decimals(session, files, listed, spec)
    drifted = _drift(session, files, listed) if len(files.paths) > 1 else ()
    options = f"hive_partitioning = {str(files.hive).lower()}, hive_types_autocast = false"
    options += ", union_by_name = true" if drifted else ""
    name = f"raw_{files.side}"
    session.run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({listed}, {options})")
    columns = _columns(session, name)
    inside = {row[0] for row in session.rows(f"SELECT DISTINCT name FROM parquet_schema({text(files.paths[0])})")}
    parts = tuple(column for column in columns if files.hive and column not in inside)
    return Side(name, columns, (*drifted, *_nanoseconds(session, files, listed)), parts)


def _refuse_wide_decimals(session: Session, files: Files, listed: str, spec: Spec) -> None:
    """Refuse decimals of more than 38 digits: DuckDB reads them as doubles, and most digits would go unseen."""
    rows = session.rows(f"SELECT DISTINCT name, precision FROM parquet_schema({listed}) WHERE precision > 38")
    ignored = {part for name, rule in spec.columns.items() if rule.ignore for part in (name, rule.legacy)}
    for name, precision in rows:
        if name not in ignored:
            raise ExportRefused(
                f"The {files.side} column {name} is a decimal of {precision} digits; 38 can be compared exactly.",
                remedy="Export it as text, or ignore it.",
            )


def _nanoseconds(session: Session, files: Files, listed: str) -> tuple[NotCompared, ...]:
    """Say which columns lose digits in reading: DuckDB gives the old INT96 times in microseconds."""
    rows = session.rows(f"SELECT DISTINCT name FROM parquet_schema({listed}) WHERE type = 'INT96' ORDER BY name")
    return tuple(
        NotCompared(
            f"{files.side} column {name}", "INT96 times are read to the microsecond; finer digits are not compared"
        )
        for (name,) in rows
    )


def _drift(session: Session, files: Files, listed: str) -> tuple[NotCompared, ...]:
    """Say which columns do not look the same in every file of a side."""
    rows = session.rows(
        "SELECT name, count(DISTINCT file_name) AS files, count(DISTINCT (type, converted_type, "
        "scale, precision)) "
        f"FROM parquet_schema({listed}) WHERE num_children IS NULL GROUP BY name "
        f"HAVING files <> {len(files.paths)} OR count(DISTINCT (type, converted_type, scale, precision)) > 1"
    )
    return tuple(
        NotCompared(
            f"{files.side} column {name}",
            f"is in {count} of {len(files.paths)} files; NULL was read in the others",
        )
        if count != len(files.paths)
        else NotCompared(
            f"{files.side} column {name}", "has several types among the files; read in their common type"
        )
        for name, count, _ in rows
    )


def _fill_empty(session: Session, opened: list[Side | None]) -> tuple[Side, Side]:
    """Give a side without files, whose manifest promised zero rows, the other side's columns."""
    legacy, target = opened
    if legacy is None and target is None:
        raise ExportRefused("Neither side holds a data file, so there are no columns to compare.")
    return legacy or _empty(session, "legacy", target), target or _empty(session, "target", legacy)


def _empty(session: Session, side: str, other: Side | None) -> Side:
    assert other is not None
    session.run(f"CREATE VIEW raw_{side} AS SELECT * FROM {other.relation} WHERE false")
    note = NotCompared(f"{side} schema", "zero rows were exported without a file, so it has no schema to compare")
    return Side(f"raw_{side}", other.columns, (note,))
