"""Survivors that cannot matter, each with its reason: ``tests/mutants/listed.yaml``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from mutants.operators import Mutant

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Listed:
    """The mutants that may survive, by their keys."""

    reasons: dict[Key, str]

    @classmethod
    def read(cls, path: Path) -> Listed:
        """Read the file: ``path → [{function, why, changes}]``."""
        given = yaml.safe_load(path.read_text()) or {}
        return cls(
            {
                (file, entry.get("function", ""), change): entry["why"]
                for file, entries in given.items()
                for entry in entries
                for change in entry["changes"]
            }
        )

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant.key in self.reasons

    def unused(self, mutants: Iterable[Mutant], files: Iterable[str]) -> list[Key]:
        """Return the entries for ``files`` that name no mutant any more."""
        known, files = {mutant.key for mutant in mutants}, set(files)
        return [key for key in self.reasons if key[0] in files and key not in known]
