"""Where the report goes: a terminal that names of others must not steer, a full disk, a pipe that nobody reads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from duck_files import write_query

FORGED = "\x1b[1A\x1b[2K\x1b]0;owned\x07\x9b31m\r\nPASS  all rows equal\u202e"
"""What a name may hold: moves the cursor, sets the title, is a line of its own, runs backwards."""
Parity = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture
def parity(tmp_path: Path) -> Parity:
    """Run the command in a folder with ``a.parquet``, its copy ``b.parquet``, and ``c.parquet``, which differs."""
    for name, rows in (("a", 3), ("b", 3), ("c", 4)):
        write_query(tmp_path / f"{name}.parquet", f"SELECT range AS id FROM range({rows})")

    def run(*arguments: str, shell: str = "", **options: Any) -> subprocess.CompletedProcess[bytes]:
        program = [sys.executable, "-c", "from parity.cli import main; main()", *arguments]
        command = ["bash", "-c", f'"$@" {shell}', "bash", *program] if shell else program
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        return subprocess.run(command, cwd=tmp_path, timeout=120, check=False, **streams)

    return run


@pytest.mark.parametrize("where", ["", "--json -", "--html -"])
def test_a_full_disk_is_one_line_and_not_a_difference(parity: Parity, where: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = parity("compare", "a.parquet", "b.parquet", *where.split(), stdout=full)
    assert (done.returncode, done.stderr) == (
        2,
        b"parity: The output cannot be written: No space left on device.\n",
    )


@pytest.mark.parametrize("where", ["", "--json -"])
def test_a_reader_that_went_away_is_one_line_and_not_a_difference(parity: Parity, where: str) -> None:
    done = parity("compare", "a.parquet", "b.parquet", *where.split(), shell="> >(:); echo $? >&2")
    assert done.stderr == b"parity: The output cannot be written: Broken pipe.\n2\n"


def test_a_closed_output_leaves_the_verdict_to_the_exit_status(parity: Parity) -> None:
    assert parity("compare", "a.parquet", "b.parquet", shell=">&-").returncode == 0
    assert parity("compare", "a.parquet", "c.parquet", shell=">&- 2>&-").returncode == 1
    refused = parity("compare", "a.parquet", "b.parquet", "--json", "-", shell=">&-")
    assert (refused.returncode, refused.stderr.count(b"\n")) == (2, 1)
    assert b"Standard output is closed" in refused.stderr


def test_an_error_that_nobody_can_read_keeps_its_exit_status(parity: Parity) -> None:
    with Path("/dev/full").open("wb") as full:
        assert parity("compare", "a.parquet", "nowhere.parquet", stderr=full).returncode == 2


def test_a_report_is_written_whatever_the_terminal_can_encode(parity: Parity) -> None:
    done = parity("compare", "a.parquet", "c.parquet", shell="", env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("options", [(), ("--json", "-"), ("--html", "-")])
def test_names_of_columns_and_files_cannot_steer_a_terminal(
    parity: Parity, tmp_path: Path, options: tuple[str, ...]
) -> None:
    quoted = FORGED.replace('"', '""')
    for name, value in (("x", 1), ("y", 2)):
        cells = f"""1 AS id, {value} AS "{quoted}", {{'{FORGED}': {value}}} AS s, '{FORGED}{value}' AS t"""
        write_query(tmp_path / f"{name}{FORGED}.parquet", f"SELECT {cells}")
    (tmp_path / "rules.yaml").write_text(json.dumps({"t": {"ignore": FORGED}}))
    rules = ("--key", "id", "--columns", "rules.yaml")
    done = parity("compare", f"x{FORGED}.parquet", f"y{FORGED}.parquet", *rules, *options)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert b"owned" in done.stdout
    _assert_harmless(done.stdout)


def test_errors_are_one_harmless_line(parity: Parity, tmp_path: Path) -> None:
    (tmp_path / f"{FORGED}.parquet").write_bytes(b"PAR1 and no more")
    for arguments in (
        ("compare", f"{FORGED}.parquet", "a.parquet"),
        ("compare", "a.parquet", "b.parquet", "--key", FORGED),
        ("compare", "a.parquet", f"{FORGED}.nowhere"),
        (FORGED,),
    ):
        done = parity(*arguments)
        assert done.returncode == 2
        _assert_harmless(done.stderr)
        assert not any(line.startswith(b"PASS") for line in done.stderr.splitlines())


def _assert_harmless(output: bytes) -> None:
    shown = output.decode()
    assert all(char == "\n" or char.isprintable() for char in shown), ascii(shown)
    assert not any(line.strip("│ ").startswith("PASS") for line in shown.splitlines())
