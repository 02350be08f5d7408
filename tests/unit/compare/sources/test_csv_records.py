"""How many records a CSV file holds, counted in pieces or, where that is not sure, one by one."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.compare.sources.csv_records import count_records
from parity.errors import ExportRefused

COUNTED: list[tuple[bytes, str, int, int]] = [
    (b"id,v\n1,a\n", '"', 2, 2),
    (b"id,v\n1,a", '"', 2, 2),
    (b"\xef\xbb\xbfid,v\n1,a\n", '"', 2, 2),
    (b"id,v\r\n1,a\r\n", '"', 2, 2),
    (b"id,v\r1,a\r", '"', 2, 2),
    (b"\n\nid,v\n\n1,a\n\n", '"', 2, 2),
    (b"\r\n\r\nid,v\r\n\r\n1,a\r\n\r\n", '"', 2, 2),
    (b"id\n\n1\n", '"', 1, 3),
    (b"id\n\n1", "", 1, 3),
    (b"", '"', 2, 0),
    (b'id,v\n1,"a\n\nb,c"\n', '"', 2, 2),
    (b'id,v\n1,"a ""b"" ""\n"\n2,""\n', '"', 2, 3),
    (b'"id","v"\n"1","a"', '"', 2, 2),
    (b"id,v\n1,'a\n,b'\n", "'", 2, 2),
    (b'id,v\n1,"a\n2,b"\n', "", 2, 3),
    # One by one: a quote inside a field, and line ends of two kinds.
    (b'id,v\n1,a"b\n', '"', 2, 2),
    (b'id,v\n1,a"b\n\n2,"c\n,d"\n', '"', 2, 3),
    (b"id,v\r1,a\n2,b\n", '"', 2, 3),
    (b'id,v\r1,"a\n2,b\n', "", 2, 3),
    (b"id\r1\n\n2\n", '"', 1, 4),
    (b"\xef\xbb\xbfid,v\r1,\xff\n", '"', 2, 2),
]
REFUSED: list[tuple[bytes, str, int, str]] = [
    (b"id,v\n1\n2,a\n", '"', 2, "f.csv, line 2: 1 column where 2 are expected."),
    (b"id,v\n1,a,b\n", '"', 2, "f.csv, line 2: 3 columns where 2 are expected."),
    (b"\nid,v\n1,a,b\n", '"', 2, "f.csv, line 3: 3 columns where 2 are expected."),
    (b"id\n1,a\n", '"', 1, "f.csv, line 2: 2 columns where 1 is expected."),
    (b'id,v\n1,"a\nb"\n2, "c"\n', '"', 2, "f.csv, line 4: a blank stands before a quote."),
    (b'id,v\n1,"a"b\n', '"', 2, "f.csv, line 2 cannot be read: ',' expected after '\"'."),
    (b'id,v\n1,a"b\n2,"c\n', '"', 2, "f.csv, line 3 cannot be read: unexpected end of data."),
]


@pytest.mark.parametrize(("content", "quote", "columns", "records"), COUNTED)
def test_the_records_of_a_file(tmp_path: Path, content: bytes, quote: str, columns: int, records: int) -> None:
    (tmp_path / "f").write_bytes(content)
    assert count_records(str(tmp_path / "f"), "f.csv", ",", quote, columns) == records


@pytest.mark.parametrize(("content", "quote", "columns", "records"), COUNTED)
def test_the_records_of_a_file_in_small_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, quote: str, columns: int, records: int
) -> None:
    monkeypatch.setattr("parity.compare.sources.csv_records._PIECE", 7)
    (tmp_path / "f").write_bytes(content)
    assert count_records(str(tmp_path / "f"), "f.csv", ",", quote, columns) == records


@pytest.mark.parametrize("rows", [b"1;a,b\n", b'1;a,"b\n'])
def test_only_the_delimiter_parts_fields(tmp_path: Path, rows: bytes) -> None:
    (tmp_path / "f").write_bytes(b"id;v\n" + rows)
    assert count_records(str(tmp_path / "f"), "f.csv", ";", '"', 2) == 2


@pytest.mark.parametrize(("content", "quote", "columns", "message"), REFUSED)
def test_a_file_whose_records_cannot_be_counted(
    tmp_path: Path, content: bytes, quote: str, columns: int, message: str
) -> None:
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(ExportRefused) as caught:
        count_records(str(tmp_path / "f"), "f.csv", ",", quote, columns)
    assert caught.value.message == message


def test_a_record_may_begin_in_one_piece_and_end_in_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b'id,v\n\n1,"a\n\nb"\n2,""\n\n\n"3","c"",""\n\n"'
    (tmp_path / "f").write_bytes(content)
    for size in range(1, len(content) + 1):
        monkeypatch.setattr("parity.compare.sources.csv_records._PIECE", size)
        assert count_records(str(tmp_path / "f"), "f.csv", ",", '"', 2) == 4, size
