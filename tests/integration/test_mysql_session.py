"""Whatever a server's defaults or init_connect say, our sessions ask under settings of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mysql_servers import TwoDatabases, counts, servers
from parity.clients.mysql import address, connect
from parity.clients.mysql_settings import SETTINGS
from parity.tablediff.mysql.catalogue import read_catalogue
from parity_sandbox.mysql.server import Server

pytestmark = pytest.mark.mariadb
ROWS = 3_000


@pytest.fixture
def databases(tmp_path: Path) -> TwoDatabases:
    two = TwoDatabases("settings", tmp_path)
    two.fresh()
    two.both(
        "CREATE TABLE t (id INT PRIMARY KEY, v CHAR(9), at TIMESTAMP NULL, d DECIMAL(9,2), y YEAR);\n"
        f"INSERT INTO t SELECT seq, seq, '2026-01-01' + INTERVAL seq HOUR, seq / 3, 2000 FROM seq_1_to_{ROWS};\n"
    )
    two.target("UPDATE t SET v = 'other' WHERE id = 2500")
    return two


@contextmanager
def globally(*settings: str) -> Iterator[None]:
    """Set global variables of both servers, those that a server has, for a while."""
    wanted = {name.strip(): value for name, _, value in (setting.partition("=") for setting in settings)}
    kept = [_globals(server, wanted) for server in servers()]
    try:
        for server, values in zip(servers(), kept, strict=True):
            server.run(";\n".join(f"SET GLOBAL {name} = {wanted[name]}" for name in values))
        yield
    finally:
        for server, values in zip(servers(), kept, strict=True):
            with server.root() as connection, connection.cursor() as cursor:
                for name, value in values.items():
                    cursor.execute(f"SET GLOBAL {name} = %s", (value,))


def _globals(server: Server, wanted: Collection[str]) -> dict[str, Any]:
    """Return those of the wanted variables that a server has."""
    with server.root() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW GLOBAL VARIABLES")
        known = [name for name, _ in cursor.fetchall() if name in wanted]
        cursor.execute("SELECT " + ", ".join(f"@@GLOBAL.{name}" for name in known))
        return dict(zip(known, cursor.fetchone() or (), strict=True))


HOSTILE = (
    "sql_select_limit = 10",
    "sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI,NO_BACKSLASH_ESCAPES'",
    "time_zone = '+09:00'",
    "sql_auto_is_null = 1",
    "group_concat_max_len = 16",
    "max_sort_length = 64",
    "completion_type = 'RELEASE'",
    "idle_readonly_transaction_timeout = 1",
    "old_mode = 'ZERO_DATE_TIME_CAST'",
    "div_precision_increment = 0",
    "tx_isolation = 'READ-UNCOMMITTED'",
    "transaction_isolation = 'READ-UNCOMMITTED'",
    "autocommit = 0",
    "max_join_size = 5",
    "max_statement_time = 0.01",
    "max_execution_time = 10",
    "show_create_table_verbosity = 1",
    "show_gipk_in_create_table_and_information_schema = 0",
    "windowing_use_high_precision = 0",
    "select_into_buffer_size = 8192",
    "lc_time_names = 'de_DE'",
    "in_predicate_conversion_threshold = 2",
    "character_set_server = 'latin1'",
    "max_session_mem_used = 90000000",
)


@pytest.mark.parametrize("strategy", ["stream", "digest"])
def test_no_global_variable_alters_an_answer(databases: TwoDatabases, strategy: str) -> None:
    with globally(*HOSTILE):
        result = databases.verify(throttle={"strategy": strategy, "first": 1000})
    assert counts(result, "t") == (1, 0, 0)
    assert result.tables[0].result.rows.legacy == ROWS


def test_nor_does_init_connect(databases: TwoDatabases) -> None:
    hostile = "SET sql_select_limit = 10, time_zone = ''+03:00'', sql_mode = ''ANSI'', NAMES latin1"
    with globally(f"init_connect = '{hostile}'"):
        result = databases.verify(throttle={"strategy": "stream"})
    assert result.verdict == "FAIL", result.reason
    assert counts(result, "t") == (1, 0, 0)


SHADOW = "CREATE TEMPORARY TABLE t (id INT PRIMARY KEY, v INT)"
MAY = "GRANT CREATE TEMPORARY TABLES ON settings.* TO parity@localhost"


@pytest.mark.parametrize("hostile", [SHADOW, "USE settings_beside"])
def test_what_init_connect_leaves_in_a_session_is_read_by_nobody(databases: TwoDatabases, hostile: str) -> None:
    databases.both(MAY)
    databases.both(
        "CREATE DATABASE IF NOT EXISTS settings_beside;\nCREATE TABLE IF NOT EXISTS settings_beside.t (a INT)"
    )
    with globally(f"init_connect = '{hostile}'"):
        result = databases.verify(throttle={"strategy": "stream"})
    assert counts(result, "t") == (1, 0, 0), result.reason
    assert result.tables[0].result.rows.legacy == ROWS


def test_a_temporary_table_in_place_of_a_table_is_refused(databases: TwoDatabases) -> None:
    databases.both(MAY)
    session = connect(address(servers()[0].url("settings")))
    try:
        session.execute("SET SESSION TRANSACTION READ WRITE")
        session.execute(SHADOW)
        assert (
            "a temporary table has its name"
            in read_catalogue(session, mariadb=session.mariadb).unreadable["tables"]
        )
    finally:
        session.close()


def test_every_setting_that_the_server_knows_is_what_it_should_be() -> None:
    session = connect(address(servers()[0].url("mysql")))
    try:
        shown = {str(name).lower(): str(value) for name, value in session.rows("SHOW SESSION VARIABLES")}
    finally:
        session.close()
    known = [setting for setting in SETTINGS if setting.name in shown and setting.name != "timestamp"]
    assert len(known) > 20
    assert {s.name: shown[s.name] for s in known if not s.holds(shown[s.name])} == {}
