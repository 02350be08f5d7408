"""Verifying one activity, without Airflow: fetch both outputs, compare them, expect of them, judge."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from parity.clients.artefacts import Artefacts
from parity.clients.remote import RunStatus
from parity.compare.result import Result
from parity.expectations.findings import Findings
from parity.flow.exports import Column, Expected, Export, fetch_legacy, fetch_target
from parity.flow.plan import Plan
from parity.flow.shelf import FINDINGS, PAGE, Shelf
from parity.settings import Settings
from parity.suite.models import Activity, Suite, Waiver

if TYPE_CHECKING:
    from parity.clients.storage import Storage


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


def fetch(case: Case, outputs: Outputs, storage: Storage) -> tuple[Export, Export]:
    """Return both outputs on this worker, verified; ExportRefused when one cannot be believed."""
    shelf = case.shelf
    mode = case.plan.mode_of(case.suite, case.activity)
    expected = Expected(case.activity.name, outputs.export_id, case.plan.business_date, mode)
    legacy = shelf.export(
        "legacy",
        outputs.legacy,
        lambda to: fetch_legacy(storage, outputs.query, outputs.legacy, to, outputs.schema),
    )
    target = shelf.export("target", outputs.target, lambda to: fetch_target(storage, outputs.target, expected, to))
    return legacy, target


def compare(case: Case, legacy: Export, target: Export, facts: dict[str, Any]) -> Result:
    """Compare both outputs and write the report; ``facts`` of the sources, such as cost, go into the result."""
    from parity.compare import Source, Spec, run
    from parity.report import render_html

    spec = Spec.of_activity(
        case.activity,
        tuple(waiver for waiver in case.waivers if waiver.suite == case.suite.suite),
        memory=case.settings.memory,
        scratch=case.shelf.downloads,
        **_mask(case.settings),
    )
    found = run(_source(Source, legacy), _source(Source, target), spec)
    result = replace(found, extra={**found.extra, **facts})
    case.shelf.write_result(result)
    case.shelf.write(PAGE, render_html(result, title=f"{case.suite.suite} · {case.activity.name}"))
    return result


def expect(case: Case, legacy: Export, target: Export, result: Result) -> Findings:
    """Run Great Expectations on both outputs and on what the comparison found."""
    from parity.expectations.validation import Occasion, validate

    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # hundreds of lines about itself
    findings = validate(
        case.activity,
        legacy.files,
        target.files,
        result,
        occasion=Occasion(case.suite.suite, case.plan.business_date, case.plan.key, case.attempt),
        store=case.artefacts,
        memory=case.settings.memory,
    )
    from pydantic import TypeAdapter

    case.shelf.write(FINDINGS, json.dumps(TypeAdapter(Findings).dump_python(findings, mode="json"), indent=1))
    return findings


def _source(source: Any, export: Export) -> Any:
    return source.of(*export.files, expected_rows=export.rows)


def _mask(settings: Settings) -> dict[str, bytes]:
    key = settings.mask_key.get_secret_value()
    return {"mask_key": key.encode()} if key else {}
