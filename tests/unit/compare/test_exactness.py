"""No two different values pass as equal, whatever their type, place and hash; and every tolerance is exact."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from parity.compare import Result
from unit.compare.conftest import Compare, different

_FOLDED = 2**64
_NULLS = -2930909409056394622
"""The BIGINT that has the hash which DuckDB gives NULL."""
_BITS = "('\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80'::BLOB)"
_ZEROS = f"({'||'.join(['chr(0)'] * 16)})::BLOB"

DIFFERENT: dict[str, list[str]] = {
    "TINYINT": ["-128", "-1", "0", "1", "127"],
    "UTINYINT": ["0", "1", "128", "255"],
    "SMALLINT": ["-32768", "-1", "0", "32767"],
    "USMALLINT": ["0", "1", "65535"],
    "INTEGER": ["-2147483648", "-1", "0", "2147483647"],
    "UINTEGER": ["0", "1", "2147483648", "4294967295"],
    "BIGINT": [str(_NULLS), "-9223372036854775808", "-1", "0", "1", "9223372036854775807", "5577006791947779410"],
    "UBIGINT": [str(_NULLS + _FOLDED), "0", "1", "9223372036854775808", "18446744073709551615"],
    "HUGEINT": ["0", "-1", "1", str(_FOLDED), str(-_FOLDED), str(_FOLDED + 1), str(2**127 - 1), str(1 - 2**127)],
    "UHUGEINT": ["0", "1", str(_FOLDED), str(_FOLDED + 1), str(2**128 - 1)],
    "DECIMAL(4,2)": ["-99.99", "-0.01", "0", "0.01", "99.99"],
    "DECIMAL(9,0)": ["-999999999", "0", "1", "999999999"],
    "DECIMAL(18,2)": ["-0.01", "0", "0.01", "9999999999999999.99"],
    "DECIMAL(38,10)": ["0", "1", str(_FOLDED), "0.0000000001", "-0.0000000001", str(_FOLDED * 10**8)],
    "DECIMAL(38,38)": ["0", f"'0.{'0' * 37}1'", f"'0.{'9' * 38}'", f"'-0.{'9' * 38}'"],
    "FLOAT": ["0", "1e-45", "-1e-45", "3.4028235e38", "'inf'", "'-inf'", "'nan'", "16777215", "16777216"],
    "DOUBLE": [
        "0",
        "5e-324",
        "-5e-324",
        "1.7976931348623157e308",
        "'inf'",
        "'-inf'",
        "'nan'",
        "0.1",
        "0.30000000000000004",
        "0.3",
    ],
    "BOOLEAN": ["true", "false"],
    "DATE": [
        "'0001-01-01'",
        "'1969-12-31'",
        "'1970-01-01'",
        "'9999-12-31'",
        "'infinity'",
        "'-infinity'",
        "'0044-03-15 (BC)'",
    ],
    "TIME": ["'00:00:00'", "'00:00:00.000001'", "'23:59:59.999999'", "'24:00:00'"],
    "TIME_NS": ["'00:00:00'", "'00:00:00.000000001'", "'23:59:59.999999999'"],
    "TIMETZ": ["'12:00:00+00'", "'13:00:00+01'", "'11:00:00-01'", "'12:00:00+00:00:01'"],
    "TIMESTAMP_S": ["'1969-12-31 23:59:59'", "'1970-01-01'", "'infinity'", "'-infinity'"],
    "TIMESTAMP_MS": ["'1969-12-31 23:59:59.999'", "'1970-01-01'", "'infinity'"],
    "TIMESTAMP": ["'1969-12-31 23:59:59.999999'", "'1970-01-01'", "'infinity'", "'-infinity'", "'0001-01-01'"],
    "TIMESTAMP_NS": [
        "'1969-12-31 23:59:59.999999999'",
        "'1970-01-01'",
        "'2262-04-11 23:47:16.854775806'",
        "'infinity'",
    ],
    "TIMESTAMPTZ": [
        "'1969-12-31 23:59:59.999999+00'",
        "'1970-01-01 00:00+00'",
        "'1970-01-01 00:00+01'",
        "'infinity'",
    ],
    "TIMESTAMPTZ_NS": [
        "'1969-12-31 23:59:59.999999999+00'",
        "'1970-01-01 00:00+00'",
        "'1970-01-01 00:00+01'",
        "'2262-04-11 23:47:16.854775806+00'",
        "'infinity'",
    ],
    "INTERVAL": ["'1 month'", "'30 days'", "'720 hours'", "'1 year'", "'360 days'", "'0 days'", "'1 microsecond'"],
    "UUID": [f"'{'0' * 8}-0000-0000-0000-{'0' * 11}{n}'" for n in "01"] + [f"'ffffffff{'-ffff' * 3}-{'f' * 12}'"],
    "BLOB": ["''", "'\\x00'", "'\\x00\\x00'", "'#'", "'0'", _BITS, _ZEROS],
    "BIT": ["'0'", "'1'", "'01'", "'001'", f"'{'0' * 64}'", f"'{'0' * 65}'"],
    "ENUM('', 'a', 'A', 'a ', 'NULL')": ["''", "'a'", "'A'", "'a '", "'NULL'"],
    "VARCHAR": [
        "''",
        "' '",
        "'a'",
        "'A'",
        "'a '",
        "chr(0)",
        "chr(0) || chr(0)",
        "'a' || chr(0)",
        "'NULL'",
        "'#'",
        "'##'",
        "'é'",
        "'e' || chr(769)",
        "repeat('x', 11)",
        "repeat('x', 12)",
        "repeat('x', 13)",
        "repeat('x', 4096)",
        "repeat('x', 4095) || 'y'",
        "'aaaaaaaaaaaaaaa1'",
        "'aaaaaaaAaaaaaaaQ'",
        "'aaaaaaa0aaaaaaa0'",
        "'aaaaaaapaaaaaaap'",
        "repeat(chr(0), 8)",
        "repeat(chr(0), 16)",
    ],
    "JSON": ["'1'", "'\"1\"'", "'null'", "'[]'", "'[null]'", "'{}'", "'1.0'"],
    "INTEGER[]": ["[]", "[NULL]", "[NULL, NULL]", "[0]", "[1, 2]", "[2, 1]"],
    "VARCHAR[]": [
        "[]",
        "[NULL]",
        "['NULL']",
        "['']",
        "['a, b']",
        "['a', 'b']",
        "['[]']",
        "['''']",
        "['\\']",
        "['\\''']",
    ],
    "VARCHAR[][]": [
        "[]",
        "[[]]",
        "[NULL]",
        "[[NULL]]",
        "[['[]']]",
        "[['a'], ['b']]",
        "[['a', 'b']]",
        "[['a], [b']]",
    ],
    "INTERVAL[]": ["[INTERVAL 1 MONTH]", "[INTERVAL 30 DAY]", "[INTERVAL 720 HOUR]", "[NULL]", "[]"],
    "BLOB[]": [
        "['a'::BLOB]",
        "['\\x00'::BLOB]",
        "['\\x5Cx00'::BLOB]",
        "['NULL'::BLOB]",
        "[NULL]",
        "['a, b'::BLOB]",
        "['a'::BLOB, 'b'::BLOB]",
    ],
    "DOUBLE[]": [
        "[0.1]",
        "[0.1::FLOAT]",
        "['nan'::DOUBLE]",
        "['inf'::DOUBLE]",
        "[5e-324]",
        "[NULL]",
        "[1e16]",
        "[1e16::DOUBLE + 2]",
    ],
    "HUGEINT[]": ["[1]", f"[{_FOLDED}::HUGEINT]", "[0]", "[-1]"],
    "TIMESTAMP_NS[]": ["['1970-01-01 00:00:00.000000001'::TIMESTAMP_NS]", "['1970-01-01'::TIMESTAMP_NS]"],
    "INTEGER[2]": ["[1, 2]", "[2, 1]", "[NULL, NULL]", "[1, NULL]"],
    "STRUCT(a INTEGER, b VARCHAR)": [
        "{'a': 1, 'b': '1'}",
        "{'a': NULL, 'b': NULL}",
        "{'a': NULL, 'b': 'NULL'}",
        "{'a': NULL, 'b': ''}",
        "{'a': 1, 'b': '1, c: 2'}",
        "{'a': 1, 'b': 'x}'}",
    ],
    "STRUCT(a INTERVAL, b STRUCT(c INTERVAL[]))": [
        "{'a': INTERVAL 1 MONTH, 'b': {'c': [INTERVAL 1 MONTH]}}",
        "{'a': INTERVAL 30 DAY, 'b': {'c': [INTERVAL 1 MONTH]}}",
        "{'a': INTERVAL 1 MONTH, 'b': {'c': [INTERVAL 30 DAY]}}",
        "{'a': NULL, 'b': NULL}",
        "{'a': NULL, 'b': {'c': NULL}}",
        "{'a': NULL, 'b': {'c': []}}",
    ],
    "MAP(VARCHAR, INTEGER)": [
        "MAP {}",
        "MAP {'a': 1}",
        "MAP {'a': NULL}",
        "MAP {'a': 1, 'b': 2}",
        "MAP {'a=1, b': 2}",
        "MAP {'': 1}",
    ],
    "MAP(VARCHAR, INTERVAL)": ["MAP {'a': INTERVAL 1 MONTH}", "MAP {'a': INTERVAL 30 DAY}", "MAP {}"],
    "VARIANT": [
        "1",
        "'1'",
        "'a'",
        "1.5",
        "true",
        "'true'",
        "DATE '2026-01-01'",
        "'2026-01-01'",
        "[1, 2]",
        "['1', '2']",
        "'[1, 2]'",
        "{'a': 1}",
        "{'a': '1'}",
        "{'b': 1}",
        "{'a': DATE '2026-01-01'}",
        "{'a': '2026-01-01'}",
        "[]",
        "[NULL]",
        "INTERVAL 1 MONTH",
        "INTERVAL 30 DAY",
        "{'a': INTERVAL 24 HOUR}",
        "{'a': INTERVAL 1 DAY}",
        "'30 days'",
    ],
    "VARIANT[]": ["[1::VARIANT]", "['1'::VARIANT]", "[NULL]", "[]"],
}
"""Values of every type, each of which differs from every other; NULL is added to all of them."""


_Pairs = list[tuple[int, int]]
_PARTS = 6


def _values(which: str, kind: str, values: list[str]) -> str:
    whens = " ".join(f"WHEN {at} THEN CAST({value} AS {kind})" for at, value in enumerate(values))
    return f"CASE {which} {whens} ELSE CAST(NULL AS {kind}) END"


def _paired(
    comparing: Compare, columns: list[tuple[_Pairs, str, list[str]]], key: tuple[str, ...], *rules: dict[str, Any]
) -> Result:
    """Compare pairs of values row by row; a column ``v0``, ``v1``, … has places in its list of SQL values.

    Where a column has fewer pairs than another one, its first value meets itself.
    """
    rows = max(len(pairs) for pairs, *_ in columns)
    sides = []
    for side in (0, 1):
        places = [[pair[side] for pair in pairs] + [0] * (rows - len(pairs)) for pairs, *_ in columns]
        listed = ", ".join(f"unnest({some}) AS which{at}" for at, some in enumerate(places))
        sides.append(f"SELECT unnest({[*range(rows)]}) AS id, {listed}, 1 AS one")
    given: dict[str, Any] = {}
    for at, (_, kind, values) in enumerate(columns):
        sql = _values(f"which{at}", kind, values)
        given[f"which{at}"] = {"ignore": "only a place"}
        given[f"v{at}"] = {"legacy_sql": sql, "target_sql": sql, **(rules[at] if rules else {})}
    return comparing(*sides, given, key=key)


def _every_pair(values: list[Any]) -> _Pairs:
    return list(itertools.product(range(len(values)), repeat=2))


@pytest.mark.parametrize("part", range(_PARTS))
def test_two_different_values_of_any_type_are_never_one(comparing: Compare, part: int) -> None:
    kinds = [*DIFFERENT.items()][part::_PARTS]
    # The last place is NULL.
    result = _paired(comparing, [(_every_pair([*values, None]), kind, values) for kind, values in kinds], ("id",))
    wanted = {kind: len(values) * (len(values) + 1) for kind, values in kinds}
    found = different(result)
    assert {kind: found[f"v{at}"] for at, kind in enumerate(wanted)} == wanted
    assert result.verdict == "FAIL"


@pytest.mark.parametrize(("kind", "values"), DIFFERENT.items())
def test_two_different_keys_of_any_type_are_never_one(comparing: Compare, kind: str, values: list[str]) -> None:
    result = _paired(comparing, [(_every_pair([*values, None]), kind, values)], ("id", "v0"))
    apart = len(values) * (len(values) + 1)
    assert (result.rows.missing, result.rows.extra, result.rows.changed) == (apart, apart, 0)
    assert not result.canary.blind


_DAY = dt.date(1970, 1, 1)
_MOMENT = dt.datetime(1970, 1, 1)  # noqa: DTZ001
_AROUND = (*range(-22, 23), -111, 111, -1000, 1000, 1010, 1011)


def _numbers(kind: str, scale: int) -> list[tuple[Any, str]]:
    """Return values around zero, and far from it, with their SQL."""
    most = 127 if kind == "TINYINT" else 255 if kind == "UTINYINT" else 1011
    values = [Decimal(n).scaleb(-scale) for n in _AROUND if abs(n) <= most and (n >= 0 or kind[0] != "U")]
    return [(value, f"'{value}'") for value in values]


def _times(kind: str, step: dt.timedelta) -> list[tuple[Any, str]]:
    if kind == "DATE":
        return [(_DAY + n * step, f"'{_DAY + n * step}'") for n in _AROUND]
    if kind.startswith("TIME") and not kind.startswith("TIMESTAMP"):
        moments = [_MOMENT + abs(n) * step for n in range(1012) if n in _AROUND]
        return [(moment, f"'{moment.time()}'") for moment in moments]
    return [(_MOMENT + n * step, f"'{_MOMENT + n * step}'") for n in _AROUND]


def _within(kind: str, tolerance: str) -> tuple[list[tuple[Any, str]], Callable[[Any, Any], bool]]:
    """Return values of a type, and the test in Python that two of them lie within a tolerance."""
    if tolerance.endswith("%"):
        share = Decimal(tolerance.rstrip("% ")) / 100
        return _numbers(kind, 0), lambda one, other: abs(one - other) <= share * max(abs(one), abs(other))
    if tolerance[-1].isdigit():
        scale = 2 if kind == "DOUBLE" else int(kind.rstrip(")").split(",")[1]) if "," in kind else 0
        scale = min(scale, 10)
        return _numbers(kind, scale), lambda one, other: abs(one - other) <= Decimal(tolerance)
    size = {"d": dt.timedelta(days=1), "ms": dt.timedelta(milliseconds=1), "us": dt.timedelta(microseconds=1)}
    number = "".join(filter(str.isdigit, tolerance))
    most = int(number) * size[tolerance.removeprefix(number)]
    step = {"DATE": dt.timedelta(days=1), "TIMESTAMP_S": dt.timedelta(hours=23)}.get(kind, most / 10)
    return _times(kind, step), lambda one, other: abs(one - other) <= most


TOLERANCES = [
    ("TINYINT", "10"),
    ("INTEGER", "10"),
    ("BIGINT", "3"),
    ("HUGEINT", "10"),
    ("UTINYINT", "10"),
    ("UINTEGER", "10"),
    ("UBIGINT", "10"),
    ("UHUGEINT", "10"),
    ("BIGINT", "2.5"),
    ("BIGINT", "0"),
    ("DECIMAL(9,2)", "0.10"),
    ("DECIMAL(18,2)", "0.07"),
    ("DECIMAL(18,0)", "10"),
    ("DECIMAL(38,10)", "0.000000001"),
    ("DECIMAL(38,30)", "0.000000001"),
    ("DECIMAL(38,30)", "100000000000"),
    ("DECIMAL(18,2)", "0.001"),
    ("DOUBLE", "0.1"),
    ("DOUBLE", "0.11"),
    ("DOUBLE", "0"),
    ("BIGINT", "10%"),
    ("UBIGINT", "10%"),
    ("UHUGEINT", "10%"),
    ("DECIMAL(18,2)", "10%"),
    ("DECIMAL(38,30)", "10%"),
    ("DECIMAL(38,30)", "0.00000000000000001%"),
    ("DOUBLE", "50%"),
    ("BIGINT", "200%"),
    ("DOUBLE", "200%"),
    ("UINTEGER", "100%"),
    ("DECIMAL(18,2)", "150%"),
    ("UHUGEINT", "200%"),
    ("DATE", "10d"),
    ("TIMESTAMP", "1d"),
    ("TIMESTAMP", "10ms"),
    ("TIMESTAMP", "10us"),
    ("TIMESTAMP_S", "1d"),
    ("TIMESTAMP_MS", "1d"),
    ("TIMESTAMP_NS", "10ms"),
    ("TIMESTAMPTZ", "1d"),
    ("TIMESTAMPTZ_NS", "10ms"),
    ("TIME", "10ms"),
    ("TIME_NS", "10ms"),
]


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_tolerance_is_as_wide_at_zero_as_anywhere_else(comparing: Compare, part: int) -> None:
    columns, rules, wanted = [], [], {}
    for kind, tolerance in TOLERANCES[part::_PARTS]:
        values, within = _within(kind, tolerance)
        pairs = _every_pair(values)
        beyond = sum(not within(values[one][0], values[other][0]) for one, other in pairs)
        wanted[kind, tolerance] = (beyond, len(pairs) - beyond - len(values))
        columns.append((pairs, kind, [sql for _, sql in values]))
        rules.append({"tolerance": tolerance})
    result = _paired(comparing, columns, ("id",), *rules)
    changed, tolerated = different(result), {one.what: one.rows or 0 for one in result.loosened}
    found = {case: (changed[f"v{at}"], tolerated[f"column v{at}"]) for at, case in enumerate(wanted)}
    assert found == wanted, result.reason
    assert not result.canary.blind


def test_a_few_values_across_zero_are_not_lost_among_many(comparing: Compare) -> None:
    rows = "SELECT i AS id, CASE WHEN i < 150 THEN 1000 + i ELSE {} END AS v FROM range(200) t(i)"
    result = comparing(rows.format(9), rows.format(-9), {"v": {"tolerance": "10"}})
    assert (result.verdict, result.rows.changed) == ("FAIL", 50)


@pytest.mark.parametrize("kind", ["TIMESTAMP", "DATE"])
def test_two_days_around_1970_are_not_one(comparing: Compare, kind: str) -> None:
    rows = "SELECT i AS id, CAST(TIMESTAMP '{}' AS " + kind + ") AS v FROM range(20) t(i)"
    left, right = rows.format("1969-12-31 01:00:00"), rows.format("1970-01-01 23:00:00")
    if kind == "DATE":
        right = rows.format("1970-01-02")
    assert comparing(left, right, {"v": {"tolerance": "1d"}}).rows.changed == 20


@pytest.mark.parametrize("kind", ["INTEGER", "VARCHAR", "DECIMAL(38,2)", "DOUBLE", "DATE", "BOOLEAN"])
def test_values_that_change_places_do_not_cancel(comparing: Compare, kind: str) -> None:
    one, other = ("DATE '2026-01-01'", "DATE '2026-01-02'") if kind == "DATE" else ("1", "0")
    rows = "SELECT {0} AS id, CAST({2} AS {1}) AS a, CAST({3} AS {1}) AS b, CAST({4} AS {1}) AS c"
    table = {
        "exchanged": ((one, other, one), (other, one, one)),
        "both alike": ((one, one, one), (other, other, one)),
        "turned": ((one, other, "NULL"), ("NULL", one, other)),
        "a NULL moved": (("NULL", one, one), (one, "NULL", one)),
    }
    left, right = (
        " UNION ALL ".join(rows.format(at, kind, *pair[side]) for at, pair in enumerate(table.values()))
        for side in (0, 1)
    )
    assert comparing(left, right).rows.changed == len(table)
    rows_apart = comparing(left, right, key=()).rows
    assert (rows_apart.missing, rows_apart.extra, rows_apart.equal) == (len(table), len(table), 0)


@pytest.mark.parametrize("key", [("id",), ()])
@pytest.mark.parametrize("copies", [[*itertools.product(range(1, 5), repeat=2)], [(1, 2)], [(2, 2)], [(4, 3)]])
def test_copies_of_a_row_are_counted_not_cancelled(
    comparing: Compare, copies: list[tuple[int, int]], key: tuple[str, ...]
) -> None:
    """Each pair of numbers is how many copies the sides have of one row."""
    left, right = (
        " UNION ALL ".join(
            f"SELECT {at} AS id, 'a' AS v FROM range({pair[side]})" for at, pair in enumerate(copies)
        )
        for side in (0, 1)
    )
    rows = comparing(left, right, key=key).rows
    assert rows.equal == sum(map(min, copies))
    assert (rows.missing, rows.extra) == (
        sum(max(0, one - other) for one, other in copies),
        sum(max(0, other - one) for one, other in copies),
    )
