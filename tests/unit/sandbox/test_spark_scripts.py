"""What a script finds around itself, without Spark: widgets, Glue arguments, paths, mounts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from parity_sandbox.spark import files, jvm
from parity_sandbox.spark.absent import NoSpark
from parity_sandbox.spark.dbutils import DBUtils, InputWidgetNotDefined, NotebookExit
from parity_sandbox.spark.runner import Job
from parity_sandbox.spark.script import refuse_magic
from parity_sandbox.spark.shims.awsglue.utils import GlueArgumentError, getResolvedOptions


def test_a_given_widget_wins_over_the_declared_default() -> None:
    widgets = DBUtils({"mode": "digest"}).widgets
    widgets.text("mode", "rows")
    widgets.dropdown("side", "legacy", ["legacy", "target"])

    assert widgets.getAll() == {"mode": "digest", "side": "legacy"}


def test_an_undefined_widget_is_an_error_that_names_it() -> None:
    with pytest.raises(InputWidgetNotDefined, match="activity"):
        DBUtils({}).widgets.get("activity")


def test_leaving_a_notebook_cannot_be_caught_as_an_exception() -> None:
    with pytest.raises(NotebookExit) as left:
        DBUtils({}).notebook.exit(42)

    assert left.value.value == "42"
    assert not isinstance(left.value, Exception)


def test_glue_options_come_in_both_spellings() -> None:
    argv = ["script", "--JOB_NAME", "settle", "--business_date=2026-03-02", "--empty", "--other", "x"]

    assert getResolvedOptions(argv, ["business_date", "empty"]) == {
        "JOB_NAME": "settle",
        "business_date": "2026-03-02",
        "empty": "",
    }


def test_a_missing_glue_option_is_an_error_that_names_it() -> None:
    with pytest.raises(GlueArgumentError, match="--business_date"):
        getResolvedOptions(["script"], ["business_date"])


def test_every_bucket_and_container_has_a_mount(tmp_path: Path) -> None:
    (tmp_path / "s3" / "raw").mkdir(parents=True)
    (tmp_path / "adls" / "acc" / "lake").mkdir(parents=True)

    assert files.mounts(tmp_path) == {
        "fs.viewfs.mounttable.raw.linkFallback": f"file://{tmp_path}/s3/raw",
        "fs.viewfs.mounttable.lake@acc.dfs.core.windows.net.linkFallback": f"file://{tmp_path}/adls/acc/lake",
        "fs.viewfs.mounttable.lake@acc.blob.core.windows.net.linkFallback": f"file://{tmp_path}/adls/acc/lake",
    }


def test_the_jvm_stays_small_local_and_without_pages(tmp_path: Path) -> None:
    settings = jvm.configuration(tmp_path)

    assert settings["spark.driver.memory"] == "1g"
    assert settings["spark.driver.bindAddress"] == "127.0.0.1"
    assert settings["spark.ui.enabled"] == "false"
    assert settings["spark.sql.session.timeZone"] == "UTC"


@pytest.mark.parametrize(
    ("cell", "refused"), [("%sql SELECT 1", True), ("%run ./other", True), ("%md # Title", False)]
)
def test_a_magic_cell_that_would_be_skipped_is_refused(tmp_path: Path, cell: str, refused: bool) -> None:
    notebook = tmp_path / "notebook.py"
    notebook.write_text(f"# Databricks notebook source\n# MAGIC {cell}\n")

    if refused:
        with pytest.raises(NotImplementedError, match="sandbox limitation"):
            refuse_magic(notebook)
    else:
        refuse_magic(notebook)


def test_without_spark_a_job_fails_and_says_why(tmp_path: Path) -> None:
    outcome = NoSpark().run(Job(tmp_path / "x.py"), "handle")

    assert not outcome.ok
    assert "without Spark" in outcome.error


def test_plain_python_finds_volumes_where_the_sandbox_keeps_them(tmp_path: Path) -> None:
    script = (
        "import sys, os, shutil; from pathlib import Path\n"
        "from parity_sandbox.spark.volumes import redirect\n"
        "redirect(Path(sys.argv[1]))\n"
        "folder = Path('/Volumes/main/x'); folder.mkdir(parents=True)\n"
        "(folder / 'a.txt').write_text('hello')\n"
        "shutil.copy('/Volumes/main/x/a.txt', '/Volumes/main/x/b.txt')\n"
        "os.rename('/Volumes/main/x/a.txt', '/Volumes/main/x/c.txt')\n"
        "print(sorted(os.listdir('/Volumes/main/x')), os.path.exists('/Volumes/y'))\n"
        "print(open('/Volumes/main/x/b.txt').read())\n"
    )

    reported = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert reported.stdout == "['b.txt', 'c.txt'] False\nhello\n"
    assert (tmp_path / "volumes/main/x/c.txt").read_text() == "hello"
