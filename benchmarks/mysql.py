"""MySQL against MySQL: two private servers on this machine, 2,000,000 rows × 17 columns a side.

usage: python benchmarks/mysql.py [--family mariadb|9.7] [--rows N] [--only CASE …] [--limit SECONDS]

Without a family it runs on MariaDB, and then on MySQL 9.7 where ``make truth`` has fetched it.

Each case is a whole process, start included, beside one bare digest query on both servers at once; compare
ratios, not seconds. "CPU s" is what the process and both servers used together; its ratio holds where other
programs disturb the wall's. "right" is whether the counts are those of the planted differences. The servers'
data is made once, in ``.cache``, and what an earlier run planted is undone first.
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
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench_venv import CACHE, prepare

from parity.sql.columns import Column, Kind
from parity.sql.mysql import MySQL
from parity.sql.mysql_packed import BucketRanges, digests
from parity_sandbox.mysql.server import Server

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from mysql_servers import CLASSES, MARIADB, MYSQL, MySQLServer
from truth.engines import CACHE as ENGINES

TABLE = """CREATE TABLE payments (id BIGINT NOT NULL PRIMARY KEY, payment_id CHAR(36) NOT NULL,
merchant_id BIGINT NOT NULL, customer_id BIGINT, amount DECIMAL(18,2),
fee DECIMAL(18,6), fx DOUBLE, score DOUBLE,
currency CHAR(3), country VARCHAR(2), status VARCHAR(20), descr VARCHAR(200), ref VARCHAR(60), created DATETIME(6),
updated TIMESTAMP(6) NULL, bdate DATE, active TINYINT(1));
"""
ROWS = """INSERT INTO payments SELECT seq * 3, CONCAT(LEFT(SHA2(seq, 224), 32), '-abc'), seq % 5000,
 IF(seq % 10 = 0, NULL, seq % 100000),
