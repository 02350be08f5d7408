"""Which key is proposed, and when nobody has to decide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parity.draft.columns import map_columns
from parity.draft.facts import Certainty, ColumnFacts, TableFacts, Values
from parity.draft.keys import Key, propose_key, sets_to_count

ROWS = 200
COUNTS = {
    "refund_id": 200,
    "refund_number": 200,
    "payment_id": 200,
    "currency": 5,
    "amount": 180,
    "client_id": 50,
    "attempt_no": 3,
}
COUNTS |= {"created_at": 200, "country": 20}
TYPES = {"amount": "decimal(18,2)", "created_at": "timestamp", "attempt_no": "int"}


def table(*names: str, rows: int = ROWS, key: tuple[str, ...] = (), **counts: int) -> TableFacts:
    """Return a table whose columns have as many different values as COUNTS says, or ``counts``."""
    known = {**COUNTS, **counts}
    columns = [
        ColumnFacts(name, TYPES.get(name, "string"), Values(0, known[name], sum(map(ord, name)), 1, 2))
        for name in names
    ]
    return TableFacts("refunds", tuple(columns), key=key, rows=rows)


def key(legacy: TableFacts, target: TableFacts | None = None) -> Key:
    target = target or legacy
    return propose_key(legacy, target, map_columns(legacy, target))


def test_the_tables_own_identifier_is_certain() -> None:
    found = key(table("refund_id", "payment_id", "amount"))
    assert (found.value, found.certainty) == (("refund_id",), Certainty.CERTAIN)


@pytest.mark.parametrize(
    ("legacy", "target", "why"),
    [
        (table("refund_id", rows=99, refund_id=99), None, "too few"),
        (table("refund_id", "attempt_no"), None, "attempt_no may number several rows"),
        (table("refund_id"), table("refund_id", refund_id=198), "repeated by a few rows"),
        (table("refund_id"), replace(table("refund_id"), rows=None), "no samples of both sides"),
        (table("payment_id", "amount"), None, "an identifier; unique"),
    ],
)
def test_what_speaks_against_a_key_makes_it_a_proposal(
    legacy: TableFacts, target: TableFacts | None, why: str
) -> None:
    found = key(legacy, target)
    assert found.certainty is Certainty.LIKELY
    assert found.value == (legacy.columns[0].name,)
    assert why in found.why


def test_an_identifier_of_others_gets_what_numbers_its_rows() -> None:
    assert key(table("payment_id", "attempt_no")).value == ("payment_id", "attempt_no")


def test_a_declared_key_is_certain_only_when_the_samples_agree() -> None:
    declared = table("refund_number", "amount", key=("refund_number",))
    assert key(table("refund_number", "amount"), declared).certainty is Certainty.CERTAIN
    foreign = key(table("payment_id"), table("payment_id", key=("payment_id",)))
    assert (foreign.value, foreign.certainty) == (("payment_id",), Certainty.LIKELY)
    sets = {("client_id", "currency"): ROWS}
    both = replace(table("client_id", "currency", key=("client_id", "currency")), sets=sets)
    assert key(both).certainty is Certainty.CERTAIN
    broken = table("payment_id", "refund_id", key=("payment_id",), payment_id=120)
    assert key(table("payment_id", "refund_id", payment_id=120), broken).value == ("refund_id",)


def test_a_set_is_proposed_where_chance_would_have_repeated_it() -> None:
    plain = table("client_id", "currency", "amount")
    assert ("client_id", "currency") in sets_to_count(plain)
    counted = replace(plain, sets={("client_id", "currency"): ROWS})
    found = key(counted)
    assert (set(found.value), found.certainty) == ({"client_id", "currency"}, Certainty.LIKELY)
    wide = replace(
        table("client_id", "country", client_id=190, country=190), sets={("client_id", "country"): ROWS}
    )
    assert key(wide).value == ()


def test_nothing_is_counted_where_the_own_identifier_is_unique() -> None:
    assert sets_to_count(table("refund_id", "client_id", "currency")) == ()


def test_times_and_amounts_are_no_key_however_unique() -> None:
    found = key(table("created_at", "amount", amount=200))
    assert (found.value, found.certainty) == ((), Certainty.UNKNOWN)
