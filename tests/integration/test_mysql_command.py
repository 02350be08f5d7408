"""``parity mysql`` as a person runs it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mysql_servers import TwoDatabases, servers

pytestmark = pytest.mark.mariadb
PARITY = str(Path(sys.executable).with_name("parity"))


@pytest.fixture
def urls(tmp_path: Path) -> list[str]:
    two = TwoDatabases("command", tmp_path)
    two.fresh()
    two.both("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9));\nINSERT INTO t VALUES (1, 'a'), (2, 'b');\n")
    return [server.url("command") for server in servers()]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PARITY, "mysql", *arguments], capture_output=True, text=True, check=False, timeout=120)


def test_equal_databases_exit_0_and_different_ones_1_with_the_contracts_json(urls: list[str]) -> None:
    assert run(*urls).returncode == 0
    servers()[1].run("UPDATE t SET v = 'B' WHERE id = 2;\n", "command")

    done = run(*urls, "--json", "-", "--settle", "0s")

    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert {"version", "verdict", "reason", "tables", "schema", "cutover", "seconds"} <= found.keys()
    assert found["tables"][0]["table"] == "t"
    assert found["tables"][0]["rows"]["changed"] == 1
    assert [c["cause"] for c in found["tables"][0]["columns"][1]["causes"]] == ["case"]


@pytest.mark.parametrize(
    "change",
    [("parity:sandbox-ledger", "parity:wrong-pass"), ("/command", "/nowhere"), ("127.0.0.1", "127.0.0.2")],
)
def test_what_cannot_be_asked_is_one_line_and_exit_2(urls: list[str], change: tuple[str, str]) -> None:
    done = run(urls[0], urls[1].replace(*change))

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert "wrong-pass" not in done.stdout + done.stderr


def test_what_was_not_compared_is_told_on_the_terminal(urls: list[str]) -> None:
    for server in servers():
        server.run("CREATE TABLE scratch (id INT PRIMARY KEY);\n", "command")

    done = run(*urls, "--exclude", "scr*")

    assert done.returncode == 0
    assert "Not compared\n  table scratch: excluded" in done.stdout


def test_tls_cannot_be_switched_off_for_another_machine(urls: list[str]) -> None:
    done = run(urls[0], "mysql://u:hunter2@db.example.com/x?tls=off")

    assert done.returncode == 2
    assert "TLS" in done.stderr
    assert "hunter2" not in done.stderr


def test_the_process_list_does_not_show_the_password(urls: list[str]) -> None:
    servers()[0].run("CREATE TABLE slow AS SELECT seq AS id FROM seq_1_to_200000;\n", "command")
    with subprocess.Popen(
        [PARITY, "mysql", *urls], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        shown = b"parity:sandbox-ledger@"
        for _ in range(200):
            shown = Path(f"/proc/{process.pid}/cmdline").read_bytes() or shown
            if b"parity:sandbox-ledger@" not in shown or process.poll() is not None:
                break
            time.sleep(0.05)
    assert b"parity:sandbox-ledger@" not in shown


def test_a_table_without_rows_on_either_side_is_equal_only_when_it_may_be(urls: list[str]) -> None:
    for server in servers():
        server.run("CREATE TABLE nothing (id INT PRIMARY KEY);\n", "command")

    done = run(*urls)
    assert done.returncode == 2
    assert "Table nothing could not be compared" in done.stderr
    assert "--allow-empty" in done.stderr

    done = run(*urls, "--allow-empty")
    assert done.returncode == 0, done.stdout
