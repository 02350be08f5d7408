"""A drafted suite as a YAML document with comments."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from parity.draft.activity import ActivityDraft, Line
from parity.wording import visible

WIDTH = 4096
"""Characters of a line: a comment belongs to one line."""


def suite_document(head: Mapping[str, Line], activities: Sequence[ActivityDraft]) -> CommentedMap:
    """Return a new suite; ``head`` is everything but its activities."""
    document = CommentedMap()
    for name, line in head.items():
        put(document, name, line)
    document["activities"] = CommentedSeq([activity_map(one) for one in activities])
    return document


def dump(document: CommentedMap) -> str:
    """Return a document as text."""
    text = io.StringIO()
    _yaml().dump(document, text)
    return text.getvalue()


def load(path: Path) -> CommentedMap:
    """Read a document with its comments."""
    found: CommentedMap = _yaml().load(path.read_text(encoding="utf-8-sig"))
    return found


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def activity_map(draft: ActivityDraft) -> CommentedMap:
    """Return an activity as the suite's file has it."""
    found = CommentedMap(name=draft.name)
    for name, line in draft.parts.items():
        if line.value is not None or line.comment:
            put(found, name, line)
    if draft.columns:
        found["columns"] = CommentedMap()
        for name, line in draft.columns.items():
            put(found["columns"], name, line)
    if draft.expect:
        found["expect"] = _block(draft.expect)
    return found


def put(parent: CommentedMap, name: str, line: Line) -> None:
    """Write an entry and the comment at the end of its line."""
    parent[name] = inline(line.value)
    if line.comment:
        parent.yaml_add_eol_comment(one_line(line.comment), name, column=0)


def one_line(text: str) -> str:
    """Return a comment that cannot end before its line does."""
    return visible(" ".join(text.split()))


def inline(value: Any) -> Any:
    """Return a value on one line."""
    if isinstance(value, Mapping):
        made: Any = CommentedMap({name: inline(one) for name, one in value.items()})
    elif isinstance(value, list | tuple):
        made = CommentedSeq([inline(one) for one in value])
    else:
        return value
    made.fa.set_flow_style()
    return made


def _block(expect: Mapping[str, Sequence[Mapping[str, Any]]]) -> CommentedMap:
    """Return expectations as a suite has them, one a line."""
    return CommentedMap(
        {
            side: CommentedSeq(
                [CommentedMap({name: inline(given) for name, given in one.items()}) for one in listed]
            )
            for side, listed in expect.items()
        }
    )
