"""What a request carries, whichever way it came: the query of a GET, the JSON body of the rest."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any, TypeVar

from starlette.requests import Request

from parity_sandbox.databricks.errors import Refused, invalid
from parity_sandbox.databricks.jobs import number

Item = TypeVar("Item")


async def arguments(request: Request) -> dict[str, Any]:
    """Return query and body as one object, or refuse what is not JSON."""
    body = await request.body()
    try:
        document = json.loads(body) if body else {}
    except ValueError as error:
        raise Refused(400, "MALFORMED_REQUEST", f"Could not parse request object: {error}") from error
    if not isinstance(document, dict):
        raise Refused(400, "MALFORMED_REQUEST", "Could not parse request object: it is not an object.")
    return {**request.query_params, **document}


def needed(asked: dict[str, Any], name: str) -> Any:
    """Return one argument, or refuse when it is missing."""
    if asked.get(name) in (None, ""):
        raise invalid(f"Missing required field: {name}")
    return asked[name]


def true(value: Any) -> bool:
    """Read a flag that may have come as text."""
    return str(value).lower() == "true"


def page(items: Sequence[Item], asked: dict[str, Any], *, usual: int, most: int) -> tuple[Sequence[Item], str]:
    """Return one page of ``items`` and the token of the next, empty when there is none."""
    limit = number(asked.get("limit") or usual, "limit")
    if not 1 <= limit <= most:
        raise invalid(f"limit must be between 1 and {most}, not {limit}.")
    first = _offset(asked.get("page_token") or "") or number(asked.get("offset") or 0, "offset")
    end = first + limit
    token = base64.urlsafe_b64encode(f"at:{end}".encode()).decode() if end < len(items) else ""
    return items[first:end], token


def _offset(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token).decode().removeprefix("at:")) if token else 0
    except ValueError as error:
        raise invalid("Invalid page token.") from error
