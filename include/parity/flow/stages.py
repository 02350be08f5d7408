"""The stages between the legacy producer and the verdict, in the order in which data passes through them.

An activity's verdict can be trusted only when every stage before it succeeded, so the first failure is the one to
report. Its reason is in the words of the system that failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from parity.errors import ParityError


class Stage(StrEnum):
    """One stage; its value is also the task's id inside its group."""

    PLAN = "plan"
    PIPELINE = "pipeline"
    GLUE = "glue_job"
    ACTIVITY = "adf_activity"
    ATHENA_SURVEY = "athena_survey"
    HELPER_SURVEY = "helper_survey"
    STRATEGY = "strategy"
    ATHENA_DIGEST = "athena_digest"
    HELPER_DIGEST = "helper_digest"
    BUCKETS = "buckets"
    ATHENA = "athena_unload"
    HELPER = "helper_job"
    RDS = "rds"
    FLEXIBLE_SERVER = "flexible_server"
    SURVEY = "survey"
    TABLES = "tables"
    COMPARE = "compare"
    VALIDATE = "great_expectations"
    RECORD = "record"

    @property
    def label(self) -> str:
        """Return its name in messages."""
        return _LABELS[self]

    @property
    def service(self) -> str:
        """Return the service that does the work: a cloud's, or Parity."""
        return _SERVICES.get(self, "Parity")

    @property
    def description(self) -> str:
        """Return what it does and how to fix it, as Markdown for the task's page."""
        return _DESCRIPTIONS[self]


_LABELS = {
    Stage.PLAN: "the plan of the run",
    Stage.PIPELINE: "the Data Factory pipeline",
    Stage.GLUE: "the legacy Glue job",
    Stage.ACTIVITY: "the Data Factory activity",
    Stage.ATHENA_SURVEY: "the survey of the legacy side",
    Stage.HELPER_SURVEY: "the survey of the target side",
    Stage.STRATEGY: "the choice between digests and rows",
    Stage.ATHENA_DIGEST: "the digests of the legacy side",
    Stage.HELPER_DIGEST: "the digests of the target side",
    Stage.BUCKETS: "the comparison of the digests",
    Stage.ATHENA: "the legacy Athena query",
    Stage.HELPER: "the Databricks helper job",
    Stage.RDS: "the legacy RDS server",
    Stage.FLEXIBLE_SERVER: "the Azure flexible server",
    Stage.SURVEY: "the survey of both databases",
    Stage.TABLES: "the comparison of the tables",
    Stage.COMPARE: "the comparison",
    Stage.VALIDATE: "Great Expectations",
    Stage.RECORD: "the recording of the result",
}

