"""How the files of one side become one relation: its columns and rows, what is noted, and what is refused."""

from __future__ import annotations

import itertools
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.compare.session import DuckSession
from parity.compare.sources import files as sources
from parity.compare.sources.files import find_files
from parity.compare.sources.parquet import ParquetTable, parquet_table
from parity.compare.spec import Source, Spec
from parity.errors import ExportRefused
from parity.suite.models import ColumnRule

Files = dict[str, dict[str, Any]]
UTC, WALL = pa.timestamp("us", "UTC"), pa.timestamp("us")


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, duck: DuckSession) -> Any:
    """Write files below ``s`` and return their table; relative paths begin there."""
    monkeypatch.setattr(sources, "TICK", 0)
    monkeypatch.chdir(tmp_path)
    sides = itertools.count()
    with ExitStack() as held:

        def made(given: Files, moments: tuple[str, ...] = (), ignored: tuple[str, ...] = ()) -> ParquetTable:
            for name, columns in given.items():
                Path("s", name).parent.mkdir(parents=True, exist_ok=True)
                options = {"use_deprecated_int96_timestamps": True} if "int96" in name else {}
                pq.write_table(pa.table(columns), Path("s", name), **options)
            files = find_files("legacy", Source.of("s", moments=moments), tmp_path / f"links{next(sides)}", held)
            rules = {name: ColumnRule(ignore="unused") for name in ignored}
            return parquet_table(duck, files, Spec(columns=rules))

        yield made


def ints(*values: int | None, of: pa.DataType | None = None) -> pa.Array:
    return pa.array(values, of or pa.int32())


NONE = pa.array([], pa.int32())
STRUCT = pa.struct([("x", pa.int32())])
READ: list[tuple[Files, list[tuple[str, str]], list[tuple[Any, ...]], list[tuple[str, str]]]] = [
    ({"a": {"id": ints(1)}}, [("id", "INTEGER")], [(1,)], []),
    ({"a": {"id": ints(1)}, "b": {"id": ints(2, None)}}, [("id", "INTEGER")], [(1,), (2,), (None,)], []),
    ({"a": {"id": ints(1), "v": ints(7)}, "b": {"v": ints(8), "id": ints(2)}},
     [("id", "INTEGER"), ("v", "INTEGER")], [(1, 7), (2, 8)], []),
    ({"a": {"id": ints(1)}, "b": {"ID": ints(2)}}, [("id", "INTEGER")], [(1,), (2,)],
     [("id", "is called ID in s/b")]),
    ({"a": {"id": ints(1)}, "b": {"id": ints(2**40, of=pa.int64())}}, [("id", "BIGINT")], [(1,), (2**40,)],
     [("id", "has several types among the files; read in their common type")]),
    ({"a": {"id": ints(2**40, of=pa.int64())}, "b": {"id": ints(1)}}, [("id", "BIGINT")], [(1,), (2**40,)],
     [("id", "has several types among the files; read in their common type")]),
    ({"a": {"id": ints(1)}, "b": {"id": pa.nulls(1)}}, [("id", "INTEGER")], [(1,), (None,)],
     [("id", "has several types among the files; read in their common type")]),
    ({"a": {"id": pa.nulls(1)}, "b": {"id": ints(1)}}, [("id", "INTEGER")], [(1,), (None,)],
     [("id", "has several types among the files; read in their common type")]),
    ({"a": {"id": ints(1)}, "b": {"id": ints(2), "v": ints(7)}}, [("id", "INTEGER"), ("v", "INTEGER")],
     [(1, None), (2, 7)], [("v", "is in 1 of 2 files; NULL was read in the others")]),
    ({"a": {"id": ints(1), "v": ints(7)}, "b": {"id": ints(2)}, "c": {"id": ints(3)}},
     [("id", "INTEGER"), ("v", "INTEGER")], [(1, 7), (2, None), (3, None)],
     [("v", "is in 1 of 3 files; NULL was read in the others")]),
    ({"a": {"id": NONE}}, [("id", "INTEGER")], [], []),
    ({"a": {"id": NONE}, "b": {"id": ints(1)}}, [("id", "INTEGER")], [(1,)], []),
    ({"a": {"x": NONE}, "b": {"id": ints(1)}}, [("id", "INTEGER")], [(1,)],
     [("s/a", "they are unlike those of the other files, but it has no rows")]),
    ({"a": {"x": NONE}, "b": {"id": NONE}}, [("x", "INTEGER")], [],
     [("s/b", "they are unlike those of the other files, but it has no rows")]),
    ({"a": {"s": pa.array([{"x": 1}], STRUCT)}, "b": {"s": pa.array([{"x": 2}], pa.struct([("x", pa.int64())]))}},
     [("s", "STRUCT(x BIGINT)")], [({"x": 1},), ({"x": 2},)],
     [("s", "has several types among the files; read in their common type")]),
    ({"int96": {"id": ints(1), "at": pa.array([1_000], pa.timestamp("ns"))}},
     [("id", "INTEGER"), ("at", "TIMESTAMP")], [(1, "1970-01-01 00:00:00.000001")],
     [("at", "INT96 times are read to the microsecond; finer digits are not compared")]),
    ({"k=1/a": {"id": ints(1)}, "k=2/b": {"id": ints(2)}}, [("id", "INTEGER"), ("parity partition", "BIGINT")],
     [(1, 0), (2, 1)], []),
]  # fmt: skip


