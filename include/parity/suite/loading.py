"""What every folder of declarations has in common: files of one kind, read, checked and told apart by name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from parity.errors import SuiteError
from parity.suite.diagnostics import Problem, explain
from parity.suite.models import Frozen
from parity.suite.yaml_source import read_document

M = TypeVar("M", bound=Frozen)


@dataclass(frozen=True)
class Held(Generic[M]):
    """The right ones of a folder and their files, both by name, and an error for each mistake."""

    models: Mapping[str, M]
    paths: Mapping[str, Path]
    errors: tuple[SuiteError, ...]


@dataclass(frozen=True)
class Reader(Generic[M]):
    """Reads files of one kind; ``noun`` is what they describe, and the key that holds its name."""

    noun: str
    model: type[M]
    check: Callable[[M], Iterable[Problem]]

    def read(self, path: Path) -> tuple[M | None, list[SuiteError]]:
        """Return what a file describes, or None and its mistakes."""
        try:
            document = read_document(path)
        except SuiteError as error:
            return None, [error]
        if not isinstance(document.data, dict):
            what = f"a {self.noun} is a mapping of keys, and this file is not."
            return None, [Problem((), what, f"Begin with {self.noun}: and a name.").error(document)]
        try:
            found = self.model.model_validate(document.data)
        except ValidationError as error:
            return None, [problem.error(document) for problem in explain(error, self.model, document.data)]
        errors = [problem.error(document) for problem in self.check(found)]
        return (None if errors else found), errors

    def read_one(self, path: Path) -> M:
        """Return what a file describes; raise the first :class:`SuiteError` when it is wrong."""
        found, errors = self.read(path)
        if found is None:
            raise errors[0]
        return found

    def read_all(self, paths: Iterable[Path]) -> Held[M]:
        """Read many files; of two with one name the first counts, and a broken one never hides another."""
        models: dict[str, M] = {}
        files: dict[str, Path] = {}
        errors: list[SuiteError] = []
        for path in paths:
            found, mistakes = self.read(path)
            errors += mistakes
            name = str(getattr(found, self.noun, ""))
            if found is not None and name in models:
                errors.append(self._same_name(name, path, files[name]))
            elif found is not None:
                models[name], files[name] = found, path
        return Held(models, files, tuple(errors))

    def _same_name(self, name: str, path: Path, first: Path) -> SuiteError:
        what = f"{self.noun} {name!r} is already in {first.name}."
        line = read_document(path).line((self.noun,))
        return SuiteError(what, path=path, line=line, remedy="Rename one of them.")


def sha_of(files: Iterable[Path]) -> str:
    """Return the SHA-256 of some files and their names, as 64 hex digits; a missing one counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b""
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