(seq * 7919 % 10000000) / 100,
(seq * 104729 % 100000000) / 1000000, 1 + RAND(seq) * 0.5, RAND(seq + 1) * 1e6,
ELT(1 + seq % 4, 'EUR', 'USD', 'GBP', 'JPY'), ELT(1 + seq % 3, 'DE', 'FR', 'US'),
ELT(1 + seq % 5, 'settled', 'pending', 'failed', 'refunded', 'chargeback'),
CONCAT('Payment ', seq, ' of order ', seq * 13),
IF(seq % 7 = 0, NULL, CONCAT('REF', seq)),
'2026-01-01' + INTERVAL seq SECOND,
'2026-01-01' + INTERVAL seq * 2 SECOND,
'2026-01-01' + INTERVAL seq % 365 DAY, seq % 2 FROM seq_1_to_{rows};
ANALYZE TABLE payments;
"""
UNDO = "UPDATE payments SET amount = (id DIV 3 * 7919 % 10000000) / 100 WHERE id % {step} = 0;\n"
PLANT = "UPDATE payments SET amount = amount + 1 WHERE id % {step} = 0;\n"
KINDS = [Kind.INTEGER, Kind.TEXT, Kind.INTEGER, Kind.INTEGER, Kind.DECIMAL, Kind.DECIMAL, Kind.FLOAT, Kind.FLOAT]
KINDS += [Kind.TEXT] * 5 + [Kind.TIMESTAMP, Kind.TIMESTAMP, Kind.DATE, Kind.INTEGER]
NAMES = "id payment_id merchant_id customer_id amount fee fx score currency country status descr ref "
NAMES += "created updated bdate active"
SMALL = 500
FEW, SCATTERED = 10, 2_000


@dataclass(frozen=True)
class Measured:
    """What one case needed, and what it found: None where it was stopped, or does not report it."""

    seconds: float | None
    cpu: float
    """Of the process and of both servers, in seconds."""
    peak: float = 0.0
    different: int | None = None
    fetched: int | None = None


@dataclass(frozen=True)
class Bench:
    """Two servers that hold the pair, and what a case may take."""

    legacy: Server
    target: Server
    rows: int
    limit: float

    def bare(self) -> Measured:
        """Take the median of three runs of one digest query on both servers at once."""
        columns = [
            Column(name, kind, nullable=at > 2)
            for at, (name, kind) in enumerate(zip(NAMES.split(), KINDS, strict=True))
        ]
        sql = digests(MySQL(), "payments", columns, columns[:1], BucketRanges(width=384), "")

        def ask(server: Server) -> None:
            with server.root("bench") as connection, connection.cursor() as cursor:
                cursor.execute(sql)
                cursor.fetchall()

        laps, before = [], self._used()
        for _ in range(3):
            began = time.perf_counter()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(ask, (self.legacy, self.target)))
            laps.append(time.perf_counter() - began)
        return Measured(statistics.median(laps), (self._used() - before) / 3)

    def parity(self, *options: str, database: str = "bench") -> Measured:
        """Run the command as a person would."""
        urls = [server.url(database) for server in (self.legacy, self.target)]
        program = str(Path(sys.executable).with_name("parity"))
        text, measured = self._run([program, "mysql", *urls, "--json", "-", *options])
        if measured.seconds is None:
            return measured
        tables = [table for table in json.loads(text)["tables"] if table["verdict"] != "INVALID"]
        different = sum(t["rows"][kind] for t in tables for kind in ("changed", "missing", "extra"))
        fetched = sum(t["extra"]["mysql"]["rows_fetched"] for t in tables)
        return replace(measured, different=different, fetched=fetched)

    def reladiff(self) -> Measured:
        """Run the peer with as many threads as there are servers, over all columns."""
        sides = [(server.url("bench"), "payments") for server in (self.legacy, self.target)]
        command = [str(prepare() / "reladiff"), *(word for side in sides for word in side)]
        text, measured = self._run([*command, "-k", "id", "-c", "%", "-j", "2", "--json"])
        if measured.seconds is None:
            return measured
        # It prints a changed row as one line of each side; a row's other lines are the terminal's wrapping.
        return replace(measured, different=sum(line.startswith('["-"') for line in text.split("\n")))

    def plant(self, rows: int) -> None:
        """Let exactly so many rows of the target differ from the legacy ones."""
        self.target.run(UNDO.format(step=3 * self.rows // SCATTERED), "bench")
        self.target.run(PLANT.format(step=3 * self.rows // rows), "bench")

    def _run(self, command: list[str]) -> tuple[str, Measured]:
        """Run a command once, stopping it at the limit; the peak is the kernel's own figure."""
        started, before = time.perf_counter(), self._used()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            stop = threading.Timer(self.limit, process.kill)
            stop.start()
            text = process.stdout.read() if process.stdout else ""
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            stop.cancel()
        seconds = time.perf_counter() - started
        cpu = usage.ru_utime + usage.ru_stime + self._used() - before
        answered = process.returncode in (0, 1) and bool(text.strip())
        return text, Measured(seconds if answered else None, cpu, usage.ru_maxrss / 1024)

    def _used(self) -> float:
        """Return the CPU seconds that both servers have used so far."""
        return sum(_cpu(server.pid) for server in (self.legacy, self.target))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Case:
    """One line of the table; ``differ`` is how many rows are planted for it."""

    title: str
    run: Callable[[Bench], Measured]
    differ: int | None = None


CASES = {
    "bare": Case("one bare digest query, both at once", Bench.bare),
    "few": Case("parity mysql, 10 rows differ", Bench.parity, FEW),
    "few-reladiff": Case("reladiff, 10 rows differ", Bench.reladiff, FEW),
    "scattered": Case("parity mysql, 2,000 rows differ", Bench.parity, SCATTERED),
    "streamed": Case("  all rows streamed", lambda bench: bench.parity("--strategy", "stream"), SCATTERED),
    "scattered-reladiff": Case("reladiff, 2,000 rows differ", Bench.reladiff, SCATTERED),
    "small": Case("parity mysql, 500 tables of 100 rows", lambda bench: bench.parity(database="small")),
}


