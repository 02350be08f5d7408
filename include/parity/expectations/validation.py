"""Great Expectations over both outputs and over what the comparison found.

Outputs are asked through DuckDB (:mod:`parity.expectations.duckdb_engine`), so only the columns that the suite
names are read. Full results go to the artefact store, without values of sensitive columns; the caller gets
findings, which hold no value at all.
"""

from __future__ import annotations

import json
import logging
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity.clients.artefacts import Artefacts
from parity.compare.result import Result, Verdict
from parity.errors import BadInput
from parity.expectations.classes import ExpectationClasses
from parity.expectations.findings import Finding, Findings, Outcome, Side
from parity.expectations.redaction import finding, masked, with_count
from parity.expectations.specs import (
    UNEXPECTED_ROWS,
    ComparisonFacts,
    ExpectationSpec,
    comparison_facts,
    specs_of,
)
from parity.sql.duckdb_dialect import DuckDB
from parity.suite.models import Activity

if TYPE_CHECKING:
    from sqlalchemy import Engine

Relation = str
"""What follows FROM to read one side's output; empty when the output was not exported (digest)."""
SHOWN = 20
"""Unexpected values that a full result lists, of columns that are not sensitive."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ValidationRun:
    """The run that is validated; it names the artefacts."""

    suite: str
    business_date: date
    run_id: str
    attempt: int = 1
    own: Path | None = None
    """The file with the suite's own expectation classes."""

    def folder(self, activity: str) -> str:
        """Return ``<suite>/<date>/<run>/<activity>``, safe as a path."""
        parts = (self.suite, self.business_date.isoformat(), self.run_id, activity)
        return "/".join(re.sub(r"[^A-Za-z0-9._+-]", "_", part) for part in parts)


@dataclass(frozen=True)
class CheckedSide:
    """One side, judged: findings, the full result as JSON, and its page."""

    side: Side
    findings: tuple[Finding, ...]
    full: Mapping[str, Any]
    page: str = ""


def validate(
    activity: Activity,
    legacy: Relation,
    target: Relation,
    result: Result,
    *,
    run: ValidationRun,
    store: Artefacts,
    memory: str = "1GB",
) -> Findings:
    """Run the suite's expectations and the parity expectations; write details and Data Docs into ``store``.

    An expectation that cannot be computed is INVALID. Nothing leaves the machine. ``memory`` is DuckDB's limit.
    """
    from parity.expectations.docs import publish

    started = time.monotonic()
    checked = [
        _outputs(activity, "legacy", legacy, memory, ExpectationClasses(run.own)),
        _outputs(activity, "target", target, memory, ExpectationClasses(run.own)),
        _comparison(activity, result),
    ]
    findings = tuple(found for side in checked for found in side.findings)
    folder = run.folder(activity.name)
    details = tuple(_write_details(store, folder, run, side) for side in checked if side.full)
    docs = publish(store, folder, {side.side: side.page for side in checked if side.page}, findings)
    return Findings(findings, details, docs, round(time.monotonic() - started, 3))


def _outputs(
    activity: Activity, side: Side, source: Relation, memory: str, classes: ExpectationClasses
) -> CheckedSide:
    """Check one output; INVALID without one."""
    specs = specs_of(activity, side)
    if not specs:
        return CheckedSide(side, (), {})
    if not source:
        return _invalid(specs, side, "It could not be computed: in this mode the output is not exported.")
    try:
        return _check_output(activity, specs, side, source, memory, classes)
    except Exception as error:  # noqa: BLE001 - whatever stops a check makes it INVALID, never green
        log.warning("Expectations on the %s output could not run: %s", side, type(error).__name__)
        return _invalid(specs, side, f"It could not be computed: {type(error).__name__} while reading the output.")


def _invalid(specs: Sequence[ExpectationSpec], side: Side, message: str) -> CheckedSide:
    found = tuple(
        Finding(side, spec.name, spec.subject, spec.severity, Outcome.INVALID, message) for spec in specs
    )
    return CheckedSide(side, found, {})


