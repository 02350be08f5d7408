"""Which pairs of values are equal, across types and their traps."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.compare import Source, Spec, compare
from parity.suite.models import ColumnRule
from unit.compare.conftest import Compare, different, side_by_side

EQUAL = [
    ("1::INT", "1::BIGINT", "widened"),
    ("1::TINYINT", "1::UBIGINT", "widened"),
    ("1::BIGINT", "1::INT", "narrowed"),
    ("1.50::DECIMAL(18,2)", "1.5::DECIMAL(9,1)", "narrowed"),
    ("12345678901234567890123456.5::DECIMAL(38,10)", "12345678901234567890123456.5::DECIMAL(38,1)", "narrowed"),
    ("1.5::FLOAT", "1.5::DOUBLE", "widened"),
    ("'nan'::DOUBLE", "'nan'::DOUBLE", "equal"),
    ("0.0::DOUBLE", "-0.0::DOUBLE", "equal"),
    ("DATE '2026-01-01'", "TIMESTAMP '2026-01-01'", "widened"),
    ("TIMESTAMP '2026-01-01 10:00'", "TIMESTAMPTZ '2026-01-01 10:00+00'", "widened"),
    ("TIMESTAMPTZ '2026-01-01 12:00+02'", "TIMESTAMPTZ '2026-01-01 10:00+00'", "equal"),
    ("MAP {'a': 1, 'b': 2}", "MAP {'b': 2, 'a': 1}", "equal"),
    ("[{'m': MAP {'a': 1, 'b': 2}}, NULL]", "[{'m': MAP {'b': 2, 'a': 1}}, NULL]", "equal"),
    ("{'a': 1, 'b': 'x'}", "{'b': 'x', 'a': 1::BIGINT}", "widened"),
    ("NULL::INT", "NULL::INT", "equal"),
    ("TIME '10:00:00'", "'10:00:00'::TIME_NS", "widened"),
    ("'{\"a\":1}'::JSON", "'{\"a\":1}'::JSON", "equal"),
    ("NULL", "NULL::INT", "widened"),
    ("NULL", "NULL", "equal"),
    ("NULL", "NULL::MAP(VARCHAR, INT)", "widened"),
    ("NULL::MAP(VARCHAR, INT)[]", "NULL", "widened"),
    ("NULL", "NULL::STRUCT(m MAP(VARCHAR, INT))", "widened"),
    ("NULL", "NULL::TIMESTAMPTZ", "widened"),
    ("'AAAAAAAA-0000-4000-8000-000000000007'::UUID", "'aaaaaaaa-0000-4000-8000-000000000007'", "widened"),
]
DIFFERENT = [
    # DuckDB gives these two one hash: the halves of a 128-bit number are folded.
    ("1::DECIMAL(38,0)", "18446744073709551616::DECIMAL(38,0)"),
    # … and these: an empty list, a list of NULL, and NULL itself.
    ("[]::INT[]", "[NULL]::INT[]"),
    ("[]::INT[]", "NULL::INT[]"),
    # DuckDB calls one month and thirty days equal.
    ("INTERVAL 1 MONTH", "INTERVAL 30 DAYS"),
    ("9007199254740993::BIGINT", "9007199254740992::BIGINT"),
    ("12345678901234567.89::DECIMAL(38,2)", "12345678901234567.88::DECIMAL(38,2)"),
    ("0.1::FLOAT", "0.1::DOUBLE"),
    ("''", "NULL::VARCHAR"),
    ("'a' || chr(0) || 'b'", "'a' || chr(0) || 'c'"),
    ("'é'", "'e' || chr(769)"),
    ("'inf'::DOUBLE", "5::DOUBLE"),
    ("'infinity'::TIMESTAMP", "NULL::TIMESTAMP"),
    ("TIMESTAMP '2026-01-01'", "TIMESTAMP '2026-01-01 00:00:00.000001'"),
    ("['NULL']", "[NULL]::VARCHAR[]"),
    ("{'a': 1, 'b': NULL::INT}", "{'a': NULL::INT, 'b': 1}"),
    ("MAP {'a': 1}", "MAP {'a': 2}"),
    ("'\\xAA'::BLOB", "'\\xAB'::BLOB"),
    # Of every 64-bit type one value has the hash that DuckDB gives NULL.
    ("-2930909409056394622::BIGINT", "NULL::BIGINT"),
    ("15515834664653156994::UBIGINT", "NULL::UBIGINT"),
    ("make_timestamp_ns(-2930909409056394622)", "NULL::TIMESTAMP_NS"),
    ("-4.645812804824922e+112::DOUBLE", "NULL::DOUBLE"),
    ("NULL", "1"),
    ("'{\"a\":1}'::JSON", "'{\"a\": 1}'::JSON"),
    ("'10:00:00.123456789'::TIME_NS", "'10:00:00.123456788'::TIME_NS"),
    (
        "-99999999999999999999999999999999999999::DECIMAL(38,0)",
        "99999999999999999999999999999999999999::DECIMAL(38,0)",
    ),
]


def test_equal_values_are_equal_in_their_exact_common_type(comparing: Compare) -> None:
    result = comparing(*side_by_side([(legacy, target) for legacy, target, _ in EQUAL]))
    assert different(result) == {f"v{at}": 0 for at in range(len(EQUAL))}
    assert result.verdict == "PASS", result.reason
    schema = {fact.name: fact.verdict for fact in result.schema}
    assert schema == {"id": "equal", **{f"v{at}": how for at, (_, _, how) in enumerate(EQUAL)}}


def test_different_values_are_found(comparing: Compare) -> None:
    result = comparing(*side_by_side(DIFFERENT))
    assert different(result) == {f"v{at}": 1 for at in range(len(DIFFERENT))}, result.reason
    assert result.verdict == "FAIL"


@pytest.mark.parametrize(
    ("legacy", "target", "changed"),
    [
        ("5::BIGINT", "5::DOUBLE", 0),
        ("0.10::DECIMAL(18,2)", "0.1::DOUBLE", 0),
        ("0.10::DECIMAL(18,2)", "0.1000001::DOUBLE", 1),
        ("'5'", "5", 0),
        ("true", "1", 1),
    ],
)
def test_incompatible_types_fail_even_where_their_digits_agree(
    comparing: Compare, legacy: str, target: str, changed: int
) -> None:
    result = comparing(f"SELECT 1 AS id, {legacy} AS v", f"SELECT 1 AS id, {target} AS v")
    assert result.rows.changed == changed
    assert result.verdict == "FAIL"
    assert "schema" in result.reason


def test_nanoseconds_are_compared(tmp_path: pytest.TempPathFactory) -> None:
    sides = []
    for nano in (123, 124):
        times = pa.array([nano], pa.timestamp("ns"))
        path = f"{tmp_path}/{nano}.parquet"
        pq.write_table(
            pa.table({"id": pa.array([1]), "at": times, "utc": times.cast(pa.timestamp("ns", "UTC"))}), path
        )
        sides.append(Source.of(path))
    result = compare(*sides, Spec(key=("id",)))
    assert {c.name: c.different for c in result.columns} == {"id": 0, "at": 1, "utc": 1}


def test_what_int96_loses_is_in_the_ledger(tmp_path: pytest.TempPathFactory) -> None:
    path = f"{tmp_path}/old.parquet"
    table = pa.table({"id": pa.array([1]), "at": pa.array([123], pa.timestamp("ns"))})
    pq.write_table(table, path, use_deprecated_int96_timestamps=True)
    result = compare(Source.of(path), Source.of(path), Spec(key=("id",)))
    assert [(n.what, "INT96" in n.why) for n in result.not_compared] == [
        ("legacy column at", True),
        ("target column at", True),
    ]


def test_keys_with_null_parts_find_their_partners(comparing: Compare) -> None:
    rows = "SELECT * FROM (VALUES (NULL, 1, 'a'), (1, NULL, 'b'), (NULL, NULL, '{}')) t(a, b, v)"
    result = comparing(rows.format("c"), rows.format("d"), key=("a", "b"))
    assert (result.rows.equal, result.rows.changed, result.rows.missing) == (2, 1, 0)


def test_parts_of_a_key_are_never_glued_together(comparing: Compare) -> None:
    result = comparing(
        "SELECT 'a' AS a, 'bc' AS b, 1 AS v UNION ALL SELECT 'ab', 'c', 2",
        "SELECT 'a' AS a, 'bc' AS b, 2 AS v UNION ALL SELECT 'ab', 'c', 1",
        key=("a", "b"),
    )
    assert (result.rows.changed, result.rows.missing) == (2, 0)


def test_awkward_column_names_are_only_names(comparing: Compare) -> None:
    names = 'SELECT 1 AS "i d", 2 AS "a""b", 3 AS "select", 4 AS "x.y", {} AS "é{{0}}", {} AS "«0»"'
    result = comparing(names.format(5, 6), names.format(5, 7), key=("i d",))
    assert {c.name for c in result.columns if c.different} == {"«0»"}


def test_names_that_differ_by_case_alone_meet(comparing: Compare) -> None:
    assert comparing('SELECT 1 AS "ID", 2 AS "Amount"', "SELECT 1 AS id, 2 AS amount").verdict == "PASS"


def test_a_value_with_the_hash_of_null_is_not_null_in_a_key_either(comparing: Compare) -> None:
    result = comparing("SELECT -2930909409056394622::BIGINT AS id, 1 AS v", "SELECT NULL::BIGINT AS id, 1 AS v")
    assert (result.verdict, result.rows.missing, result.rows.extra) == ("FAIL", 1, 1)


def test_a_zone_moves_nanoseconds_without_losing_them(comparing: Compare) -> None:
    local, utc = "make_timestamp_ns(1000000000000000001)", "make_timestamp_ns({})"
    zone = {"v": {"legacy_timezone": "Asia/Kolkata"}}
    for last, verdict in ((1, "PASS"), (2, "FAIL")):
        moved = utc.format(1000000000000000000 - 330 * 60 * 10**9 + last)
        assert comparing(f"SELECT 1 AS id, {local} AS v", f"SELECT 1 AS id, {moved} AS v", zone).verdict == verdict


def test_a_time_that_nanoseconds_cannot_hold_is_said_in_words(comparing: Compare) -> None:
    result = comparing(
        "SELECT 1 AS id, TIMESTAMP '9999-12-31' AS v", "SELECT 1 AS id, TIMESTAMP_NS '2026-01-01' AS v"
    )
    assert (result.verdict, "1677 to 2262" in result.reason) == ("INVALID", True)


def test_decimals_beyond_38_digits_are_refused_not_rounded(tmp_path: pytest.TempPathFactory) -> None:
    path = f"{tmp_path}/wide.parquet"
    wide = pa.array([Decimal(12)], pa.decimal256(50, 2))
    pq.write_table(pa.table({"id": [1], "w": [2], "v": wide}), path)
    refused = compare(Source.of(path), Source.of(path), Spec(key=("id",)))
    assert refused.verdict == "INVALID"
    assert refused.reason.startswith("The legacy column v is a decimal of 50 digits")
    ignored = {"v": ColumnRule(ignore="not migrated")}
    assert compare(Source.of(path), Source.of(path), Spec(key=("id",), columns=ignored)).verdict == "PASS"


@pytest.mark.parametrize("kind", ["DECIMAL(4,4)", "DECIMAL(18,18)", "DECIMAL(38,38)"])
@pytest.mark.parametrize("value", ["0.0123", "-0.9999", "0", "NULL"])
def test_decimals_without_a_digit_before_the_point_are_compared(comparing: Compare, kind: str, value: str) -> None:
    rows = f"SELECT 1 AS id, {{}}::{kind} AS v"
    assert comparing(rows.format(value), rows.format(value)).verdict == "PASS"
    assert comparing(rows.format(value), rows.format("0.0124")).rows.changed == 1


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ([("b", 3), ("a", 1), ("a", 2)], "PASS"),
        ([("a", 2), ("a", 1), ("b", 3)], "FAIL"),
        ([("a", 2), ("b", 3)], "FAIL"),
    ],
)
def test_entries_of_a_map_with_one_key_keep_their_order(
    tmp_path: Path, other: list[tuple[str, int]], verdict: str
) -> None:
    for name, entries in (("legacy", [("a", 1), ("a", 2), ("b", 3)]), ("target", other)):
        maps = pa.array([entries], pa.map_(pa.string(), pa.int32()))
        pq.write_table(pa.table({"id": [1], "v": maps}), tmp_path / f"{name}.parquet")
    paths = (Source.of(tmp_path / f"{name}.parquet") for name in ("legacy", "target"))
    assert compare(*paths, Spec(key=("id",))).verdict == verdict


def test_wall_times_in_utc_are_read_as_the_moments_that_they_are(tmp_path: Path) -> None:
    walls = pa.array([1_000_000], pa.timestamp("us"))
    moments = walls.cast(pa.timestamp("us", "UTC"))
    for name, times in (("legacy", moments), ("target", walls)):
        nested = pa.array([[{"at": times[0], "n": 1}]])
        table = pa.table({"id": pa.array([1]), "paid": times, "seen": nested, "wall": walls})
        pq.write_table(table, tmp_path / f"{name}.parquet")
    target = Source.of(tmp_path / "target.parquet", moments=("paid", "seen"))
    local = "timezone('Asia/Kolkata', paid)"
    rules = {"paid": ColumnRule(target_sql=local, legacy_sql=local)}
    result = compare(Source.of(tmp_path / "legacy.parquet"), target, Spec(key=("id",), columns=rules))
    assert result.rows.equal == 1
    assert {fact.name: (fact.legacy, fact.target) for fact in result.schema if fact.name != "id"} == {
        "paid": ("TIMESTAMP",) * 2,
        "seen": ('STRUCT("at" TIMESTAMP WITH TIME ZONE, n BIGINT)[]',) * 2,
        "wall": ("TIMESTAMP",) * 2,
    }
