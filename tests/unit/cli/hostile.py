"""Hostile input as a table: what is there, how it is compared, and the verdict that it deserves.

A case is one entry. ``files`` maps paths to what they hold: bytes as they are; a text that starts with SELECT or
FROM as the Parquet file of that query; any other text as it is; a :class:`Link` as a symbolic link; a function is
called with the path. ``l`` and ``t`` stand for the sides where ``arguments`` names none.
"""

from __future__ import annotations

import gzip
import os
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from duck_files import shared_duckdb

PASS, FAIL, INVALID = ("PASS",), ("FAIL",), ("INVALID",)
RED = ("FAIL", "INVALID")
"""Either will do: never green."""


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    to: str


Content = str | bytes | Link | Callable[[Path], object]


@dataclass(frozen=True)
class Hostile:
    """One case; ``words`` must occur in what is printed."""

    name: str
    files: Mapping[str, Content]
    verdict: tuple[str, ...]
    arguments: str = "l.parquet t.parquet --key id"
    words: tuple[str, ...] = ()
    differing: tuple[str, ...] | None = None
    """Exactly the columns that differ, in a row or by their types; where many cells are compared at once."""

    def make(self, folder: Path) -> list[str]:
        """Write the files and return the arguments of ``parity compare``."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        return shlex.split(self.arguments)


def _write(path: Path, content: Content) -> None:
    if isinstance(content, Link):
        path.symlink_to(content.to)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str) and content.startswith(("SELECT", "FROM")):
        _query(path, content)
    elif isinstance(content, str):
        path.write_bytes(content.encode())
    else:
        content(path)


def _query(path: Path, sql: str) -> None:
    """Write a query's rows; by way of Arrow, since a name may be one that SQL would expand."""
    table = shared_duckdb().sql(sql).to_arrow_table()
    with path.open("wb") as file:  # pyarrow cannot open a name that is not UTF-8
        pq.write_table(table, file)


def _columns(**columns: pa.Array) -> Callable[[Path], object]:
    return lambda path: pq.write_table(pa.table(columns), path)


def _named(*names: str, last: int = 0) -> Callable[[Path], object]:
    """Write a file of one row whose columns have these names, the last one's value being ``last``."""
    arrays = [pa.array([at if at < len(names) - 1 else last]) for at in range(len(names))]
    return lambda path: pq.write_table(pa.Table.from_arrays(arrays, names=list(names)), path)


def _cells(*columns: tuple[str, str, str]) -> dict[str, Content]:
    """Return two CSV files: in each column two cells that are not alike, above one that both sides have."""
    names = ",".join(_numbered("v", len(columns)))
    legacy, target, both = (",".join(cells) for cells in zip(*columns, strict=True))
    return _pair(f"id,{names}\n1,{legacy}\n2,{both}\n", f"id,{names}\n1,{target}\n2,{both}\n", "csv")


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{at}" for at in range(count))


def _row(letter: str, values: Iterable[str]) -> str:
    """Return the query of one row with a numbered column for each value."""
    return ", ".join(("SELECT 1 AS id", *(f"{value} AS {letter}{at}" for at, value in enumerate(values))))


def _groups(keys: list[float], values: list[int]) -> Callable[[Path], object]:
    table = pa.table({"id": pa.array(keys, pa.float64()), "v": values})
    return lambda path: pq.write_table(table, path, row_group_size=2)


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def _encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding)


ROW = "SELECT 1 AS id, 'a' AS v"
OTHER = "SELECT 1 AS id, 'b' AS v"
TWO = "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) t(id, v)"
SECOND = "SELECT 2 AS id, 'b' AS v"
NUMBER = "SELECT 1 AS id, {} AS v"
LINES = "".join(f"{at},{'x' * (at % 50)}{at}\n" for at in range(5000))
CSV = "l.csv t.csv --key id"
RULES = "l.parquet t.parquet --key id --columns rules.yaml"
COLLIDING = (
    "id", "kh", "rid", "lid", "tid", "kind", "a", "b", "n", "g", "s", "d", "o", "rowid", "v0", "v1", "u0", "q1", "m1",
    "y1", "k0", "tag", "base", "place", "how", "bare0", "shaken0", "filename", "file_row_number", "legacy", "target",
    "l", "t", "select", 'a"b', "x.y", "*", " ", "é{0}", "%s", "x\ny", "count(*)", "NULL", "--",
)  # fmt: skip
"""Names that the product uses inside, and names that SQL or a template would take for something else."""
CHANGED = ("kh", "rid", "rowid", "v0", "tag", "«1»", 'a"b', "*", " ", "filename", "file_row_number", "x\ny", "place", "--", "COLUMNS(*)")  # fmt: skip
"""Some of these, and two more, whose columns differ."""


def _pair(legacy: Content, target: Content, suffix: str = "parquet") -> dict[str, Content]:
    return {f"l.{suffix}": legacy, f"t.{suffix}": target}


def _csv(
    name: str, legacy: Content, target: Content, verdict: tuple[str, ...], more: str = "", words: str = ""
) -> Hostile:
    return Hostile(name, _pair(legacy, target, "csv"), verdict, f"{CSV} {more}", (words,) if words else ())


def _rule(
    name: str, rule: str, legacy: str, target: str, verdict: tuple[str, ...], words: tuple[str, ...] = ()
) -> Hostile:
    files = {**_pair(legacy, target), "rules.yaml": rule}
    return Hostile(name, files, verdict, RULES, words)


def _rules(name: str, cases: list[tuple[str, str, str]], *, forgiven: bool) -> Hostile:
    """Return one case of many cells, each in a column with a rule of its own: all are forgiven, or none is."""
    legacy, target = (_row("v", (case[side] for case in cases)) for side in (1, 2))
    rules = "\n".join(f"v{at}: {{{rule}}}" for at, (rule, *_) in enumerate(cases))
    files = {**_pair(legacy, target), "rules.yaml": rules}
    differing = () if forgiven else _numbered("v", len(cases))
    return Hostile(name, files, PASS if forgiven else FAIL, RULES, differing=differing)