def _check_output(
    activity: Activity,
    specs: Sequence[ExpectationSpec],
    side: Side,
    source: Relation,
    memory: str,
    classes: ExpectationClasses,
) -> CheckedSide:
    from parity.expectations.duckdb_engine import open_duckdb

    with tempfile.TemporaryDirectory(prefix="parity-gx-") as scratch:
        engine = open_duckdb(memory, scratch)
        try:
            _make_view(engine, activity, specs, side, source)
            sensitive = _sensitive(activity)
            batch = _sql_batch(engine, side)
            results = [_one(batch, spec, spec.touches(sensitive), classes) for spec in specs]
            return _checked(side, specs, results, sensitive)
        finally:
            engine.dispose()


def _make_view(
    engine: Engine, activity: Activity, specs: Sequence[ExpectationSpec], side: Side, source: Relation
) -> None:
    """Make one output a view, under the names that the suite uses."""
    wanted = sorted({name for spec in specs for name in spec.columns})
    quoted = DuckDB().quote
    with engine.connect() as connection:
        described = connection.exec_driver_sql(f"describe select * from {source}").fetchall()
        names = suite_names([row[0] for row in described], activity, wanted, side)
        columns = ", ".join(f"{quoted(old)} as {quoted(new)}" for old, new in names.items())
        connection.exec_driver_sql(f"create or replace view {quoted(side)} as select {columns} from {source}")
        connection.commit()


def suite_names(present: Sequence[str], activity: Activity, wanted: Sequence[str], side: Side) -> dict[str, str]:
    """Map a side's columns to the suite's names: the target's, and the suite's own upper and lower case.

    Athena lower-cases every name and Spark keeps them, so names are matched without regard to case, exactly
    matching names first. A legacy column whose name a rename gives to another one steps aside: nothing in the
    suite means it.
    """
    renames = activity.columns.items() if side == "legacy" else ()
    legacy = {rule.legacy.lower(): name for name, rule in renames if rule.legacy}
    given = {legacy[name.lower()].lower() for name in present if name.lower() in legacy}
    spelling = {name.lower(): name for name in wanted}
    mapped = {
        name: legacy.get(name.lower()) or (f"{name} (legacy)" if name.lower() in given else name)
        for name in present
    }
    taken = set(mapped.values())
    for name, new in mapped.items():
        wanted_name = spelling.get(new.lower(), new)
        if wanted_name not in taken:
            mapped[name] = wanted_name
    return mapped


def _sensitive(activity: Activity) -> frozenset[str]:
    return frozenset(name.lower() for name, rule in activity.columns.items() if rule.sensitive)


def _comparison(activity: Activity, result: Result) -> CheckedSide:
    """Check the comparison's result; when it is INVALID, so is every finding on it."""
    facts = comparison_facts(activity, result)
    try:
        checked = _compared(facts)
    except Exception as error:  # noqa: BLE001 - whatever stops a check makes it INVALID, never green
        log.warning("Expectations on the comparison could not run: %s", type(error).__name__)
        return _invalid(facts.specs, "comparison", f"It could not be computed: {type(error).__name__}.")
    if result.verdict is not Verdict.INVALID:
        return checked
    unknown = _invalid(facts.specs, "comparison", f"The comparison was INVALID: {result.reason}")
    return CheckedSide("comparison", unknown.findings, checked.full, checked.page)


def _compared(facts: ComparisonFacts) -> CheckedSide:
    """Check the facts with Great Expectations, as a table of one row."""
    import pandas as pd

    context = _context()
    source = context.data_sources.add_pandas("comparison")
    batch = (
        source.add_dataframe_asset("comparison")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": pd.DataFrame([facts.row])})
    )
    return _checked("comparison", facts.specs, _all(batch, facts.specs), frozenset())


