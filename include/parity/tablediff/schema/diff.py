"""Two catalogues, one list of differences. What only the server's version spells differently is none.

Every object becomes a name and a few normalised attributes; two objects are compared attribute by attribute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace

from parity.compare.result import NotCompared
from parity.sql.mysql_tokens import TokenKind, tokens
from parity.tablediff.mysql.catalogue import Catalogue, Record
from parity.tablediff.schema.definitions import Attributes, DefinitionKey, Objects, objects
from parity.tablediff.schema.normalise import Style


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

    unsure: str = ""
    """Why the two texts may mean the same all the same; empty where they do not."""

    @property
    def table(self) -> str:
        """Return the table it belongs to, or its own name."""
        return self.owner or self.object.partition(".")[0]


def diff_schema(
    legacy: Catalogue, target: Catalogue, wanted: Callable[[str], bool]
) -> tuple[SchemaDifference, ...]:
    """Compare all objects of wanted tables, and all that belong to no table."""
    same = _same_words(legacy, target)
    olds, news = objects(legacy, _style(legacy, target), same), objects(target, _style(target, legacy), same)
    unpaired = {key.name for key in olds.keys() ^ news.keys() if key.kind == "table"}
    _rank_columns(olds, news)
    skipped = _RENDERED if legacy.mariadb != target.mariadb else frozenset()
    found: list[SchemaDifference] = []
    for key in sorted(olds.keys() | news.keys()):
        old, new = olds.get(key), news.get(key)
        owner = _owner(key, old or new or {})
        if key.kind in _FREE or _concerns(key.kind, owner, unpaired, wanted):
            found += (replace(one, owner=owner) for one in _compare(key, old, new, skipped))
    foreign = legacy.mariadb != target.mariadb
    return tuple(replace(one, unsure=_OWN_WORDS) if foreign and _may_be_equal(one) else one for one in found)


_OWN_WORDS = "MariaDB and MySQL print it in words of their own, so that it cannot be compared"
_PRINTED = frozenset({"check", "default", "generated", "columns", "partition by"})
"""Attributes that a server prints from what it has understood; and the definition of a view, a clause."""


def _may_be_equal(found: SchemaDifference) -> bool:
    """Return whether two expressions hold the same texts, numbers and names; views may differ in names."""
    view = (found.difference, found.kind) == ("definition", "view")
    if not (view or found.difference in _PRINTED) or not found.legacy or not found.target:
        return False
    kinds = {TokenKind.LITERAL, TokenKind.NUMBER} | (set() if view else {TokenKind.NAME})
    return _content(found.legacy, kinds) == _content(found.target, kinds)


def _content(text: str, kinds: Set[TokenKind]) -> Counter[str]:
    return Counter(token.text for token in tokens(text) if token.kind in kinds)


def _same_words(legacy: Catalogue, target: Catalogue) -> frozenset[str]:
    """Return the tables that two servers of one kind describe in the same words: nothing of them can differ.

    Nearly all tables of most nights are such. 500 tables of 16 columns took 1.3 s of CPU, and take 0.05 s so.
    """
    if (legacy.mariadb, legacy.introduces) != (target.mariadb, target.introduces):
        return frozenset()
    theirs = target.created.get("table", {})
    same = {n for n, text in legacy.created.get("table", {}).items() if theirs.get(n) == text}
    names = {str(side.server["name"]) for side in (legacy, target)}
    if len(names) > 1:  # the same name of a database is another one on the other side
        same = {n for n in same if not any(f"`{name}`." in theirs[n] for name in names)}
    for kind, columns in _SAID_BESIDE.items():
        olds, news = (_by_table(side.records.get(kind, ()), columns) for side in (legacy, target))
        same = {n for n in same if olds.get(n) == news.get(n)}
    return frozenset(same)


def _by_table(records: Iterable[Record], columns: tuple[str, ...]) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for record in records:
        found.setdefault(str(record[columns[0]]), []).append(tuple(record.get(c) for c in columns[1:]))
    return found


_SAID_BESIDE: Mapping[str, tuple[str, ...]] = {
    "tables": ("name", "table_type", "engine", "table_collation"),
    "columns": ("table_name", "column_name", "column_type", "character_set_name", "collation_name", "extra"),
    "indexes": ("table_name", "index_name", "seq_in_index", "index_type", "is_visible", "ignored"),
    "geometries": ("table_name", "column_name", "srid"),
}
"""What a definition may leave to defaults: kind → the table's name, and what has to be the same as well."""


