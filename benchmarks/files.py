"""``parity compare`` beside its peers on one generated pair: wall time, ratio to a bare scan, memory, truth.

usage: python benchmarks/files.py [--rows N …] [--repeat 3]

Every tool runs as a whole process of its own, start included; the median of the repetitions counts, and the
peak is the kernel's own figure. "right" tells whether the counts are those that the generator knows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from bench_venv import BIN, CACHE, ROOT, prepare
from pair import KEY

PEERS = BIN / "python"
PARITY = str(Path(sys.executable).with_name("parity"))
LIMIT = 1_200.0
"""Seconds after which a tool is stopped."""


@dataclass(frozen=True)
class Entry:
    """One line of the table: a name, its command, and the largest pair it is asked to do."""

    name: str
    command: tuple[str, ...]
    most: int = 10**9
    clean: bool = False


@dataclass(frozen=True)
class Measured:
    """What one tool needed: seconds (None: it did not finish), peak in MiB, and its counts."""

    seconds: float | None
    peak: float
    counts: dict[str, int]


def entries(folder: Path, clean: Path) -> list[Entry]:
    """Return the tools in the order of the table."""

    def parity(at: Path, *options: str) -> tuple[str, ...]:
        sides = str(at / "legacy.parquet"), str(at / "target.parquet")
        return (PARITY, "compare", *sides, "--key", KEY, "--json", "-", *options)

    def peer(tool: str, *memory: str) -> tuple[str, ...]:
        return (str(PEERS), str(ROOT / "benchmarks" / "peers.py"), tool, str(folder), *memory)

    return [
        Entry("DuckDB, bare scan of both files", peer("duckdb_scan")),
        Entry("parity compare", parity(folder)),
        Entry("parity compare, --memory 1GB", parity(folder, "--memory", "1GB")),
        Entry("parity compare, equal pair", parity(clean), clean=True),
        Entry("DuckDB full join by hand", peer("duckdb_join")),
        Entry("DuckDB full join by hand, 1 GB", peer("duckdb_join", "1GB")),
        Entry("polars full join, streaming", peer("polars_join")),
        Entry("datacompy on polars", peer("datacompy_polars"), most=2_000_000),
        Entry("datacompy on pandas", peer("datacompy_pandas"), most=2_000_000),
    ]


def measure(command: tuple[str, ...]) -> Measured:
    """Run a command once; exit statuses 0 and 1 are answers, anything else and a time-out are failures."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        stop = threading.Timer(LIMIT, process.kill)
        stop.start()
        text = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        stop.cancel()
    seconds = time.perf_counter() - started
    answered = process.returncode in (0, 1) and bool(text.strip())
    return Measured(seconds if answered else None, usage.ru_maxrss / 1024, _counts(text) if answered else {})


def _counts(text: str) -> dict[str, int]:
    """Read a tool's counts: a peer's own, or those in Parity's result."""
    data = json.loads(text)
    if "verdict" not in data:
        return {name: int(n) for name, n in data.items()}
    counts = {name: data["rows"][name] for name in ("missing", "extra", "changed")}
    return counts | {column["name"]: column["different"] for column in data["columns"] if column["name"] != KEY}


def _right(counts: dict[str, int], truth: dict[str, int]) -> str:
    if not counts:
        return "–"
    wrong = [name for name, n in truth.items() if counts.get(name) != n]
    return "yes" if not wrong else f"no ({', '.join(wrong[:3])})"


def _make(folder: Path, rows: int, *kind: str) -> dict[str, int]:
    """Generate a pair in another process: what this one ever held would count in the peak of those it starts."""
    command = [sys.executable, str(ROOT / "benchmarks" / "pair.py"), str(folder), str(rows), *kind]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def bench(rows: int, repeat: int) -> None:
    """Print the table for pairs of so many rows."""
    folder, clean = CACHE / f"pair-{rows}", CACHE / f"pair-{rows}-equal"
    truth, equal = _make(folder, rows), _make(clean, rows, "clean")
    print(f"\n{rows:,} rows a side, 17 columns, 10 kinds of defects; {os.cpu_count()} cores; median of {repeat}")
    print(f"{'':34}{'wall s':>8}{'× scan':>8}{'peak MiB':>10}  right")
    scan = 0.0
    for entry in entries(folder, clean):
        if rows > entry.most:
            print(f"{entry.name:34}{'not run: does not fit in memory':>26}")
            continue
        runs = [measure(entry.command) for _ in range(repeat)]
        done = [one.seconds for one in runs if one.seconds is not None]
        seconds = statistics.median(done) if done else None
        scan = scan or (seconds or 0.0)
        shown = f"{seconds:8.2f}{seconds / scan:8.1f}" if seconds else f"{'failed':>16}"
        right = _right(runs[-1].counts, equal if entry.clean else truth)
        print(f"{entry.name:34}{shown}{max(one.peak for one in runs):10,.0f}  {right}", flush=True)


def main() -> None:
    """Prepare the peers' own environment once, and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    prepare()
    for rows in options.rows:
        bench(rows, options.repeat if rows <= 2_000_000 else 1)


if __name__ == "__main__":
    main()
