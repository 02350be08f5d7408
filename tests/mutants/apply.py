"""Gives a process a mutant's code: to functions that live already, to constants, or to what it will import."""

from __future__ import annotations

import ast
import dataclasses
import enum
import gc
import importlib.machinery
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mutants.operators import PARITY, ROOT, Mutant

Live = dict[tuple[str, str], list[FunctionType]]
"""The functions that were imported, by file and qualified name."""


@dataclass(frozen=True)
class Reader:
    """A file that was imported: the names that it reads meanwhile, and what it takes from other modules."""

    module: ModuleType
    path: Path
    reads: frozenset[str]
    """Names outside of functions' bodies."""
    takes: dict[tuple[str, str], str]
    """The names that it gives to others' names, by module and name."""

    @classmethod
    def of(cls, module: ModuleType, path: Path) -> Reader:
        """Read the file of a module."""
        tree = ast.parse(path.read_text())
        takes = {
            (node.module or "", alias.name): alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        return cls(module, path, frozenset(_read_at_import(tree)), takes)


def readers() -> list[Reader]:
    """Return what was imported of the product and of the tests."""
    found = [(one, Path(file)) for one in [*sys.modules.values()] if (file := getattr(one, "__file__", None))]
    return [
        Reader.of(one, path) for one, path in found if path.is_relative_to(ROOT) and "/.venv/" not in str(path)
    ]


def _read_at_import(tree: ast.AST) -> Iterator[str]:
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            todo += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.AnnAssign):
            todo += [node.value] if node.value else []
        elif not isinstance(node, ast.Lambda):
            if isinstance(node, ast.Name | ast.Attribute):
                yield node.id if isinstance(node, ast.Name) else node.attr
            todo += ast.iter_child_nodes(node)


def live_functions(paths: Collection[str]) -> Live:
    """Return the functions of some files that were imported; a decorator does not hide them."""
    wanted = {str(PARITY / path): path for path in paths}
    found: Live = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and thing.__code__.co_filename in wanted:
            key = wanted[thing.__code__.co_filename], thing.__code__.co_qualname
            found.setdefault(key, []).append(thing)
    return found


def swap(mutant: Mutant, functions: list[FunctionType]) -> bool:
    """Give the live functions the mutant's code; return whether that was possible."""
    codes = _codes(compile(mutant.source, str(PARITY / mutant.path), "exec", dont_inherit=True))
    new = [code for code in codes if code.co_qualname == mutant.scope]
    if not functions or len(new) != 1:
        return False
    for function in functions:
        if new[0].co_freevars != function.__code__.co_freevars:
            return False
        function.__code__ = new[0]
    return True


def _codes(code: CodeType) -> list[CodeType]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return inner + [deeper for one in inner for deeper in _codes(one)]


def redefine(mutant: Mutant, live: Live, imported: Iterable[Reader]) -> bool:
    """Give an imported module what the changed file defines; return whether that is all that an import would do.

    It is not where another file that was ``imported`` made something of a changed name meanwhile, and where a
    class changes by more than a default of a dataclass.
    """
    module = sys.modules[module_of(mutant.path)]
    new: dict[str, Any] = {"__name__": module.__name__, "__file__": module.__file__}
    exec(compile(mutant.source, str(PARITY / mutant.path), "exec", dont_inherit=True), new)
    data = {name for name, one in new.items() if _is_data(one) and _text(one) != _text(vars(module).get(name))}
    own = {name: one for name, one in new.items() if isinstance(one, type) and one.__module__ == module.__name__}
    classes = {name: _differing(vars(module)[name], one) for name, one in own.items()}
    values = [new[name] for name in data]
    values += [getattr(own[name], one, None) for name, some in classes.items() for one in some]
    changed = data | {name for name in classes if classes[name]} | {mutant.scope.partition(".")[0]}
    others = [one for one in imported if one.module is not module]
    if any(not changed.isdisjoint(one.reads) for one in others) or _holds(values, {*own.values()}):
        return False
    if not all(_renew_class(vars(module)[name], own[name], some) for name, some in classes.items()):
        return False
    for name in data:
        setattr(module, name, new[name])
        for one in others:
            if alias := one.takes.get((module.__name__, name)):
                setattr(one.module, alias, new[name])
    _renew_functions(mutant.path, live, _functions(new, own.values()))
    return True


