"""Two sides that hold the same values under other types: only what means something else differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql_servers import TwoDatabases, counts

pytestmark = pytest.mark.mariadb
ANY_DAY = "SET sql_mode = '';\n"

PAIRS = [
    ("INT", "BIGINT UNSIGNED", ("1", "0"), "5"),
    ("DECIMAL(10,2)", "DECIMAL(14,4)", ("1.25", "-1.1"), "1.2501"),
    ("INT", "DECIMAL(14,4)", ("1", "-1"), "1.0001"),
    ("FLOAT", "DOUBLE", ("1.5", "0.25"), "1.5001"),
    ("DATE", "DATETIME(3)", ("'2026-01-01'", "'0000-00-00'"), "'2026-01-01 00:00:00.001'"),
    ("DATETIME", "TIMESTAMP(6)", ("'2026-01-01 03:00:00'", "'2026-03-29 02:30:00'"), "'2026-01-01 04:00:00'"),
    ("VARCHAR(20)", "LONGTEXT", ("'a'", "''"), "'a '"),
    ("VARCHAR(20) CHARACTER SET latin1", "VARCHAR(40)", ("'é'", "''"), "'e'"),
    ("ENUM('a','b')", "VARCHAR(40)", ("'a'", "'b'"), "'A'"),
    ("BIT(1)", "TINYINT(1)", ("1", "0"), "2"),
    ("BIT(40)", "BIGINT", ("1099511627775", "0"), "1099511627774"),
    ("CHAR(8)", "VARCHAR(8)", ("'a'", "''"), "'a '"),
    ("VARCHAR(9)", "INT", ("'1'", "'20'"), "3"),
    ("BINARY(2)", "VARBINARY(8)", ("x'6162'", "x'0001'"), "x'616200'"),
]
"""Legacy type, target type, two values that mean the same in both, and another for the first on the target."""


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_only_a_value_that_means_something_else_differs(tmp_path: Path, strategy: str) -> None:
    two = TwoDatabases("types", tmp_path)
    two.fresh()
    for at, (old, new, values, other) in enumerate(PAIRS):
        rows = f"(1, {values[0]}), (2, {values[1]}), (3, NULL)"
        two.legacy(
            f"{ANY_DAY}CREATE TABLE t{at} (id INT PRIMARY KEY, v {old} NULL);\nINSERT INTO t{at} VALUES {rows};\n"
        )
        two.target(
            f"{ANY_DAY}CREATE TABLE t{at} (id BIGINT PRIMARY KEY, v {new} NULL);\n"
            f"INSERT INTO t{at} VALUES {rows};\n"
            f"CREATE TABLE u{at} AS SELECT * FROM t{at};\nUPDATE u{at} SET v = {other} WHERE id = 1;\n"
            f"ALTER TABLE u{at} ADD PRIMARY KEY (id);\n"
        )
        two.legacy(f"{ANY_DAY}CREATE TABLE u{at} LIKE t{at};\nINSERT INTO u{at} SELECT * FROM t{at};\n")

    result = two.verify(throttle={"strategy": strategy})

    found = {(old, new): counts(result, f"t{at}") for at, (old, new, *_) in enumerate(PAIRS)}
    assert found == {(old, new): (0, 0, 0) for old, new, *_ in PAIRS}
    found = {(old, new): counts(result, f"u{at}") for at, (old, new, *_) in enumerate(PAIRS)}
    assert found == {(old, new): (1, 0, 0) for old, new, *_ in PAIRS}
