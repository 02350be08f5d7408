"""One activity of one run, and where its outputs lie: what every step of the flow is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol, TypeVar

from parity.clients.artefacts import Artefacts
from parity.clients.remote import RunStatus
from parity.clients.storage import Storage
from parity.clock import Clock, SystemClock, today
from parity.errors import ExportRefused
from parity.flow.provenance import MADE, Made, Piece
from parity.flow.stages import Stage
from parity.flow.suite_run.exports.fetch import ExpectedExport, Export, fetch_legacy, fetch_target
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.flow.suite_run.files import ActivityFiles
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.settings import Settings
from parity.suite.models import Activity, Mode, Suite, Waiver


class StoredPiece(Protocol):
    """What a step leaves for those after it."""

    @property
    def made(self) -> Mapping[str, Any]:
        """What it was made by and from (:mod:`parity.flow.provenance`)."""


Kind = TypeVar("Kind", bound=StoredPiece)


@dataclass(frozen=True)
class ActivityRun:
    """One activity of one run, and what judging it needs."""

    suite: Suite
    activity: Activity
    plan: SuiteRunPlan
    settings: Settings
    artefacts: Artefacts
    waivers: tuple[Waiver, ...] = ()
    attempt: int = 1
    clock: Clock = field(default_factory=SystemClock)
    made: Made | None = None
    """What the step that runs now makes its piece by and from."""
    handed_on: Callable[[Stage], Piece] = lambda _: {}
    """Says what the task of a link of this activity has handed on, as it is now."""

    @property
    def today(self) -> date:
        """Return the day on which waivers must be in force: their last day ends in the suite's own zone."""
        return today(self.clock, self.suite.timezone)

    @property
    def mode(self) -> Mode:
        """Return the mode that was asked for; BadInput for one that cannot run here."""
        return self.plan.mode_of(self.suite, self.activity)

    def keep(self, name: str, value: Any) -> str:
        """Write what this step found, a frozen dataclass with a field ``made``."""
        return self.shelf.keep(name, replace(value, made=self.made.to_json() if self.made else {}))

    def read(self, name: str, kind: type[Kind], link: Stage) -> Kind:
        """Read back what :meth:`keep` wrote; ExportRefused when it is not of the attempt that handed on."""
        found = self.shelf.read(name, kind)
        if dict(found.made) != dict(self.handed_on(link).get(MADE) or {}):
            task = f"{self.activity.name}.{link}"
            raise ExportRefused(
                f"{name} is not of the attempt of task {task} that handed on.",
                remedy=f"Clear {task} with everything after it.",
            )
        return found

    @property
    def shelf(self) -> ActivityFiles:
        """Return where its files lie."""
        return ActivityFiles(
            self.artefacts, self.settings.scratch_root, f"{self.plan.folder}/{self.activity.name}"
        )


@dataclass(frozen=True)
class Outputs:
    """Where both sides wrote, and the query that wrote the legacy side."""

    query: RunStatus
    legacy: str
    target: str
    export_id: str
    """Run id that the manifest must carry."""
    schema: Callable[[], Sequence[ExportColumn]]
    """Asked only when the legacy output has no rows."""
    digests: tuple[str, str] = ("", "")
    """The digests that each side's rows were asked for with; empty where all rows travel."""


def fetch_both(
    case: ActivityRun, outputs: Outputs, storage: Storage, mode: Mode, prefix: str = ""
) -> tuple[Export, Export]:
    """Return what both sides wrote on this worker, verified; ExportRefused when one cannot be believed.

    ``mode`` is the one that the helper job ran in; ``prefix`` tells a step's files from another's.
    """
    shelf = case.shelf
    expected = ExpectedExport(case.activity.name, outputs.export_id, case.plan.business_date, mode)
    legacy = shelf.export(
        f"{prefix}legacy",
        outputs.legacy,
        lambda to: fetch_legacy(storage, outputs.query, outputs.legacy, to, outputs.schema),
    )
    target = shelf.export(
        f"{prefix}target", outputs.target, lambda to: fetch_target(storage, outputs.target, expected, to)
    )
    return legacy, target
