"""Random schemas, rows and mutations in two real servers: every difference is found, none is invented."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mysql_servers import TwoDatabases, counts

pytestmark = pytest.mark.mariadb

POOLS: dict[str, tuple[str, ...]] = {
    "INT": ("0", "1", "-1", "2147483647", "-2147483648"),
    "BIGINT UNSIGNED": ("0", "18446744073709551615", "18446744073709551614", "9007199254740993"),
    "INT(8) ZEROFILL": ("0", "7", "70"),
    "TINYINT(1)": ("0", "1", "2"),
    "DECIMAL(20,6)": ("0", "0.000001", "-0.000001", "12345678901234.123456", "12345678901234.123457"),
    "FLOAT": ("0", "0.1", "0.10000001", "1e20", "-1e-20"),
    "DOUBLE": ("0", "0.1", "0.10000000000000002", "1e300", "-1e-300"),
    "DATE": ("'0000-00-00'", "'2026-01-00'", "'2026-03-01'", "'9999-12-31'"),
    "DATETIME(6)": ("'0000-00-00'", "'2026-03-01 00:00:00.000001'", "'2026-03-01'"),
    "DATETIME": ("'0000-00-00'", "'2026-03-29 02:30:00'", "'2026-03-29 02:30:01'"),
    "TIMESTAMP(3) NULL": ("'1999-01-01 00:00:00.001'", "'1999-01-01 00:00:00.002'"),
    "TIME(2)": ("'-838:59:59'", "'838:59:59'", "'00:00:00.01'", "'00:00:00'"),
    "YEAR": ("1901", "2026", "0"),
    "CHAR(8)": ("''", "'a'", "'A'", "' a'", "'é'", "'~'"),
    "VARCHAR(40)": (
        "''",
        "' '",
        "'a'",
        "'A'",
        "'a '",
        "'\t'",
        "x'1f'",
        "'a,b'",
        "'a;b|c'",
        "'~'",
        "'ß'",
        "'ss'",
        "'😀'",
    ),
    "VARCHAR(20) CHARACTER SET latin1": ("''", "'é'", "'e'", "'é '"),
    "TEXT": ("''", "'x'", "CONCAT('x', x'1f')", "REPEAT('long ', 2000)", "CONCAT(REPEAT('long ', 2000), '!')"),
    "LONGTEXT": ("''", "'#'", "REPEAT('y', 9000)", "CONCAT(REPEAT('y', 8999), 'z')"),
    "BINARY(4)": ("x'00'", "x'01'", "x'2000'"),
    "VARBINARY(12)": ("''", "x'00'", "x'0000'", "x'1f'", "x'ff'"),
    "BLOB": ("''", "x'00'", "x'e9'", "REPEAT(x'e9', 5000)"),
    "ENUM('a','b','')": ("'a'", "'b'", "''"),
    "SET('a','b')": ("''", "'a'", "'a,b'"),
    "BIT(9)": ("b'0'", "b'1'", "b'100000000'"),
    "JSON": ("'{}'", "'[]'", "'{\"a\":1}'", '\'{"a":"1"}\'', "'null'"),
    "GEOMETRY": ("POINT(1,2)", "POINT(2,1)"),
}
"""Literals of each type; no two of one pool mean the same."""

KEYS: dict[str, Any] = {
    "BIGINT": lambda n: str((n - 40) * 977),
    "BIGINT UNSIGNED": lambda n: str(2**64 - 1 - n * 7),
    "DECIMAL(12,3)": lambda n: str((n - 40) * 7 / 1000),
    "VARCHAR(20)": lambda n: f"'k{n:05d}'",
    "VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin": lambda n: f"'{'kK'[n % 2]}{n // 2}'",
    "CHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci": lambda n: f"'ñ{n:02d}'",
    "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german2_ci": lambda n: f"'{'äz'[n % 2]}{n}'",
    "BINARY(16)": lambda n: f"UNHEX(LEFT(SHA2({n}, 224), 32))",
    "BIT(12)": lambda n: str(n * 50),
    "TIME(3)": lambda n: f"SEC_TO_TIME({n - 40} * 1000.5)",
    "DATETIME(6)": lambda n: f"'2026-01-01' + INTERVAL {n} SECOND" if n else "'0000-00-00'",
    "DATE": lambda n: f"'2026-01-01' + INTERVAL {n} DAY",
}

Row = tuple[int | None, ...]


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A schema, the rows of both sides as indexes into the pools, and how keys are made."""
    types = draw(st.lists(st.sampled_from(sorted(POOLS)), min_size=1, max_size=6))
    key = draw(st.sampled_from(["composite", "none", *KEYS]))
    values = st.tuples(*(st.one_of(st.none(), st.integers(0, len(POOLS[t]) - 1)) for t in types))
    legacy = draw(st.dictionaries(st.integers(0, 79), values, max_size=60))
    target = dict(legacy)
    for number in draw(st.lists(st.integers(0, 79), max_size=6)):
        if number in target and draw(st.booleans()):
            del target[number]
        else:
            target[number] = draw(values)
    if draw(st.integers(0, 3)) == 0:  # most rows differ
        target = {number: draw(values) for number in target}
    return {
        "types": types,
        "key": key,
        "legacy": legacy,
        "target": target,
        "strategy": draw(st.sampled_from(["digest", "stream", "auto"])),
    }


