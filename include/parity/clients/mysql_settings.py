"""Every session variable that can alter an answer, and the value that it has in our sessions.

A session starts with the server's global values, and with what ``init_connect`` makes of them. Whatever could
cut an answer off, show other rows or spell a value differently is therefore set, and read back, before the
first question. The other variables of both servers are listed, with the reason why they may stay as they are,
in ``tests/unit/clients/test_mysql_settings.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

UNLIMITED = "18446744073709551615"


@dataclass(frozen=True)
class Setting:
    """One session variable: its value as SHOW VARIABLES prints it, and what another value would do."""

    name: str
    value: str
    why: str
    quoted: bool = True

    @property
    def sql(self) -> str:
        """Return the assignment."""
        return f"{self.name} = '{self.value}'" if self.quoted else f"{self.name} = {self.value}"

    def holds(self, shown: str) -> bool:
        """Return whether SHOW VARIABLES prints the value, whichever way it spells numbers and switches."""
        return _plain(shown) == _plain(self.value)


def _plain(value: str) -> str | float:
    words = {"on": 1.0, "off": 0.0, "yes": 1.0, "no": 0.0}
    folded = value.strip().lower()
    try:
        return words[folded] if folded in words else float(folded)
    except ValueError:
        return folded


def _number(name: str, value: str, why: str) -> Setting:
    return Setting(name, value, why, quoted=False)


SETTINGS: tuple[Setting, ...] = (
    # What cuts an answer off, or refuses to give it.
    _number("sql_select_limit", UNLIMITED, "returns only so many rows of every statement"),
    _number("max_join_size", UNLIMITED, "refuses statements that may read more rows"),
    _number("sql_big_selects", "1", "refuses statements that may read many rows"),
    _number("sql_safe_updates", "0", "brings max_join_size back"),
    _number("max_sort_length", "1024", "compares only so many bytes of a value that it sorts or groups by"),
    _number("net_read_timeout", "600", "hangs up while this side is busy"),
    _number("net_write_timeout", "600", "hangs up while this side is busy"),
    _number("wait_timeout", "28800", "hangs up between two statements"),
    _number("idle_transaction_timeout", "0", "hangs up inside a snapshot"),
    _number("idle_readonly_transaction_timeout", "0", "hangs up inside a snapshot"),
    # What shows other rows.
    Setting("system_versioning_asof", "DEFAULT", "shows the rows of another day", quoted=False),
    Setting("use_secondary_engine", "OFF", "reads a copy in another engine", quoted=False),
    Setting("wsrep_dirty_reads", "OFF", "reads from a node that has left its cluster", quoted=False),
    _number("sql_auto_is_null", "0", "makes IS NULL find the row inserted last"),
    _number("autocommit", "1", "begins a transaction before the snapshot"),
    Setting("completion_type", "NO_CHAIN", "begins a transaction, or hangs up, after each one's end"),
    Setting("timestamp", "DEFAULT", "stops the clock of NOW() in a condition", quoted=False),
    # What the catalogue hides or shows late.
    Setting("show_gipk_in_create_table_and_information_schema", "ON", "hides generated keys", quoted=False),
    Setting("show_create_table_skip_secondary_engine", "OFF", "hides parts of a definition", quoted=False),
    Setting("show_create_table_verbosity", "OFF", "prints defaults of a definition as well", quoted=False),
    _number("sql_quote_show_create", "1", "prints definitions without quotes"),
    _number("information_schema_stats_expiry", "0", "shows yesterday's AUTO_INCREMENT"),
    Setting("resultset_metadata", "FULL", "leaves the names of columns out"),
    # How values and texts are spelled, compared and computed.
    Setting("sql_mode", "", "pads CHAR, refuses zero dates, reads quotes and || in another way"),
    Setting("old_mode", "UTF8_IS_UTF8MB3", "casts TIME to other days, takes utf8 for utf8mb4"),
    Setting("old", "OFF", "computes as version 5.0 did", quoted=False),
    Setting("time_zone", "+00:00", "shifts TIMESTAMP"),
    Setting("character_set_client", "utf8mb4", "misreads names and literals"),
    Setting("character_set_connection", "utf8mb4", "converts literals"),
    Setting("character_set_results", "utf8mb4", "converts answers"),
    Setting("collation_connection", "utf8mb4_general_ci", "compares literals otherwise"),
    Setting("lc_time_names", "en_US", "names months and days in a condition"),
    _number("default_week_format", "0", "numbers weeks in a condition"),
    Setting("default_regex_flags", "", "changes REGEXP in a condition"),
    _number("div_precision_increment", "4", "gives quotients other digits"),
    Setting("windowing_use_high_precision", "ON", "computes windows with less precision", quoted=False),
    _number("in_predicate_conversion_threshold", "0", "turns lists of keys into joins, which compare otherwise"),
)


def settings(statement_seconds: float, lock_seconds: int, packet_bytes: int) -> tuple[Setting, ...]:
    """Return all settings, those that depend on the session's limits included."""
    return (
        *SETTINGS,
        _number("group_concat_max_len", str(packet_bytes), "cuts texts off that hold many rows"),
        _number("lock_wait_timeout", str(lock_seconds), "waits for locks too long"),
        _number("innodb_lock_wait_timeout", str(lock_seconds), "waits for locks too long"),
        _number("max_statement_time", f"{statement_seconds:.6f}", "stops statements too early or never"),
        _number("max_execution_time", f"{statement_seconds * 1000:.0f}", "stops statements too early or never"),
    )


def unset(wanted: Iterable[Setting], shown: Mapping[str, str]) -> list[tuple[Setting, str]]:
    """Return the settings that a session does not have although its server has them, and their values."""
    return [
        (setting, shown[setting.name])
        for setting in wanted
        if setting.name in shown and setting.name != "timestamp" and not setting.holds(shown[setting.name])
    ]
