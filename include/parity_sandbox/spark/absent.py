"""The runner of a sandbox that was started without Spark: says so, whatever it is asked to run."""

from __future__ import annotations

from parity_sandbox.spark.runner import Job, Outcome

REFUSAL = "This sandbox was started without Spark (--no-spark), so it cannot run scripts."


class NoSpark:
    """Every job fails with the reason."""

    def run(self, job: Job, handle: str) -> Outcome:
        """Return a failure that names the cause."""
        return Outcome(ok=False, error=REFUSAL, trace=REFUSAL)

    def cancel(self, handle: str) -> None:
        """Do nothing: nothing runs."""

    def prepare(self) -> None:
        """Do nothing: nothing will come."""

    def reset(self) -> None:
        """Do nothing: there is no catalog."""
