"""The results store as a task opens it, and where people read what a task found."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import Context

from parity.compare.result import Result
from parity.settings import settings

if TYPE_CHECKING:
    from parity.history.store import Store

log = logging.getLogger(__name__)


def open_results() -> Store:
    """Open the results store."""
    from parity.history.store import open_store

    return open_store(settings().results_store)


def run_url(context: Context) -> str:
    """Return where people open this run in Airflow."""
    base = settings().site_url.rstrip("/")
    return f"{base}/dags/{context['dag'].dag_id}/runs/{context['dag_run'].run_id}" if base else ""


def log_result(result: Result) -> None:
    """Write the comparison's report into the task's log, as the on-call engineer reads it."""
    from parity.report import render_text

    for line in render_text(result).splitlines():
        log.info("%s", line)
