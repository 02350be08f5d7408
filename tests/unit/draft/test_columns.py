"""Which columns are taken for the same thing, and how surely."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parity.draft.columns import Mapped, map_columns
from parity.draft.facts import Certainty, ColumnFacts, TableFacts, Values

CERTAIN, LIKELY = Certainty.CERTAIN, Certainty.LIKELY


def values(seed: int, distinct: int = 50, near: bool = False) -> Values:
    """Return what values of a column look like; one seed, one set of values."""
    return Values(0, distinct, seed * 1000 + near, seed, seed + 500)


def table(**columns: Values | None) -> TableFacts:
    found = tuple(ColumnFacts(name, "string", held) for name, held in columns.items())
    return TableFacts("things", found, rows=200)


def seen(mapped: Mapped) -> dict[str, tuple[str, Certainty]]:
    return {pair.legacy.name: (pair.target.name, pair.certainty) for pair in mapped.pairs}


def test_columns_of_one_name_and_the_same_values_are_certain() -> None:
    mapped = map_columns(table(id=values(1), Note=values(2)), table(ID=values(1), note=values(2)))
    assert seen(mapped) == {"id": ("ID", CERTAIN), "Note": ("note", CERTAIN)}


def test_swapped_names_are_found_by_the_values_and_marked() -> None:
    mapped = map_columns(table(gross=values(1), net=values(2)), table(gross=values(2), net=values(1)))
    assert seen(mapped) == {"gross": ("net", LIKELY), "net": ("gross", LIKELY)}


def test_another_spelling_with_the_same_values_is_certain_and_another_word_is_not() -> None:
    legacy = table(merch_ref=values(1), status=values(2))
    mapped = map_columns(legacy, table(merchant_reference=values(1), condition=values(2)))
    assert seen(mapped) == {"merch_ref": ("merchant_reference", CERTAIN), "status": ("condition", LIKELY)}
    mapped = map_columns(table(cust_no=values(1)), table(customerNumber=values(1)))
    assert seen(mapped) == {"cust_no": ("customerNumber", CERTAIN)}


def test_a_rename_is_not_certain_where_another_column_has_the_same_values() -> None:
    mapped = map_columns(table(cust_no=values(1), old=values(1)), table(customer_number=values(1)))
    assert seen(mapped) == {"cust_no": ("customer_number", LIKELY)}
    assert [column.name for column in mapped.legacy_only] == ["old"]


def test_one_name_with_other_values_is_marked() -> None:
    mapped = map_columns(table(fee=values(1)), table(fee=values(2)))
    assert seen(mapped) == {"fee": ("fee", LIKELY)}
    mapped = map_columns(table(fee=values(1)), table(fee=values(1, near=True)))
    assert seen(mapped) == {"fee": ("fee", CERTAIN)}


def test_without_a_sample_names_alone_are_not_certain() -> None:
    bare = TableFacts("things", (ColumnFacts("id", "string"),))
    assert seen(map_columns(bare, table(id=values(1)))) == {"id": ("id", LIKELY)}


def test_what_a_copy_activity_maps_is_certain() -> None:
    mapped = map_columns(table(a=values(1), b=values(2)), table(a=values(2), c=values(9)), {"a": "c", "b": "a"})
    assert seen(mapped) == {"a": ("c", CERTAIN), "b": ("a", CERTAIN)}


@pytest.mark.parametrize("declared", [{"nowhere": "c"}, {"a": "nowhere"}])
def test_a_mapping_of_columns_that_are_not_there_is_nothing(declared: dict[str, str]) -> None:
    assert seen(map_columns(table(a=values(1)), table(c=values(5)), declared)) == {}


NAMES = st.sampled_from(["id", "client_id", "amount", "amt", "fee", "status", "ccy", "currency", "note", "Note2"])
SIDES = st.dictionaries(NAMES, st.integers(1, 6).map(values) | st.none(), max_size=8)


@settings(deadline=None)
@given(SIDES, SIDES, st.dictionaries(NAMES, NAMES, max_size=3))
def test_every_column_is_paired_once_or_listed_as_alone(
    legacy: dict[str, Values | None], target: dict[str, Values | None], declared: dict[str, str]
) -> None:
    mapped = map_columns(table(**legacy), table(**target), declared)
    assert sorted([*(one.legacy.name for one in mapped.pairs), *(c.name for c in mapped.legacy_only)]) == sorted(
        legacy
    )
    assert sorted([*(one.target.name for one in mapped.pairs), *(c.name for c in mapped.target_only)]) == sorted(
        target
    )


@settings(deadline=None)
@given(SIDES, SIDES)
def test_nothing_is_certain_whose_values_are_known_to_be_others(
    legacy: dict[str, Values | None], target: dict[str, Values | None]
) -> None:
    for pair in map_columns(table(**legacy), table(**target)).pairs:
        left, right = legacy[pair.legacy.name], target[pair.target.name]
        if pair.certainty is CERTAIN and left and right:
            assert left.total == right.total


def test_of_two_flags_with_the_same_values_the_names_alone_are_not_enough() -> None:
    flags = table(is_test=values(1, distinct=2), approved=values(1, distinct=2))
    assert {certainty for _, certainty in seen(map_columns(flags, flags)).values()} == {LIKELY}
    constant = table(source=values(1, distinct=1), origin=values(1, distinct=1))
    assert {certainty for _, certainty in seen(map_columns(constant, constant)).values()} == {CERTAIN}


def test_two_columns_of_one_dense_range_are_told_apart_only_by_exactly_the_same_values() -> None:
    legacy = table(booked=values(1), due=values(1))
    target = table(booked=values(1, near=True), due=values(1, near=True))
    assert {certainty for _, certainty in seen(map_columns(legacy, target)).values()} == {LIKELY}
