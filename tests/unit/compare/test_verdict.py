"""PASS, WAIVED, FAIL, INVALID: which evidence leads to which, and never to a false green."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from duck_files import shared_duckdb, write_query
from parity.compare import CsvFormat, Source, Spec, Verdict, compare
from parity.compare.canary.runner import run_canary
from parity.compare.schema.plan import plan_comparison
from parity.compare.schema.rules import EqualityRule
from parity.compare.session import explain, session
from parity.compare.sources.relations import open_sides
from parity.suite.models import Activity, ColumnRule, Waiver
from unit.compare.conftest import Compare

ROWS = "SELECT i AS id, 'x' || i AS v, (i * 1.5)::DECIMAL(18,2) AS amount FROM range(30) t(i)"
CHANGED = f"SELECT id, CASE WHEN id < 3 THEN v || ' ' ELSE v END AS v, amount FROM ({ROWS}) WHERE id <> 9"


def _waiver(**fields: Any) -> Waiver:
    base = {"suite": "s", "activity": "a", "owner": "me", "reason": "known since January", "ticket": "PAY-1"}
    return Waiver.model_validate({**base, "expires": dt.date(2026, 6, 1), "max_rows": 10, **fields})


def _states(comparing: Compare, *waivers: Waiver, **spec: Any) -> tuple[str, list[str]]:
    result = comparing(ROWS, CHANGED, spec.pop("rules", None), waivers=waivers, today=dt.date(2026, 3, 1), **spec)
    return str(result.verdict), [one["state"] for one in result.waivers]


def test_waived_needs_every_difference_covered(comparing: Compare) -> None:
    both = _waiver(column="v", cause="trailing_space"), _waiver(kind="missing", rows="id = 9")
    assert _states(comparing, *both) == ("WAIVED", ["covers", "covers"])
    assert _states(comparing, both[0]) == ("FAIL", ["covers"])
    assert _states(comparing, both[1]) == ("FAIL", ["covers"])


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"expires": dt.date(2026, 2, 28)}, "expired"),
        ({"max_rows": 2}, "over_cap"),
        ({"cause": "case"}, "unused"),
        ({"column": "amount"}, "unused"),
        ({"rows": "nonsense = 1"}, "broken"),
        ({"rows": "id > 100"}, "unused"),
        ({"max_money": Decimal(1)}, "broken"),
    ],
)
def test_a_waiver_that_does_not_hold_covers_nothing(
    comparing: Compare, fields: dict[str, Any], state: str
) -> None:
    waivers = _waiver(**{"column": "v", **fields}), _waiver(kind="missing")
    assert _states(comparing, *waivers) == ("FAIL", [state, "covers"])


def test_a_cap_on_money_counts_missing_rows(comparing: Compare) -> None:
    waivers = _waiver(column="v"), _waiver(kind="missing", max_money=Decimal("13.49"))
    assert _states(comparing, *waivers, rules={"amount": {"money": "EUR"}}) == ("FAIL", ["covers", "over_cap"])
    waivers = _waiver(column="v"), _waiver(kind="missing", max_money=Decimal("13.50"))
    assert _states(comparing, *waivers, rules={"amount": {"money": "EUR"}}) == ("WAIVED", ["covers", "covers"])


def test_nothing_against_nothing_is_invalid_unless_allowed(comparing: Compare) -> None:
    empty = f"SELECT * FROM ({ROWS}) WHERE false"
    assert comparing(empty, empty).verdict == "INVALID"
    assert comparing(empty, empty, allow_empty=True).verdict == "PASS"
    assert comparing(ROWS, empty, allow_empty=True).verdict == "FAIL"


def test_a_column_of_one_side_is_a_difference_unless_a_rule_ignores_it(comparing: Compare) -> None:
    wider = f"SELECT *, 1 AS more FROM ({ROWS})"
    result = comparing(ROWS, wider)
    assert result.verdict == "FAIL"
    assert result.coverage == 0.75
    ignored = {"more": {"ignore": "new in the target"}}
    assert comparing(ROWS, wider, ignored).verdict == "PASS"
    below = comparing(ROWS, wider, ignored, coverage=0.9)
    assert (below.verdict, "floor" in below.reason) == ("INVALID", True)


RENAMES = [
    ("1 AS w, 2 AS b", "1 AS w", {"x": {"legacy": "b"}}, ["x"]),
    ("1 AS w, 2 AS b", "1 AS w", {"w": {"legacy": "w"}, "x": {"legacy": "w"}, "y": {"legacy": "b"}}, ["x", "y"]),
    ("1 AS a, 2 AS b", "2 AS a", {"a": {"legacy": "b"}}, ["a"]),
    ("1 AS a, 2 AS b, 3 AS c", "2 AS a, 3 AS c", {"a": {"legacy": "b", "ignore": "not kept"}}, ["a"]),
    ("1 AS a, 2 AS b", "2 AS a, 9 AS b", {"a": {"legacy": "b"}}, ["b", "a"]),
]


@pytest.mark.parametrize(("legacy", "target", "rules", "missing"), RENAMES)
def test_a_renamed_column_that_is_missing_is_a_difference_like_any_other(
    comparing: Compare, legacy: str, target: str, rules: dict[str, Any], missing: list[str]
) -> None:
    result = comparing(f"SELECT 1 AS id, {legacy}", f"SELECT 1 AS id, {target}", rules)
    alone = [fact for fact in result.schema if fact.verdict in ("legacy_only", "target_only")]
    assert (result.verdict, [fact.name for fact in alone]) == ("FAIL", missing)
    assert all(fact.legacy or fact.target for fact in alone)
    assert {f"column {name}" for name in missing} <= {one.what for one in result.not_compared}


def test_a_key_may_take_the_name_of_a_column_that_the_target_lost(comparing: Compare) -> None:
    rules = {"id": {"legacy": "old"}}
    result = comparing("SELECT 7 AS id, 1 AS old, 2 AS w", "SELECT 1 AS id, 2 AS w", rules)
    assert (result.verdict, result.rows.equal) == ("FAIL", 1)


def test_a_comparison_of_nothing_but_keys_is_invalid_unless_there_is_nothing_else(comparing: Compare) -> None:
    ignored = {name: {"ignore": "nobody looks"} for name in ("v", "amount")}
    blind = comparing(ROWS, ROWS, ignored)
    assert (blind.verdict, "Only the key" in blind.reason) == ("INVALID", True)
    keys = "SELECT i AS id FROM range(30) t(i)"
    assert comparing(keys, keys).verdict == "PASS"


def test_a_side_with_fewer_rows_than_promised_is_invalid(parquet: Callable[[str], Path]) -> None:
    path = parquet(ROWS)
    result = compare(Source.of(path, expected_rows=31), Source.of(path), Spec(key=("id",)))
    assert (result.verdict, "31" in result.reason) == ("INVALID", True)


@pytest.mark.parametrize("damage", ["cut", "empty", "scrambled"])
def test_a_damaged_file_is_invalid(parquet: Callable[[str], Path], damage: str) -> None:
    path, whole = parquet(ROWS), parquet(ROWS)
    content = path.read_bytes()
    broken = {"cut": content[:-9], "empty": b"", "scrambled": content[:40] + b"\x55" * 200 + content[240:]}
    path.write_bytes(broken[damage])
    assert compare(Source.of(path), Source.of(whole), Spec(key=("id",))).verdict == "INVALID"


def test_a_blind_comparison_is_caught_by_its_canary(parquet: Callable[[str], Path]) -> None:
    """Break one column's hash and its equality on purpose: the canary must say which column went blind."""
    source = Source.of(parquet(ROWS))
    spec = Spec(key=("id",))
    with session(spec) as opened:
        left, right = open_sides(opened, source, source, spec)
        plan = plan_comparison(opened, left, right, spec)
        blinded = tuple(
            c if c.name != "v" else type(c)(**{**vars(c), "equality_rule": EqualityRule(canonical="left(«0», 1)")})
            for c in plan.columns
        )
        canary = run_canary(
            opened, type(plan)(**{**vars(plan), "columns": blinded}), left.relation, right.relation
        )
    assert canary.found < canary.planted
    assert {words.split(":")[0] for words in canary.blind} == {"v"}


