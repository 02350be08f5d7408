"""What a CSV file's texts become in a table, and what of a file is refused: one side alone, nothing is compared."""

from __future__ import annotations

import errno
import gzip
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from parity.compare.session import DuckSession
from parity.compare.sources.csv import HeaderEvidence, _located, first_line, load_csv
from parity.compare.sources.files import DataFile, Partition, SourceFiles
from parity.compare.spec import CsvFormat, Source
from parity.errors import BadInput, CouldNotCompare, ParityError

NAMES = {"header": True}
Rows = list[tuple[str | None, ...]]


def side(
    folder: Path, contents: dict[str, bytes], form: dict[str, Any], parts: list[Partition] | None = None
) -> SourceFiles:
    """Write files and return them as one side."""
    held = []
    for at, (name, content) in enumerate(contents.items()):
        (folder / str(at)).write_bytes(content)
        held.append(DataFile(name, (), (parts or [()] * len(contents))[at], str(folder / str(at))))
    return SourceFiles("legacy", False, Source.of("a", csv=CsvFormat(**form)), tuple(held))


def zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


LOADED: list[tuple[dict[str, bytes], dict[str, Any], list[str], Rows]] = [
    ({"a.csv": b"id,v\n1,a\n"}, NAMES, ["id", "v"], [("1", "a")]),
    ({"a.csv": b"1,a\n2,b"}, {"header": False}, ["column0", "column1"], [("1", "a"), ("2", "b")]),
    ({"a.csv": b"id,,v\n1,a,b\n"}, NAMES, ["id", "column1", "v"], [("1", "a", "b")]),
    ({"a.csv": b"id,v\n"}, NAMES, ["id", "v"], []),
    ({"a.csv": b"id\n\n1\n"}, NAMES, ["id"], [("1",), (None,)]),
    ({"a.csv": b"id,v\n\n1,a\n"}, NAMES, ["id", "v"], [("1", "a")]),
    ({"a.csv": b"id;v\n1;a,b\n"}, NAMES, ["id", "v"], [("1", "a,b")]),
    ({"a.csv": b"id|v\n1|a\n"}, NAMES, ["id", "v"], [("1", "a")]),
    ({"a.tsv": b"id\tv\n1\ta b\n"}, NAMES, ["id", "v"], [("1", "a b")]),
    ({"a.csv": b"id,v\n1,a\n"}, {**NAMES, "delimiter": ";"}, ["id,v"], [("1,a",)]),
    ({"a.csv": b"id^v\n1^a\n"}, {**NAMES, "delimiter": "^"}, ["id", "v"], [("1", "a")]),
    ({"a.csv": b'"id","a\nb"\n1,"c ""d"""\n'}, NAMES, ["id", "a\nb"], [("1", 'c "d"')]),
    ({"a.csv": b"'id','a,b'\n1,'c ''d'''\n"}, {**NAMES, "quote": "'"}, ["id", "a,b"], [("1", "c 'd'")]),
    ({"a.csv": b'id,"v\n1,"a\n'}, {**NAMES, "quote": ""}, ["id", '"v'], [("1", '"a')]),
    ({"a.csv": b'id,v\n1,""\n2,\n'}, NAMES, ["id", "v"], [("1", ""), ("2", None)]),
    ({"a.csv": b'id,v\n1,\\N\n2,"NULL"\n3,\n4,NULL\n'}, {**NAMES, "null_text": ("\\N", "NULL")}, ["id", "v"],
     [("1", None), ("2", "NULL"), ("3", ""), ("4", None)]),
    ({"a.csv": "\ufeffid,v\n1,é\n".encode()}, NAMES, ["id", "v"], [("1", "é")]),
    ({"a.csv": "\ufeffid,v\n1,é\n".encode()}, {**NAMES, "encoding": "UTF-8-SIG"}, ["id", "v"], [("1", "é")]),
    ({"a.csv": "id,v\n1,é\n".encode("latin-1")}, {**NAMES, "encoding": "latin-1"}, ["id", "v"], [("1", "é")]),
    ({"a.csv": "id,v\n1,é\n".encode("utf-16")}, {**NAMES, "encoding": "UTF-16"}, ["id", "v"], [("1", "é")]),
    ({"a.CSV.GZ": gzip.compress("id,v\n1,é\n".encode())}, {**NAMES, "encoding": "utf_8"}, ["id", "v"], [("1", "é")]),
    ({"a.csv.ZST": zstd("id,v\n1,é\n".encode("cp1252"))}, {**NAMES, "encoding": "cp1252"}, ["id", "v"], [("1", "é")]),
    ({"a.csv": b"id,v\n1,a\n", "b.csv": b"v,id\nb,2\n"}, NAMES, ["id", "v"], [("1", "a"), ("2", "b")]),
    ({"a.csv": b"id,v\n", "b.csv": b"id,v\n2,b\n"}, NAMES, ["id", "v"], [("2", "b")]),
    ({"a.csv": b"id,v\n1," + b"x" * 3_000_000 + b"\n"}, NAMES, ["id", "v"], [("1", "x" * 3_000_000)]),
]  # fmt: skip


