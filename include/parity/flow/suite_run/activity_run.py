"""One activity of one run, and where its outputs are: the argument of every step of the flow."""

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
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE, Provenance, TaskOutput
from parity.flow.stages import Stage
from parity.flow.suite_run.exports.fetch import ExpectedExport, Export, fetch_legacy, fetch_target
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.flow.suite_run.files import ActivityFiles
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.settings import Settings
from parity.suite.models import Activity, Mode, Suite, Waiver


class StepOutput(Protocol):
    """What a step writes among the artefacts for those after it."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """Its provenance (:mod:`parity.flow.provenance`), as JSON."""


Kind = TypeVar("Kind", bound=StepOutput)


@dataclass(frozen=True)
class ActivityRun:
    """One activity of one run, with everything that comparing and judging it needs."""

    suite: Suite
    activity: Activity
    plan: SuiteRunPlan
    settings: Settings
    artefacts: Artefacts
    waivers: tuple[Waiver, ...] = ()
    attempt: int = 1
    clock: Clock = field(default_factory=SystemClock)
    provenance: Provenance | None = None
    """The provenance of what the current step writes."""
    task_output: Callable[[Stage], TaskOutput] = lambda _: {}
    """Returns the output of this activity's task of a stage, as it is now."""

    @property
    def today(self) -> date:
        """Return the day on which waivers must be in force: their last day ends in the suite's own zone."""
        return today(self.clock, self.suite.timezone)

    @property
    def mode(self) -> Mode:
        """Return the mode that was asked for; BadInput for one that cannot run here."""
        return self.plan.mode_of(self.suite, self.activity)

    def write(self, name: str, value: Any) -> str:
        """Write what this step found, a frozen dataclass with a field ``provenance``."""
        return self.files.write_json(name, replace(value, provenance=to_json(self.provenance)))

    def read(self, name: str, kind: type[Kind], stage: Stage) -> Kind:
        """Read back what :meth:`write` wrote; ExportRefused when the attempt that counts did not write it."""
        found = self.files.read_json(name, kind)
        if dict(found.provenance) != dict(self.task_output(stage).get(PROVENANCE) or {}):
            task = f"{self.activity.name}.{stage}"
            raise ExportRefused(
                f"{name} is not of the attempt of task {task} whose output counts.",
                remedy=f"Clear {task} with everything after it.",
            )
        return found

    @property
    def files(self) -> ActivityFiles:
        """Return its files."""
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
    """Called only when the legacy output has no rows."""
    digests: tuple[str, str] = ("", "")
    """Mark of the digests by which each side's rows were selected; empty where all rows are exported."""


def fetch_both(
    run: ActivityRun, outputs: Outputs, storage: Storage, mode: Mode, prefix: str = ""
) -> tuple[Export, Export]:
    """Download what both sides wrote and verify it; ExportRefused when one fails its checks.

    ``mode`` is the one that the helper job ran in; ``prefix`` keeps the steps' files apart.
    """
    files = run.files
    expected = ExpectedExport(run.activity.name, outputs.export_id, run.plan.business_date, mode)
    legacy = files.export(
        f"{prefix}legacy",
        outputs.legacy,
        lambda to: fetch_legacy(storage, outputs.query, outputs.legacy, to, outputs.schema),
    )
    target = files.export(
        f"{prefix}target", outputs.target, lambda to: fetch_target(storage, outputs.target, expected, to)
    )
    return legacy, target