def _renew_functions(path: str, live: Live, functions: Iterable[FunctionType]) -> None:
    for new in functions:
        for old in live.get((path, new.__code__.co_qualname), ()):
            if old.__code__.co_freevars == new.__code__.co_freevars:
                old.__code__ = new.__code__
                _renew_defaults(old, new)


def _renew_defaults(old: Any, new: Any) -> None:
    """Give a function the defaults that differ: the others may be instances of classes that live."""
    pairs = zip(old.__defaults__ or (), new.__defaults__ or (), strict=False)
    if len(old.__defaults__ or ()) == len(new.__defaults__ or ()):
        old.__defaults__ = tuple(one if repr(one) == repr(other) else other for one, other in pairs) or None
    if repr(old.__kwdefaults__) != repr(new.__kwdefaults__):
        old.__kwdefaults__ = new.__kwdefaults__


def module_of(path: str) -> str:
    """Return the name under which a file below ``include/parity`` is imported."""
    return "parity." + path.removesuffix(".py").replace("/", ".")


def _is_data(value: Any) -> bool:
    return not isinstance(value, FunctionType | ModuleType | type) and not hasattr(value, "__wrapped__")


def _text(value: Any) -> str:
    """Return what a value is; descriptors, which hold functions, are alike."""
    if isinstance(value, re.Pattern):
        return f"{value.pattern!r} {value.flags}"
    return type(value).__name__ if hasattr(type(value), "__get__") else repr(value)


def _holds(value: Any, classes: set[type]) -> bool:
    """Return whether a value holds an instance of some classes, which would be none of the class that lives."""
    if type(value) in classes:
        return True
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    return isinstance(value, dict | list | tuple | set | frozenset) and any(_holds(one, classes) for one in parts)


def _differing(old: type, new: type) -> set[str]:
    """Return the attributes by which two versions of a class differ, methods left out."""
    if issubclass(new, enum.Enum):
        return {one.name for one in new if repr(one) not in map(repr, old)}
    names = {name for name in {*vars(old), *vars(new)} if not name.startswith("__")}
    found = {name for name in names if _text(vars(old).get(name)) != _text(vars(new).get(name))}
    if dataclasses.is_dataclass(new):
        made = ({one.name: _made(one.default_factory) for one in dataclasses.fields(each)} for each in (old, new))
        before, after = made
        found |= {name for name in after if before.get(name) != after[name]}
    return found


def _made(factory: Any) -> str:
    return getattr(factory, "__qualname__", repr(factory))


def _renew_class(old: type, new: type, names: set[str]) -> bool:
    """Give a dataclass the defaults of the changed one; return whether that was possible."""
    if not names and not dataclasses.is_dataclass(new):
        return True
    if not dataclasses.is_dataclass(new) or not all(name in vars(new) and name in vars(old) for name in names):
        return False
    for name in names:
        setattr(old, name, vars(new)[name])
    _renew_defaults(old.__init__, new.__init__)  # those of inherited fields are there alone
    return True


def _functions(new: dict[str, Any], classes: Collection[type]) -> Iterator[FunctionType]:
    """Yield the functions that a namespace, its classes and their properties hold."""
    todo, seen = [*new.values()], set[int]()
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, ModuleType):
            continue
        seen.add(id(one))
        if isinstance(one, FunctionType) and one.__globals__ is new:
            yield one
        if isinstance(one, type) and one in classes:
            todo += vars(one).values()
        todo += [getattr(one, name) for name in ("fget", "func", "__func__", "__wrapped__") if hasattr(one, name)]


def import_mutant(mutant: Mutant) -> None:
    """Let this process import the changed file instead of the real one."""
    file, real = str(PARITY / mutant.path), importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: importlib.machinery.SourceFileLoader, name: str) -> CodeType | None:
        if loader.path == file:
            return compile(mutant.source, file, "exec", dont_inherit=True)
        return real(loader, name)

    importlib.machinery.SourceFileLoader.get_code = get_code
    assert not any(name.split(".")[0] == "parity" for name in sys.modules)
