"""The chain from the legacy producer to the verdict, and where it broke first.

The links are in the order in which data flows; an activity's verdict can be trusted only when every link
before it held. A broken link says what happened in the words of whoever broke it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from parity.errors import ParityError


class Stage(StrEnum):
    """One link of the chain; the value is also the task's name inside its group."""

    PLAN = "plan"
    PIPELINE = "pipeline"
    GLUE = "glue_job"
    ACTIVITY = "adf_activity"
    ATHENA_SURVEY = "athena_survey"
    HELPER_SURVEY = "helper_survey"
    WAY = "way"
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
        """Return what people call it."""
        return _TITLES[self]

    @property
    def place(self) -> str:
        """Return whose work it is: a cloud's service, or our own."""
        return _PLACES.get(self, "Parity")

    @property
    def story(self) -> str:
        """Return what it does, and what to do when it does not hold, in a few sentences."""
        return _STORIES[self]


_TITLES = {
    Stage.PLAN: "the plan of the run",
    Stage.PIPELINE: "the Data Factory pipeline",
    Stage.GLUE: "the legacy Glue job",
    Stage.ACTIVITY: "the Data Factory activity",
    Stage.ATHENA_SURVEY: "the survey of the legacy side",
    Stage.HELPER_SURVEY: "the survey of the target side",
    Stage.WAY: "the choice between digests and rows",
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

_PLACES = {
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
_STORIES = {
    Stage.PLAN: "Decides the business date, what is verified and how, and what is done with the pipeline.",
    Stage.PIPELINE: "Starts the Data Factory pipeline once, or finds the run that the form names, and waits for"
    " all of it. **Red:** read its error; clear this task, or trigger with *re-run from failed activities*.",
    Stage.GLUE: "Verifies that the legacy job ended well for this date. **Red:** run the legacy job, then clear"
    " this task with everything after it.",
    Stage.ACTIVITY: "Verifies that this activity of the pipeline succeeded. **Red:** the log has its own error"
    " and the Databricks run; repair it, then trigger the Dag with *re-run from failed activities*.",
    Stage.ATHENA_SURVEY: "Asks Athena for the number of rows, and for typed values as it writes them. **Red:**"
    " mend the SQL, the rights or `max_scan`, then clear this task with everything after it.",
    Stage.HELPER_SURVEY: "Asks Spark for the number of rows, the columns, and typed values as it writes them."
    " **Red:** repair the job or the table, then clear this task with everything after it.",
    Stage.WAY: "Chooses digests or rows, and hash or value for each column; the artefact `way.json` says why."
    " **Red:** an answer was refused; clear the survey that wrote it, with everything after it.",
    Stage.ATHENA_DIGEST: "Has Athena digest its rows, bucket by bucket. **Red:** clear this task with everything"
    " after it; if it runs out of memory, declare mode rows.",
    Stage.HELPER_DIGEST: "Has Spark digest its rows, bucket by bucket. **Red:** repair the job or the table, then"
    " clear this task with everything after it.",
    Stage.BUCKETS: "Holds both digests against each other; only the rows of unequal buckets travel. **Red:**"
    " a digest was refused; clear the task that wrote it, with everything after it.",
    Stage.ATHENA: "Unloads the legacy query to Parquet. **Red:** mend the SQL, the rights or `max_scan`, then"
    " clear this task with everything after it.",
    Stage.HELPER: "Has the Databricks helper job export the migrated table, with a manifest written last. **Red:**"
    " repair the job or the table, then clear this task with everything after it.",
    Stage.RDS: "Asks RDS for the server's status, version, endpoint and parameter group. **Red:** it is stopped"
    " or unknown; start it or mend the file, then clear this task with everything after it.",
    Stage.FLEXIBLE_SERVER: "Asks Azure for the server's state, version and configuration. **Red:** it is stopped"
    " or unknown; start it or mend the file, then clear this task with everything after it.",
    Stage.SURVEY: "Reads both catalogues and settings, compares the schema, and cuts the tables into pieces."
    " **Red:** password, rights or TLS; mend the connection, then clear this task with everything after it.",
    Stage.TABLES: "Compares the rows of a piece; the log says how far it is. **Red:** a table differs or could not"
    " be compared; after the repair clear the red pieces alone, with everything after them.",
    Stage.COMPARE: "Fetches both exports and compares every row; the log shows the report. **Red:** an export was"
    " refused; clear the task that wrote it, with everything after it. Differences alone do not make it red.",
    Stage.VALIDATE: "Runs the suite's expectations on both outputs, and the parity expectations on what the"
    " comparison found; Data Docs tell the whole.",
    Stage.RECORD: "Judges, writes to the results store, and goes red unless the verdict is PASS or WAIVED."
    " **FAIL:** open the report. **INVALID:** repair the link that broke first.",
}


@dataclass(frozen=True)
class StageFailure:
    """A link that did not hold."""

    link: Stage
    reason: str
    remedy: str = ""
    url: str = ""
    caused_by: str = ""
    """Another activity, whose failure led to this break."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for XCom."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StageFailure:
        """Return what :meth:`to_json` wrote."""
        return cls(**{**data, "link": Stage(data["link"])})

    @classmethod
    def by(cls, link: Stage, error: BaseException) -> StageFailure:
        """Describe ``error`` as the break of ``link``."""
        if isinstance(error, ParityError):
            return cls(link, error.message, error.remedy, error.url, error.caused_by)
        return cls(link, f"{type(error).__name__}: {error}", "Read the task's log; this is likely a defect.")

    @property
    def sentence(self) -> str:
        """Return one sentence: which link, what happened, what to do."""
        return f"{self.link.label[0].upper()}{self.link.label[1:]}: {self.reason} {self.remedy}".strip()


def first_failure(broken: Iterable[StageFailure]) -> StageFailure | None:
    """Return the earliest broken link, in the order in which data flows."""
    order = list(Stage)
    return min(broken, key=lambda item: order.index(item.link), default=None)
