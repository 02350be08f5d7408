"""What a user may not see is reported, never treated as equal."""

from __future__ import annotations

from typing import Any

import pytest

from parity.errors import AccessDenied, NotFound
from parity.tablediff.mysql.catalogue import Catalogue
from parity.tablediff.mysql.privileges import privileges_of, read_privileges
from truth import mysql, records

ALL = "SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE"
PROVEN = {"tables": True, "events": True}


def hidden(grants: list[str], database: str = "ledger", *, named: bool = False) -> dict[str, str]:
    return privileges_of(grants, database, PROVEN).hidden(named=named)


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT ALL PRIVILEGES ON *.* TO `u`@`%` WITH GRANT OPTION",
        f"GRANT {ALL} ON *.* TO `u`@`%`",
        f"GRANT {ALL} ON `led\\_ger`.* TO `u`@`%`",
        f"GRANT {ALL} ON `led%`.* TO `u`@`%`",
        f"GRANT {ALL} ON `led_ger`.* TO `u`@`%`",
    ],
)
def test_who_may_see_the_whole_database_sees_everything(grant: str) -> None:
    assert hidden([grant], "led_ger") == {}


@pytest.mark.parametrize(
    "grants",
    [
        ["GRANT USAGE ON *.* TO `u`@`%`"],
        [f"GRANT {ALL} ON `other`.* TO `u`@`%`"],
        [f"GRANT {ALL} ON `led\\_ger`.* TO `u`@`%`"],
        ["GRANT SELECT, TRIGGER ON `ledger`.`entries` TO `u`@`%`"],
        ["GRANT SELECT (`id`, `amount`), SHOW VIEW (`id`) ON `ledger`.`entries` TO `u`@`%`"],
        ["GRANT TRIGGER, EXECUTE, SELECT (`a) ON *.* TO `, `b`) ON `ledger`.`t` TO `u`@`%`"],
        ["GRANT TRIGGER, EXECUTE ON `x` ON *.* TO `.`t` TO `u`@`%`"],
        ["GRANT `TRIGGER ON *.* TO x`@`%` TO `u`@`%`"],
        ["GRANT EXECUTE ON PROCEDURE `ledger`.`p` TO `u`@`%`", "GRANT PROXY ON `a`@`%` TO `u`@`%`"],
        [f"GRANT {ALL} ON *.* TO `u`@`%`", "REVOKE SELECT, TRIGGER, EXECUTE ON `ledger`.* FROM `u`@`%`"],
        ["GRANT ALL PRIVILEGES ON *.* TO `u`@`%`", "REVOKE TRIGGER ON `ledger`.* FROM `u`@`%`"],
        [f"GRANT {ALL} ON `led%`.* TO `u`@`%`", "GRANT SELECT ON `ledger`.* TO `u`@`%`"],
        [f"GRANT {ALL} ON `led%`.* TO `u`@`%`", "GRANT SELECT ON `%`.* TO `u`@`%`"],
        [f"GRANT {ALL} ON *.* TO `u`@`%`", "DENY TRIGGER ON `ledger`.* TO `u`@`%`"],
    ],
)
def test_a_right_elsewhere_or_taken_back_or_on_one_table_shows_not_the_whole_database(grants: list[str]) -> None:
    assert hidden(grants).keys() == {"triggers", "routines"}


def test_what_is_revoked_of_another_database_is_not_revoked_here() -> None:
    grants = [f"GRANT {ALL} ON *.* TO `u`@`%`", "REVOKE SELECT, TRIGGER ON `mysql`.* FROM `u`@`%`"]
    assert hidden(grants) == {}


def test_roles_that_are_granted_take_nothing_away() -> None:
    grants = [
        "GRANT `reader`@`%` TO `u`@`%`",
        f"GRANT {ALL} ON *.* TO `u`@`%`",
        "SET DEFAULT ROLE `r` FOR `u`@`%`",
    ]
    assert hidden(grants) == {}


