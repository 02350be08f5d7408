"""What belongs to a wave, as the files declare it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parity.errors import BadInput
from parity.evidence.recorder import rules_hash
from parity.evidence.rules import rules_of
from parity.settings import Settings
from parity.suite.database_files import load_databases
from parity.suite.databases import Database
from parity.suite.models import Suite
from parity.suite.suite_files import load_suites


@dataclass(frozen=True)
class Members:
    """The suites and databases of a wave."""

    wave: int
    subjects: tuple[Suite | Database, ...]
    rules: Mapping[str, str]
    """Hash of the rules of each, by its name in the results store."""


def members_of(now: Settings, wave: int) -> Members:
    """Return what belongs to a wave; BadInput for a broken file, or when nothing does."""
    subjects: list[Suite | Database] = []
    rules: dict[str, str] = {}
    for loaded in (load_suites(now.suites), load_databases(now.databases)):
        if loaded.errors:
            raise loaded.errors[0]
        for name, one in loaded.models.items():
            if one.wave == wave:
                subjects.append(one)
                rules[one.key] = rules_hash(rules_of(one, loaded.paths[name], loaded.waivers))
    if not subjects:
        raise BadInput(f"No suite or database belongs to wave {wave}.")
    return Members(wave, tuple(subjects), rules)
