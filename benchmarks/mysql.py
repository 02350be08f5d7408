"""MySQL against MySQL: two private servers on this machine, 2,000,000 rows × 17 columns a side.

usage: python benchmarks/mysql.py [ROWS]
Prints each case beside one bare digest query on both servers at once; compare ratios, not seconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from parity.sql.columns import Column, Kind
from parity.sql.mariadb import MariaDB
from parity.sql.mysql_packed import Buckets, digests
from parity_sandbox.mysql.server import Server

TABLE = """CREATE TABLE payments (id BIGINT NOT NULL PRIMARY KEY, payment_id CHAR(36) NOT NULL,
merchant_id BIGINT NOT NULL, customer_id BIGINT, amount DECIMAL(18,2),
fee DECIMAL(18,6), fx DOUBLE, score DOUBLE,
currency CHAR(3), country VARCHAR(2), status VARCHAR(20), descr VARCHAR(200), ref VARCHAR(60), created DATETIME(6),
updated TIMESTAMP(6) NULL, bdate DATE, active TINYINT(1));
"""
ROWS = """INSERT INTO payments SELECT seq * 3, CONCAT(MD5(seq), '-abc'), seq % 5000,
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
KINDS = [Kind.INTEGER, Kind.TEXT, Kind.INTEGER, Kind.INTEGER, Kind.DECIMAL, Kind.DECIMAL, Kind.FLOAT, Kind.FLOAT]
KINDS += [Kind.TEXT] * 5 + [Kind.TIMESTAMP, Kind.TIMESTAMP, Kind.DATE, Kind.INTEGER]
NAMES = "id payment_id merchant_id customer_id amount fee fx score currency country status descr ref "
NAMES += "created updated bdate active"


def main() -> None:
    """Seed both servers and time every case."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory(prefix="parity-bench-") as folder:
        pair = [Server(Path(folder) / side, buffer="1G") for side in ("legacy", "target")]
        try:
            for server in pair:
                server.install()
                server.start()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda server: seed(server, rows), pair))
            print(json.dumps({"case": "bare digest query, both at once", "seconds": bare(pair)}))
            pair[1].run(f"UPDATE payments SET amount = amount + 1 WHERE id % {rows * 3 // 10} = 0;\n", "bench")
            print(json.dumps({"case": "10 rows differ"} | parity(pair)))
            pair[1].run("UPDATE payments SET amount = amount + 1 WHERE id % 3000 = 0;\n", "bench")
            print(json.dumps({"case": "2,000 rows differ, digests"} | parity(pair, "--way", "digest")))
            print(json.dumps({"case": "2,000 rows differ, streamed"} | parity(pair, "--way", "stream")))
            print(json.dumps({"case": "500 small tables"} | small_tables(pair)))
        finally:
            for server in pair:
                server.stop()


def seed(server: Server, rows: int) -> None:
    """Create and fill the table."""
    server.run("CREATE DATABASE bench;\nCREATE DATABASE small;\n")
    server.run(TABLE + ROWS.format(rows=rows), "bench")


def bare(pair: list[Server]) -> float:
    """Return the median of three runs of one digest query on both servers at once, in seconds."""
    columns = [
        Column(name, kind, nullable=at > 2)
        for at, (name, kind) in enumerate(zip(NAMES.split(), KINDS, strict=True))
    ]
    sql = digests(MariaDB(), "payments", columns, columns[:1], Buckets(width=384), "")

    def ask(server: Server) -> None:
        with server.root("bench") as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()

    laps = []
    for _ in range(3):
        began = time.perf_counter()
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(ask, pair))
        laps.append(time.perf_counter() - began)
    return round(sorted(laps)[1], 2)


def parity(pair: list[Server], *options: str, database: str = "bench") -> dict[str, object]:
    """Run the command as a person would, and return what matters of its result."""
    command = [
        str(Path(sys.executable).with_name("parity")),
        "mysql",
        *(s.url(database) for s in pair),
        "--json",
        "-",
    ]
    began = time.perf_counter()
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    seconds = round(time.perf_counter() - began, 2)
    found = json.loads(done.stdout)
    rows = found["tables"][0]["rows"]
    facts = found["tables"][0]["extra"]["mysql"]
    return {
        "seconds": seconds,
        "peak_mib": found["peak_mib"],
        "verdict": found["verdict"],
        "changed": rows["changed"],
        "fetched": facts["rows_fetched"],
        "looked_at": facts["rows_looked_at"],
    }


def small_tables(pair: list[Server]) -> dict[str, object]:
    """Compare 500 tables of 100 rows."""
    script = "".join(
        f"CREATE TABLE t{n} (id INT PRIMARY KEY, memo VARCHAR(40));\n"
        f"INSERT INTO t{n} SELECT seq, CONCAT('memo ', seq) FROM seq_1_to_100;\n"
        for n in range(500)
    )
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda server: server.run(script, "small"), pair))
    return parity(pair, database="small")


if __name__ == "__main__":
    main()
