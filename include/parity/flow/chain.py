"""The chain from the legacy producer to the verdict, and where it broke first.

The links are in the order in which data flows; an activity's verdict can be trusted only when every link
before it held. A broken link says what happened in the words of whoever broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from parity.errors import ParityError


class Link(StrEnum):
    """One link of the chain; the value is also the task's name inside its group."""

    PLAN = "plan"
    PIPELINE = "pipeline"
    GLUE = "glue_job"
    ACTIVITY = "adf_activity"
    ATHENA = "athena_unload"
    HELPER = "helper_job"
    COMPARE = "compare"
    VALIDATE = "great_expectations"
    RECORD = "record"

    @property
    def label(self) -> str:
        """Return what people call it."""
        return _TITLES[self]


_TITLES = {
    Link.PLAN: "the plan of the run",
    Link.PIPELINE: "the Data Factory pipeline",
    Link.GLUE: "the legacy Glue job",
    Link.ACTIVITY: "the Data Factory activity",
    Link.ATHENA: "the legacy Athena query",
    Link.HELPER: "the Databricks helper job",
    Link.COMPARE: "the comparison",
    Link.VALIDATE: "Great Expectations",
    Link.RECORD: "the recording of the result",
}


@dataclass(frozen=True)
class Broken:
    """A link that did not hold."""

    link: Link
    reason: str
    remedy: str = ""
    url: str = ""
    caused_by: str = ""
    """Another activity, whose failure led to this break."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for XCom."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Broken:
        """Return what :meth:`to_json` wrote."""
        return cls(**{**data, "link": Link(data["link"])})

    @classmethod
    def by(cls, link: Link, error: BaseException) -> Broken:
        """Describe ``error`` as the break of ``link``."""
        if isinstance(error, ParityError):
            return cls(link, error.message, error.remedy, error.url, error.caused_by)
        return cls(link, f"{type(error).__name__}: {error}", "Read the task's log; this is likely a defect.")

    @property
    def sentence(self) -> str:
        """Return one sentence: which link, what happened, what to do."""
        return f"{self.link.label[0].upper()}{self.link.label[1:]}: {self.reason} {self.remedy}".strip()


def first_broken(broken: Iterable[Broken]) -> Broken | None:
    """Return the earliest broken link, in the order in which data flows."""
    order = list(Link)
    return min(broken, key=lambda item: order.index(item.link), default=None)
