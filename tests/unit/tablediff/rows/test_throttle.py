"""Chunks as long as a query may take, pauses while a server is busy, rows per second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fake_clock import FakeClock
from parity.errors import DeadlineExceeded
from parity.suite.databases import ThrottleLimits
from parity.tablediff.mysql.server import ServerLoad
from parity.tablediff.rows.throttle import MIN_ROWS, ChunkSizer, Throttle


def limits(**given: object) -> ThrottleLimits:
    return ThrottleLimits.model_validate(given)


def test_a_span_that_took_too_long_is_followed_by_a_smaller_one_and_a_quick_one_by_a_larger() -> None:
    sizer = ChunkSizer(limits(first=100_000, chunk="2s"))
    sizer.learn(100_000, 4.0)
    assert sizer.next(streamed=False) == 50_000
    sizer.learn(50_000, 0.001)
    assert sizer.next(streamed=False) == 200_000


def test_a_time_out_halves_the_span_until_nothing_is_left_to_halve() -> None:
    sizer = ChunkSizer(limits(first=4 * MIN_ROWS))
    assert [sizer.shrink() for _ in range(3)] == [True, True, False]
    assert sizer.rows == MIN_ROWS


def test_a_limited_rate_is_no_burst_and_a_long_pause() -> None:
    sizer = ChunkSizer(limits(first=100_000, chunk="2s", rows_per_second=5_000))
    assert sizer.next(streamed=False) == 10_000


def looks(*loads: tuple[ServerLoad, ServerLoad]) -> Iterator[tuple[ServerLoad, ServerLoad]]:
    return iter(loads)


@pytest.mark.parametrize(
    "busy",
    [
        (ServerLoad(9), ServerLoad()),
        (ServerLoad(), ServerLoad(9)),
        (ServerLoad(1, lag=31.0), ServerLoad()),
        (ServerLoad(), ServerLoad(1, lag=31.0)),
    ],
)
def test_it_pauses_while_either_server_is_busy_or_its_replica_is_behind(
    busy: tuple[ServerLoad, ServerLoad],
) -> None:
    clock = FakeClock()
    seen = looks(busy, busy, (ServerLoad(1, lag=30.0), ServerLoad(8)))
    Throttle(limits(threads_running=8, replica_lag="30s"), clock).wait(lambda: next(seen))
    assert clock.slept == [1.0, 1.0]


def test_a_server_that_stays_busy_ends_the_patience_with_the_reason() -> None:
    throttle = Throttle(limits(threads_running=8, patience="3s"), FakeClock())
    with pytest.raises(DeadlineExceeded, match="9 threads are running, the limit is 8"):
        throttle.wait(lambda: (ServerLoad(9), ServerLoad()))


def test_without_limits_nobody_looks() -> None:
    Throttle(limits(), FakeClock()).wait(lambda: pytest.fail("it looked"))


def test_rows_read_too_quickly_are_paid_for_before_the_next_chunk() -> None:
    clock = FakeClock()
    throttle = Throttle(limits(rows_per_second=1000), clock)
    throttle.record(3000, 1.0)
    throttle.wait(lambda: (ServerLoad(), ServerLoad()))
    assert clock.slept == [2.0]


def test_what_two_threads_read_is_paid_for_together() -> None:
    clock = FakeClock()
    throttle = Throttle(limits(rows_per_second=1000), clock)
    throttle.record(3000, 1.0)
    throttle.record(3000, 1.0)
    throttle.wait(lambda: (ServerLoad(), ServerLoad()))
    assert clock.slept == [5.0]


def test_rows_read_slowly_owe_nothing() -> None:
    clock = FakeClock()
    throttle = Throttle(limits(rows_per_second=1000), clock)
    throttle.record(1000, 5.0)
    throttle.wait(lambda: (ServerLoad(), ServerLoad()))
    assert clock.slept == []
