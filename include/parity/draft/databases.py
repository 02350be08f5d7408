"""A first draft of a database's file, from the catalogues of both MySQL servers. No row is read.

Tables of one name are compared, and their declared keys are enforced by the servers, so that neither is a guess.
Nothing but names shows which column was renamed: that is never certain here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ruamel.yaml.comments import CommentedMap

from parity.draft.activity import Line
from parity.draft.columns import Pair, map_columns
from parity.draft.document import put
from parity.draft.facts import Certainty, ColumnFacts, TableFacts
from parity.draft.merge import is_open, renew_lines
from parity.draft.rules import column_entries
from parity.sql.columns import Column, Kind, agree
from parity.tablediff.mysql.catalogue import Table

Tables = Mapping[str, Table]
TableDraft = Mapping[str, Any]
"""``key`` → a line, where there is something to say of it; ``columns`` → lines by name."""


def draft_tables(legacy: Tables, target: Tables) -> dict[str, TableDraft]:
    """Return the rules of each table on both sides that needs any."""
    both = sorted(legacy.keys() & target.keys())
    drafts = {name: _table(legacy[name], target[name]) for name in both}
    return {name: found for name, found in drafts.items() if found}


def include_line(legacy: Tables, target: Tables) -> Line:
    """Return which tables are compared: all; those of one side are for a person to exclude or to bring over."""
    alone = [f"{name} ({side})" for side, names in _one_sided(legacy, target) for name in names]
    if not alone:
        return Line(["*"], "certain: both sides have the same tables")
    listed = ", ".join(alone[:20]) + (", …" if len(alone) > 20 else "")
    why = f"one side only has {listed}: exclude them with a reason, or they are differences"
    return Line(["*"], f"TODO {Certainty.UNKNOWN}: {why}")


def database_document(head: Mapping[str, Line], tables: Mapping[str, TableDraft]) -> CommentedMap:
    """Return a new database's file; ``head`` is everything but its tables."""
    document = CommentedMap()
    for name, line in head.items():
        put(document, name, line)
    if tables:
        document["tables"] = CommentedMap({name: _rules(found) for name, found in tables.items()})
    return document


def merge_tables(document: CommentedMap, head: Mapping[str, Line], tables: Mapping[str, TableDraft]) -> None:
    """Merge a newer draft into a file: what stands there stays, tables that it lacks are added."""
    renew_lines(document, head)
    if tables and not document.get("tables"):
        document["tables"] = CommentedMap()
    written = document.get("tables") or {}
    for name, found in tables.items():
        if name not in written:
            written[name] = _rules(found)
        elif isinstance(written[name], CommentedMap):
            renew_lines(written[name], {"key": found["key"]} if "key" in found else {})
            renew_lines(written[name].get("columns") or CommentedMap(), found.get("columns", {}))


def open_entries(document: CommentedMap) -> Iterator[str]:
    """Yield the path of each entry that a person has to decide."""
    yield from (name for name in document if is_open(document, name))
    for table, rules in (document.get("tables") or {}).items():
        columns: CommentedMap = rules.get("columns") or CommentedMap()
        for part, prefix in ((rules, table), (columns, f"{table}.columns")):
            yield from (f"{prefix}.{name}" for name in part if is_open(part, name))


def _table(legacy: Table, target: Table) -> TableDraft:
    old, new = _facts(legacy), _facts(target)
    columns = {one.name: one for one in legacy.columns}, {one.name: one for one in target.columns}

    def doubts(pair: Pair) -> Iterable[str]:
        return _type_doubts(columns[0][pair.legacy.name], columns[1][pair.target.name])

    entries = column_entries(map_columns(old, new), new, doubts)
    lines = {name: Line(entry.rule, entry.comment) for name, entry in entries.items()}
    found: dict[str, Any] = {"columns": lines} if lines else {}
    if not {key.columns for key in legacy.keys} & {key.columns for key in target.keys}:
        declared = [", ".join(key.columns) for key in (*legacy.keys[:1], *target.keys[:1])]
        why = f"the keys differ: {' and '.join(declared)}" if declared else "no key is declared"
        line = Line([], f"TODO {Certainty.UNKNOWN}: {why}; without one, whole rows are compared")
        found = {"key": line, **found}
    return found


def _facts(table: Table) -> TableFacts:
    columns = (ColumnFacts(one.name, one.native or str(one.kind), family=one.kind) for one in table.columns)
    return TableFacts(table.name, tuple(columns))


def _type_doubts(legacy: Column, target: Column) -> Iterator[str]:
    """Yield why a pair of MySQL's types may not compare as meant."""
    agreed = agree(legacy, target)[0].kind
    types = f"{legacy.native or legacy.kind} became {target.native or target.kind}"
    kinds = {legacy.kind, target.kind}
    if len(kinds) > 1 and agreed is Kind.TEXT and not kinds <= {Kind.TEXT, Kind.LABEL}:
        yield f"{Certainty.LIKELY}: {types}, compared as texts: change a type, or ignore it with a reason"
    elif legacy.kind is target.kind and legacy.scale > target.scale:
        yield f"{Certainty.LIKELY}: {types}, which has fewer digits: write a tolerance if they may be lost"


def _rules(found: TableDraft) -> CommentedMap:
    rules = CommentedMap()
    if "key" in found:
        put(rules, "key", found["key"])
    if "columns" in found:
        rules["columns"] = CommentedMap()
        for name, line in found["columns"].items():
            put(rules["columns"], name, line)
    return rules


def _one_sided(legacy: Tables, target: Tables) -> Iterator[tuple[str, list[str]]]:
    yield "legacy", sorted(legacy.keys() - target.keys())
    yield "target", sorted(target.keys() - legacy.keys())