@pytest.mark.parametrize(("contents", "form", "names", "rows"), LOADED, ids=range(len(LOADED)))
def test_a_file_becomes_a_table_of_its_texts(
    tmp_path: Path,
    duck: DuckSession,
    contents: dict[str, bytes],
    form: dict[str, Any],
    names: list[str],
    rows: Rows,
) -> None:
    files = side(tmp_path, contents, form)
    duck.drop("texts")
    assert load_csv(duck, files, HeaderEvidence(), "texts") == len(rows)
    assert [(name, str(kind)) for name, kind in duck.describe("SELECT * FROM texts")] == [
        (n, "VARCHAR") for n in names
    ]
    assert sorted(duck.rows("SELECT * FROM texts"), key=str) == sorted(rows, key=str)
    assert sorted(path.name for path in tmp_path.iterdir()) == [str(at) for at in range(len(contents))]


def test_folders_add_their_columns(tmp_path: Path, duck: DuckSession) -> None:
    contents = {"a.csv": b"id\n1\n", "b.csv": b"id\n2\n"}
    files = side(tmp_path, contents, NAMES, [(("d'ay", "it's"),), (("d'ay", None),)])
    duck.drop("texts")
    load_csv(duck, files, HeaderEvidence(), "texts")
    assert duck.rows('SELECT id, "d\'ay" FROM texts ORDER BY ALL') == [("1", "it's"), ("2", None)]


def test_the_first_file_decides_whether_there_are_names(tmp_path: Path, duck: DuckSession) -> None:
    files = side(tmp_path, {"a.csv": b"1,x\n", "b.csv": b"a,b\n"}, {})
    duck.drop("texts")
    assert load_csv(duck, files, HeaderEvidence(), "texts") == 2
    files = side(tmp_path, {"a.csv": b"id,x\n", "b.csv": b"id,x\n1,2\n"}, {})
    assert first_line(duck, files) == ("id", "x")
    duck.drop("texts")
    assert load_csv(duck, files, HeaderEvidence(key=(frozenset({"id"}),)), "texts") == 1


