"""What is read: exactly the files that were named, every column of each, every row, and no value changed."""

from __future__ import annotations

import gzip
import os
import struct
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duck_files import write_query
from parity.compare import CsvFormat, Result, Source, Spec, compare, session
from parity.compare.sources.files import TICK, find_files
from parity.suite.models import ColumnRule

NAN = float("nan")
Write = Callable[..., Source]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write columns as a Parquet file of a name below the test's folder."""

    def write(name: str | bytes, columns: dict[str, Any] | pa.Table, **options: Any) -> Source:
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        with path.open("wb") as file:
            pq.write_table(table, file, **options)
        return Source.of(path)

    return write


def by_id(legacy: Source, target: Source, **spec: Any) -> Result:
    return compare(legacy, target, Spec(**{"key": ("id",), **spec}))


def _unlike(result: Result) -> set[str]:
    """Return the columns that differ in a row or by their types; a verdict that does not count them fails."""
    rows = {one.name for one in result.columns if one.different}
    types = {one.name for one in result.schema if one.verdict not in {"equal", "widened", "narrowed"}}
    assert result.verdict == ("FAIL" if rows | types else "PASS"), result.reason
    return rows | types


NAMES = [
    "a[1]", "a*", "a?", "a{1,2}", "a\\1", "**", "[!a]", "a,b", "a\nb", "k=1", "-x", "~", "a'b", 'a"b', "http:x",
    "s3:x", "a%20b", "a#b", " a ", "$HOME", "ü", b"n\xff\xfe", "a\x1b[2K", "é" * 100,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_file_is_read_by_its_literal_name(tmp_path: Path, write: Write, kind: str) -> None:
    """Whatever a name meant as a pattern would bring rows of other ids, or of another file's id once more."""
    for number, decoy in enumerate(("a1", "a2", "b", "x", "1", "aXb")):
        write(f"decoy/{decoy}.{kind}", {"id": [100 + number], "v": [2]})
    sides: dict[str, list[Path]] = {"decoy": [], "target": []}
    for number, name in enumerate(NAMES):
        for side, value in (("decoy", 1), ("target", 2)):
            path = tmp_path / side / os.fsdecode(os.fsencode(name) + b"." + kind.encode())
            if kind == "parquet":
                write(os.fsencode(path), {"id": [number], "v": [value]})
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_text(f"id,v\n{number},{value}\n")
            sides[side].append(path)
    result = by_id(*(Source.of(*paths) for paths in sides.values()))
    rows = result.rows
    assert (rows.legacy, rows.target, rows.changed) == (len(NAMES),) * 3, result.reason


def test_a_folder_is_read_by_its_literal_name(tmp_path: Path, write: Write) -> None:
    write("d1/a.parquet", {"id": [1], "v": [1]})
    target = write("whole.parquet", {"id": [1], "v": [1]})
    write("d[1]/a.parquet", {"id": [1], "v": [2]})
    assert by_id(Source.of(tmp_path / "d[1]"), target).verdict == "FAIL"
    assert by_id(Source.of(tmp_path / "d[1]" / "a.parquet"), target).verdict == "FAIL"
    assert by_id(Source.of(tmp_path / "d[2-9]*"), target).verdict == "INVALID"


def test_folders_behind_links_are_read_and_loops_are_refused(tmp_path: Path, write: Write) -> None:
    whole = write("whole.parquet", {"id": [1, 2]})
    write("side/a.parquet", {"id": [1]})
    write("elsewhere/b.parquet", {"id": [2]})
    (tmp_path / "side/more").symlink_to(tmp_path / "elsewhere")
    assert by_id(Source.of(tmp_path / "side"), whole).verdict == "PASS"
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "side")
    result = by_id(Source.of(tmp_path / "side"), whole)
    assert (result.verdict, "links to a folder that it lies in" in result.reason) == ("INVALID", True)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda side: os.link(side / "a.parquet", side / "b.parquet"), "lists one file twice"),
        (lambda side: (side / "b.parquet").symlink_to(side / "a.parquet"), "lists one file twice"),
        (lambda side: (side / "b.parquet").symlink_to(side / "nowhere"), "is a link to nothing"),
        (lambda side: os.mkfifo(side / "b.parquet"), "is no regular file"),
        (lambda side: (side / "_delta_log").mkdir(), "is a Delta table"),
    ],
)
def test_what_would_be_read_twice_or_not_at_all_is_refused(
    tmp_path: Path, write: Write, make: Callable[[Path], Any], words: str
) -> None:
    whole = write("side/a.parquet", {"id": [1]})
    make(tmp_path / "side")
    result = by_id(Source.of(tmp_path / "side"), whole)
    assert (result.verdict, words in result.reason) == ("INVALID", True), result.reason


