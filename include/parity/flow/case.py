"""One activity of one run, and where its outputs lie: what every step of the flow is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from parity.clients.artefacts import Artefacts
from parity.clients.remote import RunStatus
from parity.clients.storage import Storage
from parity.clock import Clock, SystemClock, today
from parity.flow.exports import Column, Expected, Export, fetch_legacy, fetch_target
from parity.flow.plan import Plan
from parity.flow.provenance import Made
from parity.flow.shelf import Shelf
from parity.settings import Settings
from parity.suite.models import Activity, Mode, Suite, Waiver


@dataclass(frozen=True)
class Case:
    """One activity of one run, and what judging it needs."""

    suite: Suite
    activity: Activity
    plan: Plan
    settings: Settings
    artefacts: Artefacts
    waivers: tuple[Waiver, ...] = ()
    attempt: int = 1
    clock: Clock = field(default_factory=SystemClock)
    made: Made | None = None
    """What the step that runs now makes its piece by and from."""

    @property
    def today(self) -> date:
        """Return the day on which waivers must be in force: their last day ends in the suite's own zone."""
        return today(self.clock, self.suite.timezone)

    @property
    def mode(self) -> Mode:
        """Return the mode that was asked for; BadInput for one that cannot run here."""
        return self.plan.mode_of(self.suite, self.activity)

    @property
    def shelf(self) -> Shelf:
        """Return where its files lie."""
        return Shelf(self.artefacts, self.settings.scratch_root, f"{self.plan.folder}/{self.activity.name}")


@dataclass(frozen=True)
class Outputs:
    """Where both sides wrote, and the query that wrote the legacy side."""

    query: RunStatus
    legacy: str
    target: str
    export_id: str
    """Run id that the manifest must carry."""
    schema: Callable[[], Sequence[Column]]
    """Asked only when the legacy output has no rows."""
    digests: tuple[str, str] = ("", "")
    """The digests that each side's rows were asked for with; empty where all rows travel."""


def fetch_both(
    case: Case, outputs: Outputs, storage: Storage, mode: Mode, prefix: str = ""
) -> tuple[Export, Export]:
    """Return what both sides wrote on this worker, verified; ExportRefused when one cannot be believed.

    ``mode`` is the one that the helper job ran in; ``prefix`` tells a step's files from another's.
    """
    shelf = case.shelf
    expected = Expected(case.activity.name, outputs.export_id, case.plan.business_date, mode)
    legacy = shelf.export(
        f"{prefix}legacy",
        outputs.legacy,
        lambda to: fetch_legacy(storage, outputs.query, outputs.legacy, to, outputs.schema),
    )
    target = shelf.export(
        f"{prefix}target", outputs.target, lambda to: fetch_target(storage, outputs.target, expected, to)
    )
    return legacy, target
