"""SQL that a suite brings along stays one value of one row."""

from __future__ import annotations

import re

import pytest

from parity.compare.schema.expressions import refuse_non_scalar
from parity.compare.session import DuckSession
from parity.errors import BadInput


@pytest.mark.parametrize(
    "sql",
    [
        *("1) AS v0, (2", "1=1) OR (1=1", "(v", "v)", "'", '"', "v; SELECT 1", "v AS w", "v, w"),
        *("v -- all", "v /* all", "$1", "?", "#1"),
        *("v FROM raw_target", "v WHERE true", "v ORDER BY 1", "1 LIMIT 0", "1 UNION SELECT 2", "", " "),
        *("(SELECT 1)", "EXISTS (SELECT 1)", "v IN (SELECT 1)", "*", "COLUMNS('v')", "row_number() OVER ()"),
        *("count(*)", "max(v)", "random()", "uuid()::VARCHAR", "abs(random())", "unnest([v])", "nextval('s')"),
    ],
)  # fmt: skip
def test_what_is_not_one_value_of_one_row_is_refused(duck: DuckSession, sql: str) -> None:
    with pytest.raises(BadInput, match=r"^Column v: "):
        refuse_non_scalar(duck, sql, "Column v")


@pytest.mark.parametrize(
    "sql",
    [
        *("v", '"a)b"', "')'", "upper(v) || '--'", "CASE WHEN v THEN 1 ELSE 2 END", "v::INT[]"),
        *("list_transform(v, lambda x: x + 1)", "v IN (1, 2)", "TRY(v + 1)", "a OR b", "v BETWEEN 1 AND 2"),
        *("(a, b)", "{'a': 1}", "$$)$$", "list_max(v)"),
    ],
)  # fmt: skip
def test_one_value_of_one_row_is_taken(duck: DuckSession, sql: str) -> None:
    refuse_non_scalar(duck, sql, "Column v")


@pytest.mark.parametrize(("length", "shown"), [(60, "x" * 59 + "("), (61, "x" * 60 + "…")])
def test_a_long_expression_is_shown_by_its_first_sixty_characters(
    duck: DuckSession, length: int, shown: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(f"Column v: {shown!r} ")):
        refuse_non_scalar(duck, "x" * (length - 1) + "(", "Column v")