KINDS = {
    "5::TINYINT": ["one unit"],
    "5.00::DECIMAL(38,2)": ["0.01"],
    "0.5::DOUBLE": ["one unit in the last place"],
    "true": ["the other truth value"],
    "'text'": ["one character"],
    "'\\x01'::BLOB": ["one byte"],
    "DATE '2026-01-01'": ["one day"],
    "TIME '10:00:00'": ["one microsecond", "one second"],
    "'10:00:00.999999999'::TIME_NS": ["one nanosecond"],
    "TIMESTAMP '2026-01-01'": ["one microsecond", "one second"],
    "TIMESTAMP_NS '2026-01-01'": ["one nanosecond", "one second"],
    "TIMESTAMPTZ '2026-01-01'": ["one microsecond", "one second"],
    "'aaaaaaaa-0000-4000-8000-000000000007'::UUID": ["one digit"],
    "[1, 2]": ["one more element"],
    "MAP {'a': 1}": ["no entry"],
    "{'a': 1, 'b c': 'x', 'd': 0.5::DOUBLE}": [
        "one unit in a",
        "one character in b c",
        "one unit in the last place in d",
    ],
}


@pytest.mark.parametrize(("value", "least"), KINDS.items())
@pytest.mark.parametrize("keyless", [False, True])
def test_every_kind_of_corruption_is_planted_on_both_sides_and_found(
    comparing: Compare, value: str, least: list[str], keyless: bool
) -> None:
    rows = f"SELECT i AS id, CASE WHEN i > 0 THEN {value} END AS v FROM range(3) t(i)"
    result = comparing(rows, rows, key=() if keyless else ("id",))
    canary = result.canary
    assert result.verdict == "PASS", result.reason
    # Per side, at least: each of these and NULL in v; one unit and NULL in id; a lost, an extra and a doubled row.
    assert canary.found == canary.planted >= 2 * (len(least) + 1 + 2 + 3)
    assert f"v: {least[0]}" in canary.smallest


