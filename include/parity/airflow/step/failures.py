"""How a task says what went wrong: to the chain, to Airflow's retries, and to whoever reads its log."""

from __future__ import annotations

import logging
import textwrap
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from parity.compare.result import Verdict
from parity.errors import BadInput, Terminal
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.verdict import NEXT_STEP

BROKEN = "broken"
"""XCom key of the link that a failed task broke."""


log = logging.getLogger(__name__)
WIDTH = 110
"""Columns of a log line; Airflow's log view cuts longer ones off at the edge of the window."""


def log_block(headline: str, *paragraphs: str, level: int = logging.INFO) -> None:
    """Write into the task's log what a person needs to read, wrapped, above the trace that Airflow adds.

    Logged and not printed: what is printed reaches the log later than what is logged, and ended up in the folded
    group below the trace.
    """
    told = [headline]
    for paragraph in filter(None, paragraphs):
        told += textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    for line in told:
        log.log(level, "%s", line)


def log_level(verdict: Verdict) -> int:
    """Return the level of what is said about a verdict: errors stand out in red."""
    return logging.INFO if verdict.green else logging.ERROR


class ReportFailures:
    """Turns our errors into the chain's broken link, and terminal ones into a failure without retry.

    What may pass by itself goes on to Airflow, which retries it.
    """

    def __init__(self, context: Any, link: Stage) -> None:
        self.context = context
        self.link = link

    def __enter__(self) -> ReportFailures:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, AirflowException):
            return
        broken = StageFailure.by(self.link, error)
        self.context["ti"].xcom_push(BROKEN, broken.to_json())
        if isinstance(error, Terminal | BadInput):
            following = f"Next: {broken.remedy}" if broken.remedy else NEXT_STEP[Verdict.INVALID]
            headline = f"INVALID: {self.link.label} did not hold."
            log_block(headline, broken.reason, following, error.url, level=logging.ERROR)
            raise AirflowFailException(f"INVALID: {broken.sentence} {error.url}".rstrip()) from None
        # What may pass by itself is Airflow's to retry, and so is a defect of ours: its trace stays in the log.
