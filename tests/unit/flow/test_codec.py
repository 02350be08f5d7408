"""What a run writes as JSON is read back as it was, and anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from parity.errors import ExportRefused
from parity.flow.codec import from_json, from_text, to_json, to_text
from parity.flow.stages import Stage


@dataclass(frozen=True)
class Part:
    """One of each kind of field that crosses a task's edge."""

    stage: Stage
    day: date
    amount: Decimal
    names: tuple[str, ...] = ()


PART = Part(Stage.COMPARE, date(2026, 3, 2), Decimal("0.10"), ("a", "ü"))


def test_a_part_is_read_back_from_an_xcom_and_from_a_file() -> None:
    assert to_json(PART) == {"stage": "compare", "day": "2026-03-02", "amount": "0.10", "names": ["a", "ü"]}
    assert from_json(Part, to_json(PART)) == PART
    assert from_text(Part, to_text(PART).encode()) == PART


def test_nothing_is_written_as_empty() -> None:
    assert to_json(None) == {}


@pytest.mark.parametrize("text", [b"", b'{"stage": "compare"', b"{}", b'{"stage": "elsewhere"}'])
def test_a_text_that_is_cut_or_of_something_else_is_refused_with_the_remedy(text: bytes) -> None:
    with pytest.raises(ExportRefused, match="A Part that this run wrote cannot be read back") as refused:
        from_text(Part, text, "Clear it.")
    assert refused.value.remedy == "Clear it."
