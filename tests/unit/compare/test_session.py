"""Two works at once over one private DuckDB: the same tables, the first error, and nothing left running."""

from __future__ import annotations

import time
from pathlib import Path

import duckdb
import pytest

import parity.compare
from parity.compare.session import DuckSession, batches, ident, literal, session
from parity.compare.spec import Spec
from parity.errors import BadInput, CouldNotCompare, ExportRefused
from unit.compare.conftest import Compare

QUOTED = "it's"
_ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


def _fail(here: DuckSession) -> int:
    return int(here.one("SELECT error('the disk is gone')"))


def _last_for_ever(here: DuckSession) -> int:
    return int(here.one(_ENDLESS))


def test_what_the_room_offers_is_there_and_no_mask_can_be_guessed() -> None:
    assert set(parity.compare.__all__) <= set(vars(parity.compare))
    assert len({Spec().mask_key, Spec().mask_key}) == 2
    assert len(Spec().mask_key) == 32
    assert "mask_key" not in repr(Spec())


def test_scratch_is_made_with_its_parents_and_removed(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path / "some" / "where")) as opened:
        assert opened.scratch.parent == tmp_path / "some" / "where"
    assert list((tmp_path / "some" / "where").iterdir()) == []


def test_a_session_that_has_ended_holds_nothing_and_one_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        assert opened.one("SELECT 7") == 7
    with pytest.raises(CouldNotCompare, match="closed"):
        opened.one("SELECT 7")
    with pytest.raises(BadInput, match="must have a number"), session(Spec(scratch=tmp_path, memory="much")):
        pass


def test_the_seconds_of_a_comparison_are_those_that_it_took(comparing: Compare) -> None:
    started = time.perf_counter()
    result = comparing("SELECT 1 AS id", "SELECT 1 AS id")
    assert 0 < result.seconds <= time.perf_counter() - started + 0.001


def test_scratch_that_is_gone_already_is_no_error(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        opened.scratch.rmdir()


def test_both_works_see_the_tables_and_what_they_make_stays(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        opened.run("CREATE TABLE numbers AS SELECT * FROM range(10)")
        counted = opened.both(
            lambda here: here.run("CREATE TABLE low AS SELECT * FROM numbers WHERE range < 4"),
            lambda here: here.one("SELECT current_setting('TimeZone')"),
        )
        assert counted == (4, "UTC")
        assert opened.one("SELECT count(*) FROM low") == 4


@pytest.mark.parametrize("works", [(_fail, _last_for_ever), (_last_for_ever, _fail)])
def test_the_first_error_ends_the_other_work_and_is_told(tmp_path: Path, works: tuple[object, object]) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        with pytest.raises(CouldNotCompare, match="the disk is gone"):
            opened.both(*works)  # type: ignore[arg-type]
        assert opened.one("SELECT 1") == 1


def test_what_duckdb_cannot_do_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CouldNotCompare, match="no such luck"), session(Spec(scratch=tmp_path)):
        raise duckdb.IOException("no such luck")


def test_a_stopped_session_refuses_its_next_statement(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        opened.stop()
        with pytest.raises(KeyboardInterrupt):
            opened.one("SELECT 1")


def test_no_moment_is_too_early_or_too_late_to_end_the_other_work(tmp_path: Path) -> None:
    for steps in range(60):

        def begin_late(here: DuckSession, steps: int = steps) -> int:
            for _ in range(steps):
                here.one("SELECT 1")
            return _last_for_ever(here)

        with session(Spec(scratch=tmp_path)) as opened, pytest.raises(CouldNotCompare, match="the disk is gone"):
            opened.both(_fail, begin_late)


def test_a_statement_gives_what_it_wrote_or_read(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        assert opened.run("CREATE TABLE t AS SELECT 7 AS a, 'x' AS b FROM range(3)") == 3
        assert [opened.run(sql) for sql in ("CREATE TABLE u (a INT)", "SELECT 'x'", "SELECT 5, 6", "FROM u")] == [
            0,
            0,
            5,
            0,
        ]
        assert (opened.rows("SELECT a, b FROM t LIMIT 1"), opened.row("SELECT 1, 2"), opened.one("SELECT 4")) == (
            [(7, "x")],
            (1, 2),
            4,
        )
        assert [(name, str(kind)) for name, kind in opened.describe("SELECT b, a FROM t")] == [
            ("b", "VARCHAR"),
            ("a", "INTEGER"),
        ]
        opened.drop("t", "gone", "u")
        assert opened.rows("SELECT table_name FROM duckdb_tables()") == []
        assert opened.row(f"SELECT {literal(None)}, {literal(QUOTED)}") == (None, QUOTED)
        assert opened.one(f'SELECT {ident(chr(34))} FROM (SELECT 7 AS """")') == 7


def test_the_limits_of_a_session_are_those_of_its_spec(tmp_path: Path) -> None:
    settings = ("memory_limit", "temp_directory", "preserve_insertion_order", "autoinstall_known_extensions")
    query = ", ".join(
        f"current_setting('{name}')" for name in (*settings, "disabled_optimizers", "threads", "TimeZone")
    )
    with session(Spec(scratch=tmp_path, memory="512MiB", threads=3)) as opened:
        scratch = str(opened.scratch)
        assert opened.row(f"SELECT {query}") == (
            "512.0 MiB",
            scratch,
            False,
            False,
            "statistics_propagation",
            3,
            "UTC",
        )
        assert opened.scratch.name.startswith("parity-")
        opened.use_wide_planning()
        wide = opened.one("SELECT current_setting('disabled_optimizers')")
        assert sorted(wide.split(",")) == ["common_subexpressions", "statistics_propagation"]
    assert not opened.scratch.exists()


def test_an_error_names_a_file_as_people_do_and_half_a_character_is_refused(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path)) as opened:
        link = str(opened.scratch / "files" / "7")
        opened.names[link] = "orders.parquet"
        for here in (opened, *opened.both(lambda one: one, lambda one: one)):
            if here is opened:
                with pytest.raises(ExportRefused, match=r"orders\.parquet"):
                    here.rows(f"FROM read_parquet('{link}')")
                with pytest.raises(ExportRefused, match=r"files/8"):
                    here.rows(f"FROM read_parquet('{opened.scratch}/files/8')")
            assert here.names is opened.names
            assert here.scratch == opened.scratch
        with pytest.raises(BadInput) as caught:
            opened.rows(f"SELECT '{'x' * 30}\udc80abc'")
    assert caught.value.message == f"A name or a text is not Unicode: …'{'x' * 20}\\udc80'."
    assert caught.value.remedy == "Write it in UTF-8."


def test_batches_are_cut_in_order() -> None:
    assert [[*one] for one in batches(range(5), 2)] == [[0, 1], [2, 3], [4]]
    assert batches([], 2) == []