_SERVICES = {
    Stage.PIPELINE: "Data Factory",
    Stage.GLUE: "AWS Glue",
    Stage.ACTIVITY: "Data Factory",
    Stage.ATHENA_SURVEY: "Amazon Athena",
    Stage.HELPER_SURVEY: "Databricks",
    Stage.ATHENA_DIGEST: "Amazon Athena",
    Stage.HELPER_DIGEST: "Databricks",
    Stage.ATHENA: "Amazon Athena",
    Stage.HELPER: "Databricks",
    Stage.RDS: "Amazon RDS",
    Stage.FLEXIBLE_SERVER: "Azure MySQL",
    Stage.VALIDATE: "Great Expectations",
}
_DESCRIPTIONS = {
    Stage.PLAN: "Decides the business date, what to compare and how, and which pipeline run to use.",
    Stage.PIPELINE: "Starts the Data Factory pipeline once, or finds the run that the form names, and waits for"
    " it to end. **Red:** read its error; clear this task, or trigger with *re-run from failed activities*.",
    Stage.GLUE: "Verifies that the legacy job succeeded for this date. **Red:** run the legacy job, then clear"
    " this task with everything after it.",
    Stage.ACTIVITY: "Verifies that this activity of the pipeline succeeded. **Red:** the log has its own error"
    " and the Databricks run; repair it, then trigger the Dag with *re-run from failed activities*.",
    Stage.ATHENA_SURVEY: "Asks Athena for the number of rows, and for typed values as it writes them. **Red:**"
    " fix the SQL, the privileges or `max_scan`, then clear this task with everything after it.",
    Stage.HELPER_SURVEY: "Asks Spark for the number of rows, the columns, and typed values as it writes them."
    " **Red:** repair the job or the table, then clear this task with everything after it.",
    Stage.STRATEGY: "Chooses digests or rows, and hash or value for each column; `strategy.json` says why."
    " **Red:** an answer was refused; clear the survey that wrote it, with everything after it.",
    Stage.ATHENA_DIGEST: "Has Athena compute digests of its rows, bucket by bucket. **Red:** clear this task with"
    " everything after it; if it runs out of memory, declare mode rows.",
    Stage.HELPER_DIGEST: "Has Spark compute digests of its rows, bucket by bucket. **Red:** repair the job or the"
    " table, then clear this task with everything after it.",
    Stage.BUCKETS: "Compares both sides' digests; only the rows of unequal buckets are exported. **Red:**"
    " a digest was refused; clear the task that wrote it, with everything after it.",
    Stage.ATHENA: "Unloads the legacy query to Parquet. **Red:** fix the SQL, the privileges or `max_scan`, then"
    " clear this task with everything after it.",
    Stage.HELPER: "Has the Databricks helper job export the migrated table, with a manifest written last. **Red:**"
    " repair the job or the table, then clear this task with everything after it.",
    Stage.RDS: "Asks RDS for the server's status, version, endpoint and parameter group. **Red:** it is stopped"
    " or unknown; start it or fix the file, then clear this task with everything after it.",
    Stage.FLEXIBLE_SERVER: "Asks Azure for the server's state, version and configuration. **Red:** it is stopped"
    " or unknown; start it or fix the file, then clear this task with everything after it.",
    Stage.SURVEY: "Reads both catalogues and settings, compares the schema, and splits the tables into pieces."
    " **Red:** password, privileges or TLS; fix the connection, then clear this task with everything after it.",
    Stage.TABLES: "Compares the rows of a piece; the log shows its progress. **Red:** a table differs or could not"
    " be compared; after the repair clear the red pieces alone, with everything after them.",
    Stage.COMPARE: "Fetches both exports and compares every row; the log shows the report. **Red:** an export was"
    " refused; clear the task that wrote it, with everything after it. Differences do not make it red.",
    Stage.VALIDATE: "Runs the suite's expectations on both outputs, and the parity expectations on the"
    " comparison's result; Data Docs show the details.",
    Stage.RECORD: "Decides the verdict, writes it to the results store, and goes red unless it is PASS or WAIVED."
    " **FAIL:** open the report. **INVALID:** fix the stage that failed first.",
}


@dataclass(frozen=True)
class StageFailure:
    """Why a stage failed."""

    stage: Stage
    reason: str
    remedy: str = ""
    url: str = ""
    caused_by: str = ""
    """Another activity whose failure caused this one."""

    @classmethod
    def from_error(cls, stage: Stage, error: BaseException) -> StageFailure:
        """Return the failure of ``stage`` that ``error`` describes."""
        if isinstance(error, ParityError):
            return cls(stage, error.message, error.remedy, error.url, error.caused_by)
        return cls(stage, f"{type(error).__name__}: {error}", "Read the task's log; this is likely a defect.")

    @property
    def sentence(self) -> str:
        """Return the stage, the reason and the remedy as one text."""
        return f"{self.stage.label[0].upper()}{self.stage.label[1:]}: {self.reason} {self.remedy}".strip()


def first_failure(failures: Iterable[StageFailure]) -> StageFailure | None:
    """Return the failure of the earliest stage."""
    order = list(Stage)
    return min(failures, key=lambda failure: order.index(failure.stage), default=None)