def test_a_line_that_is_not_understood_is_shown() -> None:
    line = "LEND TRIGGER ON `ledger`.* TO `u`@`%`"
    assert line in hidden([f"GRANT {ALL} ON *.* TO `u`@`%`", line])["triggers"]


def test_tables_that_are_named_one_by_one_need_no_right_on_the_database() -> None:
    rights = privileges_of(["GRANT SELECT ON `d`.`t` TO `u`@`%`"], "d", {"tables": False, "events": False})
    assert rights.hidden(named=False).keys() == {"tables", "events", "triggers", "routines"}
    assert "tables" not in rights.hidden(named=True)


def test_bodies_of_routines_are_seen_with_select_everywhere() -> None:
    grants = ["GRANT SELECT ON *.* TO `u`@`%`", "GRANT SHOW VIEW, TRIGGER, EVENT ON `d`.* TO `u`@`%`"]
    assert hidden(grants, "d") == {}


class Server:
    """Answers as a server does that hides what the user may not see."""

    def __init__(self, *denied: str) -> None:
        self.denied = denied

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if "`parity " in sql:
            if sql.startswith(self.denied):
                raise AccessDenied("command denied to user")
            raise NotFound("there is no such thing")
        if "partial_revokes" in sql:
            return [("partial_revokes", "OFF")]
        answers = {"SELECT DATABASE()": "ledger", "SELECT CURRENT_ROLE()": "NONE"}
        return [(answers.get(sql, f"GRANT {ALL} ON *.* TO `u`@`%`"),)]


@pytest.mark.parametrize(("statement", "kind"), [("SELECT 1", "tables"), ("SHOW CREATE EVENT", "events")])
def test_the_server_itself_is_asked_what_it_hides_whatever_the_grants_say(statement: str, kind: str) -> None:
    assert read_privileges(Server()).hidden(named=False) == {}
    assert read_privileges(Server(statement)).hidden(named=False).keys() == {kind}


def test_a_hidden_definition_counts_only_where_its_table_is_looked_at() -> None:
    view = {"table_name": "seen", "view_definition": ""}
    trigger = {"trigger_name": "stamp", "event_object_table": "pay", "action_statement": None}
    event = {"event_name": "nightly", "event_definition": None}
    found = Catalogue({"views": [view], "triggers": [trigger], "events": [event]})
    assert found.hidden_definitions(bool).keys() == {"views", "triggers", "events"}
    assert found.hidden_definitions("pay".__eq__).keys() == {"triggers", "events"}
    assert found.hidden_definitions("seen".__eq__).keys() == {"views", "events"}


@pytest.mark.parametrize(
    ("name", "database", "shown"),
    [
        ("led_er", "ledger", False),
        ("led%", "ledger", False),
        ("led\\_er", "led_er", False),
        ("led_er", "led_er", True),
    ],
)
def test_under_partial_revokes_a_name_is_no_pattern(name: str, database: str, shown: bool) -> None:
    lines = ["GRANT SELECT, EVENT, EXECUTE ON *.* TO `u`@`%`", f"GRANT TRIGGER ON `{name}`.* TO `u`@`%`"]
    found = {literal: privileges_of(lines, database, PROVEN, literal=literal) for literal in (True, False)}
    assert ("triggers" not in found[True].hidden(named=False)) == shown
    assert "triggers" not in found[False].hidden(named=False)


def test_what_a_real_server_hid_was_never_taken_for_shown() -> None:
    answers = records.read(mysql.RIGHTS).cases
    assert list(mysql.disagreements(answers)) == []
    assert sum(bool(answer["hidden"]) for answer in answers.values()) > 20


def test_a_user_who_was_shown_everything_may_say_so() -> None:
    answers = records.read(mysql.RIGHTS).cases
    for name in ("all that is needed", "all privileges", "a role by default", "a pattern", "a role for everybody"):
        assert read_privileges(mysql.Replayed(answers[name]["answers"])).hidden(named=False) == {}, name
