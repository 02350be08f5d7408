"""Asks one Spark with Delta, in that Spark's own Python: starts its JVM, and runs the helper job on Spark Connect.

usage: python -m truth.spark_asker JAVA FOLDER JAR…    prints one JSON object, case by case
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from parity.helper_job import export
from parity_sandbox import processes
from parity_sandbox.spark import jvm
from parity_sandbox.spark.orphans import RunningSpark

GIVEN = {"protocol": export.PROTOCOL, "activity": "refunds", "run_id": "r-1", "business_date": "2026-03-02"}
DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
    "spark.sql.catalog.prod-lake": "org.apache.spark.sql.execution.datasources.v2.jdbc.JDBCTableCatalog",
    "spark.sql.catalog.prod-lake.url": "jdbc:derby:memory:lake;create=true",
    "spark.sql.catalog.prod-lake.driver": "org.apache.derby.iapi.jdbc.AutoloadedDriver",
}
"""Delta's own, and a catalog whose names need quotes: Spark's built-in one allows letters, digits and _ alone."""
COMMITS = 6
"""Versions that another writer commits while a job exports."""


def start(java: str, folder: Path, jars: list[str]) -> tuple[Any, int]:
    """Start the JVM, which dies with this process; return the classic session and the port of Spark Connect."""
    import pyspark
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    for name in ("logs", "run"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    command = jvm.command(Path(java), Path(pyspark.__file__).parent, folder)
    command[command.index("-cp") + 1] += "".join(f":{jar}" for jar in jars)
    settings = [part for item in DELTA.items() for part in ("--conf", "=".join(item))]
    env = {
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(folder / jvm.CONNECTION),
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    with (folder / "logs" / "spark.log").open("ab") as log:
        process = processes.spawn([*command[:-1], *settings, command[-1]], env=env, stdin=-1, stdout=log)
    port, secret = jvm.gateway(process, folder)
    context = SparkContext(gateway=jvm.attach(port, secret))
    context.setLogLevel("OFF")
    session = SparkSession.builder.getOrCreate()
    return session, RunningSpark.of(session).connect.localPort()


class Asker:
    """The cases, over one Spark Connect session."""

    def __init__(self, spark: Any, folder: Path) -> None:
        self.spark = spark
        self.folder = folder

    def job(self, to: str, mode: str = "rows", **request: Any) -> Any:
        """Return the manifest that the helper job writes, or its refusal."""
        given = {"mode": mode, "destination": str(self.folder / to), "request": json.dumps(request)}
        try:
            manifest = export.export(self.spark, export.read_request({**GIVEN, **given}))
        except export.Refused as refusal:
            return str(refusal)
        return {name: manifest[name] for name in ("rows", "schema")} | {"source": manifest["source"]["version"]}

    def make(self) -> None:
        """Make a Delta table of two versions, the second with rows, and a view of it."""
        self.spark.sql("CREATE SCHEMA pay")
        self.spark.sql(
            "CREATE TABLE pay.refunds (id BIGINT, provider STRING, at TIMESTAMP, day DATE) USING DELTA"
            " PARTITIONED BY (day)"
        )
        self.append(10)
        self.spark.sql("CREATE VIEW pay.seen_through AS SELECT * FROM pay.refunds")

    def append(self, rows: int, to: str = "pay.refunds") -> None:
        """Commit a version with so many rows more."""
        self.spark.sql(
            f"INSERT INTO {to} SELECT id, 'p', TIMESTAMP'2026-03-02 01:02:03.000004', DATE'2026-03-02'"
            f" FROM range({rows})"
        )

    def described(self) -> Any:
        """Return how Spark describes a Delta table, as the job reads it."""
        rows = self.spark.sql("DESCRIBE TABLE EXTENDED `pay`.`refunds`").collect()
        wanted = ("provider", "type", "# detailed table information", "id", "at", "day", "# partition information")
        return [[row["col_name"], row["data_type"]] for row in rows if row["col_name"].lower() in wanted]

    def rows_while_another_commits(self) -> Any:
        """Export while another session commits version after version; return whether each export is of one."""
        self.spark.sql("CREATE TABLE pay.busy USING DELTA AS SELECT * FROM pay.refunds WHERE false")
        self.append(1000, "pay.busy")
        other = Asker(self.spark.newSession() if hasattr(self.spark, "newSession") else self.spark, self.folder)
        writing = threading.Thread(target=lambda: [other.append(7, "pay.busy") for _ in range(COMMITS)])
        writing.start()
        found = [self.job(f"busy-{at}", table="pay.busy") for at in range(3)]
        writing.join()
        counted = [
            self.spark.sql(f"SELECT * FROM pay.busy VERSION AS OF {one['source'].removeprefix('delta-')}").count()
            for one in found
        ]
        return {"of one version": [one["rows"] for one in found] == counted}

    def vacuumed(self) -> Any:
        """Export a version whose files another writer has replaced and vacuumed."""
        self.spark.sql("CREATE TABLE pay.old USING DELTA AS SELECT * FROM pay.refunds")
        self.spark.sql("DELETE FROM pay.old WHERE id < 5")
        self.spark.sql("VACUUM pay.old RETAIN 0 HOURS").collect()
        return self.job("old", table="pay.old", version="delta-0")

    def unknown_version(self) -> Any:
        """Export a version that was never committed."""
        return self.job("never", table="pay.refunds", version="delta-99")

    def names(self) -> Any:
        """Export a table whose three names all need quotes."""
        self.spark.sql("CREATE SCHEMA `prod-lake`.`2026-q1`")
        self.spark.sql("CREATE TABLE `prod-lake`.`2026-q1`.`rück``läufe;x` (id BIGINT)")
        self.spark.sql("INSERT INTO `prod-lake`.`2026-q1`.`rück``läufe;x` VALUES (1), (2)")
        return self.job("names", table="prod-lake.2026-q1.rück`läufe;x")

    def pinned(self) -> Any:
        """Export a version after another writer has committed a later one."""
        self.append(5)
        self.spark.sql("DELETE FROM pay.refunds WHERE id = 3")
        return [
            self.job("pinned", table="pay.refunds", version="delta-1"),
            self.job("newest", table="pay.refunds", where="day = :business_date"),
        ]

    def declared(self) -> Any:
        """Return the statement of a table with constraints, as a draft has the helper job ask for it."""
        self.spark.sql(
            "CREATE TABLE pay.declared (id BIGINT NOT NULL COMMENT 'NOT NULL, PRIMARY KEY (x)',"
            " `odd name` STRING NOT NULL, amount DECIMAL(18, 2), parts STRUCT<a: INT NOT NULL>, day DATE)"
            " USING DELTA PARTITIONED BY (day) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"
        )
        self.spark.sql("ALTER TABLE pay.declared ADD CONSTRAINT positive CHECK (amount >= 0)")
        return [
            self.answer("statement", "SHOW CREATE TABLE `pay`.`declared`"),
            self.answer("description", "DESCRIBE TABLE EXTENDED `pay`.`declared`"),
        ]

    def answer(self, to: str, sql: str) -> Any:
        """Return what the helper job writes as the answer of one statement, row by row, or its refusal."""
        manifest = self.job(to, "digest", table="pay.declared", where="1 = 0", digest_sql=sql)
        if isinstance(manifest, str):
            return manifest
        rows = self.spark.read.parquet(str(self.folder / to)).collect()
        changing = ("created time", "last access", "location", "owner", "table properties", "statistics")
        return [list(row)[:2] for row in rows if str(row[0]).lower() not in changing]

    def cases(self) -> dict[str, Callable[[], Any]]:
        """Return what is asked, in order."""
        digest = "SELECT count(*) AS n, min(at) AS first FROM parity_source"
        history = "DESCRIBE HISTORY pay.refunds"
        return {
            "DESCRIBE TABLE EXTENDED": self.described,
            "columns of DESCRIBE HISTORY": lambda: self.spark.sql(history).columns,
            "columns of DESCRIBE DETAIL": lambda: self.spark.sql("DESCRIBE DETAIL pay.refunds").columns,
            "operations of DESCRIBE HISTORY": lambda: [
                [row["version"], row["operation"]] for row in self.spark.sql(history).collect()
            ],
            "rows": lambda: self.job("rows", table="pay.refunds"),
            "digest": lambda: self.job("digest", "digest", table="pay.refunds", digest_sql=digest),
            "view": lambda: self.job("view", table="pay.seen_through"),
            "version that was surveyed, and newest": self.pinned,
            "rows while another commits": self.rows_while_another_commits,
            "version that was vacuumed": self.vacuumed,
            "version that never was": self.unknown_version,
            "names": self.names,
            "statement and description of a table": self.declared,
        }


def answer(case: Callable[[], Any]) -> Any:
    """Return a case's answer, or the first line of what was raised, which counts as one."""
    try:
        return case()
    except Exception as error:  # noqa: BLE001 - an engine's error is its answer
        return f"{type(error).__name__}: {export.first_line(error)}"


def main(java: str, folder: str, *jars: str) -> None:
    """Ask every case, and print the answers."""
    os.environ["SPARK_CONNECT_AUTHENTICATE_TOKEN"] = secrets.token_hex()
    _, port = start(java, Path(folder), list(jars))
    os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"  # for functions: a classic session is there, too
    from pyspark.sql.connect.session import SparkSession

    spark = SparkSession.builder.remote(f"sc://localhost:{port}").create()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    asker = Asker(spark, Path(folder))
    asker.make()
    answers = {}
    for name, case in asker.cases().items():
        answers[name] = answer(case)
        print(name, json.dumps(answers[name], ensure_ascii=False), file=sys.stderr, flush=True)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
