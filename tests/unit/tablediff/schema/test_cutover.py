"""The cut-over list: each line says ok, differs, or not readable and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.tablediff.mysql.server import Counter, Sequence, ServerFacts
from parity.tablediff.schema.cutover import check_cutover

SAME = {
    "sql_mode": "STRICT_ALL_TABLES,NO_ZERO_DATE",
    "time_zone": "SYSTEM",
    "system_time_zone": "UTC",
    "lower_case_table_names": "0",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_bin",
    "character_set_database": "utf8mb4",
    "collation_database": "utf8mb4_bin",
    "max_allowed_packet": "1024",
    "transaction_isolation": "REPEATABLE-READ",
    "event_scheduler": "ON",
}


def facts(cipher: str = "", users: dict[str, str] | None = None, **variables: str) -> ServerFacts:
    return ServerFacts("8.0", {**SAME, **variables}, cipher=cipher, users=users)


def lines(legacy: ServerFacts, target: ServerFacts, *users: str) -> dict[str, str]:
    return {line.check: line.status for line in check_cutover(legacy, target, users)}


def test_equal_servers_are_ok_in_every_line() -> None:
    assert set(lines(facts(), facts()).values()) == {"ok"}
    assert len(lines(facts(), facts())) == 12


@pytest.mark.parametrize(
    ("check", "variable", "value"),
    [
        ("sql_mode", "sql_mode", "NO_ZERO_DATE"),
        ("time zone", "time_zone", "+02:00"),
        ("lower_case_table_names", "lower_case_table_names", "1"),
        ("server collation", "collation_server", "utf8mb4_0900_ai_ci"),
        ("database character set", "character_set_database", "latin1"),
        ("max_allowed_packet", "max_allowed_packet", "512"),
        ("isolation level", "transaction_isolation", "READ-COMMITTED"),
        ("event scheduler", "event_scheduler", "OFF"),
    ],
)
def test_each_setting_that_differs_is_the_only_line_that_says_so(check: str, variable: str, value: str) -> None:
    shown = lines(facts(), facts(**{variable: value}))
    assert [name for name, status in shown.items() if status == "differs"] == [check]


@pytest.mark.parametrize(
    ("legacy", "target", "status"),
    [
        (Sequence(5, 1), Sequence(5, 1), "ok"),
        (Sequence(5, 1), Sequence(1000, 1), "ok"),
        (Sequence(5, 1), Sequence(4, 1), "differs"),
        (Sequence(-5, -1), Sequence(-9, -1), "ok"),
        (Sequence(-5, -1), Sequence(-4, -1), "differs"),
        (Sequence(5, 1), None, "not readable"),
    ],
)
def test_a_sequence_must_hand_out_nothing_twice(legacy: Sequence, target: Sequence | None, status: str) -> None:
    old, new = replace(facts(), sequences={"s": legacy}), replace(facts(), sequences={"s": target})
    assert lines(old, new)["next value of sequence s"] == status


def test_the_order_of_sql_modes_and_a_larger_packet_are_no_difference() -> None:
    target = facts(sql_mode="NO_ZERO_DATE,STRICT_ALL_TABLES", max_allowed_packet="4096")
    assert set(lines(facts(), target).values()) == {"ok"}


def test_a_setting_that_a_server_does_not_show_is_not_readable() -> None:
    bare = ServerFacts("8.0", {k: v for k, v in SAME.items() if k != "event_scheduler"})
    assert lines(facts(), bare)["event scheduler"] == "not readable"


@pytest.mark.parametrize(("next_one", "status"), [(11, "ok"), (10, "differs"), (None, "not readable")])
def test_the_next_key_must_be_above_every_key_of_either_side(next_one: int | None, status: str) -> None:
    legacy = ServerFacts("8.0", SAME, {"entries": Counter(11, 10)})
    target = ServerFacts("8.0", SAME, {"entries": Counter(next_one, 7)})
    shown = lines(legacy, target)
    assert next(shown[check] for check in shown if check.startswith("auto-increment")) == status


def test_grants_are_compared_for_the_wanted_users_alone() -> None:
    old = facts(users={"app@%": "SELECT", "root@%": "ALL", "app_ro@%": "SELECT"})
    new = facts(users={"app@%": "SELECT, DELETE", "app_ro@%": "SELECT"})
    shown = lines(old, new, "app*")
    assert {check: status for check, status in shown.items() if check.startswith("grants")} == {
        "grants of app@%": "differs",
        "grants of app_ro@%": "ok",
    }


def test_grants_that_may_not_be_read_say_so() -> None:
    assert lines(facts(users=None), facts(users={}), "app*")["users and grants"] == "not readable"


def test_tls_on_the_legacy_side_alone_differs() -> None:
    assert lines(facts(cipher="TLS_AES_256"), facts())["TLS in use"] == "differs"
    assert lines(facts(), facts(cipher="TLS_AES_256"))["TLS in use"] == "ok"
