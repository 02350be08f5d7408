"""The functions of the expression language that need nothing but their arguments; names ignore case."""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from parity_sandbox.azure.adf.expressions import dates
from parity_sandbox.azure.adf.expressions.errors import ExpressionError


def text(value: Any) -> str:
    """Return ``value`` as ``string()`` and interpolation write it: JSON, but a text as it is."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def truth(value: Any) -> bool:
    """Return a condition's value; only a boolean, or its text, is one."""
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ExpressionError(f"The expression's value '{text(value)}' is not of the expected type 'Boolean'.")
    return value


def same(left: Any, right: Any) -> bool:
    """Return whether two values are equal; a boolean is never a number."""
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def parse_json(value: Any) -> Any:
    """Return what a JSON text says."""
    try:
        return json.loads(value)
    except (TypeError, ValueError) as error:
        raise ExpressionError(f"The value '{value}' provided to 'json' is not valid JSON.") from error


def boolean(value: Any) -> bool:
    """Return ``bool()`` of a number, a boolean or its text."""
    return bool(value) if isinstance(value, int | float) else truth(value)


def divide(left: float, right: float) -> float:
    """Return the quotient; of two whole numbers the whole part, towards zero."""
    if right == 0:
        raise ExpressionError("Attempt to divide an integral or decimal value by zero in function 'div'.")
    whole = isinstance(left, int) and isinstance(right, int)
    return int(left / right) if whole else left / right


def remainder(left: int, right: int) -> int:
    """Return the remainder with the sign of ``left``."""
    if right == 0:
        raise ExpressionError("Attempt to divide an integral or decimal value by zero in function 'mod'.")
    return left - right * int(left / right)


def substring(value: str, start: int, length: int | None = None) -> str:
    """Return a part of a text; it must lie inside."""
    end = len(value) if length is None else start + length
    if start < 0 or end > len(value) or end < start:
        raise ExpressionError("The function 'substring' points outside of the text.")
    return value[start:end]


def contains(collection: Any, value: Any) -> bool:
    """Return whether a list has an element, an object a key, or a text a part."""
    return str(value) in collection if isinstance(collection, str) else value in collection


def first(values: Any) -> Any:
    """Return the first element or character, or null."""
    return values[0] if values else None


def last(values: Any) -> Any:
    """Return the last element or character, or null."""
    return values[-1] if values else None


def union(*lists: Any) -> Any:
    """Return every element of the lists once, or all properties of the objects."""
    if isinstance(lists[0], dict):
        return {key: value for one in lists for key, value in one.items()}
    found: list[Any] = []
    found.extend(value for one in lists for value in one if value not in found)
    return found


def intersection(*lists: list[Any]) -> list[Any]:
    """Return the elements that all lists have."""
    return [value for value in lists[0] if all(value in other for other in lists[1:])]


def coalesce(*values: Any) -> Any:
    """Return the first value that is not null."""
    return next((value for value in values if value is not None), None)


def index_of(value: str, part: str) -> int:
    """Return where ``part`` starts, whatever the case, or -1."""
    return value.lower().find(part.lower())


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "adddays": dates.shift("days"),
    "addhours": dates.shift("hours"),
    "addminutes": dates.shift("minutes"),
    "addmonths": dates.add_months,
    "addseconds": dates.shift("seconds"),
    "array": lambda value: value if isinstance(value, list) else [value],
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64tostring": lambda value: base64.b64decode(value).decode(),
    "bool": boolean,
    "coalesce": coalesce,
    "concat": lambda *values: (
        [one for value in values for one in value]
        if values and all(isinstance(value, list) for value in values)
        else "".join(map(text, values))
    ),
    "contains": contains,
    "createarray": lambda *values: list(values),
    "dayofmonth": lambda value: dates.read(value).day,
    "dayofweek": lambda value: dates.read(value).isoweekday() % 7,
    "dayofyear": lambda value: dates.read(value).timetuple().tm_yday,
    "div": divide,
    "empty": lambda value: not value,
    "endswith": lambda value, part: value.lower().endswith(part.lower()),
    "equals": same,
    "first": first,
    "float": float,
    "formatdatetime": lambda value, form=dates.DEFAULT: dates.write(dates.read(value), form),
    "greater": operator.gt,
    "greaterorequals": operator.ge,
    "guid": lambda: str(uuid4()),
    "indexof": index_of,
    "int": int,
    "intersection": intersection,
    "join": lambda values, mark: mark.join(map(text, values)),
    "json": parse_json,
    "last": last,
    "length": len,
    "less": operator.lt,
    "lessorequals": operator.le,
    "max": lambda *values: max(values[0] if isinstance(values[0], list) else values),
    "min": lambda *values: min(values[0] if isinstance(values[0], list) else values),
    "mod": remainder,
    "mul": operator.mul,
    "not": lambda value: not truth(value),
    "range": lambda start, count: list(range(start, start + count)),
    "replace": lambda value, old, new: value.replace(old, new),
    "skip": lambda values, count: values[count:],
    "split": lambda value, mark: value.split(mark),
    "startofday": dates.start("day"),
    "startofhour": dates.start("hour"),
    "startofmonth": dates.start("month"),
    "startswith": lambda value, part: value.lower().startswith(part.lower()),
    "string": text,
    "sub": operator.sub,
    "substring": substring,
    "take": lambda values, count: values[:count],
    "tolower": lambda value: value.lower(),
    "toupper": lambda value: value.upper(),
    "trim": lambda value: value.strip(),
    "union": union,
    "uricomponent": lambda value: quote(value, safe=""),
    "uricomponenttostring": unquote,
}