def test_a_pipe_is_refused(tmp_path: Path, write: Write) -> None:
    os.mkfifo(tmp_path / "pipe.parquet")
    result = by_id(Source.of(tmp_path / "pipe.parquet"), write("a.parquet", {"id": [1]}))
    assert (result.verdict, "is no regular file" in result.reason) == ("INVALID", True)


def test_one_file_that_two_arguments_name_counts_once(tmp_path: Path, write: Write) -> None:
    whole = write("side/a.parquet", {"id": [1]})
    assert by_id(Source.of(tmp_path / "side", tmp_path / "side" / "a.parquet"), whole).verdict == "PASS"
    result = by_id(Source.of(tmp_path / "side", f"{tmp_path}/side/../side/a.parquet"), whole)
    assert (result.verdict, "twice" in result.reason) == ("INVALID", True)


def test_hidden_data_is_said_and_upper_case_is_read(tmp_path: Path, write: Write) -> None:
    whole = write("side/A.PARQUET", {"id": [1]})
    write("side/_b.parquet", {"id": [2]})
    write("side/.c/d", {"id": [3]})
    (tmp_path / "side/_SUCCESS").touch()
    result = by_id(Source.of(tmp_path / "side"), whole)
    assert result.verdict == "PASS", result.reason
    said = [one for one in result.not_compared if "hidden" in one.what]
    assert len(said) == 1
    assert "2 hidden files" in said[0].what


def _touched_back(path: Path) -> None:
    times = path.stat()
    content = bytearray(path.read_bytes())
    path.write_bytes(bytes(content))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(("side", "at"), [("l", "compare"), ("t", "compare"), ("l", "explain"), ("t", "explain")])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes()),
        lambda path: (
            path.with_suffix(".new").write_bytes(path.read_bytes()) and path.with_suffix(".new").replace(path)
        ),
        _touched_back,
        lambda path: path.with_name(f"b{path.suffix}").write_bytes(path.read_bytes()),
        lambda path: path.unlink(),
    ],
    ids=["rewritten", "replaced", "rewritten with its old time", "a new one beside it", "removed"],
)
def test_a_side_that_changes_while_it_is_compared_is_invalid(
    tmp_path: Path, side: str, at: str, suffix: str, change: Callable[[Path], Any]
) -> None:
    for folder in ("l", "t"):
        (tmp_path / folder).mkdir()
        rows = "SELECT i AS id FROM range(9) t(i)"
        write_query(tmp_path / folder / f"a.{suffix}", rows)

    def meanwhile(step: str) -> None:
        if step == at:
            change(tmp_path / side / f"a.{suffix}")

    result = compare(Source.of(tmp_path / "l"), Source.of(tmp_path / "t"), Spec(key=("id",)), meanwhile)
    assert result.verdict == "INVALID"
    assert f"{tmp_path}/{side}/" in result.reason


