"""What a target table declares, read from the statement that would create it again, or from its description."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_NAME = r"(`(?:[^`]|``)+`|[^\s,()`]+)"
_COLUMN = re.compile(rf"^\s*{_NAME}\s+[A-Z][^\n]*?\bNOT NULL\b", re.MULTILINE)
_KEY = re.compile(r"\bPRIMARY KEY\s*\(([^()]*)\)")
_PARTITIONS = re.compile(r"^PARTITIONED BY \(([^()]*)\)", re.MULTILINE)
_NAMES = re.compile(_NAME)
_TEXT, _NESTED = re.compile(r"'(?:[^'\\]|\\.)*'"), re.compile(r"<[^<>]*>")
"""What may hold the same words and mean nothing: comments of columns, and fields of nested types."""


@dataclass(frozen=True)
class Declared:
    """Constraints and partitions of a table."""

    required: frozenset[str] = frozenset()
    key: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()


def read_statement(text: str) -> Declared:
    """Return what ``SHOW CREATE TABLE`` says; a table without constraints declares nothing."""
    text = _TEXT.sub("''", text)
    head = text.partition("\nUSING ")[0]
    while _NESTED.search(head):
        head = _NESTED.sub("", head)
    key, partitions = _KEY.search(head), _PARTITIONS.search(text)
    return Declared(
        frozenset(_plain(found[1]) for found in _COLUMN.finditer(head)),
        _listed(key[1]) if key else (),
        _listed(partitions[1]) if partitions else (),
    )


def read_description(lines: Sequence[tuple[str, str]]) -> Declared:
    """Return what ``DESCRIBE TABLE EXTENDED`` says, line by line: the partitions, and a key where it lists one."""
    sections: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for name, kind in lines:
        if name.startswith("#") and name.lower() != "# col_name":
            section = name.strip("# ").lower()
        elif name.strip() and name.lower() != "# col_name":
            sections.setdefault(section, []).append((name, kind))
    keys = [found for _, kind in sections.get("constraints", []) if (found := _KEY.search(kind))]
    partitions = tuple(name for name, _ in sections.get("partition information", []))
    return Declared(key=_listed(keys[0][1]) if keys else (), partitions=partitions)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(_plain(found[0]) for found in _NAMES.finditer(text))


def _plain(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name
