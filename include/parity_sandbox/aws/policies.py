"""How IAM decides by the policies of an identity: an explicit Deny wins, then an Allow; else it is denied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Document = Mapping[str, Any]
CONDITIONS = {"StringEquals": False, "StringLike": True}
"""Operators of conditions, and whether their values are patterns."""


class Decision(StrEnum):
    """What IAM's simulation calls its decisions."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    NEUTRAL = "implicitDeny"


@dataclass(frozen=True)
class Need:
    """An action on a resource, with the request's condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def decide(documents: Iterable[Document], need: Need) -> Decision:
    """Return IAM's decision."""
    effects = {one["Effect"] for document in documents for one in _statements(document) if _concerns(one, need)}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NEUTRAL


def _statements(document: Document) -> Iterator[Document]:
    found = document["Statement"]
    yield from [found] if isinstance(found, Mapping) else found


def _concerns(statement: Document, need: Need) -> bool:
    if strange := statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise NotImplementedError(f"the element {min(strange)} of a policy")
    return (
        any(_matches(one.lower(), need.action.lower()) for one in _listed(statement["Action"]))
        and any(_matches(one, need.resource) for one in _listed(statement["Resource"]))
        and all(_holds(sign, wanted, need) for sign, wanted in (statement.get("Condition") or {}).items())
    )


def _holds(operator: str, wanted: Mapping[str, Any], need: Need) -> bool:
    """Return whether a condition holds; one whose key the request lacks does not."""
    if operator not in CONDITIONS:
        raise NotImplementedError(f"the condition {operator} of a policy")
    like = CONDITIONS[operator]
    return all(
        key in need.context
        and any(_matches(one, need.context[key]) if like else one == need.context[key] for one in _listed(values))
        for key, values in wanted.items()
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _matches(pattern: str, text: str) -> bool:
    signs = {"*": ".*", "?": "."}
    return re.fullmatch("".join(signs.get(one) or re.escape(one) for one in pattern), text, re.DOTALL) is not None
