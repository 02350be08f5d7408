"""What the first line of a CSV file is taken for: names, data, or neither; and its delimiter."""

from __future__ import annotations

import pytest

from parity.compare.sources.csv import Header, _columns, _Csv, _delimiter, _is_header
from parity.compare.sources.files import DataFile
from parity.errors import BadInput, ExportRefused


def is_header(line: str, header: Header) -> bool:
    return _is_header(_Csv(DataFile("a.csv", ()), "a.csv", ",", tuple(line.split(","))), header)


def names(*given: str) -> frozenset[str]:
    return frozenset(given)


ID = (names("id"),)
SAME = ("id", "v")


@pytest.mark.parametrize(
    ("line", "header", "taken"),
    [
        ("id,v", Header(key=ID), True),
        ("ID,v", Header(key=ID), True),
        ("no,v", Header(key=(names("id", "no"),)), True),
        ("id,day,v", Header(key=(*ID, names("day"))), True),
        ("1,2", Header(key=(names("column0"),)), False),
        ("a,b", Header(key=(names("column0"), names("column12"))), False),
        ("a,v", Header(rules=names("v")), True),
        ("1,v", Header(rules=names("v")), True),
        ("a,b,3", Header(columns=names("a", "b")), True),
        ("id,v", Header(line=SAME), True),
        ("id,7", Header(line=("id", "7")), False),
        ("id,-7.5", Header(), False),
        ("id, 1e3 ", Header(), False),
        ("id,.5", Header(), False),
        ("id,", Header(), False),
        ("id,ID", Header(), False),
        ("7,x", Header(key=ID, columns=names("id", "v")), False),
    ],
)
def test_a_first_line_holds_names_where_something_proves_it_and_data_where_it_cannot(
    line: str, header: Header, taken: bool
) -> None:
    assert is_header(line, header) is taken


@pytest.mark.parametrize(
    ("line", "header"),
    [
        ("id,v", Header()),
        ("id,day", Header(key=(*ID, names("date")))),
        ("a,b", Header(key=(names("column0"), names("id")))),
        ("a,b", Header(key=(names("column0x"),))),
        ("a,b", Header(columns=names("a"))),
        ("a,b", Header(rules=names("c"))),
        ("v,id", Header(line=SAME)),
        ("7x,x", Header()),
    ],
)
def test_a_first_line_that_may_be_either_is_refused(line: str, header: Header) -> None:
    with pytest.raises(BadInput) as caught:
        is_header(line, header)
    assert caught.value.message == "Nothing proves whether the first line of a.csv holds names or data."
    assert caught.value.remedy == "Say --header or --no-header, or name the key."


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
