"""How a task says what went wrong: to the chain, to Airflow's retries, and to whoever reads its log."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from parity.errors import BadInput, Terminal
from parity.flow.chain import Broken, Link

BROKEN = "broken"
"""XCom key of the link that a failed task broke."""


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
            raise AirflowFailException(f"INVALID: {broken.sentence} {error.url}".rstrip()) from None
        # What may pass by itself is Airflow's to retry, and so is a defect of ours: its trace stays in the log.
