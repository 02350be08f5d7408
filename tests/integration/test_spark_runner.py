"""Real scripts on the warm Spark: files of all clouds, one catalogue, isolation, cancelling."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from conftest import RunningSandbox
from parity_sandbox.options import Options
from parity_sandbox.spark.client import SparkRunner
from parity_sandbox.spark.runner import Access, Job, Outcome
from waiting import until

pytestmark = [pytest.mark.sandbox, pytest.mark.spark]

Run = Callable[..., Outcome]

ENDLESS = """
from pathlib import Path
Path("/Volumes/main", dbutils.widgets.get("me")).touch()
spark.range(10**15).selectExpr("max(hash(id))").collect()
"""
UNTIL_SPARK_IS = """
import time
state = None
while state != "{0}":
    time.sleep(0.05)
    state = "busy" if spark.sparkContext.statusTracker().getActiveJobsIds() else "idle"
print(state)
"""


@pytest.fixture
def runner(sandbox_light: RunningSandbox) -> SparkRunner:
    for folder in ("s3/raw", "adls/paritysandbox/lake", "volumes/main"):
        (sandbox_light.state / folder).mkdir(parents=True, exist_ok=True)
    return SparkRunner(Options(sandbox_light.state).spark_address)


@pytest.fixture
def run(runner: SparkRunner, tmp_path: Path) -> Run:
    def run_text(text: str, handle: str = "", timeout: float = 240, **extra: object) -> Outcome:
        script = tmp_path / f"script_{time.monotonic_ns()}.py"
        script.write_text(text)
        return runner.run(Job(script, timeout=timeout, **extra), handle or script.stem)  # type: ignore[arg-type]

    return run_text


@pytest.fixture(params=["classic", "standard"])
def access(request: pytest.FixtureRequest) -> Access:
    """A classic session, and one of Spark Connect."""
    return request.param


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://raw/t1", "s3/raw/t1"),
        ("s3a://raw/t2", "s3/raw/t2"),
        ("abfss://lake@paritysandbox.dfs.core.windows.net/t3", "adls/paritysandbox/lake/t3"),
        ("/Volumes/main/t4", "volumes/main/t4"),
        ("dbfs:/Volumes/main/t5", "volumes/main/t5"),
    ],
)
def test_spark_writes_and_reads_the_clouds_own_paths(
    sandbox_light: RunningSandbox, run: Run, access: Access, url: str, place: str
) -> None:
    text = f"spark.range(7).write.mode('overwrite').parquet({url!r})\nprint(spark.read.parquet({url!r}).count())"

    outcome = run(text, access=access)

    assert (outcome.stdout, outcome.error) == ("7\n", "")
    assert outcome.rows_written == (7 if access == "classic" else 0)
    names = [file.name for file in (sandbox_light.state / place).iterdir()]
    assert any(name.endswith(".parquet") for name in names)
    assert not [name for name in names if name.endswith(".crc")]


def test_a_table_of_one_job_is_seen_by_the_next_and_stop_stops_nothing(run: Run, access: Access) -> None:
    first = run(
        "from pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.appName('mine').getOrCreate()\n"
        "spark.sql('CREATE DATABASE IF NOT EXISTS shared')\n"
        "spark.range(3).write.mode('overwrite').saveAsTable('shared.three')\n"
        "spark.range(1).createOrReplaceTempView('private')\n"
        "spark.stop()",
        access=access,
    )
    second = run("print(spark.table('shared.three').count(), spark.catalog.tableExists('private'))")

    assert (first.error, second.stdout) == ("", "3 False\n")


def test_a_reset_spark_has_forgotten_its_tables(runner: SparkRunner, run: Run) -> None:
    make = "spark.sql('CREATE DATABASE forgotten')\nspark.range(2).write.saveAsTable('forgotten.two')"
    assert run(make).error == ""
    assert "SCHEMA_ALREADY_EXISTS" in run(make).error

    runner.reset()

    assert run(make).error == ""


def test_arguments_widgets_result_and_both_streams_reach_their_places(run: Run) -> None:
    outcome = run(
        "import sys\nfrom pyspark.dbutils import DBUtils\n"
        "print(sys.argv[1:], DBUtils(spark).widgets.get('activity'))\n"
        "print('oops', file=sys.stderr)\ndbutils.notebook.exit('done')\nprint('never')",
        argv=["--a", "b c"],
        widgets={"activity": "settle"},
    )

    assert outcome.ok
    assert (outcome.stdout, outcome.stderr, outcome.result) == ("['--a', 'b c'] settle\n", "oops\n", "done")


def test_python_functions_run_inside_spark(run: Run, access: Access) -> None:
    outcome = run(
        "from pyspark.sql.functions import udf\n"
        "double = udf(lambda n: n * 2, 'long')\n"
        "print([row[0] for row in spark.range(3).select(double('id')).collect()])",
        access=access,
    )

    assert outcome.stdout == "[0, 2, 4]\n"


def test_a_glue_script_runs_unchanged_and_as_leniently_as_on_glue(run: Run) -> None:
    outcome = run(
        "import sys\nfrom awsglue.context import GlueContext\nfrom awsglue.job import Job\n"
        "from awsglue.utils import getResolvedOptions\nfrom pyspark.context import SparkContext\n"
        "args = getResolvedOptions(sys.argv, ['JOB_NAME', 'day'])\n"
        "glue = GlueContext(SparkContext())\njob = Job(glue)\njob.init(args['JOB_NAME'], args)\n"
        "print(args['day'], glue.spark_session.sql(\"SELECT CAST('x' AS INT)\").first()[0])\njob.commit()",
        argv=["--JOB_NAME", "settle", "--day", "2026-03-02"],
    )

    assert outcome.stdout == "2026-03-02 None\n"


def test_a_failing_script_tells_its_last_line_and_its_own_part_of_the_trace(run: Run, access: Access) -> None:
    outcome = run("def inner():\n    raise ValueError('bad amount')\ninner()", access=access)

    assert not outcome.ok
    assert outcome.error == "ValueError: bad amount"
    assert "in inner" in outcome.trace
    assert "runpy" not in outcome.trace


@pytest.mark.parametrize(("code", "ok"), [("0", True), ("", True), ("3", False)])
def test_the_exit_status_of_a_script_decides(run: Run, code: str, ok: bool) -> None:
    assert run(f"import sys; sys.exit({code})").ok is ok


def test_bad_casts_are_errors_as_on_databricks(run: Run, access: Access) -> None:
    bad = run("spark.sql(\"SELECT CAST('x' AS INT)\").collect()", access=access)

    assert "CAST_INVALID_INPUT" in bad.error


def test_a_crash_of_one_job_leaves_spark_to_the_others(run: Run, access: Access) -> None:
    crashed = run("import os; os.kill(os.getpid(), 9)", access=access)

    assert not crashed.ok
    assert "killed" in crashed.error
    assert run("print(spark.range(2).count())", access=access).stdout == "2\n"


def test_serverless_compute_offers_no_context_and_few_settings(run: Run) -> None:
    allowed = run(
        "spark.conf.set('spark.sql.session.timeZone', 'UTC')\nprint('sc' in globals())", access="serverless"
    )
    refused = run("spark.conf.set('spark.sql.parquet.outputTimestampType', 'INT96')", access="serverless")
    inside = run("spark._jvm", access="serverless")

    assert allowed.stdout == "False\n"
    assert "CONFIG_NOT_AVAILABLE" in refused.error
    assert "JVM_ATTRIBUTE_NOT_SUPPORTED" in inside.error


@pytest.mark.parametrize("moment", ["sent", "started", "running"])
def test_cancelling_wins_whenever_it_comes(
    sandbox_light: RunningSandbox, runner: SparkRunner, run: Run, access: Access, moment: str
) -> None:
    outcomes: list[Outcome] = []
    handle = f"endless-{access}-{moment}"
    endless = partial(run, ENDLESS, handle=handle, widgets={"me": handle}, access=access)
    thread = threading.Thread(target=lambda: outcomes.append(endless()))
    thread.start()
    if moment != "sent":
        until((sandbox_light.state / "volumes/main" / handle).exists)
    if moment == "running":
        assert run(UNTIL_SPARK_IS.format("busy")).stdout == "busy\n"

    runner.cancel(handle)
    thread.join()

    assert [(outcome.ok, outcome.cancelled) for outcome in outcomes] == [(False, True)]
    assert run(UNTIL_SPARK_IS.format("idle")).stdout == "idle\n"


def test_cancelling_before_the_job_is_known_ends_it_at_once(runner: SparkRunner, run: Run, access: Access) -> None:
    runner.cancel(f"early-{access}")

    assert run(ENDLESS, handle=f"early-{access}", widgets={"me": "early"}, access=access).cancelled


@pytest.mark.parametrize("limit", [0.001, 1.5])
def test_a_job_beyond_its_time_is_killed(run: Run, access: Access, limit: float) -> None:
    outcome = run(ENDLESS, timeout=limit, widgets={"me": "late"}, access=access)

    assert outcome.timed_out
    assert not outcome.ok
    assert run(UNTIL_SPARK_IS.format("idle")).stdout == "idle\n"


def test_a_spark_job_whose_script_is_gone_is_cancelled(run: Run) -> None:
    assert run("pass", handle="gone").ok
    orphan = "spark.sparkContext.setJobGroup('gone', 'planned while its script was killed')\n"

    outcome = run(orphan + ENDLESS, widgets={"me": "orphan"})

    assert "cancelled" in outcome.trace
    assert not outcome.cancelled


def test_a_connect_session_whose_script_is_gone_is_closed(run: Run) -> None:
    assert run("pass", handle="left").ok
    orphan = (
        "import os\nfrom pyspark.sql.connect.session import SparkSession\n"
        "address = os.environ['SPARK_REMOTE'].partition(';')[0]\n"
        "spark = SparkSession.builder.remote(f'{address};user_id=left').create()\n"
    )

    outcome = run(orphan + ENDLESS, widgets={"me": "left"}, access="standard")

    assert not outcome.ok
    assert run(UNTIL_SPARK_IS.format("idle")).stdout == "idle\n"


def test_several_jobs_run_at_once(run: Run) -> None:
    script = (
        "import time\nfrom pathlib import Path\n"
        "Path('/Volumes/main/met').mkdir(exist_ok=True)\n"
        "me = dbutils.widgets.get('me'); Path(f'/Volumes/main/met/{me}').touch()\n"
        "while len(list(Path('/Volumes/main/met').iterdir())) < 3: time.sleep(0.05)\n"
        "print(len(list(Path('/Volumes/main/met').iterdir())))"
    )
    outcomes: list[Outcome] = []
    threads = [
        threading.Thread(target=lambda name=name: outcomes.append(run(script, handle=name, widgets={"me": name})))
        for name in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [outcome.stdout for outcome in outcomes] == ["3\n"] * 3
