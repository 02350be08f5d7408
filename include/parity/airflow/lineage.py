"""Lineage of verdicts, sent where Airflow's settings (``[openlineage]``) send its own, if its provider is there.

The inputs of a verdict are both outputs and the tables that they were read from, by the names of OpenLineage's
naming specification. What was asserted of the target is the facet ``dataQualityAssertions`` of its datasets, what
was expected of the legacy output that of its own. There are counts in it, and no value of a row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.sdk import Context

from parity.airflow.connections.lookup import connection
from parity.airflow.step.output import task_output
from parity.flow.run_verdict import task_of
from parity.flow.stages import Stage
from parity.suite.models import Severity
from parity.wording import plural

if TYPE_CHECKING:
    from parity.clients.mysql import Address
    from parity.compare.result import Result
    from parity.flow.suite_run.activity_run import ActivityRun
    from parity.history.records import ActivityRecord
    from parity.suite.databases import Database
    from parity.tablediff.verdict import DatabaseResult

Assertions = list[dict[str, Any]]
log = logging.getLogger(__name__)


def send_activity(context: Context, run: ActivityRun, folder: Path, record: ActivityRecord) -> None:
    """Send the lineage of an activity's verdict; ``folder`` is the suite's own."""
    _send(context, lambda: _of_activity(context, run, folder, record))


def send_database(context: Context, spec: Database, result: DatabaseResult) -> None:
    """Send the lineage of a database's verdict: every table of both sides."""
    _send(context, lambda: _of_database(spec, result))


def _send(context: Context, inputs: Callable[[], Iterable[Any]]) -> None:
    """Send one event of the running task; nothing that fails here changes a verdict."""
    try:
        from airflow.providers.openlineage.api import emit_dataset_lineage, is_openlineage_active
    except ImportError:
        return
    try:
        if is_openlineage_active():
            emit_dataset_lineage(inputs=list(inputs()), task_instance=context["ti"])
    except Exception:
        log.exception("The lineage of this verdict was not sent.")


def _of_activity(context: Context, run: ActivityRun, folder: Path, record: ActivityRecord) -> Iterator[Any]:
    suite, activity = run.suite, run.activity
    blocking = record.severity == Severity.CRITICAL and not record.verdict.green
    on_legacy = [_finding(one) for one in record.findings if one.side == "legacy"]
    on_target = [*_verdict(f"{suite.suite}.{activity.name}", record, blocking=blocking)]
    on_target += [_finding(one) for one in record.findings if one.side != "legacy"]
    for namespace, name in _legacy_tables(run, folder):
        yield _dataset(namespace, name, on_legacy)
    yield _dataset(_workspace(suite.azure.databricks_connection), activity.target.table, on_target)
    for stage, asserted in ((Stage.ATHENA, on_legacy), (Stage.HELPER, on_target)):
        where = urlsplit(task_output(context, task_of(stage, activity.name)).get("destination", ""))
        if where.netloc:
            yield _dataset(f"{where.scheme}://{where.netloc}", where.path.strip("/"), asserted)


def _legacy_tables(run: ActivityRun, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the namespace and name of each table that the legacy query's text names."""
    from parity.airflow.connections.clients import aws_clients
    from parity.doctor.queries import read_query
    from parity.suite.suite_files import legacy_sql

    aws = run.suite.aws
    region = aws_clients(connection(aws.connection))("athena").meta.region_name
    for table in read_query(legacy_sql(folder / "any.yaml", run.activity)).tables:
        parts = (table.catalog or aws.catalog, table.database or aws.database, table.table)
        yield f"awsathena://athena.{region}.amazonaws.com", ".".join(parts)


def _workspace(conn_id: str) -> str:
    from parity.airflow.connections.databricks import databricks_config

    return f"databricks://{urlsplit(databricks_config(connection(conn_id)).host).netloc}"


def _of_database(spec: Database, result: DatabaseResult) -> Iterator[Any]:
    from parity.airflow.connections.mysql import mysql_address

    legacy, target = (mysql_address(connection(one)) for one in (spec.legacy, spec.target))
    for table in result.tables:
        found = table.result
        asserted = [*_verdict(f"{spec.key}.{table.table}", found, blocking=not found.verdict.green)]
        yield _dataset(_server(legacy), f"{legacy.database}.{table.table}", [])
        yield _dataset(_server(target), f"{target.database}.{table.table}", asserted)


def _server(address: Address) -> str:
    return f"mysql://{address.host}:{address.port}"


def _verdict(name: str, found: ActivityRecord | Result, *, blocking: bool) -> Iterator[dict[str, Any]]:
    """Yield what a verdict asserts of the whole, and of each column that differs."""
    verdict, severity = found.verdict, "error" if blocking else "warn"
    actual = f"{verdict}, {plural(found.rows.different, 'row')} different"
    expected = "PASS or WAIVED"
    yield {
        "assertion": "equal_to_legacy",
        "success": verdict.green,
        "severity": severity,
        "name": name,
        "expected": expected,
        "actual": actual,
    }
    for column in found.columns:
        if column.different:
            yield {
                "assertion": "equal_to_legacy",
                "success": False,
                "severity": severity,
                "name": f"{name}.{column.name}",
                "column": column.name,
                "actual": f"{plural(column.different, 'row')} different",
            }


def _finding(found: Any) -> dict[str, Any]:
    """Return what Great Expectations found; its message stays here."""
    return {
        "assertion": found.expectation,
        "success": found.outcome == "pass",
        "severity": "error" if found.severity == Severity.CRITICAL else "warn",
        "name": f"{found.expectation} on {found.subject}",
    }


def _dataset(namespace: str, name: str, asserted: Assertions) -> Any:
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.facet_v2 import data_quality_assertions_dataset as facet

    assertions = [facet.Assertion(**one) for one in asserted]
    facets = {"dataQualityAssertions": facet.DataQualityAssertionsDatasetFacet(assertions=assertions)}
    return InputDataset(namespace=namespace, name=name, inputFacets=facets if assertions else {})
