"""What an activity may see and do while it runs."""

from __future__ import annotations

import threading
import time
from collections import ChainMap
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self
from uuid import uuid4

from parity_sandbox.azure.adf.expressions.errors import ExpressionError
from parity_sandbox.azure.adf.expressions.evaluate import Names, evaluate
from parity_sandbox.azure.adf.factory import Factory
from parity_sandbox.azure.adf.failures import ActivityFailure, Stopped, TimedOut
from parity_sandbox.azure.adf.graph import Activity
from parity_sandbox.azure.adf.records import ActivityRun, PipelineRun
from parity_sandbox.azure.adf.states import State
from parity_sandbox.azure.adf.timestamps import moment
from parity_sandbox.context import Context


@dataclass(frozen=True)
class Watch:
    """Lets time pass, until the run is stopped or the time is up (``deadline``: monotonic seconds)."""

    stop: threading.Event
    deadline: float = float("inf")

    def sleep(self, seconds: float) -> None:
        """Wait; Stopped or TimedOut end the wait early."""
        left = self.deadline - time.monotonic()
        if self.stop.wait(max(0.0, min(seconds, left))):
            raise Stopped
        if seconds >= left:
            raise TimedOut

    def check(self) -> None:
        """Raise Stopped or TimedOut when it is time."""
        self.sleep(0)

    def within(self, seconds: float) -> Watch:
        """Return a watch that ends after ``seconds`` at the latest."""
        return replace(self, deadline=min(self.deadline, time.monotonic() + seconds))


@dataclass
class Variables:
    """The variables of one pipeline run; its branches share them."""

    values: dict[str, Any]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, name: str) -> Any:
        """Return a variable's value."""
        self._known(name)
        return self.values[name]

    def set(self, name: str, value: Any) -> None:
        """Give a declared variable a value."""
        with self.lock:
            self._known(name)
            self.values[name] = value

    def append(self, name: str, value: Any) -> None:
        """Add an element to an array variable."""
        with self.lock:
            self._known(name)
            if not isinstance(self.values[name], list):
                raise ActivityFailure("InvalidVariable", f"The variable '{name}' is not of type Array.")
            self.values[name] = [*self.values[name], value]

    def _known(self, name: str) -> None:
        if name not in self.values:
            raise ActivityFailure("InvalidVariable", f"The variable '{name}' is not declared by the pipeline.")


@dataclass(frozen=True)
class Scope:
    """What expressions see at one place of one run; ``results`` are the activities that ended there."""

    factory: Factory
    run: PipelineRun
    variables: Variables
    results: MutableMapping[str, ActivityRun] = field(default_factory=dict)
    reused: Mapping[str, ActivityRun] = field(default_factory=dict)
    """Activities of the reference run that a recovery does not repeat."""
    items: tuple[Any, ...] = ()
    iteration: str = ""
    """Hash of the round of a ForEach, or empty."""

    def inside(self, item: Any) -> Scope:
        """Return the scope of one round of a loop."""
        results = ChainMap({}, self.results)
        return replace(self, results=results, reused={}, items=(*self.items, item), iteration=uuid4().hex)

    def names(self) -> Names:
        """Return the functions of the run."""
        return {
            "pipeline": self._pipeline,
            "activity": self._activity,
            "variables": self.variables.get,
            "item": self._item,
            "utcnow": _utcnow,
        }

    def _pipeline(self) -> dict[str, Any]:
        run = self.run
        return {
            "DataFactory": self.factory.name,
            "Pipeline": run.pipeline,
            "RunId": run.id,
            "GroupId": run.group,
            "TriggerName": run.invoked_by["name"],
            "TriggerId": run.invoked_by["id"],
            "TriggerType": run.invoked_by["invokedByType"],
            "TriggerTime": moment(run.start),
            "parameters": run.parameters,
            "globalParameters": {},
        }

    def _activity(self, name: str) -> dict[str, Any]:
        if name not in self.results:
            raise ExpressionError(f"The expression refers to activity '{name}', which has not run before.")
        one = self.results[name]
        document = replace(one, secure_input=False, secure_output=False).document()
        return {**document, "Status": str(one.status), "ActivityRunId": one.id}

    def _item(self) -> Any:
        if not self.items:
            raise ExpressionError("The function 'item' can only be used inside of a ForEach activity.")
        return self.items[-1]


def _utcnow(form: str = "o") -> str:
    from datetime import UTC, datetime

    from parity_sandbox.azure.adf.expressions.dates import write

    return write(datetime.now(UTC), form)


class Executor(Protocol):
    """What activities with activities inside need of the engine."""

    context: Context

    def execute(self, activities: Sequence[Activity], scope: Scope, watch: Watch) -> dict[str, State]:
        """Run a list of activities in the order of their dependencies."""

    def start(self, factory: Factory, run: PipelineRun) -> PipelineRun:
        """Start another pipeline run."""

    def cancel(self, run: PipelineRun, *, recursive: bool) -> None:
        """Stop a run, and with ``recursive`` the runs that it started."""


@dataclass
class Step:
    """One attempt of one activity."""

    engine: Executor
    scope: Scope
    activity: Activity
    watch: Watch
    record: ActivityRun

    @property
    def name(self) -> str:
        """Return the activity's name."""
        return str(self.activity["name"])

    @property
    def raw(self) -> Mapping[str, Any]:
        """Return the type properties as they are declared."""
        return self.activity.get("typeProperties") or {}

    def evaluate(self, value: Any) -> Any:
        """Return ``value`` with its expressions replaced."""
        try:
            return evaluate(value, self.scope.names())
        except ExpressionError as error:
            raise ActivityFailure("InvalidTemplate", f"The expression evaluation failed: {error}") from error

    def properties(self) -> dict[str, Any]:
        """Return the type properties with their expressions replaced, and show them as the input."""
        values: dict[str, Any] = self.evaluate(dict(self.raw))
        self.show(input=values)
        return values

    def show(self, **changes: Any) -> Self:
        """Change the activity run that a query sees."""
        self.record = self.scope.run.put(replace(self.record, **changes))
        return self
