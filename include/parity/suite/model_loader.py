"""Loads folders of YAML files into models, one file for each, whose names are unique."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from parity.errors import SuiteError
from parity.suite.diagnostics import Diagnostic, diagnose
from parity.suite.models import Frozen, Waiver
from parity.suite.yaml_source import YamlDocument, read_yaml

M = TypeVar("M", bound=Frozen)
WAIVERS_FILE = "waivers.yaml"


@dataclass(frozen=True)
class LoadedModels(Generic[M]):
    """The contents of a folder: its valid models and their files, both by name, and an error for each mistake."""

    models: Mapping[str, M] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)
    errors: tuple[SuiteError, ...] = ()
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True)
class ModelLoader(Generic[M]):
    """Loads files of one kind; ``noun`` is the kind, and the key that holds a model's name."""

    noun: str
    model: type[M]
    check: Callable[[M], Iterable[Diagnostic]]

    def read(self, path: Path) -> tuple[M | None, list[SuiteError]]:
        """Return a file's model, or None and its mistakes."""
        try:
            document = read_yaml(path)
        except SuiteError as error:
            return None, [error]
        if not isinstance(document.data, dict):
            what = f"a {self.noun} is a mapping of keys, and this file is not."
            return None, [Diagnostic((), what, f"Begin with {self.noun}: and a name.").error(document)]
        try:
            found = self.model.model_validate(document.data)
        except ValidationError as error:
            return None, [mistake.error(document) for mistake in diagnose(error, self.model, document.data)]
        errors = [*_undecided(document), *(mistake.error(document) for mistake in self.check(found))]
        return (None if errors else found), errors

    def read_one(self, path: Path) -> M:
        """Return a file's model; raise its first :class:`SuiteError`."""
        found, errors = self.read(path)
        if found is None:
            raise errors[0]
        return found

    def read_all(self, paths: Iterable[Path]) -> LoadedModels[M]:
        """Read many files; of two models with one name the first is returned."""
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
        return LoadedModels(models, files, tuple(errors))

    def _same_name(self, name: str, path: Path, first: Path) -> SuiteError:
        what = f"{self.noun} {name!r} is already in {first.name}."
        line = read_yaml(path).line((self.noun,))
        return SuiteError(what, path=path, line=line, remedy="Rename one of them.")


def _undecided(document: YamlDocument) -> Iterator[SuiteError]:
    """Yield an error for each comment that begins with TODO: what it asks would be answered by chance."""
    for line, words in document.todos:
        what = f"nobody has decided this yet: {words.rstrip('.') or 'TODO'}."
        yield SuiteError(what, path=document.path, line=line, remedy="Decide it, then remove the TODO.")


def yaml_files(folder: Path) -> list[Path]:
    """Return the YAML files of a folder, its waivers excluded; none where it does not exist."""
    found = (path for path in folder.glob("*.y*ml") if path.suffix in (".yaml", ".yml"))
    return sorted(path for path in found if path.name != WAIVERS_FILE)


def files_sha(files: Iterable[Path]) -> str:
    """Return the SHA-256 of some files and their names, as 64 hex digits; a missing file counts as empty."""
    digest = hashlib.sha256()
    for file in files:
        content = file.read_bytes() if file.exists() else b""
        digest.update(f"{file.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()