def _table(case: dict[str, Any]) -> str:
    columns = [f"c{i} {t if ' NULL' in t else t + ' NULL'}" for i, t in enumerate(case["types"])]
    key = case["key"]
    if key == "none":
        return f"CREATE TABLE t ({', '.join(columns)});\n"
    if key == "composite":
        return f"CREATE TABLE t (a INT, b CHAR(3), {', '.join(columns)}, PRIMARY KEY (a, b));\n"
    return f"CREATE TABLE t (k {key} NOT NULL PRIMARY KEY, {', '.join(columns)});\n"


def _insert(case: dict[str, Any], rows: dict[int, Row]) -> str:
    if not rows:
        return ""
    values = ", ".join(_values(case, n, row) for n, row in rows.items())
    return f"SET sql_mode = '';\nINSERT INTO t VALUES {values};\n"


def _values(case: dict[str, Any], number: int, row: Row) -> str:
    cells = ["NULL" if at is None else POOLS[t][at] for t, at in zip(case["types"], row, strict=True)]
    if case["key"] == "composite":
        cells = [str(number % 7 - 3), f"'{number // 7}'", *cells]
    elif case["key"] != "none":
        cells = [KEYS[case["key"]](number), *cells]
    return f"({', '.join(cells)})"


def _expected(case: dict[str, Any]) -> tuple[int, int, int]:
    old, new = case["legacy"], case["target"]
    if case["key"] == "none":
        left, right = Counter(old.values()), Counter(new.values())
        return 0, (left - right).total(), (right - left).total()
    both = old.keys() & new.keys()
    return sum(old[n] != new[n] for n in both), len(old.keys() - new.keys()), len(new.keys() - old.keys())


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> TwoDatabases:
    folder: Path = tmp_path_factory.mktemp("property")
    two = TwoDatabases("property", folder)
    two.fresh()
    return two


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases())
def test_every_difference_is_found_and_none_is_invented(databases: TwoDatabases, case: dict[str, Any]) -> None:
    databases.both("DROP TABLE IF EXISTS t;\n" + _table(case))
    databases.legacy(_insert(case, case["legacy"]))
    databases.target(_insert(case, case["target"]))

    result = databases.verify(throttle={"first": 10, "strategy": case["strategy"]})

    expected = _expected(case)
    assert counts(result, "t") == expected, result.reason
    assert result.verdict == ("FAIL" if any(expected) else "PASS"), result.reason
