"""Which files are found of each side, what their folders are named after, and what is refused: no row is read."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from parity.compare.sources import files as sources
from parity.compare.sources.files import PARTITION, SourceFiles, find_files
from parity.compare.spec import Source
from parity.errors import CouldNotCompare, ParityError

P, C = b"PAR1....PAR1", b"id\n"
Tree = dict[str, bytes]
_SIDES = itertools.count()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which relative paths begin; its files are older than one tick of any clock."""
    monkeypatch.setattr(sources, "TICK", 0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plant(tree: Tree) -> None:
    for name, content in tree.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def found(*places: str, expected_rows: int | None = None) -> SourceFiles:
    with ExitStack() as held:
        return find_files(
            "legacy", Source.of(*places, expected_rows=expected_rows), Path(f"links{next(_SIDES)}").resolve(), held
        )


DAY, KIND = "day=2026-01-02", "kind=a%20b"
FOUND: list[tuple[Tree, list[str], list[str]]] = [
    ({"s/b.parquet": P, "s/a.parquet": P, "s/d/c.PARQUET": P}, ["s"], ["s/a.parquet", "s/b.parquet", "s/d/c.PARQUET"]),
    ({"s/a": P, "s/b.csv": P}, ["s"], ["s/a", "s/b.csv"]),
    ({"a.csv": C, "b.tsv.gz": C, "c.TXT": C}, ["c.TXT", "a.csv", "b.tsv.gz"], ["a.csv", "b.tsv.gz", "c.TXT"]),
    ({"a.csv": C, "s/b.csv": C}, ["s", "a.csv", "s"], ["a.csv", "s/b.csv"]),
    ({"s/_SUCCESS": b"", "s/.a.csv.crc": b"x", "s/_metadata": P, "s/a.csv": C}, ["s"], ["s/a.csv"]),
    ({"s/_b.csv": C, "s/a.csv": C}, ["s"], ["s/a.csv", "hidden: s/_b.csv"]),
    ({"s/_b.csv": C, "s/.c/d": P, "s/_e.zst": C, "s/a.csv": C}, ["s"], ["s/a.csv", "hidden: 2 hidden files, such as s/.c/d"]),
    ({"s/_b.PARQUET": b"x", "s/a.csv": C}, ["s"], ["s/a.csv", "hidden: s/_b.PARQUET"]),
    ({"_s/_a.csv": C}, ["_s/_a.csv"], ["_s/_a.csv"]),
    ({"_s/a.csv": C}, ["_s"], ["_s/a.csv"]),
    ({"s/_day=1/a.csv": C}, ["s"], ["s/_day=1/a.csv {'_day': '1'}"]),
    ({f"s/{KIND}/{DAY}/a.csv": C}, ["s"], [f"s/{KIND}/{DAY}/a.csv {{'day': '2026-01-02', 'kind': 'a b'}}"]),
    ({"s/k%3D1=a=b/a.csv": C}, ["s"], ["s/k%3D1=a=b/a.csv {'k=1': 'a=b'}"]),
    ({"s/k=__HIVE_DEFAULT_PARTITION__/x=/a=b.csv": C}, ["s"],
     ["s/k=__HIVE_DEFAULT_PARTITION__/x=/a=b.csv {'k': None, 'x': ''}"]),
    ({f"s/{DAY}/a.csv": C}, [f"s/{DAY}"], [f"s/{DAY}/a.csv"]),
    ({f"s/{DAY}/a.csv": C}, [f"s/{DAY}/a.csv"], [f"s/{DAY}/a.csv {{'day': '2026-01-02'}}"]),
    ({f"s/{DAY}/a.csv": C, "b.csv": C}, ["b.csv", f"s/{DAY}"], ["b.csv", f"s/{DAY}/a.csv"]),
    ({f"s/{DAY}/a.csv": C, "t/x=1/b.csv": C}, [f"s/{DAY}", "t/x=1/b.csv"], [f"s/{DAY}/a.csv", "t/x=1/b.csv"]),
    ({"s/x=1/a.csv": C, "s/x=2/a.csv": C}, ["s/x=*/*.csv"], ["s/x=1/a.csv {'x': '1'}", "s/x=2/a.csv {'x': '2'}"]),
    ({"s/x=1/a.csv": C, "s/x=1/y/b.csv": C}, ["s/**/*.csv"], ["s/x=1/a.csv {'x': '1'}", "s/x=1/y/b.csv {'x': '1'}"]),
    ({"s/a/b.csv": C, "s/c/d.csv": C}, ["s/*"], ["s/a/b.csv", "s/c/d.csv"]),
    ({"s/a.csv": C, "s/_b.csv": C, "s/_c/d.csv": C, "s/.e.csv": C}, ["s/*"],
     ["s/a.csv", "hidden: 2 hidden files, such as s/.e.csv"]),
    ({"_s/a.csv": C, "_s/_b.csv": C}, ["_s/*.csv"], ["_s/a.csv", "hidden: _s/_b.csv"]),
    ({"s/[a].csv": C, "s/a.csv": C}, ["s/[a].csv"], ["s/[a].csv"]),
    ({"s/a.csv": C, "s/b.csv": C}, ["s/[a].csv"], ["s/a.csv"]),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "places", "expected"), FOUND)
