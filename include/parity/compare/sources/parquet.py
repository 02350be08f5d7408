"""Parquet, of which every file's footer is read before any row: its rows, and its columns with their fields.

Files of one side are read as one table only where that loses nothing: columns are named one by one, types that
differ need an exact common type, and statistics are not used: they may be wrong, and do not cover NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parity.compare.common_type import find_common_type
from parity.compare.result import NotCompared
from parity.compare.session import DuckSession, ident, text
from parity.compare.sources.files import PARTITION, DataFile, SourceFiles
from parity.compare.spec import Spec
from parity.compare.types import TEXT, DataType, data_type, in_utc
from parity.errors import CouldNotCompare, ExportRefused
from parity.wording import fold, plural


@dataclass(frozen=True)
class SchemaNode:
    """One element of a file's schema, with everything below it; ``how`` says how it is written."""

    name: str
    how: tuple[object, ...]
    children: tuple[SchemaNode, ...]

    def every(self) -> Iterator[SchemaNode]:
        """Yield this element and all that is below it."""
        yield self
        for child in self.children:
            yield from child.every()

    @property
    def kind(self) -> object:
        """Return the physical type."""
        return self.how[0]

    @property
    def precision(self) -> int:
        """Return the digits of a decimal, and 0 for anything else."""
        return int(str(self.how[1] or 0))


@dataclass(frozen=True)
class ParquetTable:
    """A query that reads every file of a side, notes, and the rows that the footers count."""

    query: str
    rows: int
    notes: tuple[NotCompared, ...] = ()


@dataclass(frozen=True)
class _Group:
    """Files that are written alike, and their columns as DuckDB reads them."""

    files: list[DataFile]
    columns: dict[str, DataType]
    moments: dict[str, DataType]
    """Columns that the files hold as wall times in UTC, with their types there."""


def parquet_table(session: DuckSession, files: SourceFiles, spec: Spec) -> ParquetTable:
    """Read the footers of a side's files and return how to read their rows.

    Raises ExportRefused for names that cannot be told apart, types that cannot be compared exactly, and files
    whose types have no exact common one.
    """
    rows = _rows(session, files)
    schemas = _schemas(session, files)
    ignored = _ignored(spec)
    for file in files.files:
        _check(files.side, file, schemas[file.link], ignored)
    full = [file for file in files.files if rows[file.link]] or [files.files[0]]
    empty = [file for file in files.files if file not in full and schemas[file.link] != schemas[full[0].link]]
    groups = _groups(session, files, full, schemas)
    query, notes = _together(files, groups, ignored)
    why = "they are unlike those of the other files, but it has no rows"
    unlike = (NotCompared(f"{files.side} columns of {file.path}", why) for file in empty)
    return ParquetTable(query, sum(rows.values()), (*notes, *unlike, *_int96(files, schemas)))


def _rows(session: DuckSession, files: SourceFiles) -> dict[str, int]:
    """Return the rows that every file's footer counts, by its link."""
    query = "SELECT file_name, num_rows FROM parquet_file_metadata({})"
    try:
        return dict(session.rows(query.format(_listed(files.files))))
    except CouldNotCompare:
        for file in files.files:
            try:
                session.rows(query.format(_listed([file])))
            except CouldNotCompare as error:
                raise ExportRefused(
                    f"{file.path} is not whole Parquet: its footer cannot be read.", remedy="Export it again."
                ) from error
        raise


def _listed(files: tuple[DataFile, ...] | list[DataFile]) -> str:
    return f"[{', '.join(text(file.link) for file in files)}]"


def _ignored(spec: Spec) -> set[str]:
    names = {part for name, rule in spec.columns.items() if rule.ignore for part in (name, rule.legacy) if part}
    return {fold(name) for name in names}


def _schemas(session: DuckSession, files: SourceFiles) -> dict[str, tuple[SchemaNode, ...]]:
    """Return the columns of every file, by its link."""
    rows = session.rows(
        "SELECT file_name, name, num_children, type, precision, scale, type_length, converted_type, logical_type, "
        "repetition_type = 'REPEATED', duckdb_type "
        f"FROM parquet_schema({_listed(files.files)}) ORDER BY file_name, column_id"
    )
    found: dict[str, tuple[SchemaNode, ...]] = {}
    at = 0
    while at < len(rows):
        link = rows[at][0]
        root, at = _node([row[1:] for row in rows], at)
        found[link] = root.children
    return found


def _node(rows: list[tuple[object, ...]], at: int) -> tuple[SchemaNode, int]:
    name, count, *how = rows[at]
    children, at = [], at + 1
    for _ in range(int(str(count or 0))):
        child, at = _node(rows, at)
        children.append(child)
    return SchemaNode(str(name), tuple(how), tuple(children)), at


def _check(side: str, file: DataFile, columns: tuple[SchemaNode, ...], ignored: set[str]) -> None:
    seen: dict[str, SchemaNode] = {}
    for column in columns:
        if column.name in ("", PARTITION):
            raise ExportRefused(f"{file.path} has a column called {column.name!r}.", remedy="Name it otherwise.")
        other = seen.setdefault(fold(column.name), column)
        if other is not column:
            raise ExportRefused(
                f"{file.path} has two columns called {other.name!r} and {column.name!r}.",
                remedy="Rename one in the export; case alone does not tell columns apart.",
            )
        if fold(column.name) not in ignored:
            _refuse_wide_decimals(side, column)