ONE = b"id,v\n1,a\n"
CUT = gzip.compress(ONE * 9)[:-9]
REFUSED: list[tuple[dict[str, bytes], dict[str, Any], str]] = [
    ({"a.csv": b""}, NAMES, "a.csv is empty: it has not even a first line."),
    ({"a.csv": b" \r\n1\n"}, NAMES, "a.csv is empty: it has not even a first line."),
    ({"a.csv": b"i\xffd,v\n"}, NAMES, "a.csv is not UTF-8. Name its encoding."),
    ({"a.csv": ONE * 5000 + b"1,\xff\n"}, NAMES, "a.csv, line 10001 is not UTF-8. Name its encoding."),
    ({"a.csv": b"id,v\n1,\xff\n"}, {**NAMES, "encoding": "utf-16"}, "a.csv is not utf-16. Name its encoding."),
    ({"a.csv": b"id,v\n1,\xff\n"}, {**NAMES, "encoding": "ascii"}, "a.csv is not ascii. Name its encoding."),
    ({"a.csv": b"id,v,id\n1,2,3\n"}, NAMES, "a.csv has two columns called 'id'."),
    ({"a.csv": b"a,V,v\n1,2,3\n"}, NAMES, "a.csv has two columns called 'V'."),
    ({"a.csv": ONE, "b.csv": b"id,w\n"}, NAMES, "b.csv does not have the columns of a.csv: 'v' is in one of them only."),
    ({"a.csv": ONE, "b.csv": b"id\n"}, NAMES, "b.csv does not have the columns of a.csv: 'v' is in one of them only."),
    ({"a.csv": b"id,v\n1,a\n2\n"}, NAMES, "a.csv, line 3: 1 column where 2 are expected."),
    ({"a.csv": ONE}, {"delimiter": ",,"}, "The CSV delimiter ',,' is not one character."),
    ({"a.csv": ONE}, {"quote": '""'}, "The CSV quote '\"\"' is not one character."),
    ({"a.csv": ONE}, {"delimiter": "\ud800"}, "The CSV delimiter '\\ud800' is not one character."),
    ({"a.csv": ONE}, {"quote": "\udfff"}, "The CSV quote '\\udfff' is not one character."),
    ({"a.csv": ONE}, {"encoding": "klingon"}, "There is no encoding called 'klingon'."),
    ({"a.csv": ONE}, {"encoding": "hex"}, "There is no encoding called 'hex'."),
    ({"a.csv.gz": CUT}, NAMES, "a.csv.gz cannot be read to its end: Compressed file ended before the end-of-stream marker"
     " was reached. It may be cut: export it again."),
    ({"a.csv.gz": ONE}, NAMES, "a.csv.gz cannot be read to its end: Not a gzipped file (b'id')."
     " It may be cut: export it again."),
    ({"a.csv": b"id,v\n1,a\rb\n2,c\n"}, NAMES, "a.csv, line 3: 1 column where 2 are expected."),
]  # fmt: skip


@pytest.mark.parametrize(("contents", "form", "said"), REFUSED, ids=range(len(REFUSED)))
def test_a_file_that_is_no_table_is_refused_in_one_sentence(
    tmp_path: Path, duck: DuckSession, contents: dict[str, bytes], form: dict[str, Any], said: str
) -> None:
    files = side(tmp_path, contents, form)
    duck.drop("texts")
    with pytest.raises(ParityError) as caught:
        load_csv(duck, files, HeaderEvidence(), "texts")
    assert str(caught.value) == said


def test_a_file_that_cannot_be_opened_and_a_disk_that_is_full_are_named(
    tmp_path: Path, duck: DuckSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = side(tmp_path, {"a.csv": ONE}, NAMES)
    (tmp_path / "0").unlink()
    with pytest.raises(ParityError, match=r"^a.csv cannot be read: No such file or directory\.$"):
        first_line(duck, gone)

    def fill(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", fill)
    packed = side(tmp_path, {"a.csv.gz": gzip.compress(ONE)}, NAMES)
    with pytest.raises(CouldNotCompare, match=r"^The disk that holds .* is full\."):
        first_line(duck, packed)


LOCATED: list[tuple[str, str]] = [
    (
        "CSV Error on Line: 7 … Expected Number of Columns: 2 Found: 1",
        "f.csv, line 7: 1 column where 2 are expected.",
    ),
    (
        "Line 1,007: … Line: 9 Expected Number of Columns: 1 Found: 3",
        "f.csv, line 1: 3 columns where 1 is expected.",
    ),
    ("CSV Error on Line: 7 Invalid unicode", "f.csv, line 7 is not UTF-8. Name its encoding."),
    ("The file is not utf-8 encoded", "f.csv is not UTF-8. Name its encoding."),
    ("CSV Error on Line: 7 odd", "f.csv, line 7 cannot be read in the given or detected dialect."),
    ("CSV Error: odd", "f.csv is not regular CSV: its line ends are mixed, or a quote is not closed."),
    ("out of memory", "Parity's own."),
]


@pytest.mark.parametrize(("words", "said"), LOCATED)
def test_an_error_of_the_reader_is_located_and_quotes_no_value(words: str, said: str) -> None:
    error = BadInput("Parity's own.")
    error.__cause__ = ValueError(words)
    assert str(_located(error, "f.csv")) == said
    assert str(_located(BadInput("CSV Error on Line: 3 odd"), "f.csv")).startswith("f.csv, line 3 cannot")