def test_what_a_rule_hides_is_named(comparing: Compare) -> None:
    result = comparing(ROWS, ROWS, {"amount": {"tolerance": "0.01"}})
    assert result.canary.hidden == ("amount: differences up to 0.01 are invisible",)
    assert "amount: more than 0.01" in result.canary.smallest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("id,v\n1,a\n2,b,c\n", "line 3: 3 columns where 2 are expected"),
        ("id,v\n1,a\n2\n", "line 3: 1 column where 2 are expected"),
        ("", "empty"),
        ("id,id\n1,2\n", "two columns"),
        ('id,v\n1,"a\n2,b\n', "line 2"),
        ("id,v\r\n1,a\n2,b\r\n", "line ends"),
    ],
)
def test_a_broken_csv_is_invalid_with_its_line(tmp_path: Path, content: str, words: str) -> None:
    broken, whole = tmp_path / "broken.csv", tmp_path / "whole.csv"
    broken.write_text(content)
    whole.write_text("id,v\n1,a\n2,b\n")
    result = compare(Source.of(broken), Source.of(whole), Spec(key=("id",)))
    assert result.verdict == "INVALID"
    assert words in result.reason


@pytest.mark.parametrize(
    ("legacy", "target", "verdict"),
    [
        ("id;v\n1;x,y\n", 'id,v\n1,"x,y"\n', "PASS"),
        ('id,v\n1,""\n', "id,v\n1,\n", "FAIL"),
        ("id,v\n1,007\n", "id,v\n1,7\n", "FAIL"),
        ("id,v\n1,12345678901234567.89\n", "id,v\n1,12345678901234567.88\n", "FAIL"),
        ('id,v\n1,"a\nb"\n2,c\n', 'id,v\n2,c\n1,"a\nb"\n', "PASS"),
        ("v,id\na,1\n", "id,v\n1,a\n", "PASS"),
        # What looks like a date and is none stays a text: different, not unreadable.
        ("id,v\n1,2026-02-30\n", "id,v\n1,2026-02-28\n", "FAIL"),
        ("id,v\n1,0000-00-00\n", "id,v\n1,0000-00-00\n", "PASS"),
        ("id,v\n1,25:61:61\n", "id,v\n1,01:00:00\n", "FAIL"),
        ("\ufeffid,v\n1,a\n", "id,v\r\n1,a\r\n", "PASS"),
    ],
)
def test_csv_keeps_what_its_texts_say(tmp_path: Path, legacy: str, target: str, verdict: str) -> None:
    paths = tmp_path / "l.csv", tmp_path / "t.csv"
    for path, content in zip(paths, (legacy, target), strict=True):
        path.write_text(content)
    assert compare(*map(Source.of, paths), Spec(key=("id",))).verdict == verdict


def test_csv_stays_text_where_a_rule_is_for_texts_whatever_it_holds_tonight(tmp_path: Path) -> None:
    paths = tmp_path / "l.csv", tmp_path / "t.csv"
    paths[0].write_text("id,old_code\n1,12\n2,007\n")
    paths[1].write_text("id,code\n1,12\n2,7\n")
    rule = ColumnRule.model_validate({"legacy": "old_code", "replace": ["^0+", ""]})
    result = compare(*map(Source.of, paths), Spec(key=("id",), columns={"code": rule}))
    assert (result.verdict, result.loosened[0].rows) == ("PASS", 1)
    paths[0].write_text("id,old_code\n1,12\n2,7\n")
    assert compare(*map(Source.of, paths), Spec(key=("id",), columns={"code": rule})).verdict == "PASS"


