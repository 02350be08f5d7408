"""A newer draft, merged into a suite that people have written in.

What stands in a file stays: no value is replaced, and what has no TODO was decided. An entry that still has one
gets the newer reason, and is decided when the newer draft is certain of what is written there; where nothing is
written yet, it gets the value, too. An activity that the file lacks is added; what is missing inside of one was
taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ruamel.yaml.comments import CommentedMap

from parity.draft.activity import NOWHERE, ActivityDraft, Line
from parity.draft.document import activity_map, inline, one_line

NOTHING: tuple[object, ...] = (None, [], {}, {"table": NOWHERE})
"""Values of entries in which nothing is written yet."""


def merge(document: CommentedMap, activities: Sequence[ActivityDraft]) -> list[str]:
    """Merge a draft into ``document`` and return the names of the activities that were added."""
    known = {one.get("name"): one for one in document["activities"]}
    added = []
    for draft in activities:
        if draft.name in known:
            _renew(known[draft.name], draft)
        else:
            document["activities"].append(activity_map(draft))
            added.append(draft.name)
    return added


def todos(document: CommentedMap) -> Iterator[str]:
    """Yield the path of each entry that a person has to decide."""
    yield from (name for name in document if is_open(document, name))
    for activity in document["activities"]:
        for name in activity:
            if is_open(activity, name):
                yield f"{activity.get('name')}.{name}"
        columns = activity.get("columns")
        yield from (f"{activity.get('name')}.columns.{name}" for name in columns or () if is_open(columns, name))


def _renew(activity: CommentedMap, draft: ActivityDraft) -> None:
    renew_lines(activity, draft.parts)
    if isinstance(columns := activity.get("columns"), CommentedMap):
        renew_lines(columns, draft.columns)


def renew_lines(written: CommentedMap, lines: Mapping[str, Line]) -> None:
    """Give the entries that a person has not decided their newer reasons."""
    for name, line in lines.items():
        if name in written and is_open(written, name):
            _renew_line(written, name, line)


def _renew_line(written: CommentedMap, name: str, line: Line) -> None:
    if written[name] in NOTHING and written[name] != line.value:
        written[name] = inline(line.value)
    elif written[name] != line.value:
        return  # a person wrote something else: the TODO is theirs to remove
    _write_comment(written, name, line.comment)


def is_open(written: CommentedMap, name: str) -> bool:
    """Return whether an entry has a TODO."""
    return _comment(written, name).lstrip("# ").startswith("TODO")


def _comment(written: CommentedMap, name: str) -> str:
    """Return the comment that ends an entry's line."""
    token = (written.ca.items.get(name) or [None] * 3)[2]
    return "" if token is None else str(token.value).split("\n")[0]


def _write_comment(written: CommentedMap, name: str, comment: str) -> None:
    """Replace the comment that ends an entry's line; what stands on the lines below it stays."""
    token = written.ca.items[name][2]
    _, line_break, below = str(token.value).partition("\n")
    token.value = f"# {one_line(comment)}{line_break}{below}"