def _context() -> Any:
    """Return a context that stores nothing and makes no network call."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    return context


def _sql_batch(engine: Engine, side: Side) -> Any:
    from parity.expectations.duckdb_engine import ParityDuckDBDatasource

    context = _context()
    source = context.data_sources.add_parity_duckdb(side, connection_string="duckdb:///:memory:")
    assert isinstance(source, ParityDuckDBDatasource)
    source.use(engine)
    return source.add_table_asset(side, table_name=side).add_batch_definition_whole_table("all").get_batch()


def _checked(
    side: Side, specs: Sequence[ExpectationSpec], results: Sequence[Mapping[str, Any]], sensitive: frozenset[str]
) -> CheckedSide:
    """Return the findings and the page of results, which are masked already."""
    import great_expectations
    from great_expectations.core import ExpectationSuiteValidationResult

    from parity.expectations.docs import page

    pairs = list(zip(specs, results, strict=True))
    found = tuple(finding(spec, side, full, spec.touches(sensitive)) for spec, full in pairs)
    shown = [full for full in results if ExpectationClasses.known(full["expectation_config"]["type"])]
    whole = ExpectationSuiteValidationResult(
        success=all(f.outcome is Outcome.PASS for f in found),
        results=[_reread(full) for full in shown],
        suite_name=side,
        statistics=_statistics(found),
        meta={
            "active_batch_definition": {"data_asset_name": side},
            "great_expectations_version": great_expectations.__version__,
        },
    )
    rest = [full for full in results if full not in shown]
    full = whole.to_json_dict()
    return CheckedSide(side, found, {**full, "results": [*full["results"], *rest]}, page(whole))


def _all(batch: Any, specs: Sequence[ExpectationSpec]) -> list[dict[str, Any]]:
    """Run expectations about facts in one go, which is ten times faster than one by one, and in their order."""
    import great_expectations as gx

    from parity.expectations import comparison

    suite = gx.ExpectationSuite("comparison")
    suite.expectations = [
        getattr(comparison, spec.name)(**spec.arguments, severity=spec.severity.value, meta={"position": position})
        for position, spec in enumerate(specs)
    ]
    results = [_plain(result.to_json_dict()) for result in batch.validate(suite).results]
    return sorted(results, key=lambda result: result["expectation_config"]["meta"]["position"])


def _one(batch: Any, spec: ExpectationSpec, sensitive: bool, classes: ExpectationClasses) -> dict[str, Any]:
    """Run one expectation and return its result as masked JSON; a class that refuses its arguments raised."""
    shown = 0 if sensitive else SHOWN
    try:
        expectation = classes.find(spec.name)(**spec.arguments, severity=spec.severity.value)
        result = batch.validate(
            expectation, result_format={"result_format": "SUMMARY", "partial_unexpected_count": shown}
        ).to_json_dict()
    except BadInput as error:
        return _raised(spec, error)
    except Exception as error:  # noqa: BLE001 - whatever stops a check makes it INVALID, never green
        result = _raised(spec, error)
    plain = _plain(result)
    return masked(with_count(plain) if spec.name == UNEXPECTED_ROWS else plain, sensitive)


def _plain(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as plain JSON; numpy's true is Python's true, not a text."""
    plain: dict[str, Any] = json.loads(
        json.dumps(result, default=lambda value: value.item() if hasattr(value, "item") else str(value))
    )
    return plain


def _raised(spec: ExpectationSpec, error: Exception) -> dict[str, Any]:
    kind = re.sub(r"(?<!^)(?=[A-Z])", "_", spec.name).lower()
    info = {"raised_exception": True, "exception_message": str(error), "exception_traceback": ""}
    return {
        "success": False,
        "expectation_config": {"type": kind, "kwargs": spec.arguments, "meta": {}},
        "result": {},
        "meta": {},
        "exception_info": info,
    }


def _reread(full: Mapping[str, Any]) -> Any:
    """Return a masked result as the object that Great Expectations renders."""
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    given = full["expectation_config"]
    allowed = ("type", "kwargs", "meta", "description", "severity")
    return ExpectationValidationResult(
        success=full["success"],
        expectation_config=ExpectationConfiguration(**{key: given[key] for key in allowed if key in given}),
        result=dict(full.get("result") or {}),
        meta=dict(full.get("meta") or {}),
        exception_info=dict(full.get("exception_info") or {}),
    )


def _statistics(found: Sequence[Finding]) -> dict[str, Any]:
    passed = sum(f.outcome is Outcome.PASS for f in found)
    return {
        "evaluated_expectations": len(found),
        "successful_expectations": passed,
        "unsuccessful_expectations": len(found) - passed,
        "success_percent": 100.0 * passed / len(found) if found else None,
    }


def _write_details(store: Artefacts, folder: str, run: ValidationRun, side: CheckedSide) -> str:
    """Write one side's full result and return its name in ``store``."""
    name = f"expectations/{folder}/attempt-{run.attempt}/{side.side}.json"
    return store.write(name, json.dumps(side.full, indent=1, default=str))
