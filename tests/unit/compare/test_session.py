"""Two works at once over one private DuckDB: the same tables, the first error, and nothing left running."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import parity.compare
from parity.compare.session import DuckSession, session
from parity.compare.spec import Spec
from parity.errors import CouldNotCompare

_ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


def _fail(here: DuckSession) -> int:
    return int(here.one("SELECT error('the disk is gone')"))


def _last_for_ever(here: DuckSession) -> int:
    return int(here.one(_ENDLESS))


def test_what_the_room_offers_is_there_and_no_mask_can_be_guessed() -> None:
    assert set(parity.compare.__all__) <= set(vars(parity.compare))
    assert len({Spec().mask_key, Spec().mask_key}) == 2
    assert len(Spec().mask_key) == 32


def test_scratch_is_made_with_its_parents_and_removed(tmp_path: Path) -> None:
    with session(Spec(scratch=tmp_path / "some" / "where")) as opened:
        assert opened.scratch.parent == tmp_path / "some" / "where"
    assert list((tmp_path / "some" / "where").iterdir()) == []


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
