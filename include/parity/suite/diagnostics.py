"""Mistakes in YAML files, as their authors read them: where, what, and a suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from parity.errors import SuiteError
from parity.suite.yaml_source import Location, YamlDocument
from parity.wording import did_you_mean

_QUOTED = re.compile(r"'([^']*)'")
_REWORDED = {
    "tuple_type": ("not a list", "Write it in brackets: [{}]."),
    "string_pattern_mismatch": (
        "not a name that can be used here",
        "Use letters, digits and _, and begin with a letter; a table may be up to three such names with dots.",
    ),
    "decimal_parsing": ("not a number", "Write it with a point, such as 0.01."),
    "int_parsing": ("not a whole number", "Write digits only."),
    "date_from_datetime_parsing": ("not a date", "Write it like 2026-12-31."),
    "bool_parsing": ("neither true nor false", "Write true or false."),
}
"""Pydantic's kinds of error whose own words are for programmers: what is wrong, what to write."""
_ADDED_BY_PYDANTIC = ("Value error, ", "Assertion failed, ")


@dataclass(frozen=True)
class Diagnostic:
    """One mistake at a place of a document."""

    location: Location
    what: str
    remedy: str = ""

    def below(self, location: Location) -> Diagnostic:
        """Return the same mistake in a document that holds this one at ``location``."""
        return replace(self, location=(*location, *self.location))

    def error(self, document: YamlDocument) -> SuiteError:
        """Return the error with its line, and with the activity's name where there is one."""
        where = readable_location(self.location, document.data)
        what = f"{where}: {self.what}" if where else self.what
        return SuiteError(what, path=document.path, line=document.line(self.location), remedy=self.remedy)


def readable_location(location: Location, data: Any) -> str:
    """Return ``activity settle, columns.amount`` rather than ``activities.0.columns.amount``."""
    steps = list(location)
    if len(steps) >= 2 and steps[0] == "activities" and isinstance(steps[1], int):
        return ", ".join([_activity(data, steps[1]), *filter(None, [_dotted(steps[2:])])])
    return _dotted(steps)


def diagnose(error: ValidationError, model: type[BaseModel], data: Any) -> Iterator[Diagnostic]:
    """Turn pydantic's errors about ``data`` into diagnostics, each with a suggestion where one is close."""
    items = error.errors(include_url=False, include_input=False)
    for item in items:
        if _follows(item["type"], item["loc"], [other["loc"] for other in items]):
            continue
        location = _within(item["loc"], data)
        given = _given(item["loc"], data)
        yield Diagnostic(
            location, _what(item["type"], item["msg"], item["loc"], given), _remedy(item, model, given)
        )


def _follows(kind: str, location: Location, others: Iterable[Location]) -> bool:
    """Return whether a list is too short only because what it holds is wrong."""
    depth = len(location)
    return kind == "too_short" and any(len(o) > depth and o[:depth] == location for o in others)


def _activity(data: Any, position: int) -> str:
    try:
        return f"activity {data['activities'][position]['name']}"
    except (KeyError, TypeError, IndexError):
        return f"activity {position + 1}"


def _dotted(steps: list[int | str]) -> str:
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).removeprefix(".")


def _within(location: tuple[int | str, ...], data: Any) -> Location:
    """Keep the steps that the document has; pydantic also names validators and absent keys."""
    kept: list[int | str] = []
    for step in location:
        try:
            data = data[step]
        except (KeyError, TypeError, IndexError):
            break
        kept.append(step)
    return kept


def _given(location: Location, data: Any) -> Any:
    """Return the value that the document has at ``location``, or as far down as it goes."""
    for step in _within(tuple(location), data):
        data = data[step]
    return data


def _what(kind: str, message: str, location: tuple[int | str, ...], given: Any) -> str:
    if kind == "extra_forbidden":
        return f"key {location[-1]!r} is unknown."
    if kind == "missing":
        return f"key {location[-1]!r} is missing."
    if kind in _REWORDED and isinstance(given, str | int | float):
        return f"{given!r} is {_REWORDED[kind][0]}."
    for added in _ADDED_BY_PYDANTIC:
        message = message.removeprefix(added)
    return message[:1].lower() + message[1:].rstrip(".") + "."


def _remedy(item: Mapping[str, Any], model: type[BaseModel], given: Any) -> str:
    location = item["loc"]
    if item["type"] in ("literal_error", "enum"):
        return did_you_mean(str(given), _QUOTED.findall(item["msg"]), "")
    if "tolerance" in location:
        return "Write 0.01, 0.1% or 1ms."
    if item["type"] in _REWORDED:
        return _REWORDED[item["type"]][1].format(given)
    if item["type"] == "extra_forbidden":
        owner = model_at(model, location[:-1])
        return did_you_mean(str(location[-1]), owner.model_fields if owner else (), "")
    return ""


def model_at(model: Any, location: Location) -> type[BaseModel] | None:
    """Return the model that describes ``location`` of a document of ``model``, or None."""
    for step in location:
        model = _inside(_plain(model), step)
    plain = _plain(model)
    return plain if isinstance(plain, type) and issubclass(plain, BaseModel) else None


def _plain(kind: Any) -> Any:
    """Strip Annotated and Optional from a type."""
    if get_origin(kind) is Annotated:
        return _plain(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _plain(next(arg for arg in get_args(kind) if arg is not type(None)))
    return kind


def _inside(kind: Any, step: int | str) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        field = kind.model_fields.get(str(step))
        return field.annotation if field else None
    arguments = get_args(kind)
    return {tuple: arguments[:1], dict: arguments[1:]}.get(get_origin(kind), (None,))[0]
