"""The mutants of one source text: mutmut's operators, SQL inside strings, and what mutmut has no operator for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import libcst as cst
from libcst.metadata import MetadataWrapper, ParentNodeProvider, PositionProvider
from mutmut.mutation.mutators import mutation_operators, operator_arg_removal, operator_string

from mutants import sql

ROOT = Path(__file__).parents[2]
PARITY = ROOT / "include" / "parity"
_LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom)
_ERRORS = {one.name for one in ast.parse((PARITY / "errors.py").read_text()).body if isinstance(one, ast.ClassDef)}
"""What an error says decides no verdict: its text and its remedy are left alone."""
_OTHER_NAMES = {"any": "all", "all": "any", "min": "max", "max": "min"}


@dataclass(frozen=True)
class Mutant:
    """One change to a file below ``include/parity``."""

    path: str
    scope: str
    """The function that holds the change, as ``Class.method``; empty for constants, defaults and class bodies."""
    lines: tuple[int, int]
    """First and last line of the statement that holds the change."""
    names: tuple[str, ...]
    """What the changed constant is called; empty inside a function."""
    change: str
    """The changed lines before and after, on one line."""
    span: tuple[int, int]
    """Where ``text`` goes into the source, in characters."""
    text: str

    @cached_property
    def source(self) -> str:
        """The file with the change made."""
        source = source_of(self.path)
        return source[: self.span[0]] + self.text + source[self.span[1] :]

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by, wherever its lines move."""
        return self.path, self.scope, self.change


@cache
def source_of(path: str) -> str:
    """Return a file as it was when it was first asked for: it may be edited while its mutants run."""
    return (PARITY / path).read_text()


def mutants_of(path: str, source: str | None = None) -> list[Mutant]:
    """Return every mutant of a file, each once."""
    visitor = _Visitor(path, source if source is not None else source_of(path))
    MetadataWrapper(cst.parse_module(visitor.source), unsafe_skip_copy=True).visit(visitor)
    return list({(mutant.key, mutant.lines): mutant for mutant in visitor.found}.values())


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ParentNodeProvider)

    def __init__(self, path: str, source: str) -> None:
        super().__init__()
        self.path, self.source, self.found = path, source, list[Mutant]()
        self.rows = source.splitlines(keepends=True)
        self.starts = [0]
        for row in self.rows:
            self.starts.append(self.starts[-1] + len(row))
        self.statements = _statements(source)
        self.scope: list[cst.FunctionDef | cst.ClassDef] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, _LEFT_ALONE) or _is_docstring(node) or _is_error(node) or self._is_certain(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self.scope.append(node)
        for changed in _changes(node, is_sql=self._is_sql(node)):
            self._add(node, cst.Module([]).code_for_node(changed))
        if isinstance(node, cst.If | cst.CompIf):  # the whole node would be too long a span to read
            self._add(node.test, f"not ({cst.Module([]).code_for_node(node.test)})")
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if self.scope and self.scope[-1] is original_node:
            self.scope.pop()

    def _is_certain(self, node: cst.CSTNode) -> bool:
        """Return whether a node is a zip's ``strict``, which only a defect reaches, or is for the type checker."""
        if isinstance(node, cst.Assign):
            return isinstance(node.value, cst.Call) and cst.Module([]).code_for_node(node.value.func) == "TypeVar"
        if isinstance(node, cst.Arg) and node.keyword and node.keyword.value == "strict":
            call = self.get_metadata(ParentNodeProvider, node)
            return isinstance(call, cst.Call) and isinstance(call.func, cst.Name) and call.func.value == "zip"
        return isinstance(node, cst.If) and isinstance(node.test, cst.Name) and node.test.value == "TYPE_CHECKING"

    def _is_sql(self, node: cst.CSTNode) -> bool:
        """Return whether a piece of a string belongs to SQL; the whole literal decides."""
        if not isinstance(node, cst.SimpleString | cst.FormattedStringText):
            return False
        whole = node
        while isinstance(
            parent := self.get_metadata(ParentNodeProvider, whole), cst.FormattedString | cst.ConcatenatedString
        ):
            whole = parent
        return sql.is_sql(cst.Module([]).code_for_node(whole))

    def _add(self, node: cst.CSTNode, text: str) -> None:
        place = self.get_metadata(PositionProvider, node)
        first, last = place.start.line, place.end.line
        start = self.starts[first - 1] + place.start.column
        end = self.starts[last - 1] + place.end.column
        if self.source[start:end] != cst.Module([]).code_for_node(node):
            return  # the span leaves out the node's parentheses: its parts are mutated alone
        before = self.source[self.starts[first - 1] : self.starts[last]]
        after = self.source[self.starts[first - 1] : start] + text + self.source[end : self.starts[last]]
        change = f"{_one_line(before)} → {_one_line(after)}"
        lines, names = self._statement(first, last)
        self.found.append(Mutant(self.path, self._function(node), lines, names, change, (start, end), text))

    def _function(self, node: cst.CSTNode) -> str:
        """Return the outermost function whose body holds a node."""
        here = self.get_metadata(PositionProvider, node).start
        for at, owner in enumerate(self.scope):
            if isinstance(owner, cst.FunctionDef):
                body = self.get_metadata(PositionProvider, owner.body).start
                inside = (here.line, here.column) >= (body.line, body.column)
                return ".".join(one.name.value for one in self.scope[: at + 1]) if inside else ""
        return ""

    def _statement(self, first: int, last: int) -> tuple[tuple[int, int], tuple[str, ...]]:
        around = [one for one in self.statements if one[0][0] <= first and last <= one[0][1]]
        return min(around, key=lambda one: one[0][1] - one[0][0], default=((first, last), ()))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _changes(node: cst.CSTNode, *, is_sql: bool) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.FormattedStringText):
        if is_sql:
            yield from (node.with_changes(value=text) for text in sql.changed(node.value))
    elif isinstance(node, cst.SimpleString):
        yield from _of_string(node, is_sql=is_sql)
    else:
        for kind, operator in mutation_operators:
            if isinstance(node, kind) and operator is not operator_string:
                yield from _of_call(node) if operator is operator_arg_removal else operator(node)
        yield from _of_ours(node)


