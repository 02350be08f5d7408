"""One line of the doctor's answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How what was found compares with what is needed."""

    OK = "ok"
    MISSING = "missing"
    DIFFERS = "differs"
    UNREADABLE = "not readable"
    """It may be right or wrong: it could not be read."""
    OPTIONAL = "optional"
    """It is not there, and no run needs it: the detail says what stays unknown."""


@dataclass(frozen=True)
class Finding:
    """What one check found about one thing."""

    status: Status
    kind: str
    """Such as ``Glue job``."""
    name: str
    detail: str = ""
    """What was found, in one sentence or less."""
    remedy: str = ""
    """What to do: a command, a line of policy, a corrected name."""


@dataclass(frozen=True)
class Line:
    """A finding with the place where it was made."""

    place: str
    """Such as ``AWS, connection aws_default``."""
    finding: Finding
    needed_by: tuple[str, ...] = ()
    """Suites, and databases as ``db.<name>``."""

    @property
    def ok(self) -> bool:
        """Return whether nothing has to be done."""
        return self.finding.status in (Status.OK, Status.OPTIONAL)


def ok(kind: str, name: str, detail: str = "") -> Finding:
    """Return a finding that is right."""
    return Finding(Status.OK, kind, name, detail)


def missing(kind: str, name: str, detail: str, remedy: str = "") -> Finding:
    """Return the finding that something is not there."""
    return Finding(Status.MISSING, kind, name, detail, remedy)


def differs(kind: str, name: str, detail: str, remedy: str = "") -> Finding:
    """Return the finding that something is there and is not as it has to be."""
    return Finding(Status.DIFFERS, kind, name, detail, remedy)


def unreadable(kind: str, name: str, detail: str, remedy: str = "") -> Finding:
    """Return the finding that something could not be read."""
    return Finding(Status.UNREADABLE, kind, name, detail, remedy)
