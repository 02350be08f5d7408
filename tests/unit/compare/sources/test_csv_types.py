"""Which type the texts of a CSV column get: the other side's where nothing is lost, else a guess."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from parity.compare import Source, Spec, compare
from parity.compare.session import DuckSession, ident, literal
from parity.compare.sources import csv_types
from parity.compare.sources.csv_types import _looks, choose
from parity.compare.sources.exact_texts import SHAPES
from parity.compare.spec import CsvFormat
from parity.compare.types import data_type
from parity.errors import BadInput
from unit.compare.conftest import different


def looks(*shapes: str, digits: int = 0, fraction: int = 0, texts: int = 2) -> dict[str, int]:
    """Return what was counted of a column whose texts all have the given shapes."""
    return {"texts": texts, "digits": digits, "fraction": fraction} | {s: 2 * (s in shapes) for s in SHAPES}


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [
        (looks(texts=0), None, '"NULL"'),
        (looks(texts=0), "DATE", "DATE"),
        (looks("whole", "fixed", digits=18), None, "BIGINT"),
        (looks("whole", "fixed", digits=18), '"NULL"', "BIGINT"),
        (looks("whole", "fixed", digits=19), None, "DECIMAL(19,0)"),
        (looks("fixed", digits=3, fraction=2), None, "DECIMAL(18,2)"),
        (looks("fixed", digits=16, fraction=4), None, "DECIMAL(20,4)"),
        (looks("fixed", digits=36, fraction=2), None, "DECIMAL(38,2)"),
        (looks("fixed", digits=36, fraction=3), None, "VARCHAR"),
        (looks("real", digits=3), None, "VARCHAR"),
        (looks("day"), None, "DATE"),
        (looks("moment"), None, "TIMESTAMP"),
        (looks("moment", fraction=6), None, "TIMESTAMP"),
        (looks("moment", fraction=7), None, "TIMESTAMP_NS"),
        (looks("zoned", fraction=6), None, "TIMESTAMPTZ"),
        (looks("zoned", fraction=7), None, "TIMESTAMPTZ_NS"),
        (looks("truth"), None, "BOOLEAN"),
        (looks("clock"), None, "VARCHAR"),
        (looks(), None, "VARCHAR"),
        (looks("whole", "fixed", digits=2), "TINYINT", "TINYINT"),
        (looks("whole", "fixed", digits=3), "TINYINT", "HUGEINT"),
        (looks("whole", "fixed", digits=4), "SMALLINT", "SMALLINT"),
        (looks("whole", "fixed", digits=5), "SMALLINT", "HUGEINT"),
        (looks("whole", "fixed", digits=9), "INTEGER", "INTEGER"),
        (looks("whole", "fixed", digits=10), "INTEGER", "HUGEINT"),
        (looks("whole", "fixed", digits=18), "BIGINT", "BIGINT"),
        (looks("whole", "fixed", digits=19), "BIGINT", "HUGEINT"),
        (looks("whole", "fixed", digits=38), "HUGEINT", "HUGEINT"),
        (looks("whole", "fixed", digits=1), "UTINYINT", "HUGEINT"),
        (looks("whole", "fixed", digits=1), "USMALLINT", "HUGEINT"),
        (looks("whole", "fixed", digits=1), "UINTEGER", "HUGEINT"),
        (looks("whole", "fixed", digits=1), "UBIGINT", "HUGEINT"),
        (looks("fixed", digits=4, fraction=1), "INTEGER", "DECIMAL(38,1)"),
        (looks("fixed", digits=38, fraction=1), "INTEGER", "VARCHAR"),
        (looks("real"), "INTEGER", "VARCHAR"),
        (looks("fixed", digits=3, fraction=2), "DECIMAL(5,2)", "DECIMAL(5,2)"),
        (looks("fixed", digits=4, fraction=2), "DECIMAL(5,2)", "DECIMAL(38,2)"),
        (looks("fixed", digits=3, fraction=3), "DECIMAL(5,2)", "DECIMAL(38,3)"),
        (looks("whole", "fixed", digits=3), "DECIMAL(5,2)", "DECIMAL(5,2)"),
        (looks("real"), "FLOAT", "FLOAT"),
        (looks("real"), "DOUBLE", "DOUBLE"),
        (looks("day"), "DATE", "DATE"),
        (looks("moment"), "DATE", "TIMESTAMP"),
        (looks("day"), "TIMESTAMP", "DATE"),
        (looks("moment", fraction=9), "TIMESTAMP", "TIMESTAMP_NS"),
        (looks("zoned"), "TIMESTAMP", "TIMESTAMPTZ"),
        (looks("truth"), "BOOLEAN", "BOOLEAN"),
        (looks("clock"), "TIME", "TIME"),
        (looks("clock", fraction=6), "TIME", "TIME"),
        (looks("clock", fraction=7), "TIME", "TIME_NS"),
        (looks("clock", fraction=9), "TIME_NS", "TIME_NS"),
        (looks("whole", "fixed", digits=1), "VARCHAR", "VARCHAR"),
        (looks("whole", "fixed", digits=1), "BOOLEAN", "VARCHAR"),
    ],
)
def test_texts_get_the_narrowest_type_that_loses_nothing(
    found: dict[str, int], wanted: str | None, chosen: str
) -> None:
    kind = data_type(duckdb.sqltypes.DuckDBPyType(wanted)) if wanted else None
    assert choose(found, kind) == chosen


def test_a_shape_that_one_text_lacks_does_not_count() -> None:
    assert choose(looks("day") | {"day": 1}, None) == "VARCHAR"
    assert choose(looks("whole") | {"whole": 1}, data_type(duckdb.sqltypes.INTEGER)) == "VARCHAR"


@pytest.mark.parametrize(
    ("legacy", "target"), [("7.10,8.255", "7.10,x"), ("7.10,x", "7.10,8.255"), ("1,2", "1,inf"), ("1,x", "1,2")]
)
def test_a_column_that_one_csv_holds_texts_in_is_text_in_both(tmp_path: Path, legacy: str, target: str) -> None:
    paths = (tmp_path / "legacy.csv", tmp_path / "target.csv")
    for path, cells in zip(paths, (legacy, target), strict=True):
        path.write_text("id,v\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(cells.split(","))))
    found = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(key=("id",)))
    assert (found.rows.equal, found.rows.changed) == (1, 1)
    assert [fact.verdict for fact in found.schema] == ["equal", "equal"]


CELLS = {
    "one": (["1.25", "7.5"], ["1.30", "7.5"]),
    "many": (["123456789012345678.123", "-0.5"], ["123456789012345678.124", "-0.5"]),
    "moment": (["2026-01-02 10:11:12.123456789", "2026-01-02"], ["2026-01-02 10:11:12.123456788", "2026-01-02"]),
    "zoned": (["2026-01-02 10:11:12.1234567Z", ""], ["2026-01-02 10:11:12.1234568Z", ""]),
}


def test_the_last_digit_of_two_texts_is_seen(tmp_path: Path) -> None:
    paths = (tmp_path / "legacy.csv", tmp_path / "target.csv")
    for side, path in enumerate(paths):
        rows = zip("12", *(pair[side] for pair in CELLS.values()), strict=True)
        path.write_text("\n".join(map(",".join, [("id", *CELLS), *rows])) + "\n")
    found = compare(Source.of(paths[0]), Source.of(paths[1]), Spec(key=("id",)))
    assert different(found) == dict.fromkeys(CELLS, 1)


def test_what_is_counted_of_texts(duck: DuckSession) -> None:
    texts = ["+007.250", "-12", None, "2026-01-02", "10:11:12.123456789", "2026-02-30", "x"]
    rows = ", ".join(f"({literal(one)}, '1.5')" for one in texts)
    duck.run(f"CREATE OR REPLACE TABLE texts AS FROM (VALUES {rows}) t(a, b)")
    found = _looks(duck, "texts", ["b", "a"])
    few = {"fixed": 1, "real": 2, "whole": 1, "day": 1, "clock": 1}
    assert found["a"] == dict.fromkeys(SHAPES, 0) | few | {"texts": 6, "fraction": 9, "digits": 4}
    assert found["b"] == dict.fromkeys(SHAPES, 0) | {"fixed": 7, "real": 7, "texts": 7, "fraction": 1, "digits": 1}


def test_a_type_that_would_drop_a_digit_is_not_given(duck: DuckSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_types, "choose", lambda *_: "DECIMAL(18,1)")
    duck.run("CREATE OR REPLACE TABLE texts AS FROM (VALUES ('1.5', '1.25')) t(a, b)")
    found = csv_types.typed_columns(duck, "texts", CsvFormat(), {})
    assert found == {"a": 'CAST("a" AS DECIMAL(18,1))', "b": 'CAST("b" AS VARCHAR)'}


def test_a_type_is_declared_for_a_column_that_is_there(duck: DuckSession) -> None:
    duck.run("CREATE OR REPLACE TABLE texts AS SELECT '1' AS amount")
    with pytest.raises(BadInput, match="The CSV has no column 'amont'"):
        csv_types.typed_columns(duck, "texts", CsvFormat(types={"amont": "INTEGER"}), {})


def test_a_folder_may_be_named_after_a_column_with_a_quote(duck: DuckSession) -> None:
    cell = ident('a"b')
    (cast,) = csv_types.folder_cast(duck, cell, ["007", "1", None], data_type(duckdb.sqltypes.INTEGER))
    assert duck.rows(f"SELECT {cast} FROM (SELECT '007' AS {cell})") == [(7,)]
    assert csv_types.folder_cast(duck, cell, ["7", "x"], data_type(duckdb.sqltypes.INTEGER)) == []
