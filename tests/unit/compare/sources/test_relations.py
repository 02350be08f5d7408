"""Which columns each side gets, of which type, from which files: nothing is compared yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from duck_files import write_query
from parity.compare.session import session
from parity.compare.sources import files as sources
from parity.compare.sources.relations import open_sides
from parity.compare.spec import CsvFormat, Source, Spec
from parity.errors import ParityError
from parity.suite.models import ColumnRule

Tree = dict[str, str]
"""Files: a CSV's text, or a query for Parquet."""
Shown = dict[str, str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths begin in a folder of the test's own, whose files are old enough."""
    monkeypatch.setattr(sources, "TICK", 0)
    monkeypatch.chdir(tmp_path)


def plant(tree: Tree) -> None:
    for name, content in tree.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        if "csv" in name:
            Path(name).write_text(content)
        else:
            write_query(name, content)


def opened(
    rules: dict[str, dict[str, Any]], key: str = "id", **expected: int
) -> tuple[list[Shown], list[Any], list[Any]]:
    """Return both sides' columns with their types, their rows, and what is noted."""
    columns = {name: ColumnRule.model_validate(rule) for name, rule in rules.items()}
    spec = Spec(key=tuple(filter(None, key.split(","))), columns=columns)
    given = [Source.of(name, csv=CsvFormat(), expected_rows=expected.get(name)) for name in ("l", "t")]
    with session(spec) as duck:
        sides = open_sides(duck, *given, spec)
        for side in sides:
            read = duck.describe(f"SELECT * FROM {side.relation}")
            assert [(name, str(kind)) for name, kind in read] == [(n, one.sql) for n, one in side.columns.items()]
        rows = [sorted(duck.rows(f"SELECT * FROM {side.relation}"), key=str) for side in sides]
        assert [side.rows for side in sides] == [len(some) for some in rows]
        notes = [(note.what, note.why) for side in sides for note in side.notes]
        return [{name: kind.sql for name, kind in side.columns.items()} for side in sides], rows, notes


ROW = "SELECT 1::INTEGER AS id, 7::SMALLINT AS v"
TYPED: list[tuple[Tree, dict[str, Any], Shown, Shown]] = [
    (
        {"l/a": ROW, "t/a": "SELECT 1::BIGINT AS id, 'x' AS v"},
        {},
        {"id": "INTEGER", "v": "SMALLINT"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a": ROW, "t/a.csv": "id,v\n1,7\n"},
        {},
        {"id": "INTEGER", "v": "SMALLINT"},
        {"id": "INTEGER", "v": "SMALLINT"},
    ),
    (
        {"l/a.csv": "v,id\n7,1\n", "t/a": ROW},
        {},
        {"v": "SMALLINT", "id": "INTEGER"},
        {"id": "INTEGER", "v": "SMALLINT"},
    ),
    (
        {"l/a.csv": "id,v\n1,7\n", "t/a.csv": "id,v\n1,x\n"},
        {},
        {"id": "BIGINT", "v": "VARCHAR"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,v\n1,x\n", "t/a.csv": "id,v\n1,7\n"},
        {},
        {"id": "BIGINT", "v": "VARCHAR"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,v\n1,7\n", "t/a.csv": "id,v\n1,x\n"},
        {"v": {"tolerance": "1"}},
        {"id": "BIGINT", "v": "BIGINT"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,old\n1,7\n", "t/a.csv": "id,v\n1,x\n"},
        {"v": {"legacy": "old", "tolerance": "1"}},
        {"id": "BIGINT", "old": "BIGINT"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,v\n1,7\n", "t/a.csv": "id,v\n1,\n"},
        {},
        {"id": "BIGINT", "v": "BIGINT"},
        {"id": "BIGINT", "v": "BIGINT"},
    ),
    (
        {"l/a.csv": "id,v\n1,\n", "t/a.csv": "id,v\n1,7\n"},
        {},
        {"id": "BIGINT", "v": '"NULL"'},
        {"id": "BIGINT", "v": "BIGINT"},
    ),
    (
        {"l/a.csv": "id,v\n1,7\n", "t/a.csv": "id,w\n1,x\n"},
        {},
        {"id": "BIGINT", "v": "BIGINT"},
        {"id": "BIGINT", "w": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,old\n1,7\n", "t/a": ROW},
        {"v": {"legacy": "old"}},
        {"id": "INTEGER", "old": "SMALLINT"},
        {"id": "INTEGER", "v": "SMALLINT"},
    ),
    (
        {"l/a": "SELECT 1 AS id, 7::SMALLINT AS old", "t/a.csv": "id,v\n1,7\n"},
        {"v": {"legacy": "old"}},
        {"id": "INTEGER", "old": "SMALLINT"},
        {"id": "INTEGER", "v": "SMALLINT"},
    ),
    (
        {"l/a.csv": "id,v\n1,7\n", "t/a.csv": "id,v\n1,7\n"},
        {"v": {"case": "ignore"}},
        {"id": "BIGINT", "v": "VARCHAR"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,old\n1,7\n", "t/a.csv": "id,v\n1,7\n"},
        {"v": {"legacy": "old", "trim": "both"}},
        {"id": "BIGINT", "old": "VARCHAR"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a.csv": "id,v\n1,10:00\n", "t/a.csv": "id,v\n1,10:01\n"},
        {"v": {"tolerance": "1s"}},
        {"id": "BIGINT", "v": "TIME"},
        {"id": "BIGINT", "v": "TIME"},
    ),
    (
        {"l/a.csv": "id,old\n1,10:00\n", "t/a.csv": "id,v\n1,10:01\n"},
        {"v": {"legacy": "old", "tolerance": "1s"}},
        {"id": "BIGINT", "old": "TIME"},
        {"id": "BIGINT", "v": "TIME"},
    ),
    (
        {"l/a.csv": "id,v\n1,10:00\n", "t/a.csv": "id,v\n1,10:01\n"},
        {},
        {"id": "BIGINT", "v": "VARCHAR"},
        {"id": "BIGINT", "v": "VARCHAR"},
    ),
    (
        {"l/a": "SELECT 1 AS id, TIME '10:00' AS v", "t/a.csv": "id,v\n1,10:01\n"},
        {"v": {"tolerance": "1s"}},
        {"id": "INTEGER", "v": "TIME"},
        {"id": "INTEGER", "v": "TIME"},
    ),
    (
        {"l/a": "SELECT 1 AS id, NULL AS v", "t/a.csv": "id,v\n1,10:01\n"},
        {"v": {"tolerance": "1s"}},
        {"id": "INTEGER", "v": '"NULL"'},
        {"id": "INTEGER", "v": "TIME"},
    ),
    (
        {"l/a": "SELECT 1 AS id, 7 AS v", "t/a.csv": "id,v\n1,7\n"},
        {"v": {"case": "ignore"}},
        {"id": "INTEGER", "v": "INTEGER"},
        {"id": "INTEGER", "v": "INTEGER"},
    ),
    (
        {"l/P=03/a": "SELECT 1 AS id", "t/a": "SELECT 1 AS id, 3::SMALLINT AS p"},
        {},
        {"id": "INTEGER", "P": "SMALLINT"},
        {"id": "INTEGER", "p": "SMALLINT"},
    ),
    (
        {"l/p=03/a": "SELECT 1 AS id", "t/a": "SELECT 1 AS id, '03' AS p"},
        {},
        {"id": "INTEGER", "p": "VARCHAR"},
        {"id": "INTEGER", "p": "VARCHAR"},
    ),
    (
        {"l/p=03/a": "SELECT 1 AS id", "t/p=3/a": "SELECT 1 AS id"},
        {},
        {"id": "INTEGER", "p": "VARCHAR"},
        {"id": "INTEGER", "p": "VARCHAR"},
    ),
    (
        {"l/old=3/a.csv": "id\n1\n", "t/a": "SELECT 1 AS id, 3 AS p"},
        {"p": {"legacy": "old"}},
        {"id": "INTEGER", "old": "INTEGER"},
        {"id": "INTEGER", "p": "INTEGER"},
    ),
    (
        {"l/a": "SELECT 1 AS id, 3 AS old", "t/p=3/a": "SELECT 1 AS id"},
        {"p": {"legacy": "old"}},
        {"id": "INTEGER", "old": "INTEGER"},
        {"id": "INTEGER", "p": "INTEGER"},
    ),
    (
        {
            "l/p=1/q=x/a": "SELECT 1 AS id",
            "l/p=2/q=y/b": "SELECT 2 AS id",
            "t/a": "SELECT 1 AS id, 1 AS p, 2 AS q",
        },
        {},
        {"id": "INTEGER", "p": "INTEGER", "q": "VARCHAR"},
        {"id": "INTEGER", "p": "INTEGER", "q": "INTEGER"},
    ),
]


@pytest.mark.parametrize(("tree", "rules", "legacy", "target"), TYPED, ids=range(len(TYPED)))
def test_each_side_gets_its_columns_and_types(
    tree: Tree, rules: dict[str, Any], legacy: Shown, target: Shown
) -> None:
    plant(tree)
    found, _, notes = opened(rules)
    assert found == [legacy, target]
    assert notes == []


def test_folders_give_every_row_their_values() -> None:
    plant(
        {
            "l/p=1/a": "SELECT 1 AS id",
            "l/p=2/b": "SELECT 2 AS id",
            "l/p=__HIVE_DEFAULT_PARTITION__/c": "SELECT 3 AS id",
            "t/p=1/a.csv": "id\n1\n",
            "t/p=it's/b.csv": "id\n2\n",
        }
    )
    _, rows, _ = opened({})
    assert rows == [[(1, "1"), (2, "2"), (3, None)], [(1, "1"), (2, "it's")]]


def test_a_side_without_files_has_the_other_sides_columns() -> None:
    plant({"l/_a.csv": "", "t/a.csv": "id,v\n1,7\n"})
    said = (
        "zero rows were exported without a file, so it has no schema to compare",
        "its name, or its folder's, begins with _ or .",
    )
    found, rows, notes = opened({}, l=0)
    assert (found, rows) == ([{"id": "BIGINT", "v": "BIGINT"}] * 2, [[], [(1, 7)]])
    assert notes == [("legacy data in l/_a.csv", said[1]), ("legacy schema", said[0])]
    plant({"l/a": "SELECT 1 AS id"})
    Path("t/a.csv").unlink()
    found, rows, notes = opened({}, t=0)
    assert (found, rows, notes) == (
        [{"id": "INTEGER"}] * 2,
        [[(1,)], []],
        [("legacy data in l/_a.csv", said[1]), ("target schema", said[0])],
    )
    Path("l/a").unlink()
    with pytest.raises(ParityError) as caught:
        opened({}, l=0, t=0)
    assert str(caught.value) == "Neither side holds a data file, so there are no columns to compare."


HEADERS: list[tuple[str, str, dict[str, Any], str, list[list[str]]]] = [
    ("a,b\nx,y\n", "a,b\nx,y\n", {}, "", [["a", "b"], ["a", "b"]]),
    ("old,b\nx,y\n", "a,b\nx,y\n", {"a": {"legacy": "old"}}, "a", [["old", "b"], ["a", "b"]]),
    ("a,b\nx,y\n", "new,b\nx,y\n", {"new": {"legacy": "a"}}, "a", [["a", "b"], ["new", "b"]]),
    ("a,b\nx,y\n", "A,c\nx,y\n", {}, "a", [["a", "b"], ["A", "c"]]),
    ("a,b\nx,y\n", "c,b\nx,y\n", {"b": {"case": "ignore"}}, "", [["a", "b"], ["c", "b"]]),
    ("old,b\nx,y\n", "a,c\nx,y\n", {"a": {"legacy": "old"}}, "", [["old", "b"], ["a", "c"]]),
    ("1,b\nx,y\n", "2,c\nx,y\n", {}, "column0", [["column0", "column1"]] * 2),
    ("1,b\n2,y\n", "3,b\n2,y\n", {}, "", [["column0", "column1"]] * 2),
]


@pytest.mark.parametrize(("legacy", "target", "rules", "key", "names"), HEADERS, ids=range(len(HEADERS)))
def test_first_lines_are_names_by_what_is_known_of_them(
    legacy: str, target: str, rules: dict[str, Any], key: str, names: list[list[str]]
) -> None:
    plant({"l/a.csv": legacy, "t/a.csv": target})
    assert [[*side] for side in opened(rules, key)[0]] == names


def test_a_first_line_is_names_where_the_other_side_is_parquet_and_has_most_of_them() -> None:
    plant({"l/a.csv": "old,b,c\nx,y,z\n", "t/a": "SELECT 'x' AS a, 'y' AS b, 'z' AS d"})
    assert [*opened({"a": {"legacy": "old"}}, "")[0][0]] == ["old", "b", "c"]
    Path("l/a.csv").write_text("e,b,c\nx,y,z\n")
    with pytest.raises(ParityError, match="Nothing proves"):
        opened({}, "")