@pytest.mark.parametrize("name", ["", "a.parquet"])
def test_a_link_that_is_turned_and_turned_back_shows_one_state(tmp_path: Path, write: Write, name: str) -> None:
    legacy = write("l/a.parquet", {"id": [1], "v": [2]})
    for version in (1, 2):
        write(f"{version}/a.parquet", {"id": [1], "v": [version]})
    link = tmp_path / "now"

    def turn(step: str) -> None:
        if step != "open":
            link.unlink()
        link.symlink_to(tmp_path / {"compare": "2"}.get(step, "1") / name)

    result = compare(legacy, Source.of(link), Spec(key=("id",)), turn)
    assert (result.verdict, result.rows.changed) == ("FAIL", 1)


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_a_folder_that_is_exchanged_and_put_back_shows_one_state(tmp_path: Path, suffix: str) -> None:
    for side, value in (("l", 2), ("t", 1), ("other", 2)):
        (tmp_path / "in" / side).mkdir(parents=True)
        rows = f"SELECT 1 AS id, {value} AS v"
        write_query(tmp_path / "in" / side / f"a.{suffix}", rows)

    def exchange(step: str) -> None:
        names = {"compare": ("t", "away", "other"), "explain": ("t", "other", "away")}
        if step in names:
            now, where, then = (tmp_path / "in" / name for name in names[step])
            now.rename(where)
            then.rename(now)

    result = compare(Source.of(tmp_path / "in/l"), Source.of(tmp_path / "in/t"), Spec(key=("id",)), exchange)
    assert (result.verdict, result.rows.changed) == ("FAIL", 1)


def test_a_file_that_was_written_just_now_is_read_a_little_later(tmp_path: Path, write: Write) -> None:
    """A second change within one tick of the file system's clock would leave the times of the first."""
    source = write("a.parquet", {"id": [1]})
    with ExitStack() as held:
        files = find_files("legacy", source, tmp_path / "links", held)
        newest = max(files.files[0].identity[3:])
        assert time.time_ns() - newest >= TICK


def test_files_that_turn_up_where_a_manifest_promised_no_rows_are_seen(tmp_path: Path, write: Write) -> None:
    (tmp_path / "t").mkdir()
    legacy = write("l.parquet", pa.table({"id": pa.array([], pa.int64())}))
    target = Source.of(tmp_path / "t", expected_rows=0)
    spec = Spec(key=("id",), allow_empty=True)
    write("t/_b.parquet", {"id": [1]})
    result = compare(legacy, target, spec)
    assert (result.verdict, [one.what for one in result.not_compared if "_b.parquet" in one.what] != []) == (
        "PASS",
        True,
    )

    def meanwhile(step: str) -> None:
        if step == "explain":
            write("t/a.parquet", {"id": [1]})

    assert compare(legacy, target, spec, meanwhile).verdict == "INVALID"


