"""How the next span is looked at, after what the last one showed."""

from __future__ import annotations

import pytest

from parity.sql.mysql_packed import ROWS
from parity.tablediff.rows.chunk_diff import FINEST, ChunkFacts, StrategyChooser


@pytest.mark.parametrize(("unequal", "bucket"), [(0, ROWS), (1, ROWS), (100, 39), (50_000, FINEST)])
def test_the_more_rows_differ_the_fewer_share_a_bucket(unequal: int, bucket: int) -> None:
    way = StrategyChooser()
    way.learn(ChunkFacts(100_000, 100_000, unequal=unequal), 1.0)
    assert way.bucket == bucket


def test_a_table_most_of_whose_rows_differ_is_streamed() -> None:
    way = StrategyChooser()
    way.learn(ChunkFacts(1_000, 1_000, looked_at=1_900, unequal=900), 1.0)
    assert way.choose(5_000)