def seed(server: Server, rows: int) -> None:
    """Create and fill the large table, and the small ones."""
    server.run("".join(f"DROP DATABASE IF EXISTS {one};\nCREATE DATABASE {one};\n" for one in ("bench", "small")))
    if isinstance(server, MySQLServer):  # reladiff asks for MD5(), which MySQL has in a component only
        server.run("INSTALL COMPONENT 'file://component_classic_hashing'")
    server.run(TABLE + ROWS.format(rows=rows), "bench")
    server.run(
        "".join(
            f"CREATE TABLE t{n} (id INT PRIMARY KEY, memo VARCHAR(40));\n"
            f"INSERT INTO t{n} SELECT seq, CONCAT('memo ', seq) FROM seq_1_to_100;\n"
            for n in range(SMALL)
        ),
        "small",
    )


def open_pair(rows: int, family: str) -> tuple[Server, Server]:
    """Start both servers over their prepared data; make the data when it is not whole."""
    folder = CACHE / f"mysql-{'' if family == MARIADB else '9.7-'}{rows}"
    kinds = zip(CLASSES[family], ("legacy", "target"), strict=True)
    legacy, target = (kind(folder / side, buffer="1G") for kind, side in kinds)
    for server in (legacy, target):
        server.install()
        server.start()
    made = folder / "made"
    if not made.exists():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda server: seed(server, rows), (legacy, target)))
        made.touch()
    return legacy, target


def shown(case: Case, measured: Measured, bench: Bench, bare: Measured | None) -> str:
    """Return a line of the table."""
    seconds, against, spent = f"{'stopped':>8}", f"{'':8}", f"{measured.cpu:8.1f}{'':8}"
    if measured.seconds is not None:
        seconds = f"{measured.seconds:8.2f}"
        against = f"{measured.seconds / bare.seconds:8.2f}" if bare and bare.seconds else against
        spent = f"{measured.cpu:8.1f}{measured.cpu / bare.cpu:8.2f}" if bare else spent
    peak = f"{measured.peak:10,.0f}" if measured.peak else f"{'':10}"
    fetched = "" if measured.fetched is None else f"{measured.fetched / (2 * bench.rows):.4%}"
    right = "" if measured.different is None else _right(case.differ or 0, measured.different)
    return f"{case.title:40}{seconds}{against}{spent}{peak}{fetched:>12}  {right}".rstrip()


def _right(planted: int, found: int) -> str:
    return "yes" if planted == found else f"no ({found:,} of {planted:,})"


def main() -> None:
    """Print the table of each family that there is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=(MARIADB, MYSQL))
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--limit", type=float, default=300.0, help="Seconds after which a case is stopped.")
    options: Any = parser.parse_args()
    there = (MARIADB, MYSQL) if (ENGINES / "sid" / ".ready").exists() else (MARIADB,)
    for family in (options.family,) if options.family else there:
        measure(options, family)


def measure(options: Any, family: str) -> None:
    """Prepare the pair and print its table."""
    pair = open_pair(options.rows, family)
    bench, bare = Bench(*pair, options.rows, options.limit), None
    try:
        machine = f"{os.cpu_count()} cores; stopped after {options.limit:.0f} s"
        product = "MariaDB" if family == MARIADB else f"MySQL {family}"
        print(f"\n{product}: {options.rows:,} rows a side, 17 columns; {machine}")
        print(
            f"{'':40}{'wall s':>8}{'× bare':>8}{'CPU s':>8}{'× bare':>8}{'peak MiB':>10}{'fetched':>12}  right",
            flush=True,
        )
        for name in options.only:
            case = CASES[name]
            if case.differ:
                bench.plant(case.differ)
            measured = case.run(bench)
            bare = measured if name == "bare" else bare
            print(shown(case, measured, bench, bare), flush=True)
    finally:
        for server in pair:
            server.stop()


if __name__ == "__main__":
    main()
