"""The product and the slow reference agree on every case that once failed; and the fuzzer would see if not."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fuzz import databases, product, reference
from fuzz.case import CASES, Case, Column
from fuzz.judge import weigh
from fuzz.kinds import decode, encode, kind
from fuzz.pairs import ALIKE, CASTS, Pairs
from fuzz.reference import NUMBER
from fuzz.runner import case_of_text, judge_text
from fuzz.runs import Run
from fuzz.shrink import shrink
from mysql_servers import MARIADB


def _cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.json")):
        case = json.loads(path.read_text())
        marks = [pytest.mark.xfail(reason=case["open"])] if "open" in case else []
        marks += [pytest.mark.mariadb] if "tables" in case else []
        if case.get("server", MARIADB) != MARIADB and os.environ.get("PARITY_TEST_MYSQL", MARIADB) == MARIADB:
            marks.append(pytest.mark.skip(reason="PARITY_TEST_MYSQL asks for MariaDB alone"))
        found.append(pytest.param(path, id=path.stem, marks=marks))
    return found


@pytest.mark.parametrize("path", _cases())
def test_a_case_that_failed_once_is_compared_rightly(path: Path) -> None:
    assert judge_text(path.read_text()).complaints == ()


def test_a_seed_draws_the_same_case_every_time_and_a_file_holds_all_of_it() -> None:
    one, again, other = Pairs("s:1").case(), Pairs("s:1").case(), Pairs("s:2").case()
    assert one == again != other
    assert case_of_text(one.to_text()) == one
    for of in (Run((("clear", "plan", "alone"),), ranged=True), databases.draw("s:d1")):
        assert case_of_text(of.to_text()) == of


def _small(cells: list[tuple[Any, Any]], of: str = "int64", **rule: Any) -> Case:
    columns = Column("id", "int64", "int64"), Column("v", of, of, rule)
    rows = [[at, one] for at, (one, _) in enumerate(cells)], [[at, two] for at, (_, two) in enumerate(cells)]
    return Case(columns, ("id",), rows, ({"format": "pyarrow"}, {"format": "pyarrow"}))


def test_a_missed_an_invented_and_a_refused_difference_are_complained_about(tmp_path: Path) -> None:
    case = _small([(1, 1), (2, 3), (4, 5)])
    expected = reference.compare(case)
    result = product.run(case, tmp_path)
    assert weigh(case, expected, result).complaints == ()
    assert weigh(case, expected, result).planted == 2
    missed, invented = copy.deepcopy(result), copy.deepcopy(result)
    missed["columns"][1]["different"] = 1
    invented["rows"]["extra"] = 1
    assert (weigh(case, expected, missed).missed, weigh(case, expected, invented).invented) == (1, 1)
    assert weigh(case, expected, {"verdict": "INVALID", "reason": "No."}).invalid == 1
    green = weigh(case, expected, result | {"verdict": "PASS"})
    assert (green.missed, "verdict FAIL" in green.classes) == (1, True)


def test_a_defect_that_is_found_in_another_row_is_missed_and_invented(tmp_path: Path) -> None:
    rows = [[at, at] for at in range(4)], [[at, at + (at == 2)] for at in range(3)]
    columns = Column(NUMBER, "int64", "int64"), Column("v", "int64", "int64")
    case = Case(columns, (NUMBER,), rows, ({"format": "pyarrow"}, {"format": "pyarrow"}))
    expected = reference.compare(case)
    result = product.run(case, tmp_path)
    assert weigh(case, expected, result).complaints == ()
    assert weigh(case, expected, result).planted == 2
    for one in result["samples"]:
        one["key"][NUMBER] = "1"
    moved = weigh(case, expected, result)
    assert (moved.missed, moved.invented) == (2, 2)


def test_a_failure_shrinks_to_the_one_row_that_makes_it() -> None:
    case = _small([(at, at + (at == 13)) for at in range(40)], tolerance="0")

    def fails(one: Case) -> bool:
        return any(row[-1] == 14 and row[0] == 13 for row in one.rows[1])

    small = shrink(case, frozenset(), fails)
    assert small.rows == ([], [[13, 14]])
    assert [column.rule for column in small.columns] == [{}, {}]


@pytest.mark.parametrize(
    ("of", "rule", "legacy", "target", "answer"),
    [
        ("int64", {"tolerance": "10"}, 9, -1, "same"),
        ("int64", {"tolerance": "10"}, 9, -2, "different"),
        ("decimal(38,10)", {"tolerance": "0.01"}, "0.0000000000", "-0.0100000001", "different"),
        ("float64", {"tolerance": "0.1"}, "1.1", "1.0", "same"),
        ("float64", {"tolerance": "0.1"}, "1.1", "0.9999999", "different"),
        ("float64", {"tolerance": "1%"}, "nan", "1.0", "different"),
        ("float64", {}, "-0.0", "0.0", "same"),
        ("date", {"tolerance": "1d"}, -1, 1, "different"),
        ("timestamp(us)", {"tolerance": "1ms"}, -500, 500, "same"),
        ("text", {"case": "ignore"}, "İ", "i", "same"),
        ("text", {"case": "ignore"}, "ß", "SS", "different"),
        ("text", {"trim": "both", "null_equals_empty": True}, "\u200b ", None, "same"),
        ("text", {"json_equal": True}, '{"a":1,"b":[1.0]}', '{"b":[1],"a":1e0}', "same"),
        ("text", {"json_equal": True}, "[true]", "[1]", "different"),
        ("list<text>", {}, ["NULL"], [None], "different"),
        ("map<text,int32>", {}, [["a", 1], ["b", 2]], [["b", 2], ["a", 1]], "same"),
    ],
)
def test_the_reference_knows_what_the_documents_promise(
    of: str, rule: dict[str, Any], legacy: Any, target: Any, answer: str
) -> None:
    assert reference.same(Column("v", of, of, rule), legacy, target) == answer


@pytest.mark.parametrize("name", sorted({*ALIKE, *(one for pair in CASTS for one in pair)}))
def test_every_kind_is_parsed_drawn_and_stored_without_loss(name: str) -> None:
    of = kind(name)
    assert of.name == name
    drawer = Pairs(name).drawer
    for _ in range(50):
        cell = drawer.cell(of)
        again = encode(of, decode(of, cell))
        column = Column("v", name, name)
        assert reference.token(column, 0, again) == reference.token(column, 1, cell)
