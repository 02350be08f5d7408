"""Wall times that name no single moment are refused, and no others."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from parity.compare.schema.plan import ComparisonPlan, PlannedColumn, RawColumn
from parity.compare.schema.rules import EqualityRule
from parity.compare.schema.zones import refuse_ambiguous_times
from parity.compare.session import session
from parity.compare.spec import Spec
from parity.compare.types import DataType, ValueKind
from parity.errors import CouldNotCompare
from parity.suite.models import ColumnRule

BERLIN = {"legacy_timezone": "Europe/Berlin"}
NANOS = DataType("timestamp_ns", "TIMESTAMP_NS")
MICROS = DataType("timestamp", "TIMESTAMP")
ZONED = DataType("timestamp with time zone", "TIMESTAMPTZ")


def column(rule: dict[str, str], legacy: DataType = MICROS, target: DataType = MICROS) -> PlannedColumn:
    sides = RawColumn("wall", legacy, "«0»"), RawColumn("wall", target, "«0»")
    given = ColumnRule.model_validate(rule)
    return PlannedColumn(0, "at", ValueKind.TIMESTAMP, "TIMESTAMP", 0, given, False, *sides, EqualityRule())


def refused(columns: list[PlannedColumn], legacy: list[str], target: list[str]) -> tuple[str, str] | None:
    """Return message and remedy for wall times of both sides."""
    plan = cast("ComparisonPlan", SimpleNamespace(columns=columns))
    with session(Spec()) as opened:
        for name, times, kind in (("l", legacy, columns[-1].legacy.kind), ("t", target, columns[-1].target.kind)):
            listed = ", ".join(f"('{time}'::{kind.sql})" for time in times) or f"(NULL::{kind.sql})"
            opened.run(f"CREATE TABLE {name} AS SELECT wall FROM (VALUES {listed}, (NULL)) t(wall)")
        try:
            refuse_ambiguous_times(opened, plan, {"legacy": "l", "target": "t"})
        except CouldNotCompare as error:
            return error.message, str(error.remedy)
    return None


CLEAR = ["2026-10-25 01:59:59.999999", "2026-10-25 03:00", "2026-03-29 01:59:59.999999", "2026-03-29 03:00"]
FAR = ["infinity", "-infinity", "1600-01-01", "10000-01-01", "2026-07-01 02:30", "1700-01-01", "9999-12-30"]
TWICE = ["2026-10-25 02:00", "2026-10-25 02:59:59.999999"]
NEVER = ["2026-03-29 02:00", "2026-03-29 02:59:59.999999"]


@pytest.mark.parametrize("time", [*TWICE, *NEVER])
def test_a_time_that_a_zone_has_twice_or_never_is_refused_with_a_remedy(time: str) -> None:
    columns = [column({"target_timezone": "America/New_York"}), column(BERLIN)]
    hour = "an hour that Europe/Berlin has twice or not at all"
    expression = "legacy_sql: timezone('Europe/Berlin', …) in place of legacy_timezone"
    assert refused(columns, [*CLEAR, time, *FAR], []) == (
        f"Column at: 1 time of the legacy side lies in {hour}, and so names no single moment.",
        f"Export it in UTC. {expression} takes the later moment.",
    )


def test_times_are_counted_on_the_side_that_has_them() -> None:
    found = refused([column({"target_timezone": "Europe/Berlin"})], TWICE, [*TWICE, *NEVER, *NEVER])
    assert found
    assert found[0].startswith("Column at: 6 times of the target side lie in an hour that Europe/Berlin has")
    assert "and so name no" in found[0]


@pytest.mark.parametrize(
    ("given", "times"),
    [
        (column(BERLIN), [*CLEAR, *FAR]),
        (column(BERLIN, NANOS), ["2026-03-29 01:59:59.999999999", "2026-10-25 01:59:59.999999999"]),
        (column(BERLIN, ZONED), ["2026-10-25 02:30+02"]),
        (column({}), TWICE),
        # Of one zone, they are compared as they stand.
        (column({**BERLIN, "target_timezone": "Europe/Berlin"}), TWICE),
        (column({**BERLIN, "target_timezone": "Europe/Berlin", "tolerance": "1%"}), TWICE),
    ],
)
def test_times_that_name_one_moment_or_are_not_moved_are_taken(given: PlannedColumn, times: list[str]) -> None:
    assert refused([given], times, []) is None


@pytest.mark.parametrize(
    ("given", "times"),
    [
        (column(BERLIN, NANOS), ["2026-10-25 02:59:59.999999999"]),
        (column({**BERLIN, "target_timezone": "Europe/Berlin", "tolerance": "1s"}), TWICE),
        (column({**BERLIN, "target_timezone": "Europe/Berlin"}, MICROS, ZONED), TWICE),
        (column({"legacy_timezone": "Pacific/Apia"}), ["2011-12-30 12:00"]),
        (column({"legacy_timezone": "Australia/Lord_Howe"}), ["2026-04-05 01:45"]),
    ],
)
def test_times_of_a_change_of_any_length_are_refused(given: PlannedColumn, times: list[str]) -> None:
    assert refused([given], times, []) is not None
