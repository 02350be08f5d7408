"""A step that runs on a worker, and reports a failure by its stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow.sdk import BaseOperator, Context

from parity.airflow.step.failures import report_failures
from parity.airflow.step.links import PageLink
from parity.flow.stages import Stage

Step = Callable[[Context], Any]


class StepOperator(BaseOperator):
    """Runs a function of the context and returns its JSON."""

    operator_extra_links = (PageLink(),)

    def __init__(self, *, step: Step, stage: Stage, **kwargs: Any) -> None:
        super().__init__(**{"doc_md": stage.description, **kwargs})
        self.custom_operator_name = stage.service
        self.page = ""
        self.step = step
        self.stage = stage

    def execute(self, context: Context) -> Any:
        """Run the step."""
        with report_failures(context, self.stage):
            return self.step(context)
