"""JSON as Trino reads it: a number's text is kept, objects come out with sorted keys and no blanks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

STEP = re.compile(r"\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[\"([^\"]*)\"\]|\['([^']*)'\]")


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Missing(Exception):
    """The path leads nowhere."""


@lru_cache(maxsize=256)
def steps(path: str) -> tuple[str | int, ...]:
    """Return the members and indices of a path such as ``$.a["b c"][0]``; ValueError for any other."""
    text = path.strip().removeprefix("lax ").strip()
    found: list[str | int] = []
    at = 1
    while text.startswith("$") and at < len(text):
        step = STEP.match(text, at)
        if step is None:
            break
        member, index, double, single = step.groups()
        found.append(
            int(index)
            if index is not None
            else next(name for name in (member, double, single) if name is not None)
        )
        at = step.end()
    if not text.startswith("$") or at < len(text):
        raise ValueError(f"sandbox limitation: the JSON path {path!r} is more than members and indices")
    return tuple(found)


def _load(text: str, pairs: Callable[[list[tuple[str, Any]]], dict[str, Any]] = dict) -> Any:
    return json.loads(text, parse_float=Number, parse_int=Number, object_pairs_hook=pairs)


def _first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object whose members that occur again are left out."""
    return dict(reversed(pairs)) if len({name for name, _ in pairs}) < len(pairs) else dict(pairs)


def _walk(value: Any, path: str) -> Any:
    for step in steps(path):
        value = _step(value, step)
    return value


def _step(value: Any, step: str | int) -> Any:
    fits = isinstance(value, list) if isinstance(step, int) else isinstance(value, dict)
    if not fits or (step not in range(len(value)) if isinstance(step, int) else step not in value):
        raise Missing
    return value[step]


def _find(text: str, path: str) -> Any:
    try:
        return _walk(_load(text, _first), path)
    except json.JSONDecodeError:
        steps(path)
        raise Missing from None


def extract_scalar(text: str, path: str) -> str | None:
    """Return the scalar at ``path`` as text; None for none, null, an array or an object."""
    try:
        value = _find(text, path)
    except Missing:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str) else None


def extract(text: str, path: str) -> str | None:
    """Return what is at ``path`` as canonical JSON text."""
    try:
        return canonical(_find(text, path), ordered=False)
    except Missing:
        return None


def parse(text: str) -> str:
    """Return ``text`` as canonical JSON; ValueError when it is none."""
    try:
        return canonical(_load(text))
    except json.JSONDecodeError as error:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: '{text}'") from error


def canonical(value: Any, *, ordered: bool = True) -> str:
    """Return JSON text without blanks, keys sorted or as they came.

    A fraction is refused, for Trino rewrites its digits.
    """
    if isinstance(value, Number):
        if not value.lstrip("-").isdigit():
            raise ValueError(f"sandbox limitation: the number {value} inside JSON; extract it as a scalar")
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(
                f"{json.dumps(key, ensure_ascii=False)}:{canonical(value[key], ordered=ordered)}"
                for key in (sorted(value) if ordered else value)
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(canonical(one, ordered=ordered) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def size(text: str, path: str) -> int | None:
    """Return how many members or elements are at ``path``; 0 for a scalar."""
    try:
        value = _find(text, path)
    except Missing:
        return None
    return len(value) if isinstance(value, list | dict) else 0


def array_length(text: str) -> int | None:
    """Return the length of a JSON array; None when it is none."""
    try:
        value = _load(text)
    except json.JSONDecodeError:
        return None
    return len(value) if isinstance(value, list) else None