def test_files_are_found_with_what_their_folders_are_named_after(
    here: Path, tree: Tree, places: list[str], expected: list[str]
) -> None:
    plant(tree)
    side = found(*places)
    said = [f"{one.path} {dict(one.partition)}" if one.partition else one.path for one in side.files]
    said += [note.what.replace("legacy data in ", "hidden: ") for note in side.notes]
    assert said == expected
    assert {note.why for note in side.notes} <= {"its name, or its folder's, begins with _ or ."}
    assert side.parquet is (P in tree.values() and not {*tree.values()} & {C})
    assert side.names == {one.link: one.path for one in side.files}
    assert side.partitions == tuple(name for name, _ in side.files[0].partition)


def test_the_files_of_one_folder_are_linked_together(here: Path) -> None:
    plant({"s/x=1/a.csv": C, "s/x=1/b.csv": C, "s/x=2/c.csv": b"id\n1\n"})
    with ExitStack() as held:
        side = find_files("target", Source.of("s"), here / "links", held)
        links = [Path(one.link) for one in side.files]
        assert [str(link.relative_to(here / "links/target")) for link in links] == [
            f"{PARTITION}=0/0", f"{PARTITION}=0/1", f"{PARTITION}=1/2",
        ]  # fmt: skip
        assert {one.link: one.path for one in side.files} == side.names
        assert side.folders == {(("x", "1"),): 0, (("x", "2"),): 1}
        assert [link.read_bytes() for link in links] == [C, C, b"id\n1\n"]
        Path("s/x=2/c.csv").rename("s/away")
        assert links[2].read_bytes() == b"id\n1\n"  # It is held open.
    assert not links[2].exists()


def test_where_files_cannot_be_held_open_links_lead_to_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant({"s/a.csv": C})
    Path("now").symlink_to("s")
    monkeypatch.setattr(sources, "_OPEN", here / "nowhere")
    assert str(Path(found("now").files[0].link).readlink()) == str(here / "s/a.csv")
    monkeypatch.undo()
    monkeypatch.chdir(here)
    monkeypatch.setattr(sources.resource, "getrlimit", lambda _: (8, 8))
    plant({f"t/{at}.csv": C for at in range(3)})
    assert str(Path(found("t").files[0].link).readlink()) == str(here / "t/0.csv")
    Path("t/2.csv").unlink()
    assert str(Path(found("t").files[0].link).readlink()) != str(here / "t/0.csv")


def test_no_file_is_a_side_where_no_row_was_promised(here: Path) -> None:
    Path("s").mkdir()
    side = found("s", expected_rows=0)
    assert (side.side, side.parquet, side.files, side.notes, side.partitions) == ("legacy", True, (), (), ())
    plant({"s/_a.csv": C})
    assert [note.what for note in found("s", expected_rows=0).notes] == ["legacy data in s/_a.csv"]
    with pytest.raises(ParityError):
        found("s", expected_rows=1)


