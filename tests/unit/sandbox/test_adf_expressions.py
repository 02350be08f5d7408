"""The expression language of Data Factory."""

from __future__ import annotations

from typing import Any

import pytest

from parity_sandbox.azure.adf.expressions.errors import ExpressionError, UnsupportedFunction
from parity_sandbox.azure.adf.expressions.evaluate import evaluate

RUN = {
    "RunId": "r-1",
    "parameters": {"day": "2026-03-02", "n": 3, "list": [1, 2], "deep": {"a": [{"b": "x"}]}, "none": None},
}
NAMES = {
    "pipeline": lambda: RUN,
    "activity": lambda name: {"output": {"rows": 7, "name": name}},
    "variables": {"v": "vv"}.__getitem__,
    "item": lambda: {"table": "refunds"},
}
VALUES: list[tuple[Any, Any]] = [
    ("plain", "plain"),
    ("@@plain", "@plain"),
    ("a@b.example", "a@b.example"),
    ("@pipeline().parameters.day", "2026-03-02"),
    ("@pipeline().parameters.n", 3),
    ("@pipeline().Parameters.DAY", "2026-03-02"),
    ("@pipeline().parameters.deep.a[0].b", "x"),
    ("@pipeline().parameters['list'][1]", 2),
    ("@pipeline()?.nothing?.more", None),
    ("@activity('copy it').output.rows", 7),
    ("@variables('v')", "vv"),
    ("@item().table", "refunds"),
    ("@{item().table}/@{pipeline().parameters.day}", "refunds/2026-03-02"),
    ("n=@{pipeline().parameters.n}, l=@{pipeline().parameters.list}", "n=3, l=[1,2]"),
    ("@{concat('}', '{')}", "}{"),
    ("@@{literal}", "@{literal}"),
    ("x @@{literal} @{add(1,2)}", "x @{literal} 3"),
    ("@concat('it''s ', pipeline().parameters.n)", "it's 3"),
    ("@CONCAT('a', 'b')", "ab"),
    ("@concat(createArray(1), createArray(2))", [1, 2]),
    ("@equals(1, 1)", True),
    ("@equals('a', 'A')", False),
    ("@equals(true, 1)", False),
    ("@and(true, false)", False),
    ("@or(true, variables('no such'))", True),
    ("@not(equals(1, 2))", True),
    ("@if(greater(pipeline().parameters.n, 2), 'many', div(1, 0))", "many"),
    ("@coalesce(null, pipeline().parameters.none, 'last')", "last"),
    ("@string(createArray('a', 1))", '["a",1]'),
    ("@int('42')", 42),
    ("@float('1.5')", 1.5),
    ("@bool('True')", True),
    ("""@json('{"a": [1]}').a[0]""", 1),
    ("@length('four')", 4),
    ("@empty(createArray())", True),
    ("@contains('abc', 'b')", True),
    ("@contains(createArray(1, 2), 2)", True),
    ("@startswith('Payments', 'pay')", True),
    ("@first(split('a,b,c', ','))", "a"),
    ("@last(split('a,b,c', ','))", "c"),
    ("@join(createArray('a', 'b'), '-')", "a-b"),
    ("@substring('payments', 0, 3)", "pay"),
    ("@replace('a-b', '-', '+')", "a+b"),
    ("@toUpper(trim(' x '))", "X"),
    ("@div(7, 2)", 3),
    ("@div(-7, 2)", -3),
    ("@mod(-7, 2)", -1),
    ("@range(2, 3)", [2, 3, 4]),
    ("@union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
    ("@max(1, 3, 2)", 3),
    ("@formatDateTime('2026-03-02', 'yyyyMMdd')", "20260302"),
    ("@formatDateTime('2026-03-02T14:05:09.1234567Z', 'dd/MM/yy hh:mm tt')", "02/03/26 02:05 PM"),
    ("@formatDateTime('2026-03-02T14:05:09+02:00')", "2026-03-02T12:05:09.0000000Z"),
    ("@addDays('2026-02-28', 1, 'yyyy-MM-dd')", "2026-03-01"),
    ("@adddays('2026-03-01', -1)", "2026-02-28T00:00:00.0000000Z"),
    ("@addHours('2026-03-01T23:30:00Z', 1, 's')", "2026-03-02T00:30:00"),
    ("@addMonths('2026-01-31', 1, 'yyyy-MM-dd')", "2026-02-28"),
    ("@startOfMonth('2026-03-17', 'yyyy-MM-dd')", "2026-03-01"),
    ("@dayOfWeek('2026-03-01')", 0),
    ({"type": "Expression", "value": "@add(1, 2)"}, 3),
    ({"a": ["@add(1, 2)", {"b": "@{item().table}"}]}, {"a": [3, {"b": "refunds"}]}),
    (5, 5),
]


@pytest.mark.parametrize(("written", "meant"), VALUES, ids=[str(written)[:60] for written, _ in VALUES])
def test_an_expression_has_the_value_that_adf_gives_it(written: Any, meant: Any) -> None:
    found = evaluate(written, NAMES)
    assert (found, type(found)) == (meant, type(meant))


MISTAKES = [
    ("@concat('a'", "expected ','"),
    ("@concat('a') rest", "unexpected text"),
    ("@", "Unable to parse"),
    ("@{item().table", "expected '}'"),
    ("@pipeline().parameters.nope", "property 'nope' doesn't exist, available properties are 'day"),
    ("@pipeline().parameters.list[9]", "cannot be selected"),
    ("@int('many')", "cannot be applied"),
    ("@div(1, 0)", "divide"),
    ("@if('maybe', 1, 2)", "Boolean"),
    ("@if(true, 1)", "expects 3 parameters"),
    ("@json('{')", "not valid JSON"),
    ("@substring('abc', 2, 9)", "outside"),
    ("@formatDateTime('soon', 'yyyy')", "not a date and time"),
    ("@formatDateTime('2026-03-02', 'yyy')", "sandbox limitation"),
]


@pytest.mark.parametrize(("written", "said"), MISTAKES)
def test_a_wrong_expression_says_what_is_wrong(written: str, said: str) -> None:
    with pytest.raises(ExpressionError, match=said.replace("}", "[}]")):
        evaluate(written, NAMES)


def test_an_unknown_function_is_a_limitation_of_the_sandbox_and_never_a_guess() -> None:
    with pytest.raises(UnsupportedFunction, match="sandbox limitation: the function 'xpath'"):
        evaluate("@xpath('a', 'b')", NAMES)
