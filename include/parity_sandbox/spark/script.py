"""One job's process: attached to the warm JVM, it runs one script and says how that ended."""

from __future__ import annotations

import os
import runpy
import signal
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from parity_sandbox.spark import jvm, serverless, volumes
from parity_sandbox.spark.dbutils import DBUtils, NotebookExit, offer
from parity_sandbox.spark.runner import Access

SHIMS = Path(__file__).parent / "shims"
MAGIC = "# MAGIC %"


@dataclass(frozen=True)
class Order:
    """What the zygote's child is told."""

    handle: str
    script: str
    argv: Sequence[str]
    widgets: Mapping[str, str]
    state: str
    output: str
    """Stem of the files that take stdout and stderr."""
    port: int
    secret: str
    connect: int
    """Port of the Spark Connect server."""
    access: Access


@dataclass
class Ending:
    """How the script ended, as far as its own process can tell."""

    ok: bool = True
    error: str = ""
    trace: str = ""
    result: str = ""


def perform(order: Order) -> dict[str, Any]:
    """Run the script in this process and return an :class:`Ending` as JSON."""
    _capture(order.output)
    try:
        ending = _attempt(order)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return asdict(ending)


def _attempt(order: Order) -> Ending:
    try:
        refuse_magic(Path(order.script))
        _run(order)
    except NotebookExit as left:
        return Ending(result=left.value)
    except SystemExit as left:
        return Ending() if left.code in (None, 0) else _failed(left, order.script)
    except BaseException as error:  # noqa: BLE001 - whatever a script raises is how the job ended
        return _failed(error, order.script)
    return Ending()


def _run(order: Order) -> None:
    spark = attach(order) if order.access == "classic" else connect(order)
    dbutils = DBUtils(order.widgets)
    offer(dbutils)
    volumes.redirect(Path(order.state))
    os.chdir(Path(order.state) / "run")
    sys.argv = [order.script, *order.argv]
    sys.path[:0] = [str(Path(order.script).parent), str(SHIMS)]
    runpy.run_path(order.script, {**spark, "dbutils": dbutils, "display": _display}, "__main__")


def attach(order: Order) -> dict[str, Any]:
    """Return a new session of the warm Spark, and its context; stopping them stops nothing."""
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    gateway = jvm.attach(order.port, order.secret)
    spark = gateway.jvm.org.apache.spark
    java_context = spark.api.java.JavaSparkContext.fromSparkContext(spark.SparkContext.getOrCreate())
    conf = SparkConf(_jconf=java_context.getConf())
    context = SparkContext(gateway=gateway, jsc=java_context, conf=conf)
    context.setJobGroup(order.handle, Path(order.script).name, interruptOnCancel=True)
    warm = spark.sql.classic.SparkSession.getDefaultSession().get()
    session = SparkSession(context, warm.newSession())
    SparkSession._instantiatedSession = session  # noqa: SLF001 - what getOrCreate() looks for
    _share(context)
    return {"spark": session, "sc": context}


def connect(order: Order) -> dict[str, Any]:
    """Return a Spark Connect session, whose user is the job; serverless compute lets it set very little."""
    from pyspark.sql import SparkSession

    os.environ["SPARK_REMOTE"] = f"sc://localhost:{order.connect}/;user_id={order.handle}"
    session = SparkSession.builder.getOrCreate()
    if order.access == "serverless":
        serverless.restrict_settings()
    return {"spark": session}


def _share(context: Any) -> None:
    """Let ``SparkContext()`` be the warm one, and ``stop()`` leave it running for the others."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    SparkContext.__new__ = lambda _cls, *_args, **_kwargs: context
    SparkContext.__init__ = lambda _self, *_args, **_kwargs: None
    SparkContext.stop = SparkSession.stop = lambda _self: None


def _display(frame: Any) -> None:
    frame.show(truncate=False)


def refuse_magic(script: Path) -> None:
    """Refuse a notebook whose magic cells would silently be comments here."""
    for number, line in enumerate(script.read_text().splitlines(), 1):
        if line.startswith(MAGIC) and not line.startswith(f"{MAGIC}md"):
            raise NotImplementedError(
                f"sandbox limitation: {line.removeprefix('# MAGIC ')} in line {number} of {script.name}; "
                "write the cell in Python"
            )


def _failed(error: BaseException, script: str) -> Ending:
    own = _from_script(error.__traceback__, script)
    trace = "".join(traceback.format_exception(type(error), error, own))
    last = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
    return Ending(ok=False, error=last, trace=trace)


def _from_script(trace: TracebackType | None, script: str) -> TracebackType | None:
    """Return the part of a traceback that begins in the script, or all of it."""
    step = trace
    while step and step.tb_frame.f_code.co_filename != script:
        step = step.tb_next
    return step or trace


def _capture(stem: str) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(f"{stem}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        stream = os.fdopen(number, "w", buffering=1, closefd=False, encoding="utf-8", errors="replace")
        setattr(sys, name, stream)