NAMES = [
    Hostile("a file called as a pattern, beside the file that the pattern means", {"a[1].parquet": ROW, "a1.parquet": OTHER, "t.parquet": OTHER}, FAIL, "a[1].parquet t.parquet --key id"),
    Hostile("a file called as a pattern is read", {"a[1].parquet": ROW, "a1.parquet": OTHER, "t.parquet": ROW}, PASS, "a[1].parquet t.parquet --key id"),
    Hostile("a folder that holds a file called as a pattern", {"l/a[1].parquet": ROW, "l/a1.parquet": SECOND, "t.parquet": TWO}, PASS, "l t.parquet --key id"),
    Hostile("a folder called as a pattern", {"l[ab]/x.parquet": ROW, "la/x.parquet": OTHER, "t.parquet": ROW}, PASS, "l[ab] t.parquet --key id"),
    Hostile("a CSV file called as a pattern", {"a[1].csv": "id,v\n1,a\n", "a1.csv": "id,v\n1,b\n", "t.csv": "id,v\n1,a\n"}, PASS, "a[1].csv t.csv --key id"),
    Hostile("a star in a file's name", {"l/a*.parquet": ROW, "l/ab.parquet": SECOND, "t.parquet": TWO}, PASS, "l t.parquet --key id"),
    Hostile("braces, a quote, a percent sign and blanks in a name", {"l {x} '%d' ~.parquet": ROW, "t.parquet": ROW}, PASS, "\"l {x} '%d' ~.parquet\" t.parquet --key id"),
    Hostile("a line break in a name", {"l\n.parquet": ROW, "t.parquet": ROW}, PASS, "'l\n.parquet' t.parquet --key id"),
    Hostile("a name that is not UTF-8", {os.fsdecode(b"l\xff.parquet"): ROW, "t.parquet": ROW}, ("PASS", "INVALID"), f"'{os.fsdecode(b'l' + bytes([255]))}.parquet' t.parquet --key id"),
    Hostile("a name that looks like a place on the network", {"s3:/x.parquet": ROW, "t.parquet": ROW}, PASS, "./s3:/x.parquet t.parquet --key id"),
    Hostile("a name that begins like an option", {"-l.parquet": ROW, "t.parquet": ROW}, PASS, "--key id -- -l.parquet t.parquet"),
    Hostile("a name of 250 bytes", {f"{'x' * 242}.parquet": ROW, "t.parquet": ROW}, PASS, f"{'x' * 242}.parquet t.parquet --key id"),
    Hostile("endings in capitals", {"l.PARQUET": ROW, "t.parquet": ROW}, PASS, "l.PARQUET t.parquet --key id"),
    Hostile("the same file twice", {"l.parquet": ROW}, PASS, "l.parquet l.parquet --key id"),
    Hostile("no such file", {"t.parquet": ROW}, INVALID, "l.parquet t.parquet", ("does not exist",)),
    Hostile("an empty name", {"t.parquet": ROW}, INVALID, "'' t.parquet"),
]  # fmt: skip
PARTITIONS = [
    ("1.9", "2"), ("1.9", "1"), ("2026-01-01 10%3A00%3A00", "DATE '2026-01-01'"), ("9007199254740993", "9007199254740992::DOUBLE"),
    ("0.30000000000000004", "0.3::DECIMAL(9,1)"), ("true", "1"), ("256", "0::UTINYINT"),
    ("2026-02-30", "DATE '2026-03-02'"), ("__HIVE_DEFAULT_PARTITION__", "''"), ("", "NULL::INT"), ("0.1", "0.1::FLOAT + 1e-9"), ("24:00:00", "TIME '00:00:00'"),
    ("2026-01-01T00%3A00%3A00.0000001", "TIMESTAMP '2026-01-01'"), ("9223372036854775808", "(-9223372036854775808)::BIGINT"), ("a%20b", "'a%20b'"),
]  # fmt: skip
"""Values of folders, each with another one that it only looks like."""
FOLDERS = [
    Hostile("a linked subfolder is not skipped in silence", {"l/a.parquet": ROW, "l/more": Link("../elsewhere"), "elsewhere/b.parquet": SECOND, "t.parquet": ROW}, RED, "l t.parquet --key id"),
    Hostile("a linked file is not skipped in silence", {"l/a.parquet": ROW, "l/b.parquet": Link("../elsewhere.parquet"), "elsewhere.parquet": SECOND, "t.parquet": ROW}, RED, "l t.parquet --key id"),
    Hostile("a link to nowhere", {"l/a.parquet": ROW, "l/b.parquet": Link("gone.parquet"), "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("b.parquet",)),
    Hostile("a link to itself", {"l/a.parquet": ROW, "l/more": Link("."), "t.parquet": ROW}, ("PASS", "INVALID"), "l t.parquet --key id"),
    Hostile("a side that is a link", {"real/a.parquet": ROW, "l": Link("real"), "t.parquet": ROW}, PASS, "l t.parquet --key id"),
    Hostile("an empty folder", {"l/.keep": b"", "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("holds no data file",)),
    Hostile("a folder of success marks only", {"l/_SUCCESS": b"", "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("holds no data file",)),
    Hostile("a folder that is called as a file", {"l.parquet/a.parquet": ROW, "t.parquet": ROW}, PASS),
    Hostile("a pipe", {"l.csv": os.mkfifo, "t.csv": "id,v\n1,a\n"}, INVALID, CSV),
    Hostile("no file but the machine's null device", {"t.parquet": ROW}, INVALID, "/dev/null t.parquet"),
    Hostile("Parquet and CSV in one folder", {"l/a.parquet": ROW, "l/b.csv": "id,v\n2,b\n", "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("mixes Parquet and CSV",)),
    Hostile("a strange file in a folder", {"l/a.parquet": ROW, "l/b.json": b"{}", "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("b.json",)),
    Hostile("unequal depths of partitions", {"l/d=1/a.parquet": "SELECT 1 AS id", "l/d=1/e=2/b.parquet": "SELECT 2 AS id", "t.parquet": "SELECT 1 AS id, 1 AS d, NULL AS e"}, INVALID, "l t.parquet --key id", ("e=2",)),
    Hostile("partitions of two names", {"l/d=1/a.parquet": "SELECT 1 AS id", "l/e=2/b.parquet": "SELECT 2 AS id", "t.parquet": "SELECT 1 AS id, 1 AS d"}, INVALID, "l t.parquet --key id"),
    Hostile("a file beside the partitions", {"l/a.parquet": "SELECT 1 AS id", "l/d=1/a.parquet": "SELECT 2 AS id", "t.parquet": "SELECT 2 AS id, 1 AS d"}, RED, "l t.parquet --key id"),
    Hostile("partitions whose values only look like the other side's", {f"l/{'/'.join(f'd{at}={value}' for at, (value, _) in enumerate(PARTITIONS))}/a.parquet": "SELECT 1 AS id", "t.parquet": _row("d", (other for _, other in PARTITIONS))}, FAIL, "l t.parquet --key id", differing=_numbered("d", len(PARTITIONS))),
    Hostile("a partition of the default name is NULL", {"l/d=__HIVE_DEFAULT_PARTITION__/a.parquet": "SELECT 1 AS id", "t.parquet": "SELECT 1 AS id, NULL::INT AS d"}, PASS, "l t.parquet --key id"),
    Hostile("a partition whose name is in capitals", {"l/D=1/a.parquet": "SELECT 1 AS id", "t.parquet": "SELECT 1 AS id, 1 AS d"}, PASS, "l t.parquet --key id"),
    Hostile("a folder that is named after no column", {"l/=1/a.parquet": "SELECT 1 AS id", "t.parquet": "SELECT 1 AS id"}, INVALID, "l t.parquet --key id", ("named after no column",)),
    Hostile("a partition with escaped characters", {"l/d=a%20b%3D/a.parquet": "SELECT 1 AS id", "t.parquet": "SELECT 1 AS id, 'a b=' AS d"}, PASS, "l t.parquet --key id"),
    Hostile("a new field of a struct in one file", {"l/a.parquet": "SELECT 1 AS id, {'a': 1} AS v", "l/b.parquet": "SELECT 2 AS id, {'a': 1, 'b': 2} AS v", "t/a.parquet": "SELECT 1 AS id, {'a': 1} AS v", "t/b.parquet": "SELECT 2 AS id, {'a': 1, 'b': 3} AS v"}, RED, "l t --key id"),
    Hostile("integers and floats in one folder", {"l/a.parquet": NUMBER.format("9007199254740993::BIGINT"), "l/b.parquet": "SELECT 2 AS id, 0.5::DOUBLE AS v", "t/a.parquet": NUMBER.format("9007199254740992::BIGINT"), "t/b.parquet": "SELECT 2 AS id, 0.5::DOUBLE AS v"}, RED, "l t --key id"),
    Hostile("names that differ by case alone, in another order", {"l/a.parquet": _named("id", "a", "A", last=5), "t/a.parquet": _named("id", "A", "a", last=5)}, RED, "l t --key id"),
    Hostile("names that differ by case alone, and are equal", {"l.parquet": _named("id", "a", "A", last=5), "t.parquet": _named("id", "a", "A", last=5)}, ("PASS", "INVALID")),
    Hostile("names that differ by case alone among the files of a folder", {"l/a.parquet": "SELECT 1 AS id, 5 AS Amount", "l/b.parquet": "SELECT 2 AS id, 6 AS amount", "t/a.parquet": "SELECT 1 AS id, 5 AS Amount", "t/b.parquet": "SELECT 2 AS id, 7 AS amount"}, RED, "l t --key id"),
    Hostile("a column that one file of a folder lacks", {"l/a.parquet": "SELECT 1 AS id, 5 AS v", "l/b.parquet": "SELECT 2 AS id", "t/a.parquet": "SELECT 1 AS id, 5 AS v", "t/b.parquet": "SELECT 2 AS id, NULL::INT AS v"}, ("PASS", "INVALID"), "l t --key id"),
    Hostile("decimals of two scales in one folder", {"l/a.parquet": NUMBER.format("1.25::DECIMAL(9,2)"), "l/b.parquet": "SELECT 2 AS id, 1.5::DECIMAL(9,1) AS v", "t/a.parquet": NUMBER.format("1.2::DECIMAL(9,2)"), "t/b.parquet": "SELECT 2 AS id, 1.5::DECIMAL(9,1) AS v"}, RED, "l t --key id"),
    Hostile("times with and without a zone in one folder", {"l/a.parquet": NUMBER.format("TIMESTAMP '2026-01-01'"), "l/b.parquet": "SELECT 2 AS id, TIMESTAMPTZ '2026-01-01 01:00+01' AS v", "t/a.parquet": NUMBER.format("TIMESTAMP '2026-01-01'"), "t/b.parquet": "SELECT 2 AS id, TIMESTAMPTZ '2026-01-01 00:00:01+00' AS v"}, RED, "l t --key id"),
]  # fmt: skip
BYTES = [
    Hostile("half of a compressed CSV (zstd)", _pair(_cut(_zstd(f"id,v\n{LINES}".encode())), f"id,v\n{LINES[: len(LINES) // 2].rpartition(chr(10))[0]}\n", "csv") | {"l.csv.zst": _cut(_zstd(f"id,v\n{LINES}".encode()))}, INVALID, "l.csv.zst t.csv --key id", ("l.csv.zst",)),
    Hostile("half of a compressed CSV (gzip)", {"l.csv.gz": _cut(gzip.compress(f"id,v\n{LINES}".encode())), "t.csv": f"id,v\n{LINES}"}, INVALID, "l.csv.gz t.csv --key id", ("l.csv.gz",)),
    Hostile("a compressed CSV of two members", {"l.csv.gz": gzip.compress(b"id,v\n1,a\n") + gzip.compress(b"2,b\n"), "t.csv": "id,v\n1,a\n"}, RED, "l.csv.gz t.csv --key id"),
    Hostile("a compressed CSV with something behind it", {"l.csv.gz": gzip.compress(b"id,v\n1,a\n") + b"garbage", "t.csv": "id,v\n1,a\n"}, ("PASS", "INVALID"), "l.csv.gz t.csv --key id"),
    Hostile("a compressed CSV whose checksum is wrong", {"l.csv.gz": gzip.compress(f"id,v\n{LINES}".encode())[:-8] + b"\0" * 8, "t.csv": f"id,v\n{LINES}"}, INVALID, "l.csv.gz t.csv --key id"),
    Hostile("two frames of zstd", {"l.csv.zst": _zstd(b"id,v\n1,a\n") + _zstd(b"2,b\n"), "t.csv": "id,v\n1,a\n"}, RED, "l.csv.zst t.csv --key id"),
    Hostile("a second member of gzip that is cut", {"l.csv.gz": gzip.compress(b"id,v\n1,a\n") + gzip.compress(b"2,b\n" * 1000)[:5], "t.csv": "id,v\n1,a\n"}, INVALID, "l.csv.gz t.csv --key id"),
    Hostile("a second frame of zstd that is cut", {"l.csv.zst": _zstd(b"id,v\n1,a\n") + _zstd(b"2,b\n" * 1000)[:3], "t.csv": "id,v\n1,a\n"}, INVALID, "l.csv.zst t.csv --key id"),
    Hostile("other endings of compressed text", {"l.txt.gz": gzip.compress(b"id,v\n1,a\n"), "t.tsv.zst": _zstd(b"id\tv\n1\ta\n")}, PASS, "l.txt.gz t.tsv.zst --key id"),
    Hostile("plain text called as compressed", {"l.csv.gz": b"id,v\n1,a\n", "t.csv": "id,v\n1,a\n"}, ("PASS", "INVALID"), "l.csv.gz t.csv --key id"),
    Hostile("compressed text called as plain", {"l.csv": gzip.compress(b"id,v\n1,a\n"), "t.csv": "id,v\n1,a\n"}, INVALID, CSV),
    Hostile("a Parquet file of no bytes", _pair(b"", ROW), INVALID, words=("l.parquet is empty",)),
    Hostile("a Parquet file of its magic only", _pair(b"PAR1PAR1", ROW), INVALID, words=("l.parquet",)),
    Hostile("a Parquet file whose footer is nonsense", _pair(b"PAR1" + b"\xff" * 64 + b"\x10\0\0\0PAR1", ROW), INVALID, words=("l.parquet",)),
    Hostile("a Parquet file with something behind it", _pair(lambda path: (_query(path, ROW), path.write_bytes(path.read_bytes() + b"\n")), ROW), INVALID, words=("l.parquet",)),
    Hostile("an encrypted Parquet file", _pair(b"PARE" + b"\0" * 100 + b"PARE", ROW), INVALID, words=("l.parquet",)),
    Hostile("text called Parquet", _pair("id,v\n1,a\n", ROW), INVALID, words=("l.parquet",)),
    Hostile("Parquet called CSV", {"l.csv": ROW, "t.parquet": ROW}, ("PASS", "INVALID"), "l.csv t.parquet --key id"),
    Hostile("Parquet without columns", _pair(_columns(), ROW), INVALID),
    Hostile("a key of floats with NaN in one row group, and another value there", _pair(_groups([1.0, 2.0, float("nan"), 3.0, 4.0], [1, 2, 3, 4, 5]), _groups([1.0, 2.0, float("nan"), 3.0, 4.0], [1, 2, 9, 4, 5])), FAIL, words=('"changed": 1',)),
    Hostile("a key of floats with NaN in one row group, all equal", _pair(_groups([1.0, 2.0, float("nan"), 3.0, 4.0], [1, 2, 3, 4, 5]), _groups([4.0, float("nan"), 1.0, 2.0, 3.0], [5, 3, 1, 2, 4])), PASS),
    Hostile("a key of floats with NaN among groups, another value elsewhere", _pair(_groups([float("nan"), 7.0, 1.0, 2.0], [1, 2, 3, 4]), _groups([float("nan"), 7.0, 1.0, 2.0], [1, 8, 3, 4])), FAIL, words=('"changed": 1',)),
    Hostile("zeros of both signs in a key", _pair(_groups([0.0, 1.0], [1, 2]), _groups([-0.0, 1.0], [1, 2])), PASS),
]  # fmt: skip
COLUMNS = [
    Hostile("names that the product uses itself, equal", _pair(_named(*COLLIDING, last=5), _named(*COLLIDING, last=5)), PASS),
    Hostile("names that the product's templates use, equal", _pair(_named("id", "«0»", "«1»"), _named("id", "«0»", "«1»")), PASS),
    Hostile("differences in columns that are called as what the product uses itself", _pair(*(_columns(**{name: pa.array([at + by * (name in CHANGED)]) for at, name in enumerate(dict.fromkeys((*COLLIDING, *CHANGED)))}) for by in (0, 100))), FAIL, words=('"changed": 1',), differing=CHANGED),
    Hostile("two columns of one name", _pair(_named("id", "v", "v", last=1), _named("id", "v", "v", last=2)), RED),
    Hostile("a column without a name", _pair(_named("id", "", last=1), _named("id", "", last=2)), RED),
    Hostile("a name that changed its case is one column", _pair("SELECT 1 AS id, 2 AS Amount", "SELECT 1 AS ID, 2 AS amount"), PASS),
    Hostile("ß and ss are two names", _pair(_named("id", "straße", last=1), _named("id", "strasse", last=1)), FAIL),
    Hostile("names that differ by composition only", _pair(_named("id", "é", last=1), _named("id", "e\u0301", last=1)), FAIL),
    Hostile("names that differ by an invisible character", _pair(_named("id", "v", last=1), _named("id", "v\u200b", last=1)), FAIL),
    Hostile("maps that hold one key twice", _pair(*(_columns(id=pa.array([1]), v=pa.array([[("a", 1), ("a", last)]], pa.map_(pa.string(), pa.int64()))) for last in (2, 3))), RED),
    Hostile("columns whose names differ by composition, exchanged", _pair(_named("id", "é", "e\u0301", last=5), _named("id", "e\u0301", "é", last=5)), FAIL),
    Hostile("nothing in common", _pair(_named("a", "b"), _named("c", "d")), INVALID, "l.parquet t.parquet"),
    Hostile("no rows on either side", _pair(f"{ROW} WHERE false", f"{ROW} WHERE false"), INVALID, words=("zero rows",)),
    Hostile("no rows, allowed", _pair(f"{ROW} WHERE false", f"{ROW} WHERE false"), PASS, "l.parquet t.parquet --key id --allow-empty"),
    Hostile("no rows on one side, allowed", _pair(ROW, f"{ROW} WHERE false"), FAIL, "l.parquet t.parquet --key id --allow-empty"),
    Hostile("one row of NULL", _pair("SELECT NULL::INT AS id, NULL::INT AS v", "SELECT NULL::INT AS id, NULL::INT AS v"), PASS),
    Hostile("a key that is NULL twice", _pair("SELECT NULL::INT AS id, range AS v FROM range(2)", "SELECT NULL::INT AS id, range AS v FROM range(2)"), PASS),
    Hostile("a decimal beyond 38 digits", _pair(_columns(id=pa.array([1]), v=pa.array([12], pa.decimal256(50, 2))), _columns(id=pa.array([1]), v=pa.array([12], pa.decimal256(50, 2)))), INVALID, words=("50 digits",)),
    Hostile("a cell of three megabytes that differs at its end", _pair("SELECT 1 AS id, repeat('x', 3000000) AS v", "SELECT 1 AS id, repeat('x', 2999999) || 'y' AS v"), FAIL, words=('"changed": 1',)),
]  # fmt: skip
UNLIKE = {
    "5": [
        ("007", "7"), ("+5", "5"), (" 5", "5"), ("5 ", "5"), ("0x10", "16"), ("1_000", "1000"), ("1'000", "1000"), ("١", "1"), ("１", "1"), ("--1", "1"), (".5", "0.5"), ("5.", "5"),
        ("9007199254740993", "9007199254740992"), ("123456789012345678901234567890123456789", "123456789012345678901234567890123456788"), ("1e400", "2e400"), ("1e-400", "2e-400"), ("1e400", "inf"),
        ("12345678901234567e-3", "12345678901234566e-3"), ("nan", "inf"), ("0.1000000000000000055", "0.1"), ("1e5", "1e6"),
    ],
    "2026-01-01": [
        ("2026-02-30", "2026-03-02"), ("2026-1-2", "2026-01-02"), ("0000-00-00", "0001-01-01"), ("12026-01-02", "2026-01-02"), ("-2026-01-02", "2026-01-02"), ("infinity", "2026-01-02"),
        ("2026-01-02 00:00:01", "2026-01-02"),
    ],
    "2026-01-01 00:00:00": [
        ("2026-01-02 00:00:00.0000001", "2026-01-02 00:00:00"), ("2026-01-02 00:00:60", "2026-01-02 00:01:00"), ("2026-01-02 00:00:00.0000000001", "2026-01-02 00:00:00"), ("epoch", "1970-01-01 00:00:00"),
    ],
}  # fmt: skip
"""Cells of CSV that are not one value, by what stands below them in their column."""
UNLIKE_PARQUET = [
    ("123456789012345678", "123456789012345680::DOUBLE"), ("9007199254740993", "9007199254740992::DOUBLE"), ("1e400", "'inf'::DOUBLE"), ("0.1", "0.1::FLOAT::DOUBLE"), ("16777217", "16777216::FLOAT"),
    ("0.10000000000000001", "0.1::DECIMAL(9,1)"), ("1.005", "1.00::DECIMAL(9,2)"), ("300", "44::UTINYINT"), ("2026-01-01 00:00:01", "DATE '2026-01-01'"),
    ("2026-01-01 00:00:00.0000001", "TIMESTAMP '2026-01-01'"), ("t", "true"), ("1", "true"), ("yes", "true"), ("10:00", "TIME '10:00:01'"), ("10:00:00.0000001", "TIME '10:00:00'"),
    ("1e-400", "0::DOUBLE"), ("2026-01-01 10:00+02", "TIMESTAMP '2026-01-01 10:00'"), ("007", "7"), ("18446744073709551616", "0::UBIGINT"), ("-1", "18446744073709551615::UBIGINT"), ("1", "'01'"),
    ("\\x00", "'\\x00'::BLOB"), ("99999999999999999999999999999999999999999", "1e41::DOUBLE"),
]  # fmt: skip
"""Cells of CSV, each with a value of Parquet that it only looks like."""
TEXTS = [
    Hostile("a first line of data that is taken for names", _pair("Anna,Berlin\nBert,Bonn\n", "anna,berlin\nBert,Bonn\n", "csv"), RED, "l.csv t.csv"),
    Hostile("a first line of data, on both sides alike", _pair("Anna,Berlin\nBert,Bonn\n", "Anna,Berlin\nBert,Bonn\n", "csv"), PASS, "l.csv t.csv --no-header"),
    _csv("one empty field too many", "id,v\n1,a,\n2,b\n", "id,v\n1,a\n2,b\n", INVALID, words="line 2"),
    _csv("one empty field too many in every line", "id,v\n1,a,\n2,b,\n", "id,v\n1,a\n2,b\n", INVALID, words="line 2"),
    _csv("one field too few", "id,v\n1\n2,b\n", "id,v\n1,\n2,b\n", INVALID, words="line 2"),
    _csv("a quoted line break of Windows in a file of Unix", 'id,v\n1,"a\r\nb"\n2,c\n', 'id,v\n1,"a\r\nb"\n2,c\n', PASS),
    _csv("a quoted line break of Windows against one of Unix", 'id,v\n1,"a\r\nb"\n2,c\n', 'id,v\n1,"a\nb"\n2,c\n', FAIL),
    _csv("a quoted carriage return", 'id,v\n1,"a\rb"\n2,c\n', 'id,v\n1,"a\rb"\n2,c\n', PASS),
    _csv("lines that end in both ways", "id,v\r\n1,a\n2,b\r\n", "id,v\n1,a\n2,b\n", ("PASS", "INVALID")),
    _csv("no line break at the end", "id,v\n1,a", "id,v\n1,a\n", PASS),
    _csv("blank lines at the end", "id,v\n1,a\n\n\n", "id,v\n1,a\n", ("PASS", "INVALID")),
    _csv("a blank line inside, which is a row of one column", "id\n1\n\n2\n", "id\n1\n2\n", RED),
    _csv("a quote that is never closed", 'id,v\n1,"a\n2,b\n', "id,v\n1,a\n2,b\n", INVALID),
    _csv("a quote inside a field", 'id,v\n1,a"b\n', 'id,v\n1,"a""b"\n', ("PASS", "INVALID")),
    _csv("text behind a closing quote", 'id,v\n1,"a"b\n', "id,v\n1,a\n", RED),
    _csv("a quoted name with a delimiter", '"id","a,b"\n1,2\n', '"a,b",id\n2,1\n', PASS),
    _csv("the same name twice", "id,v,v\n1,a,b\n", "id,v,v\n1,a,c\n", INVALID, words="two columns"),
    _csv("the header once more among the rows", "id,v\n1,a\nid,v\n2,b\n", "id,v\n1,a\n2,b\n", RED),
    _csv("a lone carriage return among line feeds", "id,v\n1,a\r2,b\n", "id,v\n1,a\n2,b\n", RED),
    _csv("a line that says what the delimiter is", "sep=;\nid;v\n1;a\n", "id,v\n1,a\n", RED),
    _csv("a header only", "id,v\n", "id,v\n", INVALID, words="zero rows"),
    _csv("nothing but a line break", "\n", "id,v\n1,a\n", INVALID),
    _csv("a byte-order mark", "\ufeffid,v\n1,a\n", "id,v\n1,a\n", PASS),
    _csv("a byte-order mark before a quoted name", '\ufeff"id",v\n1,a\n', "id,v\n1,a\n", PASS),
    _csv("bytes of Latin-1", _encoded("id,v\n1,é\n", "latin-1"), "id,v\n1,é\n", INVALID, words="not UTF-8"),
    _csv("half of a surrogate pair in UTF-8", b"id,v\n1,\xed\xa0\x80\n", b"id,v\n1,\xed\xa0\x80\n", INVALID, words="not UTF-8"),
    _csv("UTF-16, named", _encoded("id,v\n1,é\n", "utf-16"), _encoded("id,v\n1,é\n", "utf-16"), PASS, "--encoding utf-16"),
    _csv("UTF-16, not named", _encoded("id,v\n1,é\n", "utf-16"), "id,v\n1,é\n", INVALID),
    _csv("an encoding that does not exist", "id,v\n1,a\n", "id,v\n1,a\n", INVALID, "--encoding nope", words="nope"),
    _csv("a zero byte in a text", b"id,v\n1,a\0b\n", b"id,v\n1,a\0c\n", RED),
    _csv("a zero byte in a text, on both sides", b"id,v\n1,a\0b\n", b"id,v\n1,a\0b\n", ("PASS", "INVALID")),
    _csv("NULL against an empty text", "id,v\n1,\n2,x\n", 'id,v\n1,""\n2,x\n', FAIL),
    _csv("the word NULL is a text", "id,v\n1,NULL\n2,x\n", "id,v\n1,\n2,x\n", FAIL),
    _csv("the word NULL is NULL, when named", "id,v\n1,NULL\n2,x\n", "id,v\n1,NULL\n2,x\n", PASS, "--null-text NULL"),
    Hostile("cells that only look like the other side's, among numbers, dates and times", _cells(*((*pair, usual) for usual, pairs in UNLIKE.items() for pair in pairs)), FAIL, CSV, differing=_numbered("v", sum(map(len, UNLIKE.values())))),
    Hostile("one number with more zeros at its end", _cells(("1.0", "1.00", "5"), ("1.10", "1.1", "5")), PASS, CSV, differing=()),
    _csv("minus zero against zero", "id,v\n1,-0\n2,5\n", "id,v\n1,0\n2,5\n", ("PASS", "FAIL")),
    Hostile("cells of CSV that only look like Parquet's", {"l.csv": f"id,{','.join(_numbered('v', len(UNLIKE_PARQUET)))}\n1,{','.join(text for text, _ in UNLIKE_PARQUET)}\n", "t.parquet": _row("v", (sql for _, sql in UNLIKE_PARQUET))}, FAIL, "l.csv t.parquet --key id", differing=_numbered("v", len(UNLIKE_PARQUET))),
    Hostile("parts of a folder whose columns stand in another order", {"l/a.csv": "id,v\n1,a\n", "l/b.csv": "v,id\nb,2\n", "t.parquet": TWO}, PASS, "l t.parquet --key id"),
    Hostile("parts of a folder with other columns", {"l/a.csv": "id,v\n1,a\n", "l/b.csv": "id,w\n2,b\n", "t.parquet": TWO}, INVALID, "l t.parquet --key id", ("b.csv",)),
    Hostile("a part of a folder without a header", {"l/a.csv": "id,v\n1,a\n", "l/b.csv": "2,b\n", "t.parquet": TWO}, RED, "l t.parquet --key id"),
    Hostile("a part of a folder that is empty", {"l/a.csv": "id,v\n1,a\n", "l/b.csv": "", "t.parquet": ROW}, INVALID, "l t.parquet --key id", ("b.csv",)),
    _csv("a CSV cell of three megabytes", f"id,v\n1,{'x' * 3_000_000}\n", f"id,v\n1,{'x' * 3_000_000}\n", PASS),
    _csv("a CSV cell of three megabytes that differs at its end", f"id,v\n1,{'x' * 3_000_000}\n", f"id,v\n1,{'x' * 2_999_999}y\n", FAIL),
    _csv("CSV times of seven digits before 1677", "id,v\n1,1600-01-01 00:00:00.1234567\n", "id,v\n1,1600-01-01 00:00:00.1234567\n", PASS),
    _csv("a delimiter of two characters", "id,v\n1,a\n", "id,v\n1,a\n", INVALID, "--delimiter ab", words="ab"),
    _csv("a delimiter that is a line break", "id,v\n1,a\n", "id,v\n1,a\n", INVALID, "--delimiter '\n'"),
    *(
        _csv(f"{option} {value!a}", "id,v\n1,a\n", "id,v\n1,a\n", INVALID, f"{option} '{value}'")
        for option, value in (("--encoding", "rot13"), ("--encoding", "hex"), ("--encoding", "a\0b"), ("--encoding", "undefined"), ("--delimiter", "\udcff"), ("--null-text", "\udcff"), ("--key", "\udcff"))
    ),
    _csv("a delimiter that is a quote", "id,v\n1,a\n", "id,v\n1,a\n", INVALID, "--delimiter '\"'"),
    _csv("one of 300 columns that is missing", f"id,{','.join(f'c{at}' for at in range(300))}\n1{',x' * 300}\n", f"id,{','.join(f'c{at}' for at in range(299))}\n1{',x' * 299}\n", FAIL),
]  # fmt: skip
FORGIVEN = [
    ("tolerance: '10'", "-1", "9"),
    ("tolerance: '0.1'", "1.0::FLOAT", "1.1::FLOAT"),
    ("tolerance: '999999999d'", "DATE '2026-01-01'", "DATE '2026-01-02'"),
    ("tolerance: '1d'", "'5000000-01-01'::DATE", "'5000000-01-02'::DATE"),
    ("legacy_timezone: Europe/Berlin", "TIMESTAMP '2025-10-26 01:59:59.999999'", "TIMESTAMPTZ '2025-10-25 23:59:59.999999+00'"),
    ("legacy_timezone: Europe/Berlin", "TIMESTAMP '2025-10-26 03:00:00'", "TIMESTAMPTZ '2025-10-26 02:00:00+00'"),
    ("legacy_timezone: Europe/Berlin", "TIMESTAMP '2026-03-29 03:00:00'", "TIMESTAMPTZ '2026-03-29 01:00:00+00'"),
    ("legacy_timezone: Europe/Berlin", "TIMESTAMP_NS '2026-03-29 01:59:59.999999999'", "TIMESTAMP_NS '2026-03-29 00:59:59.999999999'"),
    ("tolerance: '1'", "0::UTINYINT", "0::UTINYINT"),
    ("tolerance: '1000'", "1::UTINYINT", "1::UTINYINT"),
    ("tolerance: '1'", "255::UTINYINT", "255::UTINYINT"),
    ("tolerance: '5'", "18446744073709551615::UBIGINT", "18446744073709551615::UBIGINT"),
    ("tolerance: '5'", "0::UBIGINT", "0::UBIGINT"),
    ("tolerance: '5'", "9223372036854775807", "9223372036854775807"),
    ("tolerance: '5'", "(-9223372036854775808)::BIGINT", "(-9223372036854775808)::BIGINT"),
    ("tolerance: '0.01'", "0::DECIMAL(38,30)", "0::DECIMAL(38,30)"),
    ("tolerance: '1e-9'", "0.5::DECIMAL(38,38)", "0.5::DECIMAL(38,38)"),
    ("tolerance: '100'", "0.5::DECIMAL(4,4)", "0.5::DECIMAL(4,4)"),
    ("tolerance: '0.01'", "9e19::DOUBLE", "9e19::DOUBLE"),
    ("tolerance: '1'", "1.7976931348623157e308::DOUBLE", "1.7976931348623157e308::DOUBLE"),
    ("tolerance: '200%'", "1", "1"),
    ("tolerance: '200%'", "0::DECIMAL(9,2)", "0::DECIMAL(9,2)"),
    ("tolerance: '100%'", "0.0::DOUBLE", "0.0::DOUBLE"),
    ("tolerance: '1%'", "'nan'::DOUBLE", "'nan'::DOUBLE"),
    ("tolerance: '1'", "'-inf'::DOUBLE", "'-inf'::DOUBLE"),
    ("tolerance: '1s'", "TIME '00:00:00'", "TIME '00:00:00'"),
    ("tolerance: '1s'", "TIME '23:59:59.999999'", "TIME '23:59:59.999999'"),
    ("tolerance: '1d'", "DATE '0001-01-01'", "DATE '0001-01-01'"),
    ("tolerance: '1d'", "DATE '9999-12-31'", "DATE '9999-12-31'"),
    ("tolerance: '36h'", "TIMESTAMP '9999-12-31 23:59:59'", "TIMESTAMP '9999-12-31 23:59:59'"),
    ("tolerance: '1us'", "TIMESTAMP_NS '2262-04-11 23:47:16.854775806'", "TIMESTAMP_NS '2262-04-11 23:47:16.854775806'"),
    ("tolerance: '0'", "0", "0"),
    ("tolerance: '1'", "NULL::INT", "NULL::INT"),
    ("json_equal: true", "'\"\\ud800\"'", "'\"\\ud800\"'"),
    ("json_equal: true", "'[-0.0]'", "'[0]'"),
]  # fmt: skip
REFUSED = [
    ("tolerance: '10'", "9", "-9"),
    ("tolerance: '10'", "-19", "9"),
    ("tolerance: '2'", "1", "-2"),
    ("tolerance: '10'", "9::HUGEINT", "-9::HUGEINT"),
    ("tolerance: '1000000'", "999999", "-999999"),
    ("tolerance: '0.1'", "0.09::DECIMAL(9,2)", "-0.09::DECIMAL(9,2)"),
    ("tolerance: '0.1'", "0.09::DOUBLE", "-0.09::DOUBLE"),
    ("tolerance: '1d'", "TIMESTAMP '1970-01-01 23:00'", "TIMESTAMP '1969-12-31 01:00'"),
    ("tolerance: '1d'", "DATE '1970-01-02'", "DATE '1969-12-31'"),
    ("tolerance: '1s'", "TIMESTAMP_NS '1970-01-01 00:00:00.9'", "TIMESTAMP_NS '1969-12-31 23:59:59.1'"),
    ("tolerance: '1h'", "TIMESTAMPTZ '1970-01-01 00:59+00'", "TIMESTAMPTZ '1969-12-31 23:01+00'"),
    ("tolerance: '1e-15'", "0::DOUBLE", "1.0004e-15::DOUBLE"),
    ("tolerance: '1e-15'", "1e-20::DOUBLE", "1.00049e-15::DOUBLE"),
    ("tolerance: '1d'", "'5000000-01-01'::DATE", "'5000000-01-03'::DATE"),
    ("tolerance: '1d'", "'infinity'::DATE", "'5881580-07-10'::DATE"),
    ("tolerance: '1s'", "'infinity'::TIMESTAMP", "'294247-01-10 04:00:54.775806'::TIMESTAMP"),
    ("legacy_timezone: Europe/Berlin, target_timezone: Europe/Berlin", "TIMESTAMP '2026-03-29 02:30:00'", "TIMESTAMP '2026-03-29 03:30:00'"),
    ("legacy_timezone: Europe/Berlin, target_timezone: Europe/Berlin", "TIMESTAMP_NS '2026-03-29 02:30:00'", "TIMESTAMP_NS '2026-03-29 03:30:00'"),
    ("json_equal: true", "'\"\\ud800\"'", "'\"\\ud801\"'"),
    ("json_equal: true", "repeat('9', 10000)", "repeat('9', 9999) || '8'"),
    ("json_equal: true", "'{\"a\":1,\"a\":2}'", "'{\"a\":2}'"),
    ("json_equal: true", "'[true]'", "'[1]'"),
    ("json_equal: true", "'[NaN]'", "'[ NaN ]'"),
]  # fmt: skip
"""A rule, and two values that it makes equal, or that it leaves different."""
SETTINGS = [
    _rules("what rules forgive, at the limits of types", FORGIVEN, forgiven=True),
    _rules("what rules do not forgive, at the limits of types", REFUSED, forgiven=False),
    *(
        _rule(f"a wall time {wall} of {zone}", f"v: {{legacy_timezone: {zone}}}", NUMBER.format(f"TIMESTAMP '{wall}'"), NUMBER.format(f"TIMESTAMPTZ '{moment}+00'"), INVALID)
        for zone, wall, moment in (
            ("Europe/Berlin", "2025-10-26 02:00:00", "2025-10-26 00:00:00"), ("Europe/Berlin", "2025-10-26 02:59:59.999999", "2025-10-26 01:59:59.999999"), ("Europe/Berlin", "2026-03-29 02:30:00", "2026-03-29 01:30:00"),
            ("Australia/Lord_Howe", "2026-04-05 01:45:00", "2026-04-04 15:15:00"), ("Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30 22:00:00"),
        )
    ),
    _rule("the last nanosecond of an hour that is repeated", "v: {legacy_timezone: Europe/Berlin}", NUMBER.format("TIMESTAMP_NS '2025-10-26 02:59:59.999999999'"), NUMBER.format("TIMESTAMP_NS '2025-10-26 01:59:59.999999999'"), INVALID),
    _rule("a repeated wall time that an expression reads", "v: {legacy_sql: \"timezone('Europe/Berlin', v)\"}", NUMBER.format("TIMESTAMP '2025-10-26 02:30'"), NUMBER.format("TIMESTAMPTZ '2025-10-26 01:30+00'"), PASS),
    _rule("a tolerance of half a microsecond", "v: {tolerance: '0.6us'}", NUMBER.format("TIMESTAMP '2026-01-01 00:00:00.000001'"), NUMBER.format("TIMESTAMP '2026-01-01 00:00:00.000002'"), INVALID),
    *(
        _rule(f"a tolerance of {allowed}", f"v: {{tolerance: {allowed}}}", NUMBER.format("1"), NUMBER.format("1"), INVALID)
        for allowed in ("nan", ".nan", "'NaN'", "inf", ".inf", "-1", "'-1%'", "'1e'", "''", "'1 parsec'", "'nan%'", "[]", "true", "{absolute: 1, relative: 1}", "'inf%'", "sNaN")
    ),
    _rule("JSON nested very deeply", "v: {json_equal: true}", NUMBER.format("repeat('[', 100000)"), NUMBER.format("repeat('[', 100000)"), PASS),
    _rule("blanks at the end that nobody sees", "v: {}", NUMBER.format("'a'"), NUMBER.format("'a' || chr(8203)"), FAIL),
    _rule("a rule that is given twice", "v: {tolerance: 1}\nv: {tolerance: 2}", NUMBER.format("1"), NUMBER.format("1"), INVALID),
    _rule("rules that are a list", "- v", ROW, ROW, INVALID, ("rules.yaml",)),
    _rule("rules that are not YAML", "v: {", ROW, ROW, INVALID, ("rules.yaml",)),
    _rule("rules that are a tab", "\t", ROW, ROW, INVALID, ("rules.yaml",)),
    _rule("an unknown key", "v: {tolerence: 1}", NUMBER.format("1"), NUMBER.format("1"), INVALID, ("tolerence",)),
    _rule("a rule for no column", "w: {tolerance: 1}", ROW, ROW, INVALID, ("'w'",)),
    _rule("a case that does not exist", "v: {case: IGNORE}", ROW, OTHER, INVALID, ("case",)),
    _rule("a pattern that cannot work", "v: {replace: ['(', '']}", ROW, ROW, INVALID, ("Column v",)),
    _rule("a replacement of three parts", "v: {replace: [a, b, c]}", ROW, ROW, INVALID, ("replace",)),
    _rule("a replacement that refers to no group", "v: {replace: [a, '\\1']}", ROW, ROW, ("PASS", "INVALID")),
    _rule("a zone of another planet", "v: {legacy_timezone: Mars/Base}", NUMBER.format("TIMESTAMP '2026-01-01'"), NUMBER.format("TIMESTAMP '2026-01-01'"), INVALID, ("Mars",)),
    _rule("half a surrogate pair to replace", "v: {replace: ['\ud800', x]}".encode("unicode_escape").decode().replace("'", '"'), ROW, ROW, INVALID, ("Unicode",)),
    _rule("an expression of two statements", "v: {legacy_sql: '1); DROP TABLE x; --'}", ROW, ROW, INVALID),
    _rule("an expression that closes a bracket that is not its own", "v: {legacy_sql: '1) AS u0, (2', target_sql: '1) AS u0, (2'}", ROW, OTHER, INVALID, ("not one expression",)),
    _rule("an expression that reads the other side", "v: {legacy_sql: '(SELECT v FROM raw_target)'}", ROW, OTHER, INVALID, ("holds a query",)),
    Hostile("CSV types that are a list", {**_pair("id,v\n1,a\n", "id,v\n1,b\n", "csv"), "rules.yaml": "types: [v]"}, INVALID, f"{CSV} --columns rules.yaml", ("types must map",)),
    Hostile("a CSV type that is an expression", {**_pair("id,v\n1,a\n", "id,v\n1,b\n", "csv"), "rules.yaml": "types: {v: 'VARCHAR) IS NULL OR CAST(1 AS BOOLEAN'}"}, INVALID, f"{CSV} --columns rules.yaml", ("is no type",)),
    _rule("an expression that names no column", "v: {legacy_sql: nowhere}", ROW, ROW, INVALID),
    _rule("an expression that fails on a row", "v: {legacy_sql: 'v::INT', target_sql: 'v::INT'}", ROW, ROW, INVALID),
    _rule("every column ignored", "v: {ignore: because}", ROW, OTHER, INVALID, ("Only the key",)),
    _rule("the key ignored", "id: {ignore: because}", ROW, ROW, INVALID, ("id",)),
    _rule("two columns renamed to each other, that did not change places", "a: {legacy: b}\nb: {legacy: a}", "SELECT 1 AS id, 1 AS a, 2 AS b", "SELECT 1 AS id, 1 AS a, 2 AS b", FAIL),
    _rule("a rename of a column to itself, and another to it", "v: {legacy: id}", ROW, ROW, RED),
    *(
        Hostile(f"parity compare … {more}", _pair(ROW, ROW), INVALID, f"l.parquet t.parquet {more}", words)
        for more, words in (
            ("--memory 0", ()), ("--memory -1GB", ()), ("--memory lots", ("lots",)), ("--threads 0", ()), ("--threads many", ()), ("--coverage 0", ()), ("--coverage 2", ()), ("--coverage nan", ()),
            ("--key nowhere", ("nowhere",)), ("--key id,nowhere", ("nowhere",)), ("--key id,,v --json no/such/folder", ("no/such/folder",)), ("--html .", ()), ("--json .", ()), ("--samples -1", ()), ("--columns nowhere.yaml", ("nowhere.yaml",)), ("--columns .", ()),
            ("--scratch l.parquet/x", ("scratch",)), ("--nonsense", ("nonsense",)), ("and more", ()),
        )
    ),
    Hostile("scratch inside a side", {"l/a.parquet": ROW, "t.parquet": ROW}, INVALID, "l t.parquet --key id --scratch l", ("scratch directory lies in",)),
    Hostile("a key that is named twice", _pair(ROW, OTHER), RED, "l.parquet t.parquet --key id,id"),
    Hostile("a key of blanks", _pair(ROW, OTHER), RED, "l.parquet t.parquet --key ' , '"),
]  # fmt: skip
OPEN: dict[str, tuple[str, ...]] = {}
"""What does not hold yet, by reason."""
CASES = [*NAMES, *FOLDERS, *BYTES, *COLUMNS, *TEXTS, *SETTINGS]
