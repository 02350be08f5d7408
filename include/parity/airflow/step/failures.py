"""How a task reports a failure: to the verdict, to Airflow's retries, and in its log."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from parity.compare.result import Verdict
from parity.errors import BadInput, Terminal
from parity.flow.codec import to_json
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.verdict import NEXT_STEP

FAILURE = "failure"
"""XCom key of the StageFailure of a failed task."""
WIDTH = 110
"""Columns of a log line; Airflow's log view cuts longer ones off at the edge of the window."""

log = logging.getLogger(__name__)


def log_block(headline: str, *paragraphs: str, level: int = logging.INFO) -> None:
    """Write a headline and wrapped paragraphs into the task's log.

    Logged and not printed: what is printed reaches the log later than what is logged, and ended up in the folded
    group below the traceback.
    """
    lines = [headline]
    for paragraph in filter(None, paragraphs):
        lines += textwrap.wrap(
            paragraph,
            WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    for line in lines:
        log.log(level, "%s", line)


def log_level(verdict: Verdict) -> int:
    """Return the level at which a verdict is logged: errors stand out in red."""
    return logging.INFO if verdict.green else logging.ERROR


@contextmanager
def report_failures(context: Any, stage: Stage) -> Iterator[None]:
    """Push an error as the failure of ``stage``, and turn a terminal one into a failure without retry.

    What is transient goes on to Airflow, which retries it; so does a defect, whose traceback stays in the log.
    """
    try:
        yield
    except AirflowException:
        raise
    except (Terminal, BadInput) as error:
        failure = _push(context, stage, error)
        next_step = f"Next: {failure.remedy}" if failure.remedy else NEXT_STEP[Verdict.INVALID]
        log_block(f"INVALID: {stage.label} failed.", failure.reason, next_step, error.url, level=logging.ERROR)
        raise AirflowFailException(f"INVALID: {failure.sentence} {error.url}".rstrip()) from None
    except Exception as error:
        _push(context, stage, error)
        raise


def _push(context: Any, stage: Stage, error: Exception) -> StageFailure:
    failure = StageFailure.from_error(stage, error)
    context["ti"].xcom_push(FAILURE, to_json(failure))
    return failure
