"""The pages of a run that need no server: its activities, their reports and Data Docs."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

from parity.compare.result import Verdict
from parity.errors import NotFound
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.settings import settings

log = logging.getLogger(__name__)


def write_page(name: str, run_id: str, day: date, folder: str) -> str:
    """Write the page of a run as the results store has it into ``folder``, and return its URL."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.airflow.step.results import open_results
    from parity.web.pages import write_run_page

    artefacts = open_artefacts()
    return artefacts.url(write_run_page(open_results().run(run_id, name, day), artefacts, folder))


def refresh_page(name: str, run_id: str, day: date, folder: str) -> None:
    """Write the page again with the gate's verdict, and all that a run changes elsewhere.

    A page that cannot be written changes no verdict.
    """
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.airflow.step.results import open_results
    from parity.web.site import write_site

    try:
        write_page(name, run_id, day, folder)
        write_site(open_results(), open_artefacts(), name, datetime.now(UTC))
    except Exception:
        log.exception("The pages of this run could not be written, and say what was known before.")


def rewrite_report(plan: SuiteRunPlan, name: str, verdict: Verdict, reason: str) -> None:
    """Write what counts of an activity into its report's page, where there is one."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.flow.suite_run.files import ActivityFiles
    from parity.web.pages import write_report_page

    files = ActivityFiles(open_artefacts(), settings().scratch_root, f"{plan.folder}/{name}")
    try:
        write_report_page(files, files.result(), verdict, reason)
    except NotFound:
        return
    except Exception:
        log.exception("The report of %s could not be written, and says what was compared before.", name)
