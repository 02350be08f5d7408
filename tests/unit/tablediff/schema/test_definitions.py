"""What a real MySQL 9.7 answered: equal schemas are equal, and every planted difference is found."""

from __future__ import annotations

import mysql97
from parity.tablediff.schema.diff import diff_schema


def test_one_script_on_both_sides_makes_no_difference() -> None:
    assert diff_schema(mysql97.recorded("legacy"), mysql97.recorded("same"), bool) == ()


def test_every_planted_difference_is_found_and_none_is_invented() -> None:
    found = diff_schema(mysql97.recorded("legacy"), mysql97.recorded("target"), bool)
    assert {(d.kind, d.object, d.difference) for d in found} == {*mysql97.PLANTED.values(), *mysql97.FOLLOWING}
