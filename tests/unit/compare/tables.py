"""Tables of every type, for tests that make them up."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from parity.compare import Source

_FILES = itertools.count()
_TEXT = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", " ", "a", "A", "a ", "\0", "é", "NULL"]
)

TYPES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "tiny": (pa.int8(), st.integers(-(2**7), 2**7 - 1)),
    "unsigned": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "big": (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3)),
    "money": (pa.decimal128(18, 2), st.decimals(-(10**15), 10**15, places=2)),
    "wide": (
        pa.decimal128(38, 10),
        st.decimals(-(10**27), 10**27, places=10) | st.sampled_from([Decimal(2**64), Decimal(1)]),
    ),
    "single": (pa.float32(), st.floats(width=32)),
    "double": (pa.float64(), st.floats() | st.sampled_from([0.0, -0.0, float("nan"), float("inf")])),
    "flag": (pa.bool_(), st.booleans()),
    "words": (pa.string(), _TEXT),
    "bytes": (pa.binary(), st.binary(max_size=5)),
    "day": (pa.date32(), st.dates(dt.date(1, 1, 1), dt.date(9999, 12, 31))),
    "clock": (pa.time64("us"), st.times()),
    "moment": (pa.timestamp("us"), st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31))),  # noqa: DTZ001
    "instant": (
        pa.timestamp("us", tz="UTC"),
        st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001
    ),
    "numbers": (pa.list_(pa.int32()), st.lists(st.none() | st.integers(-3, 3), max_size=3)),
    "texts": (pa.list_(pa.string()), st.lists(st.none() | _TEXT, max_size=2)),
    "pair": (
        pa.struct([("a", pa.int32()), ("b", pa.string())]),
        st.fixed_dictionaries({"a": st.none() | st.integers(-2, 2), "b": st.none() | _TEXT}),
    ),
}
"""Arrow type and values of a column, by its name."""


def write(folder: Path, rows: list[dict[str, Any]], names: list[str], **options: Any) -> Source:
    """Write rows as one Parquet file and return it as a source."""
    schema = pa.schema([(name, TYPES[name.split("_")[0]][0]) for name in names])
    path = folder / f"{next(_FILES)}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path, **options)
    return Source.of(path)
