"""What people read of DuckDB's errors: one sentence, a remedy, and never a value; and JSON by its meaning."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from parity.compare.session import explain, without_values
from parity.compare.sql_functions import canonical_json
from parity.errors import BadInput, CouldNotCompare, ExportRefused


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Could not convert string 'anna' to INT32", "Could not convert string … to INT32"),
        ('Could not convert string "an"na" to INT32', "Could not convert string … to INT32"),
        ("Value 'it's' is bad, 'x' too", "Value … too"),
        ("unclosed 'anna and more", "unclosed …"),
        ('Error in file "a.csv": cannot convert "anna"', 'Error in file "a.csv": cannot convert …'),
        ("bad line\nanna,berlin\n3,4", "bad line…"),
        ("Type INT32 with value 4711 cannot be cast", "Type INT32 with value … cannot be cast"),
        ("Invalid Input: 4711 and so on", "Invalid Input: …"),
        ("Overflow in addition of INT32 (4711 + 12)!", "Overflow in addition of INT32 …!"),
        ("nothing to hide (at all)", "nothing to hide (at all)"),
    ],
)
def test_a_message_quotes_no_value(message: str, shown: str) -> None:
    assert without_values(message) == shown


SMALL = "The memory limit is too small for this comparison."


@pytest.mark.parametrize(
    ("error", "kind", "said", "remedy"),
    [
        (
            duckdb.IOException("No space left on device"),
            CouldNotCompare,
            "The disk that holds /s is full.",
            "--scratch",
        ),
        (duckdb.Error("max_temp_directory_size"), CouldNotCompare, "The disk that holds /s is full.", "--scratch"),
        (duckdb.Error("Out of Memory Error: x"), CouldNotCompare, SMALL, "Raise --memory."),
        (duckdb.Error("failed to allocate 3 MiB"), CouldNotCompare, SMALL, "Raise --memory."),
        (
            duckdb.Error("Could not convert to higher precision"),
            CouldNotCompare,
            "A time outside the years 1677 to 2262 stands against nanoseconds, which cannot hold it.",
            "Compare both in microseconds",
        ),
        (duckdb.BinderException("no 'x'\n\nLINE 1: y"), BadInput, "no 'x'", ""),
        (duckdb.ParserException("syntax   error\n at 'x'"), BadInput, "syntax error at 'x'", ""),
        (duckdb.CatalogException("no f"), BadInput, "no f", ""),
        (duckdb.IOException("no file 'a'"), ExportRefused, "The data cannot be read: no file 'a'", ""),
        (duckdb.InvalidInputException("bad 'x'"), ExportRefused, "The data cannot be read: bad …", ""),
        (duckdb.Error("odd 'x'"), CouldNotCompare, "The comparison stopped: odd …", ""),
        (duckdb.BinderException("y" * 500), BadInput, "y" * 400, ""),
    ],
)
def test_an_error_is_one_sentence_with_what_to_do(
    error: Exception, kind: type[Exception], said: str, remedy: str
) -> None:
    reported = explain(error, Path("/s/parity-1"))
    assert (type(reported), reported.message) == (kind, said)
    assert remedy in (reported.remedy or "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('{"a": 1, "b": [1, 2]}', '{"b":[1.0,2e0],"a":1}', True),
        ('{"a": 1}', '{"a": 1, "b": null}', False),
        ("[1, 2]", "[2, 1]", False),
        ("1", '"1"', False),
        ("1", '{"": "1e0"}', False),
        ("1", "true", False),
        ("0", "-0.0", True),
        ("0", "0e400", True),
        ("-1", "1", False),
        ("100", "1e2", True),
        ("1.10", "1.1", True),
        ("0.01", "1e-2", True),
        ("10", "1", False),
        ("12345678901234567890123456789012345678901", "12345678901234567890123456789012345678902", False),
        ('"\\u00e9"', '"é"', True),
        ('"\\ud800"', '"\\ud801"', False),
        (" null ", "null", True),
        ("NaN", "NaN ", False),
        ("[Infinity]", "[ Infinity]", False),
        ('{"a": 1, "a": 1}', '{"a":1,"a":1}', False),
        ("no json", "no  json", False),
    ],
)
def test_json_is_equal_by_its_meaning(one: str, other: str, same: bool) -> None:
    assert (canonical_json(one) == canonical_json(other)) is same


def test_what_is_no_json_stays_as_it_is() -> None:
    deep = "[" * 100_000
    assert [canonical_json(text) for text in (None, "no json", "NaN", deep)] == [None, "no json", "NaN", deep]