def _rows(duck: DuckSession, query: str) -> list[Any]:
    found = duck.rows(query)
    return sorted((tuple(str(c) if hasattr(c, "year") else c for c in row) for row in found), key=str)


@pytest.mark.parametrize(("given", "columns", "rows", "notes"), READ, ids=range(len(READ)))
def test_files_are_read_as_one_table(
    table: Any,
    duck: DuckSession,
    given: Files,
    columns: list[tuple[str, str]],
    rows: list[Any],
    notes: list[tuple[str, str]],
) -> None:
    made = table(given)
    assert made.rows == len(rows)
    assert [(name, str(kind)) for name, kind in duck.describe(made.query)] == columns
    assert _rows(duck, made.query) == sorted(rows, key=str)
    said = [
        (f"legacy columns of {name}" if name.startswith("s/") else f"legacy column {name}", why)
        for name, why in notes
    ]
    assert [(note.what, note.why) for note in made.notes] == said


def test_wall_times_are_moments_where_the_export_says_so(table: Any, duck: DuckSession) -> None:
    times = {"at": pa.array([1], WALL), "deep": pa.array([[1]], pa.list_(WALL)), "wall": pa.array([1], WALL)}
    made = table({"a": times, "b": {**times, "at": pa.array([2], UTC)}}, moments=("at", "deep", "gone"))
    assert [str(kind) for _, kind in duck.describe(made.query)] == [
        "TIMESTAMP WITH TIME ZONE", "TIMESTAMP WITH TIME ZONE[]", "TIMESTAMP",
    ]  # fmt: skip
    query = f'SELECT epoch_us("at"), epoch_us(deep[1]), epoch_us(wall) FROM ({made.query}) ORDER BY ALL'
    assert duck.rows(query) == [(1, 1, 1), (2, 1, 1)]
    assert made.notes == ()


WIDE = pa.array([Decimal(1)], pa.decimal256(39, 0))
NARROW = pa.array([Decimal(1)], pa.decimal128(38, 0))
REFUSED: list[tuple[Files, str]] = [
    ({"a": {"id": ints(1)}, "b": {"id": pa.array(["x"])}},
     "The legacy column id is INTEGER in s/a and VARCHAR in s/b, which have no exact common type."
     " Export them with one schema, or ignore the column."),
    ({"a": {"id": ints(1)}, "b": {"id": pa.array([0.5])}},
     "The legacy column id is INTEGER in s/a and DOUBLE in s/b, which have no exact common type."
     " Export them with one schema, or ignore the column."),
    ({"a": {"v": WIDE}}, "The legacy column v is a decimal of 39 digits; 38 can be compared exactly."
     " Export it as text, or ignore it."),
    ({"a": {"v": pa.array([[Decimal(1)]], pa.list_(pa.decimal256(50, 2)))}},
     "The legacy column v is a decimal of 50 digits; 38 can be compared exactly. Export it as text, or ignore it."),
    ({"k=1/a": {"id": ints(1), "K": ints(1)}}, "The legacy column K is in the files and in their folders' names,"
     " of which one is read only. Export it once, or compare folder by folder."),
]  # fmt: skip


@pytest.mark.parametrize(("given", "said"), REFUSED, ids=range(len(REFUSED)))
def test_files_that_are_no_one_table_are_refused(table: Any, given: Files, said: str) -> None:
    with pytest.raises(ExportRefused) as caught:
        table(given)
    assert str(caught.value) == said


def test_what_is_ignored_may_be_of_any_type(table: Any, duck: DuckSession) -> None:
    made = table({"a": {"id": ints(1), "V": WIDE}, "b": {"id": ints(2), "V": pa.array(["x"])}}, ignored=("v",))
    assert [str(kind) for _, kind in duck.describe(made.query)] == ["INTEGER", "VARCHAR"]
    assert table({"a": {"id": ints(1), "v": NARROW}, "b": {"id": ints(2), "v": NARROW}}).rows == 2


def test_a_footer_that_cannot_be_read_names_its_file(table: Any) -> None:
    table({"a": {"id": ints(1)}})
    Path("s/b").write_bytes(b"PAR1" + b"\xff" * 40 + b"PAR1")
    with pytest.raises(ExportRefused) as caught:
        table({"a": {"id": ints(1)}})
    assert str(caught.value) == "s/b is not whole Parquet: its footer cannot be read. Export it again."
