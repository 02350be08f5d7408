"""Verifying one activity, without Airflow: fetch both outputs, compare them, expect of them, judge."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from parity.compare.result import Result
from parity.expectations.findings import Findings
from parity.flow.provenance import MADE
from parity.flow.suite_run.activity_run import ActivityRun, Outputs, fetch_both
from parity.flow.suite_run.digest.buckets import check_digests
from parity.flow.suite_run.digest.steps import buckets_of, way_of, whole
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.files import FINDINGS, PAGE
from parity.settings import Settings
from parity.suite.models import Mode

if TYPE_CHECKING:
    from parity.clients.storage import Storage


def fetch(case: ActivityRun, outputs: Outputs, storage: Storage) -> tuple[Export, Export]:
    """Return both outputs, or the rows of the buckets that differ, on this worker."""
    digested = case.mode is not Mode.ROWS and way_of(case).mode is Mode.DIGEST
    if digested:
        check_digests(buckets_of(case), outputs.digests)
    return fetch_both(case, outputs, storage, Mode.DIGEST if digested else Mode.ROWS)


def compare(case: ActivityRun, legacy: Export, target: Export, facts: dict[str, Any]) -> Result:
    """Compare both outputs and write the report; ``facts`` of the sources, such as cost, go into the result."""
    from parity.compare import Source, Spec, compare
    from parity.report import render_html

    spec = Spec.of_activity(
        case.activity,
        tuple(waiver for waiver in case.waivers if waiver.suite == case.suite.suite),
        suite=case.suite.suite,
        today=case.today,
        memory=case.settings.memory,
        scratch=case.shelf.downloads,
        **_mask(case.settings),
    )
    found = compare(_source(Source, legacy), _source(Source, target), spec)
    found = found if case.mode is Mode.ROWS else whole(case, found, legacy, target)
    made = {MADE: case.made.to_json()} if case.made else {}
    result = replace(found, extra={**found.extra, **facts, **made})
    case.shelf.write_result(result)
    case.shelf.write(PAGE, render_html(result, title=f"{case.suite.suite} · {case.activity.name}"))
    return result


def expect(case: ActivityRun, legacy: Export, target: Export, result: Result) -> Findings:
    """Run Great Expectations on both outputs and on what the comparison found."""
    from parity.expectations.validation import ValidationRun, validate

    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # hundreds of lines about itself
    findings = validate(
        case.activity,
        legacy.files,
        target.files,
        result,
        occasion=ValidationRun(case.suite.suite, case.plan.business_date, case.plan.key, case.attempt),
        store=case.artefacts,
        memory=case.settings.memory,
    )
    from pydantic import TypeAdapter

    findings = replace(findings, made=case.made.to_json() if case.made else {})
    case.shelf.write(FINDINGS, json.dumps(TypeAdapter(Findings).dump_python(findings, mode="json"), indent=1))
    return findings


def _source(source: Any, export: Export) -> Any:
    return source.of(*export.files, expected_rows=export.rows)


def _mask(settings: Settings) -> dict[str, bytes]:
    key = settings.mask_key.get_secret_value()
    return {"mask_key": key.encode()} if key else {}
