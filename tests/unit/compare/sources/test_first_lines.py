"""What the first line of a CSV file is taken for: names, data, or neither; and its delimiter."""

from __future__ import annotations

import pytest

from parity.compare.sources.csv import HeaderEvidence, _columns, _Csv, _delimiter, _is_header
from parity.compare.sources.files import DataFile
from parity.errors import BadInput, ExportRefused


def is_header(line: str, header: HeaderEvidence) -> bool:
    return _is_header(_Csv(DataFile("a.csv", ()), "a.csv", ",", tuple(line.split(","))), header)


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


ID = (names("id"),)
SAME = ("id", "v")


@pytest.mark.parametrize(
    ("line", "header", "taken"),
    [
        ("id,v", HeaderEvidence(key=ID), True),
        ("ID,v", HeaderEvidence(key=ID), True),
        ("no,v", HeaderEvidence(key=(names("id", "no"),)), True),
        ("id,day,v", HeaderEvidence(key=(*ID, names("day"))), True),
        ("1,2", HeaderEvidence(key=(names("column0"),)), False),
        ("a,b", HeaderEvidence(key=(names("column0"), names("column12"))), False),
        ("a,v", HeaderEvidence(rules=names("v")), True),
        ("1,v", HeaderEvidence(rules=names("v")), True),
        ("a,b,3", HeaderEvidence(columns=names("a", "b")), True),
        ("id,v", HeaderEvidence(line=SAME), True),
        ("id,7", HeaderEvidence(line=("id", "7")), False),
        ("id,-7.5", HeaderEvidence(), False),
        ("id, 1e3 ", HeaderEvidence(), False),
        ("id,.5", HeaderEvidence(), False),
        ("id,", HeaderEvidence(), False),
        ("id,ID", HeaderEvidence(), False),
        ("7,x", HeaderEvidence(key=ID, columns=names("id", "v")), False),
    ],
)
def test_a_first_line_holds_names_where_something_proves_it_and_data_where_it_cannot(
    line: str, header: HeaderEvidence, taken: bool
) -> None:
    assert is_header(line, header) is taken


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("id,v", HeaderEvidence()),
        ("id,day", HeaderEvidence(key=(*ID, names("date")))),
        ("a,b", HeaderEvidence(key=(names("column0"), names("id")))),
        ("a,b", HeaderEvidence(key=(names("column0x"),))),
        ("a,b", HeaderEvidence(columns=names("a"))),
        ("a,b", HeaderEvidence(rules=names("c"))),
        ("v,id", HeaderEvidence(line=SAME)),
        ("7x,x", HeaderEvidence()),
    ],
)
def test_a_first_line_that_may_be_either_is_refused(line: str, header: HeaderEvidence) -> None:
    with pytest.raises(BadInput) as caught:
        is_header(line, header)
    assert caught.value.message == "Nothing proves whether the first line of a.csv holds names or data."
    assert caught.value.remedy == "Give --header or --no-header, or name the key."


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("a;b,c;d", ";"),
        ("a\tb", "\t"),
        ("a|b", "|"),
        ("a", ","),
        ('"a;b;c",d', ","),
        ('"x;y"', ","),
        ("a,b;c", ","),
    ],
)
def test_the_delimiter_is_what_stands_most_often_outside_quotes(line: str, delimiter: str) -> None:
    assert _delimiter(line) == delimiter


def test_columns_are_called_by_the_first_line_or_by_their_places() -> None:
    assert _columns("a.csv", ("x", "", "y"), header=True) == ["x", "column1", "y"]
    assert _columns("a.csv", ("x", "x"), header=False) == ["column0", "column1"]
    for cells in (("x", "y", "X"), ("column1", "")):
        with pytest.raises(ExportRefused, match=r"a\.csv has two columns called '[xc]"):
            _columns("a.csv", cells, header=True)
