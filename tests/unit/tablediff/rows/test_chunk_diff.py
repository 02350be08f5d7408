"""How the next chunk is compared, after what the last one showed."""

from __future__ import annotations

import pytest

from parity.sql.mysql_packed import ROWS
from parity.tablediff.rows.chunk_diff import MIN_BUCKET_ROWS, ChunkFacts, StrategyChooser


@pytest.mark.parametrize(
    ("unequal_buckets", "bucket"), [(0, ROWS), (1, ROWS), (100, 39), (50_000, MIN_BUCKET_ROWS)]
)
def test_the_more_rows_differ_the_fewer_share_a_bucket(unequal_buckets: int, bucket: int) -> None:
    chooser = StrategyChooser()
    chooser.learn(ChunkFacts(100_000, 100_000, unequal_buckets=unequal_buckets), 1.0)
    assert chooser.bucket_rows == bucket


def test_a_table_most_of_whose_rows_differ_is_streamed() -> None:
    chooser = StrategyChooser()
    chooser.learn(ChunkFacts(1_000, 1_000, hashes_fetched=1_900, unequal_buckets=900), 1.0)
    assert chooser.choose_stream(5_000)
