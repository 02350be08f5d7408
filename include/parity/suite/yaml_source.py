"""A YAML file as plain data with line numbers.

Parsed by libyaml, which is fast enough for Dag files. Scalars are those of YAML 1.2: only ``true`` and ``false``
are booleans, so the country code ``NO`` stays text, ``007`` is text as well, and a date is text until a model
parses it. A key that occurs twice is refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parity.errors import SuiteError

Location = Sequence[int | str]
"""Path into a document: keys and 0-based positions."""

_TAG = "tag:yaml.org,2002:"
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?", list("-+.0123456789")),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
)
_READ: dict[str, Callable[[str], Any]] = {
    "null": lambda _text: None,
    "bool": lambda text: text.lower() == "true",
    "int": int,
    "float": lambda text: _float(text.lower()),
    "str": str,
}


_TODO = re.compile(r"#\s*TODO\b[:\s]*([^\n]*)")
"""A comment that asks a person to decide something."""


class _Loader(yaml.CSafeLoader):
    """libyaml with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _name, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), _first)


@dataclass(frozen=True)
class YamlDocument:
    """One parsed file."""

    path: Path
    data: Any
    root: yaml.Node | None
    todos: tuple[tuple[int, str], ...] = ()
    """Line and words of each comment that begins with TODO."""

    def line(self, location: Location) -> int:
        """Return the 1-based line of ``location``, or of its nearest ancestor; 0 in an empty file."""
        node, line = self.root, self.root.start_mark.line + 1 if self.root else 0
        for step in location:
            found = _step(node, step)
            if found is None:
                break
            line, node = found
        return line


def read_yaml(path: Path) -> YamlDocument:
    """Read ``path``; SuiteError when it is not one well-formed YAML document."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        root = yaml.compose(text, Loader=_Loader)
    except OSError as error:
        raise SuiteError(f"cannot be read: {error.strerror or error}.", path=path) from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"is not UTF-8 text: byte {error.start} is wrong.", path=path) from error
    except yaml.MarkedYAMLError as error:
        raise _malformed(path, error) from error
    except yaml.YAMLError as error:
        raise SuiteError(f"is not YAML: {error}.".replace("\n", " "), path=path) from error
    return YamlDocument(path, _build(root, path, ()), root, tuple(_todos(text)))


def _todos(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and words of each comment that begins with TODO: comments are all that is between two tokens."""
    if "TODO" not in text:
        return
    end = 0
    for token in yaml.scan(text, Loader=_Loader):
        for found in _TODO.finditer(text, end, token.start_mark.index):
            yield text.count("\n", 0, found.start()) + 1, found[1].strip()
        end = max(end, token.end_mark.index)
    for found in _TODO.finditer(text, end):
        yield text.count("\n", 0, found.start()) + 1, found[1].strip()


def _malformed(path: Path, error: yaml.MarkedYAMLError) -> SuiteError:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return SuiteError(f"is not YAML: {what}.", path=path, line=mark.line + 1 if mark else 0)


def _build(node: yaml.Node | None, path: Path, above: tuple[int, ...]) -> Any:
    """Turn a node into plain data; ``above`` holds the ids of its ancestors, for the alias that is its own."""
    if node is None:
        return None
    if id(node) in above:
        raise SuiteError("an alias contains itself.", path=path, line=node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, (*above, id(node)))
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, path, (*above, id(node))) for item in node.value]
    read = _READ.get(node.tag.removeprefix(_TAG))
    if read is None:
        raise SuiteError(f"tag {node.tag!r} is not allowed.", path=path, line=node.start_mark.line + 1)
    return read(node.value)


def _mapping(node: yaml.MappingNode, path: Path, above: tuple[int, ...]) -> dict[str, Any]:
    built: dict[str, Any] = {}
    first: dict[str, int] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise SuiteError("a key must be plain text.", path=path, line=line)
        if key.value in built:
            what = f"key {key.value!r} occurs twice; the first is on line {first[key.value]}."
            raise SuiteError(what, path=path, line=line, remedy="Remove one of them.")
        first[key.value] = line
        built[key.value] = _build(value, path, above)
    return built


def _float(text: str) -> float:
    if text.endswith((".inf", ".nan")):
        return -math.inf if text.startswith("-") else math.inf if text.endswith("inf") else math.nan
    return float(text)


def _step(node: yaml.Node | None, step: int | str) -> tuple[int, yaml.Node] | None:
    """Return the line and the node one step further in, or None when there is no such step."""
    if isinstance(node, yaml.MappingNode):
        found = ((k.start_mark.line + 1, v) for k, v in node.value if k.value == step)
        return next(found, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
