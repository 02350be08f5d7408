"""How moto is taught: named replacements, each with its reason, listed in one place by the app."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Patch:
    """One attribute of moto that is replaced."""

    owner: Any
    name: str
    new: Any
    why: str


def apply(patches: Iterable[Patch]) -> None:
    """Put the replacements in force; applying a second list replaces the first."""
    for patch in patches:
        setattr(patch.owner, patch.name, patch.new)
