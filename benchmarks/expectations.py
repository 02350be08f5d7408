"""What Great Expectations costs over DuckDB: seconds per expectation and peak memory, by rows.

usage: python benchmarks/expectations.py [ROWS …]   (default: 1000000 10000000)
Each size runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

from parity.clients.artefacts import Artefacts
from parity.compare.result import Canary, ColumnFacts, Result, Rows, Verdict
from parity.expectations.validation import ValidationRun, validate
from parity.suite.models import Activity, Expectations, LegacySource, TargetSource

EXPECTED: tuple[dict[str, dict[str, object]], ...] = (
    {"ExpectColumnValuesToNotBeNull": {"column": "payment_id"}},
    {"ExpectColumnValuesToBeUnique": {"column": "payment_id"}},
    {"ExpectColumnValuesToMatchRegex": {"column": "currency", "regex": "^[A-Z]{3}$"}},
    {"ExpectColumnValuesToBeInSet": {"column": "country", "value_set": ["GB", "NO", "DE", "FR", "US"]}},
    {"ExpectColumnValuesToBeBetween": {"column": "amount", "min_value": 0, "max_value": 1000000}},
    {"ExpectColumnSumToBeBetween": {"column": "amount", "min_value": 0}},
    {"ExpectTableRowCountToBeBetween": {"min_value": 1}},
    {"ExpectCompoundColumnsToBeUnique": {"column_list": ["payment_id", "country"]}},
)
GENERATE = """
copy (select
  'PAY-' || lpad((i * 7919 % {rows})::varchar, 32, '0') as payment_id,
  (i * 37 % 1000000)::decimal(18, 2) / 100 as amount,
  ['GBP', 'NOK', 'EUR', 'USD'][1 + i % 4] as currency,
  ['GB', 'NO', 'DE', 'FR', 'US'][1 + i % 5] as country,
  timestamp '2026-03-02' + interval (i % 86400) second as settled_at,
  md5(i::varchar) as note, i as sequence, i % 97 as vendor_id, i % 2 = 0 as flag
from range({rows}) t(i)) to '{path}' (format parquet)
"""


def generate(rows: int, path: Path) -> None:
    """Write ``rows`` payments."""
    import duckdb

    with duckdb.connect(config={"memory_limit": "1GB", "temp_directory": str(path.parent)}) as connection:
        connection.execute(GENERATE.format(rows=rows, path=path))


def measure(path: Path, rows: int) -> None:
    """Validate both sides, and print one line."""
    began = time.monotonic()
    import great_expectations  # noqa: F401 - its import is paid once, and told apart

    imported = time.monotonic() - began
    activity = Activity(
        name="settle",
        legacy=LegacySource(sql="settle.sql"),
        target=TargetSource(table="payments.settled"),
        expect=Expectations(both=EXPECTED),
    )
    columns = tuple(ColumnFacts(f"c{i}", rows, 0) for i in range(9))
    result = Result(Verdict.PASS, "", Rows(rows, rows, rows), columns, coverage=1.0, canary=Canary(9, 9))
    occasion = ValidationRun("bench", date(2026, 3, 2), "bench")
    with tempfile.TemporaryDirectory() as store:
        found = validate(activity, [path], [path], result, occasion=occasion, store=Artefacts.on_disk(Path(store)))
    asked = 2 * len(EXPECTED)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{rows:>12,} rows a side  {asked} expectations {found.seconds:7.1f} s"
        f"  ({found.seconds / asked:5.2f} s each)  import {imported:4.1f} s  peak {peak:6,.0f} MiB"
        f"  {found.verdict}",
        flush=True,
    )


def main() -> None:
    """Measure each size in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[1_000_000, 10_000_000])
    fresh = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        for rows in parser.parse_args().rows:
            path = Path(folder) / f"{rows}.parquet"
            for work in (
                fresh.Process(target=generate, args=(rows, path)),
                fresh.Process(target=measure, args=(path, rows)),
            ):
                work.start()
                work.join()


if __name__ == "__main__":
    main()