def _of_call(node: cst.Call) -> Iterator[cst.Call]:
    """Yield the call with each argument as None, and without each named one; the others it cannot do without.

    True and False are turned elsewhere, and ``strict=True`` turned is all that leaving it out would be.
    """
    for at, arg in enumerate(node.args):
        word = arg.value.value if isinstance(arg.value, cst.Name) else ""
        if not arg.star and word not in ("None", "True", "False"):
            yield node.with_changes(
                args=[*node.args[:at], arg.with_changes(value=cst.Name("None")), *node.args[at + 1 :]]
            )
        if arg.keyword and arg.keyword.value != "strict":
            yield node.with_changes(args=[*node.args[:at], *node.args[at + 1 :]])


def _of_string(node: cst.SimpleString, *, is_sql: bool) -> Iterator[cst.SimpleString]:
    """Yield a string that a program reads changed; one with blanks is a sentence for people."""
    start, end = len(node.prefix) + len(node.quote), len(node.value) - len(node.quote)
    inside = node.value[start:end]
    others: Iterable[str] = sql.changed(inside) if is_sql else [] if {*inside} & {" ", "\\"} else [f"XX{inside}XX"]
    yield from (node.with_changes(value=node.value[:start] + text + node.value[end:]) for text in others)


def _of_ours(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield what mutmut leaves alone: a plain condition turned, a call not made, any for all."""
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
        yield cst.Expr(cst.Ellipsis())
    elif isinstance(node, cst.Name) and node.value in _OTHER_NAMES:
        yield node.with_changes(value=_OTHER_NAMES[node.value])


def _is_docstring(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Expr) and isinstance(node.value, cst.SimpleString | cst.ConcatenatedString)


def _is_error(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value in _ERRORS


def _statements(source: str) -> list[tuple[tuple[int, int], tuple[str, ...]]]:
    """Return the lines of every statement (of a compound one, its head), and the names that it gives."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            end = max(node.lineno, body[0].lineno - 1) if body else node.end_lineno or node.lineno
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
            given = isinstance(node, ast.Assign | ast.AnnAssign)
            names = {name.id for one in targets for name in ast.walk(one) if isinstance(name, ast.Name)}
            found.append(((node.lineno, end), tuple(sorted(names)) if given else ()))
    return found
