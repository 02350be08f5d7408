"""Values that a conversion, a limit or a server's convenience would make alike: equal only if they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mysql_servers import FAMILY, MARIADB, TwoDatabases, counts

pytestmark = pytest.mark.mariadb

GBK, RUSSIAN, UCS2 = (f"VARCHAR(20) CHARACTER SET {charset}" for charset in ("gbk", "cp1251", "ucs2"))
LONG = "LONGTEXT CHARACTER SET gbk"
DIFFERENT = {
    "characters of gbk without Unicode": (GBK, GBK, "x'FE50'", "x'FE51'"),
    "one of gbk and a question mark": (GBK, GBK, "x'FE50'", "'?'"),
    "one of gbk and a question mark elsewhere": (GBK, "VARCHAR(20)", "x'FE50'", "'?'"),
    "one of gbk in a long text": (LONG, LONG, "x'FE50'", "x'FE51'"),
    "one of gbk in a long text and a question mark elsewhere": (LONG, "LONGTEXT", "x'FE50'", "'?'"),
    "one of cp1251 and a question mark": (RUSSIAN, RUSSIAN, "x'98'", "'?'"),
    "halves of surrogates": (UCS2, UCS2, "x'D800'", "x'D801'"),
    "two codes of one character": ("VARCHAR(9) CHARACTER SET cp932",) * 2 + ("x'8790'", "x'81E0'"),
    "a text that happens to be a document": ("LONGTEXT CHECK (json_valid(v))",) * 2 + ("'1'", "'1.0'"),
    "bytes whose digits outgrow a packet": (
        "LONGBLOB",
        "LONGBLOB",
        "CONCAT(REPEAT('x', 9000000), 'a')",
        "CONCAT(REPEAT('x', 9000000), 'b')",
    ),
    "a long integer and its nearest double": ("BIGINT", "DOUBLE", "9007199254740993", "9007199254740992"),
    "a decimal and its nearest double": (
        "DECIMAL(30,2)",
        "DOUBLE",
        "12345678901234567890.12",
        "12345678901234567890.12",
    ),
    "decimals that no common type holds": ("DECIMAL(65,0)", "DECIMAL(65,10)", "1e60", "1e60"),
    "an empty member and what is no member": ("ENUM('', 'b')", "ENUM('', 'b')", "''", "0"),
    "an empty member and no member at all": ("SET('', 'b')", "SET('', 'b')", "1", "0"),
    "bytes and the text of their digits": ("VARBINARY(9)", "VARCHAR(9)", "'a'", "'61'"),
    "bytes and the number of their digits": ("VARBINARY(9)", "INT", "'a'", "61"),
    "a float and the six digits that it prints": ("FLOAT", "VARCHAR(20)", "16777217", "'16777200'"),
    "doubles that differ in their last digit": (
        "DOUBLE",
        "DOUBLE",
        "-1.2345678901234567e-300",
        "-1.2345678901234565e-300",
    ),
    "floats of many digits": ("FLOAT", "DOUBLE", "-1.1754943508222875e-38", "-1.175494350822287e-38"),
    "years that a number is read as": ("YEAR", "YEAR", "'0000'", "'2000'"),
}
if FAMILY == MARIADB:  # MySQL keeps documents in their normal form
    DIFFERENT["a document typed otherwise"] = ("JSON", "JSON", """'{"a": 1}'""", """'{"a":1}'""")
EQUAL = {
    "gbk and UTF-8": (GBK, "VARCHAR(20)", "'中?文'", "'中?文'"),
    "gbk and UTF-8 in long texts": (LONG, "LONGTEXT", "REPEAT('中文', 3000)", "REPEAT('中文', 3000)"),
    "cp1251 and UTF-8": (RUSSIAN, "LONGTEXT", "'Ж?'", "'Ж?'"),
    "ucs2 and latin1": (UCS2, "VARCHAR(9) CHARACTER SET latin1", "'é'", "'é'"),
    "one of two codes of a character": ("VARCHAR(9) CHARACTER SET cp932", "VARCHAR(9)", "x'8790'", "'≒'"),
    "a small integer and a double": ("BIGINT", "DOUBLE", "-12", "-12"),
    "a short decimal and a double": ("DECIMAL(20,4)", "DOUBLE", "0.1", "0.1"),
    "a year and an integer": ("YEAR", "INT", "'0000'", "0"),
    "the largest double": ("DOUBLE", "DOUBLE", "1.7976931348623157e308", "1.7976931348623157e308"),
    "the largest double below zero": ("DOUBLE", "DOUBLE", "-1.7976931348623157e308", "-1.7976931348623157e308"),
    "a double of all digits": ("DOUBLE", "DOUBLE", "2.2250738585072014e-308", "2.2250738585072014e-308"),
    "a float and a double": ("FLOAT", "DOUBLE", "-1.1754943508222875e-38", "-1.1754943508222875e-38"),
    "whole doubles": ("DOUBLE", "DOUBLE", "100", "1e2"),
    "the smallest double": ("DOUBLE", "DOUBLE", "5e-324", "5e-324"),
    "the longest time": ("TIME", "TIME(3)", "'838:59:59'", "'838:59:59'"),
    "the shortest time": ("TIME", "TIME", "'-838:59:59'", "'-838:59:59'"),
    "the largest decimal": ("DECIMAL(65,30)", "DECIMAL(65,30)", "REPEAT('9', 35)", "REPEAT('9', 35)"),
    "the last day": ("DATE", "DATETIME", "'9999-12-31'", "'9999-12-31'"),
    "no day": ("DATE", "DATE", "'0000-00-00'", "'0000-00-00'"),
    "an empty member": ("ENUM('', 'b') CHARACTER SET latin1", "ENUM('b', '')", "''", "''"),
    "all bits": ("BIT(64)", "BIT(64)", "~0", "~0"),
    "rows longer than a sort buffer": ("MEDIUMTEXT", "MEDIUMTEXT", "REPEAT('x', 300000)", "REPEAT('x', 300000)"),
}


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_only_what_is_the_same_is_equal(tmp_path: Path, strategy: str) -> None:
    two = TwoDatabases("exact", tmp_path)
    two.fresh()
    cases = [*DIFFERENT.values(), *EQUAL.values()]
    for at, (*types, old, new) in enumerate(cases):
        for side, kind, value in ((two.legacy, types[0], old), (two.target, types[1], new)):
            side(
                f"SET sql_mode = '';\nCREATE TABLE t{at} (id INT PRIMARY KEY, v {kind});\n"
                f"INSERT INTO t{at} VALUES (1, {value});\n"
            )

    result = two.verify(throttle={"strategy": strategy})

    names = [*DIFFERENT, *EQUAL]
    found = {names[int(one.table[1:])]: (one.result.verdict.value, one.result.reason) for one in result.tables}
    assert {name: found[name] for name in DIFFERENT if found[name][0] != "FAIL"} == {}
    assert {name: found[name] for name in EQUAL if found[name][0] != "PASS"} == {}


@pytest.mark.parametrize("strategy", ["digest", "stream"])
def test_keys_without_unicode_and_years_are_found_again(tmp_path: Path, strategy: str) -> None:
    two = TwoDatabases("exact_keys", tmp_path)
    two.fresh()
    two.both(
        "SET sql_mode = '';\n"
        "CREATE TABLE texts (k VARCHAR(9) CHARACTER SET gbk COLLATE gbk_bin PRIMARY KEY, v INT);\n"
        "INSERT INTO texts VALUES (x'FE50', 1), (x'FE51', 2), ('?', 3), ('中', 4), ('', 5);\n"
        "CREATE TABLE labels (k ENUM('z', '', 'b'), n INT, v INT, PRIMARY KEY (k, n));\n"
        "INSERT INTO labels SELECT seq % 4, seq, seq FROM seq_1_to_400;\n"
        "CREATE TABLE years (k YEAR PRIMARY KEY, v INT);\n"
        "INSERT INTO years VALUES ('0000', 1), (1901, 2), (2009, 3), (2155, 4);\n"
    )
    two.target("UPDATE texts SET v = 9 WHERE v < 4;\nUPDATE years SET v = 9 WHERE k IN ('0000', 2009)")
    two.target("UPDATE labels SET v = 0 WHERE n IN (4, 6)")
    result = two.verify(throttle={"strategy": strategy, "settle": "1ms", "first": 2})
    assert counts(result, "texts") == (3, 0, 0)
    assert counts(result, "years") == (2, 0, 0)
    assert counts(result, "labels") == (2, 0, 0)
