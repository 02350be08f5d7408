"""What a user may not see is told, never taken for equal."""

from __future__ import annotations

import pytest

from parity.engines.mysql_rights import rights_of

ALL = "SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE"


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
    assert rights_of([grant], "led_ger").hidden(named=False) == {}


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT USAGE ON *.* TO `u`@`%`",
        f"GRANT {ALL} ON `other`.* TO `u`@`%`",
        f"GRANT {ALL} ON `led\\_ger`.* TO `u`@`%`",
        "GRANT SELECT, TRIGGER ON `ledger`.`entries` TO `u`@`%`",
        "GRANT SELECT (`id`, `amount`), SHOW VIEW (`id`) ON `ledger`.`entries` TO `u`@`%`",
    ],
)
def test_a_right_elsewhere_or_on_one_table_shows_not_the_whole_database(grant: str) -> None:
    hidden = rights_of([grant], "ledger").hidden(named=False)
    assert hidden.keys() == {"tables", "views", "triggers", "events", "routines"}


def test_tables_that_are_named_one_by_one_need_no_right_on_the_database() -> None:
    assert "tables" not in rights_of(["GRANT SELECT ON `d`.`t` TO `u`@`%`"], "d").hidden(named=True)


def test_bodies_of_routines_are_seen_with_select_everywhere() -> None:
    grants = ["GRANT SELECT ON *.* TO `u`@`%`", "GRANT SHOW VIEW, TRIGGER, EVENT ON `d`.* TO `u`@`%`"]
    assert rights_of(grants, "d").hidden(named=False) == {}
