"""Verifying one activity, without Airflow: fetch both outputs, compare them, expect of them, judge."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.compare.result import Result
from parity.expectations.findings import Findings
from parity.flow.codec import to_json
from parity.flow.provenance import PROVENANCE
from parity.flow.suite_run.activity_run import ActivityRun, Outputs, fetch_both
from parity.flow.suite_run.digest.buckets import check_digests
from parity.flow.suite_run.digest.steps import buckets_of, complete_result, digest_plan
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.files import EXPORTS, FINDINGS, PAGE
from parity.settings import Settings
from parity.suite.models import Mode

if TYPE_CHECKING:
    from parity.clients.storage import Storage

DECLARED = "declared"
"""Key of a report's copy of the activity's declaration, without defaults, for whoever tries other rules on it."""


def fetch(run: ActivityRun, outputs: Outputs, storage: Storage) -> tuple[Export, Export]:
    """Return both outputs, or the rows of the buckets that differ, on this worker."""
    digested = digest_plan(run) is not None
    if digested:
        check_digests(buckets_of(run), outputs.digests)
    return fetch_both(run, outputs, storage, Mode.DIGEST if digested else Mode.ROWS)


def compare(run: ActivityRun, legacy: Export, target: Export, facts: dict[str, Any]) -> Result:
    """Compare both outputs and write the report; ``facts`` of the sources, such as cost, go into the result."""
    from parity.compare import Source, Spec, compare
    from parity.report.html import render_html

    spec = Spec.of_activity(
        run.activity,
        tuple(waiver for waiver in run.waivers if waiver.suite == run.suite.suite),
        suite=run.suite.suite,
        today=run.today,
        memory=run.settings.memory,
        scratch=run.files.downloads,
        **_mask(run.settings),
    )
    left, right = (
        Source.of(*side.files, expected_rows=side.rows, moments=side.moments) for side in (legacy, target)
    )
    found = compare(left, right, spec)
    found = found if run.mode is Mode.ROWS else complete_result(run, found, legacy, target)
    provenance = {PROVENANCE: to_json(run.provenance)} if run.provenance else {}
    declared = {DECLARED: run.activity.model_dump(mode="json", exclude_defaults=True)}
    result = replace(found, extra={**found.extra, **facts, **declared, **provenance})
    run.files.write(EXPORTS, json.dumps({"legacy": _manifest(legacy), "target": _manifest(target)}, indent=1))
    run.files.write_result(result)
    run.files.write(PAGE, render_html(result, title=f"{run.suite.suite} · {run.activity.name}"))
    return result


def _manifest(export: Export) -> dict[str, Any]:
    """Return what was compared of a side, its files by hash, for who asks when the exports are gone."""
    files = [(file.relative_to(export.folder).as_posix(), file) for file in export.files]
    return {
        "rows": export.rows,
        "columns": {column.name: column.type for column in export.columns},
        "source": dict(export.source),
        "files": [
            {"name": name, "bytes": file.stat().st_size, "sha256": _sha256(file)} for name, file in sorted(files)
        ],
    }


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def expect(run: ActivityRun, legacy: Export, target: Export, result: Result, own: Path | None = None) -> Findings:
    """Run Great Expectations on both outputs and on what the comparison found.

    ``own`` is the file with the suite's own expectation classes.
    """
    from parity.expectations.validation import ValidationRun, validate
    from parity.sql.duckdb_dialect import read_parquet

    logging.getLogger("great_expectations").setLevel(logging.WARNING)  # hundreds of lines about itself
    moments = [column.name for column in target.columns if column.type == "timestamp"]
    findings = validate(
        run.activity,
        read_parquet(legacy.files),
        read_parquet(target.files, moments),
        result,
        run=ValidationRun(run.suite.suite, run.plan.business_date, run.plan.key, run.attempt, own),
        store=run.artefacts,
        memory=run.settings.memory,
    )
    run.write(FINDINGS, findings)
    return findings


def _mask(settings: Settings) -> dict[str, bytes]:
    key = settings.mask_key.get_secret_value()
    return {"mask_key": key.encode()} if key else {}
