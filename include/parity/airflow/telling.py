"""How a task says what went wrong: to the chain, to Airflow's retries, and to whoever reads its log."""

from __future__ import annotations

import textwrap
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from parity.compare.result import Verdict
from parity.errors import BadInput, Terminal
from parity.flow.chain import Broken, Link
from parity.flow.judge import NEXT

BROKEN = "broken"
"""XCom key of the link that a failed task broke."""


WIDTH = 110
"""Columns of a log line; Airflow's log view cuts longer ones off at the edge of the window."""


def tell(headline: str, *paragraphs: str) -> None:
    """Write into the task's log what a person needs to read, wrapped, above the trace that Airflow adds."""
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
    print("\n".join(told))  # noqa: T201 - Airflow keeps what a task prints in its log, line by line


class Telling:
    """Turns our errors into the chain's broken link, and terminal ones into a failure without retry.

    What may pass by itself goes on to Airflow, which retries it.
    """

    def __init__(self, context: Any, link: Link) -> None:
        self.context = context
        self.link = link

    def __enter__(self) -> Telling:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, Exception) or isinstance(error, AirflowException):
            return
        broken = Broken.by(self.link, error)
        self.context["ti"].xcom_push(BROKEN, broken.to_json())
        if isinstance(error, Terminal | BadInput):
            following = f"Next: {broken.remedy}" if broken.remedy else NEXT[Verdict.INVALID]
            tell(f"INVALID: {self.link.label} did not hold.", broken.reason, following, error.url)
            raise AirflowFailException(f"INVALID: {broken.sentence} {error.url}".rstrip()) from None
        # What may pass by itself is Airflow's to retry, and so is a defect of ours: its trace stays in the log.
