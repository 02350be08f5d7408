"""Suites from a folder: every good one, and for every bad one the file, the line and what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from parity.errors import SuiteError
from parity.suite.models import Activity, Suite, Waiver


@dataclass(frozen=True)
class Loaded:
    """What a folder holds: the suites that are right, and an error for each mistake."""

    suites: tuple[Suite, ...] = ()
    errors: tuple[SuiteError, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    """File of each suite, by the suite's name; broken ones are left out."""


def load_suites(folder: Path) -> Loaded:
    """Read every ``*.yaml`` of ``folder`` (not ``waivers.yaml``); one broken file never hides another."""
    raise NotImplementedError


def load_suite(path: Path) -> Suite:
    """Read one suite; raise the first :class:`SuiteError` when it is wrong."""
    raise NotImplementedError


def legacy_sql(path: Path, activity: Activity) -> str:
    """Return the text of the activity's Athena query; ``path`` is the suite's file."""
    raise NotImplementedError


def suite_sha(path: Path) -> str:
    """Return the SHA-256 of the suite's file, its SQL files and the folder's waivers, as 64 hex digits."""
    raise NotImplementedError
