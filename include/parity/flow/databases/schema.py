"""Two catalogues, one list of differences. What only the server's version spells differently is none.

Every object becomes a name and a few normalised attributes; two objects are compared attribute by attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass, replace

from parity.engines.mysql_catalogue import Catalogue
from parity.flow.databases.objects import Attributes, Objects, objects


@dataclass(frozen=True)
class SchemaDifference:
    """One thing that is not the same on both sides."""

    object: str
    kind: str
    difference: str
    """The attribute's name, or ``missing`` (legacy only), or ``extra`` (target only)."""
    legacy: str | None
    target: str | None
    waived: str = ""
    """Ticket of the waiver that covers it."""
    owner: str = ""
    """The table that it belongs to, where the object's name alone does not tell."""

    @property
    def table(self) -> str:
        """Return the table it belongs to, or its own name."""
        return self.owner or self.object.partition(".")[0]


def diff_schema(
    legacy: Catalogue, target: Catalogue, wanted: Callable[[str], bool]
) -> tuple[SchemaDifference, ...]:
    """Compare all objects of wanted tables, and all that belong to no table."""
    olds, news = objects(legacy), objects(target)
    lonely = {name for kind, name in olds.keys() ^ news.keys() if kind == "table"}
    _ranked(olds, news)
    tables = {name for kind, name in olds.keys() | news.keys() if kind == "table"}
    found: list[SchemaDifference] = []
    for kind, name in sorted(olds.keys() | news.keys()):
        old, new = olds.get((kind, name)), news.get((kind, name))
        owner = _owner(kind, name, old or new or {}, tables)
        if kind in _FREE or _concerns(kind, owner, lonely, wanted):
            found += (replace(one, owner=owner) for one in _compare(kind, name, old, new))
    return tuple(found)


_FREE = ("routine", "event")


def _concerns(kind: str, table: str, lonely: set[str], wanted: Callable[[str], bool]) -> bool:
    """Tell whether an object counts: its table is wanted, and not itself the difference."""
    return wanted(table) and (kind == "table" or table not in lonely)


def _owner(kind: str, name: str, attributes: Attributes, tables: Set[str]) -> str:
    """Return the table that an object belongs to; a table's name may hold dots, a trigger's does not tell."""
    if kind == "trigger":
        return attributes["table"]
    if kind in ("table", "view", *_FREE):
        return name
    heads = [name[:at] for at, character in enumerate(name) if character == "."]
    return next((head for head in reversed(heads) if head in tables), heads[0])


def _ranked(olds: Objects, news: Objects) -> None:
    """Number columns among those that both sides have: one that is missing moves no other."""
    shared = [name for kind, name in olds.keys() & news.keys() if kind == "column"]
    for side in (olds, news):
        last: dict[str, int] = {}
        for name in sorted(shared, key=lambda name: int(side["column", name]["position"])):
            table = name.partition(".")[0]
            last[table] = last.get(table, 0) + 1
            side["column", name]["position"] = str(last[table])


def _compare(kind: str, name: str, old: Attributes | None, new: Attributes | None) -> Iterable[SchemaDifference]:
    if old is None or new is None:
        shown = ", ".join(f"{k} {v}" for k, v in (old or new or {}).items() if v) or kind
        legacy, target = (None, shown) if old is None else (shown, None)
        what = "extra" if old is None else "missing"
        yield SchemaDifference(name, kind, what, legacy, target)
        return
    for attribute in sorted(old.keys() | new.keys()):
        values = old.get(attribute, ""), new.get(attribute, "")
        if values[0] != values[1]:
            yield SchemaDifference(name, kind, attribute, *values)
