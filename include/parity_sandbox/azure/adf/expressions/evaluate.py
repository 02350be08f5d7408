"""Tree to value. What depends on the run (``pipeline()``, ``activity('a')`` …) comes as ``names``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parity_sandbox.azure.adf.expressions.errors import ExpressionError, UnsupportedFunction
from parity_sandbox.azure.adf.expressions.functions import FUNCTIONS, text, truth
from parity_sandbox.azure.adf.expressions.parser import Access, Call, Join, Literal, Node, parse

Names = Mapping[str, Callable[..., Any]]
"""Functions of the run, by lower-case name."""


def evaluate(value: Any, names: Names) -> Any:
    """Return ``value`` with every expression in it replaced, to any depth; ExpressionError when one fails."""
    if isinstance(value, dict):
        if value.get("type") == "Expression" and "value" in value:
            return evaluate(value["value"], names)
        return {key: evaluate(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [evaluate(inner, names) for inner in value]
    return _value(parse(value), names) if isinstance(value, str) else value


def _value(node: Node, names: Names) -> Any:
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Join):
        return "".join(text(_value(part, names)) for part in node.parts)
    if isinstance(node, Access):
        return _access(node, names)
    lazy = LAZY.get(node.name.lower())
    return lazy(node, names) if lazy else _call(node, names)


def _call(call: Call, names: Names) -> Any:
    name = call.name.lower()
    function = names.get(name) or FUNCTIONS.get(name)
    if function is None:
        raise UnsupportedFunction(call.name)
    arguments = [_value(argument, names) for argument in call.arguments]
    try:
        return function(*arguments)
    except ExpressionError:
        raise
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError) as error:
        shown = ", ".join(map(text, arguments))
        raise ExpressionError(f"The function '{call.name}' cannot be applied to ({shown}): {error}") from error


def _access(access: Access, names: Names) -> Any:
    of = _value(access.of, names)
    key = _value(access.key, names)
    try:
        return _element(of, key)
    except (LookupError, TypeError) as error:
        if access.safe:
            return None
        raise ExpressionError(_absent(of, key)) from error


def _element(of: Any, key: Any) -> Any:
    if isinstance(of, dict) and key not in of and isinstance(key, str):
        key = {name.lower(): name for name in of}[key.lower()]
    if isinstance(of, str) or (isinstance(of, list) and isinstance(key, int) and key < 0):
        raise LookupError(key)
    return of[key]


def _absent(of: Any, key: Any) -> str:
    if isinstance(of, dict):
        known = ", ".join(of)
        return (
            f"The expression cannot be evaluated because property '{key}' doesn't exist, available properties "
            f"are '{known}'."
        )
    return f"The expression cannot be evaluated because '{key}' cannot be selected from '{text(of)}'."


def _arguments(call: Call, count: int) -> tuple[Node, ...]:
    if len(call.arguments) != count:
        raise ExpressionError(f"The function '{call.name}' expects {count} parameters.")
    return call.arguments


def _if(call: Call, names: Names) -> Any:
    condition, positive, negative = _arguments(call, 3)
    return _value(positive if truth(_value(condition, names)) else negative, names)


def _and(call: Call, names: Names) -> bool:
    left, right = _arguments(call, 2)
    return truth(_value(left, names)) and truth(_value(right, names))


def _or(call: Call, names: Names) -> bool:
    left, right = _arguments(call, 2)
    return truth(_value(left, names)) or truth(_value(right, names))


LAZY: Mapping[str, Callable[[Call, Names], Any]] = {"if": _if, "and": _and, "or": _or}
"""Functions that look at their second argument only when they must."""
