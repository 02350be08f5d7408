"""Durations and sizes as people write them: ``90s``, ``20 GiB``."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|d)\s*")
_MICROSECONDS = {"us": 1, "ms": 10**3, "s": 10**6, "m": 60 * 10**6, "h": 3600 * 10**6, "d": 86_400 * 10**6}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*")
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def parse_duration(value: object) -> object:
    """Turn ``2h``, ``90s`` or ``1ms`` into a timedelta; leave anything else to pydantic."""
    if isinstance(value, str) and (found := DURATION.fullmatch(value)):
        exact = Decimal(found[1]) * _MICROSECONDS[found[2]]
        if exact % 1:
            raise ValueError(f"{value!r} is finer than a microsecond; write whole ones")
        try:
            return timedelta(microseconds=int(exact))
        except OverflowError:
            raise ValueError(f"{value!r} is longer than a duration can be") from None
    if isinstance(value, str):
        raise ValueError(f"{value!r} is not a duration; write a number and us, ms, s, m, h or d, such as 90s")
    return value


def parse_size(value: object) -> object:
    """Turn ``20 GiB`` into bytes; leave anything else to pydantic."""
    if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
        return int(float(found[1]) * _BYTES[found[2]])
    if isinstance(value, str):
        raise ValueError(f"{value!r} is not a size; write a number and a unit, such as 20 GiB")
    return value


_DURATION_SCHEMA = {"type": "string", "pattern": f"^{DURATION.pattern}$", "examples": ["2h", "90s", "1ms"]}
_SIZE_SCHEMA = {"type": ["integer", "string"], "pattern": f"^{_SIZE.pattern}$", "examples": ["20 GiB"]}
Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]
Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema(_SIZE_SCHEMA)]