def _refuse_wide_decimals(side: str, column: SchemaNode) -> None:
    """Refuse decimals of more than 38 digits: DuckDB reads them as doubles, and most digits would go unseen."""
    for node in column.every():
        if node.precision > 38:
            raise ExportRefused(
                f"The {side} column {column.name} is a decimal of {node.precision} digits; "
                "38 can be compared exactly.",
                remedy="Export it as text, or ignore it.",
            )


def _int96(files: SourceFiles, schemas: dict[str, tuple[SchemaNode, ...]]) -> Iterator[NotCompared]:
    """Yield the columns that lose digits in reading: DuckDB reads the old INT96 times in microseconds."""
    found = {
        column.name
        for columns in schemas.values()
        for column in columns
        if any(node.kind == "INT96" for node in column.every())
    }
    why = "INT96 times are read to the microsecond; finer digits are not compared"
    yield from (NotCompared(f"{files.side} column {name}", why) for name in sorted(found))


def _groups(
    session: DuckSession, files: SourceFiles, full: list[DataFile], schemas: dict[str, tuple[SchemaNode, ...]]
) -> list[_Group]:
    alike: dict[tuple[SchemaNode, ...], list[DataFile]] = {}
    for file in full:
        alike.setdefault(schemas[file.link], []).append(file)
    groups = []
    for columns, members in alike.items():
        files.refuse_twice(column.name for column in columns)
        read = session.describe(f"SELECT * FROM read_parquet({_listed(members[:1])}, hive_partitioning = false)")
        if [name for name, _ in read] != [column.name for column in columns]:
            raise ExportRefused(f"{members[0].path} has a column that cannot be read by its name.")
        kinds = {name: data_type(kind) for name, kind in read}
        moments = {name: kinds[name] for name in files.source.moments if name in kinds}
        groups.append(_Group(members, kinds | {name: in_utc(kind) for name, kind in moments.items()}, moments))
    return groups


def _together(files: SourceFiles, groups: list[_Group], ignored: set[str]) -> tuple[str, list[NotCompared]]:
    """Return the query of all groups, and notes on their differences."""
    common = dict(groups[0].columns)
    notes: dict[str, str] = {}
    for group in groups[1:]:
        spelling = _spelling(common, group)
        for name, kind in group.columns.items():
            known = spelling.get(name, name)
            if known != name:
                notes[known] = f"is called {name} in {group.files[0].path}"
            if known not in common:
                common[known] = kind
            elif common[known].sql != kind.sql:
                kinds, paths = (common[known], kind), (groups[0].files[0].path, group.files[0].path)
                common[known] = TEXT if fold(known) in ignored else _common(files.side, known, kinds, paths)
                notes[known] = "has several types among the files; read in their common type"
    for name in common:
        holding = [group for group in groups if name in _spelling(common, group).values()]
        if len(holding) < len(groups):
            count = sum(len(group.files) for group in holding)
            whole = sum(len(group.files) for group in groups)
            notes[name] = f"is in {count} of {plural(whole, 'file')}; NULL was read in the others"
    queries = " UNION ALL ".join(_select(common, group, bool(files.partitions)) for group in groups)
    return queries, [NotCompared(f"{files.side} column {name}", why) for name, why in notes.items()]


def _spelling(common: dict[str, DataType], group: _Group) -> dict[str, str]:
    """Return, by a group's column, the name under which it is known already."""
    folded = {fold(name): name for name in common}
    return {name: folded[fold(name)] for name in group.columns if fold(name) in folded}


def _common(side: str, name: str, kinds: tuple[DataType, DataType], paths: tuple[str, str]) -> DataType:
    """Return the type that holds every value of two others exactly."""
    known = [kind for kind in kinds if not kind.untyped]
    if len(known) < 2:
        return (known or kinds)[0]
    common = find_common_type(*kinds, None, None)
    cast = f"CAST(«0» AS {common.sql})"
    if common.verdict == "incompatible" or {common.legacy, common.target} - {cast, "«0»"}:
        raise ExportRefused(
            f"The {side} column {name} is {kinds[0].sql} in {paths[0]} and {kinds[1].sql} in {paths[1]}, "
            "which have no exact common type.",
            remedy="Export them with one schema, or ignore the column.",
        )
    return _of(common.sql)


def _of(sql: str) -> DataType:
    import duckdb

    return data_type(duckdb.sqltypes.DuckDBPyType(sql))


def _select(common: dict[str, DataType], group: _Group, parted: bool) -> str:
    own = {known: name for name, known in _spelling(common, group).items()}
    cells = []
    for name, kind in common.items():
        cell = _cell(group, own[name]) if name in own else "NULL"
        same = name in own and group.columns[own[name]].sql == kind.sql
        cells.append(f"{cell if same else f'CAST({cell} AS {kind.sql})'} AS {ident(name)}")
    options = "hive_partitioning = false"
    if parted:
        options = f"hive_partitioning = true, hive_types = {{{text(PARTITION)}: BIGINT}}"
        cells.append(ident(PARTITION))
    source = f"read_parquet({_listed(group.files)}, {options}, can_have_nan = true)"
    return f"SELECT {', '.join(cells)} FROM {source}"


def _cell(group: _Group, name: str) -> str:
    """Return a column as its group's type; a cast takes wall times for those of UTC, the session's zone."""
    if name not in group.moments:
        return ident(name)
    flat = group.moments[name].name == "timestamp"
    return (
        f"make_timestamptz(epoch_us({ident(name)}))"
        if flat
        else f"CAST({ident(name)} AS {group.columns[name].sql})"
    )
