"""What the tasks of a run have to say: which links broke, and which remote runs there were."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.output import attempt_of, facts_of, task_output
from parity.flow.provenance import Made, activity_rules, marks, question, suite_rules
from parity.flow.run_verdict import START, Facts, Rules, stage_sources, task_of
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun
from parity.suite.models import Activity, Mode, Suite, Waiver

ACTIVITY_LINKS = tuple(link for link in Stage if link not in (Stage.PLAN, Stage.PIPELINE, Stage.RECORD))
KINDS = {
    Stage.GLUE: "glue",
    Stage.ACTIVITY: "adf_activity",
    Stage.ATHENA_SURVEY: "athena_survey",
    Stage.HELPER_SURVEY: "databricks_survey",
    Stage.ATHENA_DIGEST: "athena_digest",
    Stage.HELPER_DIGEST: "databricks_digest",
    Stage.ATHENA: "athena",
    Stage.HELPER: "databricks",
}


def activity_facts(context: Context, activity: str) -> Facts:
    """Return what is known of everything that an activity's verdict may rest on."""
    links = (Stage.PLAN, Stage.PIPELINE, *ACTIVITY_LINKS)
    return facts_of(context, {task_of(link, activity): link for link in links})


def rules_now(suite: Suite, activity: Activity, folder: Path, waivers: Iterable[Waiver] = ()) -> Rules:
    """Return the fingerprints of what is declared now; ``folder`` is the suite's own."""
    from parity.suite.suite_files import legacy_sql

    sql = legacy_sql(folder / "any.yaml", activity)
    return Rules(suite_rules(suite), question(suite, activity, sql), activity_rules(suite, activity, sql, waivers))


def made_now(context: Context, case: ActivityRun, link: Stage, rules: str) -> Made:
    """Return what a piece that is made now is made by and from: nothing, where the run does without it."""
    name = case.activity.name
    way = task_output(context, task_of(Stage.WAY, name)) if case.mode is not Mode.ROWS else {}
    sources = [task_of(source, name) for source in stage_sources(case.activity, case.mode, way).get(link, ())]
    return Made(attempt_of(context), rules, marks({task: task_output(context, task) for task in sources}, sources))


def remote_runs_of(context: Context, activity: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (kind, what the task handed on) for each remote run of an activity, the pipeline's first."""
    tasks = [("adf_pipeline", START)] + [(kind, task_of(link, activity)) for link, kind in KINDS.items()]
    pulled = [(kind, task_output(context, task)) for kind, task in tasks]
    return [(kind, data) for kind, data in pulled if data]
