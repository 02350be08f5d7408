"""The facts of a suite's run: its tasks, the declared rules, provenance, and the remote runs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from airflow.sdk import Context

from parity.airflow.step.output import attempt_of, facts_of, task_output
from parity.flow.provenance import Provenance, export_rules, output_hashes, suite_rules, verdict_rules
from parity.flow.run_verdict import START, Facts, Rules, stage_sources, task_of
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun
from parity.suite.models import Activity, Mode, Suite, Waiver

ACTIVITY_STAGES = tuple(stage for stage in Stage if stage not in (Stage.PLAN, Stage.PIPELINE, Stage.RECORD))
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
    """Return the facts of every task that an activity's verdict may depend on."""
    stages = (Stage.PLAN, Stage.PIPELINE, *ACTIVITY_STAGES)
    return facts_of(context, {task_of(stage, activity): stage for stage in stages})


def rules_now(suite: Suite, activity: Activity, folder: Path, waivers: Iterable[Waiver] = ()) -> Rules:
    """Return the hashes of what is declared now; ``folder`` is the suite's own."""
    from parity.suite.suite_files import legacy_sql, own_expectations

    sql = legacy_sql(folder / "any.yaml", activity)
    return Rules(
        suite_rules(suite),
        export_rules(suite, activity, sql),
        verdict_rules(suite, activity, sql, waivers, own_expectations(folder)),
    )


def provenance_now(context: Context, run: ActivityRun, stage: Stage, rules: str) -> Provenance:
    """Return the provenance of an output that is made now; without inputs, where the run skips the stage."""
    name = run.activity.name
    strategy = task_output(context, task_of(Stage.STRATEGY, name)) if run.mode is not Mode.ROWS else {}
    sources = [task_of(source, name) for source in stage_sources(run.activity, run.mode, strategy).get(stage, ())]
    return Provenance(
        attempt_of(context), rules, output_hashes({task: task_output(context, task) for task in sources}, sources)
    )


def remote_runs_of(context: Context, activity: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (kind, task output) for each remote run of an activity, the pipeline's first."""
    tasks = [("adf_pipeline", START)] + [(kind, task_of(stage, activity)) for stage, kind in KINDS.items()]
    pulled = [(kind, task_output(context, task)) for kind, task in tasks]
    return [(kind, data) for kind, data in pulled if data]