_FREE = ("routine", "event", "library")
_RENDERED = frozenset({"options", "collations", "collation of the connection", "collation of the database"})
"""Attributes for which MariaDB and MySQL have other words, or other defaults."""


_ABOLISHED = frozenset({"NO_AUTO_CREATE_USER"})
"""Modes that MySQL 8 no longer has."""


def _style(own: Catalogue, other: Catalogue) -> Style:
    return Style(
        introducers=own.introduces and not other.introduces,
        database=str(own.server["name"]),
        abolished=_ABOLISHED if own.introduces != other.introduces else frozenset(),
        folds=own.folds != other.folds,
        foreign=own.mariadb != other.mariadb,
    )


def not_compared(legacy: Catalogue, target: Catalogue) -> tuple[NotCompared, ...]:
    """Return what of the two schemas :func:`diff_schema` does not look at, and why."""
    found = list(_NEVER_COMPARED)
    if legacy.mariadb != target.mariadb:
        found += _RENDERED_OTHERWISE
    if legacy.introduces != target.introduces:
        found.append(
            NotCompared("character sets of literals in expressions", "only one of the servers shows them")
        )
    if legacy.mariadb or target.mariadb:
        why = "MariaDB shows the characters that they stand for"
        found.append(NotCompared("character sets and hexadecimal notation of literals in expressions", why))
    if legacy.folds != target.folds:
        why = "lower_case_table_names differs between the servers"
        found.append(NotCompared("upper and lower case in the names of tables", why))
    return tuple(found)


_NEVER_COMPARED = (
    NotCompared("rights on schema, tables, columns and routines", "the cut-over list shows those of named users"),
    NotCompared("AUTO_INCREMENT and next values of sequences", "they move with every row; see the cut-over list"),
    NotCompared("default character set of the database", "it changes no table; see the cut-over list"),
    NotCompared("servers, loadable functions, tablespaces, resource groups", "they belong to the server"),
    NotCompared("histograms and statistics", "they guide the optimiser and change no row"),
    NotCompared("order of partitions, times of creation and change", "they change no row"),
)
_RENDERED_OTHERWISE = (
    NotCompared("options of tables, columns, indexes and routines", "MariaDB and MySQL have other words for them"),
    NotCompared("collations of parameters, connections, databases", "MariaDB and MySQL have other defaults"),
)


def _concerns(kind: str, table: str, unpaired: set[str], wanted: Callable[[str], bool]) -> bool:
    """Tell whether an object counts: its table is wanted, and not itself the difference."""
    return wanted(table) and (kind == "table" or table not in unpaired)


def _owner(key: DefinitionKey, attributes: Attributes) -> str:
    """Return the table that an object belongs to; a trigger's name does not tell."""
    return attributes["table"] if key.kind == "trigger" else key.table or key.name


def _rank_columns(olds: Objects, news: Objects) -> None:
    """Number columns among those that both sides have: one that is missing moves no other."""
    shared = [key for key in olds.keys() & news.keys() if key.kind == "column"]
    for side in (olds, news):
        last: dict[str, int] = {}
        for key in sorted(shared, key=lambda key: int(side[key]["position"])):
            last[key.table] = last.get(key.table, 0) + 1
            side[key]["position"] = str(last[key.table])


def _compare(
    key: DefinitionKey, old: Attributes | None, new: Attributes | None, skipped: Set[str]
) -> Iterable[SchemaDifference]:
    if old is None or new is None:
        shown = ", ".join(f"{k} {v}" for k, v in (old or new or {}).items() if v) or key.kind
        legacy, target = (None, shown) if old is None else (shown, None)
        what = "extra" if old is None else "missing"
        yield SchemaDifference(key.shown, key.kind, what, legacy, target)
        return
    for attribute in sorted(old.keys() | new.keys()):
        values = old.get(attribute, ""), new.get(attribute, "")
        if values[0] != values[1] and _looked_at(attribute, skipped):
            yield SchemaDifference(key.shown, key.kind, attribute, *values)


def _looked_at(attribute: str, skipped: Set[str]) -> bool:
    """Return whether an attribute counts; those of a routine carry its kind before their name."""
    return attribute not in skipped and attribute.partition(" ")[2] not in skipped
