"""The results store as a task opens it, and where people read what a task found."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow.sdk import Context

from parity.compare.result import Result, Verdict
from parity.settings import settings

if TYPE_CHECKING:
    from datetime import date

    from parity.history.records import RunRecord
    from parity.history.store import Store

log = logging.getLogger(__name__)


def open_results() -> Store:
    """Open the results store."""
    from parity.history.store import open_store

    return open_store(settings().results_store)


def run_record(
    context: Context, about: tuple[str, int, str], day: date, verdict: Verdict | None = None, reason: str = ""
) -> RunRecord:
    """Return the record of this run, which has ended where there is a verdict.

    ``about`` is the suite's name in the store, its wave, and the fingerprint of what declares it.
    """
    from parity.history.records import RunRecord

    run, now = context["dag_run"], datetime.now(UTC)
    name, wave, sha = about
    return RunRecord(
        suite=name,
        run_id=run.run_id,
        business_date=day,
        started=run.start_date or now,
        ended=now if verdict else None,
        verdict=verdict,
        reason=reason,
        wave=wave,
        suite_sha=sha,
        url=run_url(context),
    )


def run_url(context: Context) -> str:
    """Return where people open this run in Airflow."""
    base = settings().site_url.rstrip("/")
    return f"{base}/dags/{context['dag'].dag_id}/runs/{context['dag_run'].run_id}" if base else ""


def log_result(result: Result) -> None:
    """Write the comparison's report into the task's log, as the on-call engineer reads it."""
    from parity.report import render_text

    for line in render_text(result).splitlines():
        log.info("%s", line)
