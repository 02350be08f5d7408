"""The actions that Azure Resource Manager asks a role for, of a request log, and the role of ``deploy/azure``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from parity.settings import PROJECT

ROLE = json.loads((PROJECT / "deploy" / "azure" / "role.json").read_text())
WITH_A_RESULT = ("querypipelineruns", "queryactivityruns")
"""Operations whose result is a thing of its own, which has to be readable, too."""


def actions_of(method: str, path: str) -> Iterator[str]:
    """Yield what Resource Manager asks a role for, of a request: types without names, then read or action."""
    _, mark, after = unquote(urlsplit(path).path).rpartition("/providers/")
    if not mark:
        return
    provider, *parts = after.lower().split("/")
    kinds = parts[::2]
    base = "/".join([provider, *kinds])
    yield f"{base}/{ {'GET': 'read', 'POST': 'action', 'PUT': 'write', 'DELETE': 'delete'}[method] }"
    if method == "POST" and kinds[-1] in WITH_A_RESULT:
        yield f"{base}/read"


def called(requests: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the actions of a request log."""
    return {action for one in requests for action in actions_of(one["method"], one["path"])}