def test_messages_name_the_file_and_not_its_link(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "broken[1].parquet"
    path.write_bytes(b"PAR1" + b"\xff" * 400 + struct.pack("<I", 300) + b"PAR1")
    result = by_id(Source.of(path), write("whole.parquet", {"id": [1]}))
    assert (result.verdict, str(path) in result.reason) == ("INVALID", True), result.reason


STRUCT = pa.struct([("x", pa.int64())])
WIDER = pa.struct([("x", pa.int64()), ("y", pa.int64())])
DRIFT = [
    (pa.array([{"x": 1}], STRUCT), pa.array([{"x": 2, "y": 3}], WIDER), "no exact common type"),
    (pa.array([[{"x": 1}]], pa.list_(STRUCT)), pa.array([[{"x": 2, "y": 3}]], pa.list_(WIDER)), "no exact"),
    (pa.array([2**53 + 1]), pa.array([0.5]), "no exact common type"),
    (pa.array(["1"]), pa.array([1]), "no exact common type"),
    (pa.array([1], pa.timestamp("us")), pa.array([1], pa.timestamp("us", "UTC")), "no exact common type"),
    (pa.array([1], pa.int32()), pa.array([2**40]), "several types"),
    (pa.array([0.5], pa.float32()), pa.array([0.1]), "several types"),
    (pa.array([{"x": 1}], STRUCT), pa.array([{"x": 2}], pa.struct([("x", pa.int32())])), "several types"),
]


@pytest.mark.parametrize(("one", "other", "words"), DRIFT)
def test_files_are_one_table_only_where_their_types_have_an_exact_common_one(
    tmp_path: Path, write: Write, one: pa.Array, other: pa.Array, words: str
) -> None:
    write("side/a.parquet", {"id": [1], "v": one})
    write("side/b.parquet", {"id": [2], "v": other})
    result = by_id(Source.of(tmp_path / "side"), Source.of(tmp_path / "side"))
    said = [note.why for note in result.not_compared]
    if words == "several types":
        assert (result.verdict, any(words in why for why in said)) == ("PASS", True), result.reason
    else:
        assert (result.verdict, words in result.reason) == ("INVALID", True), result.reason
        assert "b.parquet" in result.reason
        ignored = {"v": ColumnRule(ignore="because")}
        sides = [Source.of(tmp_path / "side")] * 2
        assert "exact" not in by_id(*sides, columns=ignored).reason


def test_columns_of_several_files_meet_by_name(tmp_path: Path, write: Write) -> None:
    write("side/a.parquet", {"id": [1], "v": ["a"], "w": ["b"]})
    write("side/b.parquet", {"W": ["d"], "v": ["c"], "id": [2]})
    write("side/c.parquet", {"id": [3], "v": ["e"]})
    whole = write("whole.parquet", {"id": [1, 2, 3], "v": ["a", "c", "e"], "w": ["b", "d", None]})
    result = by_id(Source.of(tmp_path / "side"), whole)
    assert result.verdict == "PASS", result.reason
    assert [note.why for note in result.not_compared] == ["is in 2 of 3 files; NULL was read in the others"]


@pytest.mark.parametrize("names", [["id", "a", "A"], ["id", "a", "a"], ["id", "", "b"]])
def test_columns_that_no_name_tells_apart_are_refused(write: Write, names: list[str]) -> None:
    arrays = [pa.array([1]), pa.array(["x"]), pa.array(["y"])]
    sides = [write(f"{name}.parquet", pa.Table.from_arrays(arrays, names=names)) for name in "lt"]
    result = by_id(*sides)
    assert (result.verdict, "called" in result.reason) == ("INVALID", True), result.reason


def test_an_empty_file_of_another_schema_is_said(tmp_path: Path, write: Write) -> None:
    write("side/a.parquet", {"id": pa.array([], pa.string()), "x": pa.array([], pa.null())})
    whole = write("side/b.parquet", {"id": [1]})
    result = by_id(Source.of(tmp_path / "side"), whole)
    assert result.verdict == "PASS", result.reason
    assert any("no rows" in note.why for note in result.not_compared)


def test_a_footer_that_promises_other_rows_is_invalid(tmp_path: Path, write: Write) -> None:
    rows = {"id": list(range(77_777))}
    sides = [write(f"{name}.parquet", rows, use_dictionary=False, write_statistics=False) for name in "lt"]
    for name in "lt":
        path = tmp_path / f"{name}.parquet"
        content = path.read_bytes()
        start = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
        count = _zigzag(77_777)
        footer = content[start:].replace(count, _zigzag(77_776), 1)
        path.write_bytes(content[:start] + footer)
        assert pq.read_metadata(path).num_rows == 77_776
    result = by_id(*sides)
    assert (result.verdict, "its files hold" in result.reason) == ("INVALID", True), result.reason


def _zigzag(number: int) -> bytes:
    """Write a number as Thrift's compact protocol does."""
    out, number = b"", number << 1
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


@pytest.mark.parametrize("keys", [[1.0, NAN], [NAN, 1.0, 1.0], [5.0, 5.0, NAN]])
@pytest.mark.parametrize("group", [1, 2, 9])
def test_no_row_is_lost_to_statistics_that_know_no_nan(write: Write, keys: list[float], group: int) -> None:
    rows = list(range(len(keys)))
    legacy = write("l.parquet", {"id": keys, "v": rows}, row_group_size=group)
    moved = [99.0 if key != key else key for key in keys]  # noqa: PLR0124 - NaN
    target = write("t.parquet", {"id": moved, "v": rows}, row_group_size=group)
    result = by_id(legacy, target)
    assert (result.verdict, result.rows.missing, result.rows.extra) == ("FAIL", 1, 1), result.reason


def test_no_row_is_lost_to_wrong_statistics(tmp_path: Path, write: Write) -> None:
    legacy, target = _with_wrong_statistics(tmp_path, write)
    result = by_id(legacy, target)
    assert (result.verdict, result.rows.changed) == ("FAIL", 1), result.reason


def test_rows_that_the_second_pass_does_not_see_again_make_a_run_invalid(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    legacy, target = _with_wrong_statistics(tmp_path, write)
    monkeypatch.setattr(
        session, "_STATISTICS_OPTIMIZER", "common_subexpressions"
    )  # so that statistics count again
    result = by_id(legacy, target)
    assert result.verdict == "INVALID"
    assert result.reason.startswith("The first scan found 2 rows to look at, the second one 0.")


def _with_wrong_statistics(tmp_path: Path, write: Write) -> tuple[Path, Path]:
    """Return two files, unequal in one row, whose largest key is not the one that their statistics promise."""
    low, high = 1_000_001, 1_000_003
    rows = {"id": [low, low + 1, high], "v": [1, 2, 3]}
    legacy = write("l.parquet", rows, use_dictionary=False)
    target = write("t.parquet", {**rows, "v": [1, 9, 3]}, use_dictionary=False)
    for name in "lt":
        path = tmp_path / f"{name}.parquet"
        content = path.read_bytes()
        start = len(content) - 8 - struct.unpack("<I", content[-8:-4])[0]
        footer = content[start:].replace(struct.pack("<q", high), struct.pack("<q", low))
        path.write_bytes(content[:start] + footer)
    return legacy, target


FOLDER_VALUES = [
    ("1.9", 2, pa.int64(), False),
    ("2", 2, pa.int64(), True),
    ("03", 3, pa.int32(), True),
    ("-07", -7, pa.int8(), True),
    ("300", 44, pa.int8(), False),
    ("9007199254740993", 9007199254740992.0, pa.float64(), False),
    ("0.1", 0.1, pa.float64(), True),
    ("1e400", float("inf"), pa.float64(), False),
    ("2026-03-01 10%3A00%3A00", 20_513, pa.date32(), False),
    ("2026-03-01", 20_513, pa.date32(), True),
    ("2026-02-30", 20_511, pa.date32(), False),
    ("true", True, pa.bool_(), True),
    ("yes", True, pa.bool_(), False),
    ("a%2Fb c", "a/b c", pa.string(), True),
    ("NULL", "NULL", pa.string(), True),
    ("__HIVE_DEFAULT_PARTITION__", None, pa.string(), True),
    ("__HIVE_DEFAULT_PARTITION__", None, pa.int64(), True),
]


def test_a_folder_gives_its_value_or_its_text(tmp_path: Path, write: Write) -> None:
    """A value that does not fit the other side's type is compared as text."""
    folders = "/".join(f"part{at}={folder}" for at, (folder, *_) in enumerate(FOLDER_VALUES))
    write(f"side/{folders}/a.parquet", {"id": [1]})
    typed = {f"part{at}": pa.array([value], kind) for at, (_, value, kind, _) in enumerate(FOLDER_VALUES)}
    result = by_id(Source.of(tmp_path / "side"), write("flat.parquet", {"id": pa.array([1]), **typed}))
    fits = {name: case[-1] for name, case in zip(typed, FOLDER_VALUES, strict=True)}
    assert _unlike(result) == {name for name in fits if not fits[name]}, result.reason


def test_a_folder_name_in_another_case_still_takes_the_type_of_its_column(tmp_path: Path, write: Write) -> None:
    write("side/PART=03/a.parquet", {"id": [1]})
    flat = write("flat.parquet", {"id": pa.array([1]), "part": pa.array([3], pa.int32())})
    assert by_id(Source.of(tmp_path / "side"), flat).verdict == "PASS"


@pytest.mark.parametrize("other", ["a.parquet", "a=1/b=2/a.parquet", "b=1/a.parquet", "A=1/a.parquet"])
@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_unlike_folders_are_one_sentence(tmp_path: Path, other: str, suffix: str) -> None:
    for place in ("a=1/x.parquet", other):
        path = tmp_path / "side" / place.replace("parquet", suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_query(path, "SELECT 1 AS id")
    result = by_id(Source.of(tmp_path / "side"), Source.of(tmp_path / "side"))
    assert (result.verdict, "lie in unlike folders" in result.reason) == ("INVALID", True), result.reason


def _csv(path: Path, content: str | bytes) -> Source:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Source.of(path)


UNLIKE = [
    ("123456789012345678", "123456789012345680.0"),
    ("1e400", "2e400"),
    ("12e4", "120e3"),
    ("007", "7"),
    ("+1", "1"),
    ("1", "1.0000000000000000000000000000000000000001"),
    ("0.1", "0.1000000000000000000000000000000000000001"),
    ("2026-01-01 10:00:00.0000001", "2026-01-01 10:00:00.0000002"),
    ("nan", "NaN"),
    ('" a"', "a"),
    ('"a "', "a"),
    ('""', ""),
    ("\\N", ""),
    ("NULL", ""),
    ("a\0", "a"),
    ("é", "e\u0301"),
]


def test_unlike_texts_of_two_csv_files_are_not_equal(tmp_path: Path) -> None:
    names = [f"v{at}" for at in range(len(UNLIKE))]
    below = ",".join(["1e3"] * len(UNLIKE))
    legacy, target = (
        _csv(tmp_path / f"{side}.csv", f"id,{','.join(names)}\n1,{','.join(texts)}\n2,{below}\n")
        for side, texts in zip("lt", zip(*UNLIKE, strict=True), strict=True)
    )
    assert _unlike(by_id(legacy, target)) == {*names}


FLOATS = [
    ("9007199254740993", 9007199254740992.0, pa.float64(), False),
    ("123456789012345678", 123456789012345680.0, pa.float64(), False),
    ("1e400", float("inf"), pa.float64(), False),
    ("1e-400", 0.0, pa.float64(), False),
    ("16777217", 16777216.0, pa.float32(), False),
    ("0.10000000000000001", 0.1, pa.float64(), True),
    ("0.30000000000000004", 0.1 + 0.2, pa.float64(), True),
    ("4.9E-324", 5e-324, pa.float64(), True),
    ("1.7976931348623157E308", 1.7976931348623157e308, pa.float64(), True),
    ("1152921504606846976", float(2**60), pa.float64(), True),
    ("100000000000000000000", 1e20, pa.float64(), True),
    ("12e4", 120000.0, pa.float64(), True),
    ("0.10000000149011612", 0.1, pa.float32(), True),
    ("3.4028235e38", 3.4028235e38, pa.float32(), True),
    ("Infinity", float("inf"), pa.float64(), True),
    ("nan", NAN, pa.float64(), True),
    ("-0.0", -0.0, pa.float64(), True),
    ("000", 0.0, pa.float64(), True),
    ("1.50", 1.5, pa.float64(), True),
]


def test_a_text_is_a_float_only_if_no_digit_is_lost(tmp_path: Path, write: Write) -> None:
    typed = {f"v{at}": pa.array([value, 0.5], kind) for at, (_, value, kind, _) in enumerate(FLOATS)}
    texts, below = ",".join(text for text, *_ in FLOATS), ",".join(["0.5"] * len(FLOATS))
    legacy = _csv(tmp_path / "l.csv", f"id,{','.join(typed)}\n1,{texts}\n2,{below}\n")
    result = by_id(legacy, write("t.parquet", {"id": pa.array([1, 2]), **typed}))
    fits = {name: case[-1] for name, case in zip(typed, FLOATS, strict=True)}
    assert _unlike(result) == {name for name in fits if not fits[name]}, result.reason


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("INTEGER", "1.9", False),
        ("INTEGER", "007", True),
        ("DECIMAL(9,2)", "1.239", False),
        ("DECIMAL(9,2)", "1.2300", True),
        ("DOUBLE", "1e400", False),
        ("FLOAT", "16777217", False),
        ("DATE", "2026-01-01 10:00:00", False),
        ("TIMESTAMP", "2026-01-01 10:00:00.1234567", False),
        ("TIMESTAMP", "2026-01-01T10:00", True),
        ("BOOLEAN", "1", False),
    ],
)
def test_a_declared_type_must_fit_every_text(tmp_path: Path, kind: str, text: str, fits: bool) -> None:
    form = CsvFormat(types={"v": kind})
    sides = [Source.of(*_csv(tmp_path / f"{n}.csv", f"id,v\n1,{text}\n").paths, csv=form) for n in "lt"]
    result = by_id(*sides)
    assert result.verdict == ("PASS" if fits else "INVALID"), result.reason
    assert fits or "do not fit exactly" in result.reason


BROKEN = [
    ("id,v\n1,a\n2,b,\n", "line 3: 3 columns where 2"),
    ("id,v\n1,a,\n2,b,\n", "line 2: 3 columns where 2"),
    ("id\n1\n,\n", "line 3: 2 columns where 1"),
    ('id,v\n1, "a"\n', "line 2: a blank stands before a quote"),
    ('id,v\n1,"a" \n', "line 2 cannot be read"),
    ('id,v\n1,"a"b\n', "line 2 cannot be read"),
    ("id,v\n1,a\rb\n2,c\n", "l.csv"),
    (b"id,v\n1,\xff\n", "not UTF-8"),
    ("\nid,v\n1,a\n", "empty"),
    ("id,\n1,2\n", ""),
]


@pytest.mark.parametrize(("content", "words"), BROKEN)
def test_what_the_reader_would_drop_or_mend_is_refused(tmp_path: Path, content: str | bytes, words: str) -> None:
    result = by_id(_csv(tmp_path / "l.csv", content), _csv(tmp_path / "t.csv", content))
    if words:
        assert (result.verdict, words in result.reason) == ("INVALID", True), result.reason
    else:
        assert result.verdict == "PASS", result.reason


@pytest.mark.parametrize(
    ("kind", "text", "other"),
    [("FLOAT", "16777217", "16777216"), ("DOUBLE", "9007199254740993.0", "9007199254740992")],
)
def test_a_text_that_the_other_sides_type_would_round_stays_a_text(
    tmp_path: Path, parquet: Callable[[str], Path], kind: str, text: str, other: str
) -> None:
    target = Source.of(parquet(f"SELECT 1 AS id, {other}::{kind} AS v"))
    assert by_id(_csv(tmp_path / "a.csv", f"id,v\n1,{text}\n"), target).rows.changed == 1
    assert by_id(_csv(tmp_path / "b.csv", f"id,v\n1,{other}\n"), target).verdict == "PASS"


def test_a_name_may_hold_the_delimiter(tmp_path: Path) -> None:
    sides = [_csv(tmp_path / f"{value}.csv", f'"id","a,b"\n1,{value}\n') for value in "23"]
    result = by_id(*sides)
    assert [(column.name, column.different) for column in result.columns] == [("id", 0), ("a,b", 1)]


LONG = "x" * 3_000_000
SOUND = [
    'id,v\n1,"a\r\nb"\n2,c\n',
    'id,v\n1,c\n2,"a\r\nb"\n' + "3,d\n" * 5,
    'id,v\r\n1,"a\nb"\r\n2,c\r\n',
    "id,v\r1,a\r2,b\r",
    f"id,v\n1,{LONG}\n",
    f'id,v\n1,"{LONG}\n"\n2,b\n',
    "id,v\n1,a\n\n2,b\n\n\n",
    "id\n1\n\n2\n",
    "id,v\n1,a\n2,b",
    'id,v\n1,5" pipe\n2,6" pipe\n',
    'id,v\n1,"a ""b"" c"\n2,""""\n',
    "id,v\n1,#a\n#2,b\n",
    '\ufeff"id","v"\n1,a\n',
    '"id","a\nb"\n1,a\n',
    "id;v\n1;a,b\n",
    "id,v\n",
]


@pytest.mark.parametrize("content", SOUND, ids=lambda content: ascii(content[:24]))
def test_sound_csv_is_compared(tmp_path: Path, content: str) -> None:
    sides = [_csv(tmp_path / f"{name}.csv", content) for name in "lt"]
    result = by_id(*sides, allow_empty=True)
    assert result.verdict == "PASS", result.reason


@pytest.mark.parametrize("suffix", ["csv.gz", "csv.zst", "CSV.GZ"])
def test_a_compressed_file_is_read_to_its_end_or_refused(tmp_path: Path, suffix: str) -> None:
    text = "id,v\n" + "".join(f"{at},{at * 7919 % 10007}\n" for at in range(20_000))
    plain = _csv(tmp_path / "t.csv", text)
    codec = "gzip" if suffix.lower().endswith("gz") else "zstd"
    packed = bytes(pa.Codec(codec).compress(text.encode(), asbytes=True))
    assert by_id(_csv(tmp_path / f"l.{suffix}", packed), plain).verdict == "PASS"
    for cut in (len(packed) // 2, len(packed) - 1, len(packed) - 8):
        result = by_id(_csv(tmp_path / f"l.{suffix}", packed[:cut]), plain)
        assert result.verdict == "INVALID", (cut, result.reason)
        assert f"l.{suffix}" in result.reason


def test_members_of_a_gzip_file_and_frames_of_a_zstd_file_are_all_read(tmp_path: Path) -> None:
    parts = ["id,v\n1,a\n", "2,b\n3,c\n"]
    plain = _csv(tmp_path / "t.csv", "".join(parts))
    members = b"".join(gzip.compress(part.encode()) for part in parts)
    frames = b"".join(bytes(pa.Codec("zstd").compress(part.encode(), asbytes=True)) for part in parts)
    assert by_id(_csv(tmp_path / "l.csv.gz", members), plain).verdict == "PASS"
    assert by_id(_csv(tmp_path / "l.csv.zst", frames), plain).verdict == "PASS"


def test_a_first_line_is_a_header_only_where_something_proves_it(tmp_path: Path, write: Write) -> None:
    legacy = _csv(tmp_path / "l.csv", "Anna,Berlin\nx,y\n")
    target = _csv(tmp_path / "t.csv", "anna,berlin\nx,y\n")
    result = compare(legacy, target, Spec())
    assert (result.verdict, "names or data" in result.reason) == ("INVALID", True)
    data = [Source.of(*side.paths, csv=CsvFormat(header=False)) for side in (legacy, target)]
    assert compare(*data, Spec()).rows.missing == 1
    assert compare(legacy, legacy, Spec()).verdict == "PASS"
    assert "names or data" in compare(legacy, _csv(tmp_path / "u.csv", "Berlin,Anna\nx,y\n"), Spec()).reason
    typed = write("t.parquet", {"Anna": ["x"], "Berlin": ["y"]})
    assert compare(legacy, typed, Spec()).verdict == "PASS"
    assert "names or data" in compare(legacy, write("u.parquet", {"p": ["x"], "q": ["y"]}), Spec()).reason
    assert by_id(legacy, legacy, key=("Anna",)).verdict == "PASS"
    numbered = _csv(tmp_path / "n.csv", "a,b\nc,d\n")
    assert by_id(numbered, numbered, key=("column0",)).rows.legacy == 2


def test_a_copy_of_a_file_that_is_written_meanwhile_is_never_a_pass(tmp_path: Path, write: Write) -> None:
    """Replace the target over and over by two versions, of which neither equals the legacy side."""
    rows = list(range(3000))
    legacy = write("l.parquet", {"id": rows, "v": rows}, row_group_size=500)
    for version, at in (("a", 10), ("b", 2990)):
        write(f"{version}.parquet", {"id": rows, "v": [0 if i == at else i for i in rows]}, row_group_size=500)
    versions = [(tmp_path / f"{name}.parquet").read_bytes() for name in "ab"]
    target, done = tmp_path / "t.parquet", threading.Event()
    target.write_bytes(versions[0])

    def replace() -> None:
        at = 0
        while not done.wait(0.02):
            at += 1
            (tmp_path / "new").write_bytes(versions[at % 2])
            (tmp_path / "new").replace(target)

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        verdicts = {str(by_id(legacy, Source.of(target)).verdict) for _ in range(5)}
    finally:
        done.set()
        writer.join()
    assert "PASS" not in verdicts


def test_both_kinds_on_one_side_are_refused(tmp_path: Path, write: Write) -> None:
    write("side/a.parquet", {"id": [1]})
    _csv(tmp_path / "side" / "b.csv", "id\n2\n")
    side = Source.of(tmp_path / "side")
    assert "mixes Parquet and CSV" in by_id(side, side).reason