def test_csv_takes_parquets_types(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    rows = (
        "SELECT i AS id, lpad(i::VARCHAR, 3, '0') AS code, (i * 1.25)::DECIMAL(18,2) AS amount, DATE "
        "'2026-01-01' + i::INT AS day, "
        "TIMESTAMP '2026-01-01 01:02:03.000004' AS at, i % 2 = 0 AS flag, i * 0.1 AS ratio FROM "
        "range(40) t(i)"
    )
    path = parquet(rows)
    write_query(tmp_path / "t.csv", f"FROM '{path}'")
    result = compare(Source.of(path), Source.of(tmp_path / "t.csv"), Spec(key=("id",)))
    assert result.verdict == "PASS", result.reason


def test_other_encodings_are_read_when_named(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("id,v\n1,café\n".encode("latin-1"))
    (tmp_path / "t.csv").write_text("id,v\n1,café\n", encoding="utf-8")
    target = Source.of(tmp_path / "t.csv")
    named = Source.of(tmp_path / "l.csv", csv=CsvFormat(encoding="latin-1"))
    assert compare(named, target, Spec(key=("id",))).verdict == "PASS"
    assert "UTF-8" in compare(Source.of(tmp_path / "l.csv"), target, Spec(key=("id",))).reason


def test_a_compressed_csv_is_read_in_its_encoding_too(tmp_path: Path) -> None:
    (tmp_path / "l.csv.gz").write_bytes(gzip.compress("id,v\n1,café\n".encode("latin-1")))
    (tmp_path / "t.csv").write_text("id,v\n1,café\n", encoding="utf-8")
    named = Source.of(tmp_path / "l.csv.gz", csv=CsvFormat(encoding="latin-1"))
    assert compare(named, Source.of(tmp_path / "t.csv"), Spec(key=("id",))).verdict == "PASS"


def test_partitions_of_csv_are_columns(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    for part in (0, 1):
        (tmp_path / f"side/part={part}").mkdir(parents=True)
        (tmp_path / f"side/part={part}/a.csv").write_text(f"id,v\n{part},café\n", encoding="latin-1")
    flat = Source.of(parquet("SELECT i AS id, 'café' AS v, i AS part FROM range(2) t(i)"))
    side = Source.of(tmp_path / "side", csv=CsvFormat(encoding="latin-1"))
    result = compare(side, flat, Spec(key=("id",)))
    assert (result.verdict, len(result.columns)) == ("PASS", 3), result.reason


def test_directories_globs_and_partitions_are_one_side(tmp_path: Path) -> None:
    rows = "SELECT i AS id, 'x' || i AS v, DATE '2026-01-01' + (i % 3)::INT AS day FROM range(30) t(i)"
    shared_duckdb().execute(f"COPY ({rows}) TO '{tmp_path}/parts' (FORMAT parquet, PARTITION_BY (day))")
    write_query(tmp_path / "flat.parquet", rows)
    (tmp_path / "parts" / "_SUCCESS").touch()
    flat = Source.of(tmp_path / "flat.parquet")
    for place in ("parts", "parts/*/*.parquet", "parts/**/*.parquet"):
        result = compare(Source.of(tmp_path / place), flat, Spec(key=("id",)))
        assert result.verdict == "PASS", (place, result.reason)


def test_scratch_is_left_empty(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    scratch = tmp_path / "scratch"
    source = Source.of(parquet(ROWS))
    compare(source, source, Spec(key=("id",), scratch=scratch, columns={"v": ColumnRule(trim="right")}))
    assert list(scratch.iterdir()) == []


def test_a_scratch_that_cannot_be_made_is_invalid(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    (tmp_path / "file").touch()
    source = Source.of(parquet(ROWS))
    result = compare(source, source, Spec(key=("id",), scratch=tmp_path / "file" / "scratch"))
    assert (result.verdict, "scratch" in result.reason) == ("INVALID", True)


def test_too_little_memory_is_one_clear_sentence(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    source = Source.of(parquet("SELECT i AS id, md5(i::VARCHAR) AS v FROM range(300000) t(i)"))
    result = compare(source, source, Spec(key=("id",), memory="8MB", scratch=tmp_path / "scratch"))
    assert (result.verdict, result.reason) == (
        "INVALID",
        "The memory limit is too small for this comparison. Raise --memory.",
    )
    assert not list((tmp_path / "scratch").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="a disk of three megabytes needs the right to mount one")
def test_a_full_disk_is_one_clear_sentence(tmp_path: Path, parquet: Callable[[str], Path]) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=False).returncode:
        pytest.skip("nothing may be mounted here")
    try:
        sides = [parquet(f"SELECT i AS id, md5(i::VARCHAR || '{n}') AS v FROM range(400000) t(i)") for n in "ab"]
        result = compare(*map(Source.of, sides), Spec(key=("id",), memory="60MB", scratch=disk))
        assert (result.verdict, f"The disk that holds {disk} is full" in result.reason) == ("INVALID", True)
        assert not list(disk.iterdir())
        # DuckDB says either, by which thread fails first.
        assert "is full" in str(explain(duckdb.OutOfMemoryException("Out of Memory Error: failed to pin"), disk))
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"replace": ["(", ""]}, "missing )"),
        ({"legacy_timezone": "Mars/Base"}, "Unknown TimeZone"),
    ],
)
def test_a_rule_that_cannot_work_is_told_with_its_column(
    comparing: Compare, rule: dict[str, Any], words: str
) -> None:
    result = comparing(ROWS, ROWS, {"v": rule})
    assert result.verdict == "INVALID"
    assert result.reason.startswith(f"Column v: {words}")


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_column_that_files_and_folders_both_hold_is_refused_because_one_would_go_unread(
    tmp_path: Path, suffix: str
) -> None:
    for side, day in (("legacy", 7), ("target", 8)):
        folder = tmp_path / side / "day=1"
        folder.mkdir(parents=True)
        rows = f"SELECT 1 AS id, {{'day': 2}}::VARCHAR AS v, {day} AS DAY"
        write_query(folder / f"rows.{suffix}", rows)
    result = compare(Source.of(tmp_path / "legacy"), Source.of(tmp_path / "target"), Spec(key=("id",)))
    assert result.verdict == "INVALID"
    assert "The legacy column DAY is in the files and in their folders' names" in result.reason
    below = [Source.of(tmp_path / side / "day=1") for side in ("legacy", "target")]
    assert compare(*below, Spec(key=("id",))).rows.changed == 1


def test_a_field_of_a_struct_may_be_called_as_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "day=1"
    folder.mkdir()
    rows = "SELECT 1 AS id, {'day': 2} AS v"
    write_query(folder / "rows.parquet", rows)
    assert compare(Source.of(tmp_path), Source.of(tmp_path), Spec(key=("id",))).verdict == "PASS"


def test_a_verdict_is_an_exit_status() -> None:
    assert {one: one.exit_code for one in Verdict} == {"PASS": 0, "WAIVED": 0, "FAIL": 1, "INVALID": 2}


def test_the_first_five_columns_of_another_schema_are_named(comparing: Compare) -> None:
    columns = ", ".join(f"1 AS c{at}" for at in range(7))
    result = comparing(f"SELECT 1 AS id, 2 AS v, {columns}", "SELECT 1 AS id, 2 AS v")
    assert "a different schema in 7 columns (c0, c1, c2, c3, c4)" in result.reason


def test_money_within_its_tolerance_is_not_summed(comparing: Compare) -> None:
    rows = "SELECT i AS id, (100 + {})::DECIMAL(18,2) AS amount FROM range(3) t(i)"
    rules = {"amount": {"money": "EUR", "tolerance": "0.01"}}
    result = comparing(rows.format(0), rows.format("CASE i WHEN 0 THEN 5 WHEN 1 THEN 0.01 ELSE 0 END"), rules)
    money = next(column.money for column in result.columns if column.name == "amount")
    assert [(str(one.absolute), one.rows) for one in money] == [("5.00", 1)]


def test_a_spec_takes_what_is_for_its_activity() -> None:
    given = {"name": "a", "key": ["id"], "legacy": {"sql": "a.sql"}, "target": {"table": "t"}}
    activity = Activity.model_validate({**given, "allow_empty": True, "coverage": 0.5})
    waivers = _waiver(), _waiver(activity="b")
    spec = Spec.of_activity(activity, waivers, threads=2)
    assert (spec.activity, spec.key, spec.waivers, spec.allow_empty) == ("a", ("id",), waivers[:1], True)
    assert (spec.columns, spec.coverage, spec.threads) == (activity.columns, 0.5, 2)
