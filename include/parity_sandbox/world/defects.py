"""Defects that real migrations have, switched on and off one by one.

A defect is a textual patch of a published migrated script: the job that then runs really is wrong, and
nothing in any result knows of it. What the night must find is derived from the defects that are on.
``state`` is the sandbox's folder throughout; the sandbox itself may be up or down.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from parity_sandbox.world.places import HERE, PRODUCTS
from parity_sandbox.world.publishing import migrated_script, publish_script, volume

ORDER = ("PASS", "WAIVED", "FAIL", "INVALID")
"""The verdicts, the mildest first; the worst one of an activity counts."""


class UnknownDefect(ValueError):
    """Nobody defined a defect of that name; the message lists those that exist."""


class PatchRefused(ValueError):
    """A defect's ``old`` text does not occur exactly once in its script."""


@dataclass(frozen=True)
class Defect:
    """One thing that can be wrong, and what the night must say about it."""

    name: str
    activity: str
    what: str
    on: bool
    """Whether the demo starts with it."""
    old: str
    new: str
    verdict: str
    cause: str | None = None
    """The cause that the comparison must name, where one column shows it."""
    column: str | None = None
    kind: str = "changed"
    """changed, missing or extra rows."""
    inherits: tuple[str, ...] = ()
    """Activities whose data then differ as well."""


@cache
def defects() -> Mapping[str, Defect]:
    """Return every defect by name, as ``defects.yaml`` defines them."""
    import yaml

    document = yaml.safe_load((HERE / "defects.yaml").read_text())
    return {name: _defect(name, entry) for name, entry in document.items()}


def _defect(name: str, entry: Mapping[str, Any]) -> Defect:
    return Defect(name=name, **{**entry, "inherits": tuple(entry.get("inherits", ()))})


def switch(state: Path, name: str, on: bool) -> Defect:
    """Switch a defect and publish its script again; return it, or raise :class:`UnknownDefect`."""
    if name not in defects():
        raise UnknownDefect(f"There is no defect {name!r}; there are {', '.join(sorted(defects()))}.")
    defect = defects()[name]
    now = switched_on(state) | {name} if on else switched_on(state) - {name}
    publish(state, now, [defect.activity])
    return defect


def listing(state: Path) -> list[tuple[Defect, bool]]:
    """Return every defect, and whether it is on."""
    now = switched_on(state)
    return [(defect, name in now) for name, defect in defects().items()]


def switched_on(state: Path) -> frozenset[str]:
    """Return the names of the defects that are on."""
    record = _record(state)
    if record.is_file():
        return frozenset(json.loads(record.read_text()))
    return frozenset(name for name, defect in defects().items() if defect.on)


def publish(state: Path, on: Collection[str], activities: Iterable[str] | None = None) -> None:
    """Publish migrated scripts, all unless named, with exactly these defects in them; remember which."""
    everything = [product.activity for product in PRODUCTS]
    for activity in everything if activities is None else activities:
        publish_script(state, activity, patched(activity, on))
    _record(state).write_text(json.dumps(sorted(on)))


def patched(activity: str, on: Collection[str]) -> str:
    """Return a migrated script with its defects in it; :class:`PatchRefused` when one does not fit."""
    text = migrated_script(activity)
    for name in sorted(on):
        if defects()[name].activity == activity:
            text = apply(defects()[name], text)
    return text


def expected(state: Path) -> dict[str, str]:
    """Return the verdict that every activity deserves, given the defects that are on in ``state``."""
    return verdicts(defects()[name] for name in switched_on(state))


def verdicts(on: Iterable[Defect]) -> dict[str, str]:
    """Return the verdict that every activity deserves with these defects in the scripts."""
    found = {product.activity: "PASS" for product in PRODUCTS}
    for defect in on:
        _worsen(found, defect.activity, defect.verdict)
        for heir in defect.inherits:
            _worsen(found, heir, "FAIL")
    for product in PRODUCTS:  # they are in the order of their dependencies
        if any(found[before] == "INVALID" for before in product.after):
            found[product.activity] = "INVALID"
    return found


def expected_causes(state: Path) -> dict[str, list[tuple[str, str]]]:
    """Return (column, cause) that the comparison of an activity must name, for those that have some."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(switched_on(state)):
        defect = defects()[name]
        if defect.cause and defect.column and expected(state)[defect.activity] != "INVALID":
            found.setdefault(defect.activity, []).append((defect.column, defect.cause))
    return found


def _worsen(verdicts: dict[str, str], activity: str, verdict: str) -> None:
    verdicts[activity] = max(verdicts[activity], verdict, key=ORDER.index)


def apply(defect: Defect, text: str) -> str:
    """Return a script with the defect in it, or raise :class:`PatchRefused`."""
    found = text.count(defect.old)
    if found != 1:
        raise PatchRefused(
            f"defect {defect.name}: {defect.old!r} occurs {found} times in {defect.activity}.py, not once"
        )
    return text.replace(defect.old, defect.new)


def _record(state: Path) -> Path:
    """Return where it is remembered; among the data, so that ``reset`` forgets it."""
    return volume(state) / "defects.json"