REFUSED: list[tuple[Tree, list[str], str]] = [
    ({}, [""], "The legacy side has an empty path. Name a file, a directory or a glob."),
    ({"a.csv": C}, ["a.csv", ""], "The legacy side has an empty path. Name a file, a directory or a glob."),
    ({}, ["."], "The scratch directory lies in the legacy side, .. Name another one."),
    ({}, ["a.csv", "b*"], "The legacy side does not exist: a.csv, b*. Check the path."),
    ({"s/_SUCCESS": b""}, ["s"], "The legacy side holds no data file: s."),
    ({"s/_SUCCESS": b""}, ["a.csv", "s"], "The legacy side holds no data file: a.csv, s."),
    ({"s/_a.csv": C, "s/_b.csv": C}, ["s"],
     "The legacy side holds no data file: s (only hidden ones, such as s/_a.csv)."),
    ({"s/a.parquet": P, "s/b.csv": C, "s/c.csv": C}, ["s"],
     "The legacy side mixes Parquet and CSV: s/a.parquet and s/b.csv. Name one kind."),
    ({"s/a.parquet": P[:-1]}, ["s"], "s/a.parquet is truncated or not Parquet: its 11 bytes do not end as Parquet does."),
    ({"s/a": P[:11]}, ["s"], "s/a is truncated or not Parquet: its 11 bytes do not end as Parquet does."),
    ({"s/a.parquet": b"PAR1PAR1"}, ["s"],
     "s/a.parquet is truncated or not Parquet: its 8 bytes do not end as Parquet does."),
    ({"s/a.parquet": b"x" * 1234}, ["s"],
     "s/a.parquet is truncated or not Parquet: its 1,234 bytes do not end as Parquet does."),
    ({"s/a.parquet": b""}, ["s"], "s/a.parquet is empty: not even a Parquet footer."),
    ({"s/a.parquet": b"PARE....PARE"}, ["s"], "s/a.parquet is encrypted Parquet, which is not read. Export it unencrypted."),
    ({"s/a": b"PAR1....PARE"}, ["s"], "s/a is encrypted Parquet, which is not read. Export it unencrypted."),
    ({"s/a.json": b"{}"}, ["s"], "s/a.json is neither Parquet nor named like CSV. CSV ends in"
     " .csv, .tsv, .txt, .csv.gz, .tsv.gz, .txt.gz, .csv.zst, .tsv.zst, .txt.zst."),
    ({"s/x=1/a.csv": C, "s/y=1/x=1/b.csv": C}, ["s"], "The legacy files lie in unlike folders: s/x=1/a.csv below x=…,"
     " s/y=1/x=1/b.csv below x=…/y=…. Compare the folders one by one."),
    ({"s/a.csv": C, "s/x=1/b.csv": C}, ["s"], "The legacy files lie in unlike folders: s/a.csv below no column,"
     " s/x=1/b.csv below x=…. Compare the folders one by one."),
    ({"s/=1/a.csv": C}, ["s"], "A folder of s/=1/a.csv is named after no column."),
    ({"s/x=1/x=2/a.csv": C}, ["s"], "Two folders of s/x=1/x=2/a.csv are named after one column."),
    ({"s/x=%ff/a.csv": C}, ["s"], "A folder of s/x=%ff/a.csv is named after a value that is not UTF-8."),
    ({"s/%ff=1/a.csv": C}, ["s"], "A folder of s/%ff=1/a.csv is named after a value that is not UTF-8."),
    ({"s/x=\udcff/a.csv": C}, ["s"], "A folder of s/x=\\udcff/a.csv is named after a value that is not UTF-8."),
    ({"s/a.csv": C, "s/_delta_log/0.json": b"{}"}, ["s"], "s is a Delta table, whose log alone lists the files that are"
     " in force. Export the table, and compare the export."),
    ({"s/t/.hoodie/x": b""}, ["s"], "s/t is a Hudi table, whose log alone lists the files that are in force."
     " Export the table, and compare the export."),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "places", "said"), REFUSED)
def test_what_cannot_be_a_side_is_one_sentence(here: Path, tree: Tree, places: list[str], said: str) -> None:
    plant(tree)
    with pytest.raises(ParityError) as caught:
        found(*places)
    assert str(caught.value) == said


def test_what_is_no_file_is_one_sentence(here: Path) -> None:
    plant({"s/a.csv": C})
    makes: list[tuple[Any, str]] = [
        (lambda: Path("s/b.csv").symlink_to("nowhere"),
         "s/b.csv is a link to nothing: data may be missing. Remove it, or put the file there."),
        (lambda: os.mkfifo("s/b.csv"),
         "s/b.csv is no regular file: data may be missing. Remove it, or put the file there."),
        (lambda: os.link("s/a.csv", "s/b.csv"), "The legacy side lists one file twice: s/a.csv and s/b.csv;"
         " its rows would count twice. Name it once, or remove the link."),
        (lambda: Path("s/b.csv").symlink_to(Path("s").resolve()),
         "s/b.csv links to a folder that it lies in, so the files below it have no end."),
    ]  # fmt: skip
    for make, said in makes:
        make()
        with pytest.raises(ParityError) as caught:
            found("s")
        assert str(caught.value) == said
        Path("s/b.csv").unlink()
    os.mkfifo("pipe")
    with pytest.raises(ParityError) as caught:
        found("pipe")
    assert str(caught.value) == "pipe is no regular file, so it cannot be read twice. Write it to a file first."
    Path("s/_b").symlink_to("nowhere")
    assert len(found("s").files) == 1


def test_every_change_of_a_side_is_seen(here: Path) -> None:
    plant({"s/a.csv": C, "s/b.csv": C})
    side = found("s")
    side.refuse_changed()
    changes: list[tuple[Any, str]] = [
        (lambda: plant({"s/c.csv": C}), "s/c.csv was added"),
        (lambda: (Path("s/c.csv").unlink(), Path("s/b.csv").rename("b")), "s/b.csv was changed, replaced or removed"),
        (lambda: (Path("b").rename("s/b.csv"), plant({"s/a.csv": b"id\n7\n"})),
         "s/a.csv was changed, replaced or removed"),
    ]  # fmt: skip
    for change, said in changes:
        change()
        with pytest.raises(CouldNotCompare) as caught:
            side.refuse_changed()
        assert caught.value.message == (
            f"{said} while the legacy side was being compared, so what was read is not one state of the data."
        )
        assert caught.value.remedy == "Compare again when nothing writes there."


def test_a_column_that_a_folder_is_named_after_is_not_in_the_files_too(here: Path) -> None:
    plant({"s/Day=1/a.csv": C})
    side = found("s")
    side.refuse_twice(["id", "days"])
    with pytest.raises(ParityError) as caught:
        side.refuse_twice(["id", "DAY"])
    assert str(caught.value) == (
        "The legacy column DAY is in the files and in their folders' names, of which one is read only."
        " Export it once, or compare folder by folder."
    )
