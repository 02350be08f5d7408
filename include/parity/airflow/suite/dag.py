"""One suite, one Dag: a group per activity, and a gate that decides the run's verdict."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, TaskGroup
from airflow.sdk.definitions.param import ParamsDict

from parity.airflow.assets import verdict_asset, wave_asset
from parity.airflow.dag_options import LAST, dag_options, on_queue
from parity.airflow.notifications import GateAlert
from parity.airflow.outcomes import suite_outcome
from parity.airflow.remote.operator import RemoteRunOperator
from parity.airflow.step.operator import StepOperator
from parity.airflow.suite import remote_steps as steps
from parity.airflow.suite.params import suite_params
from parity.airflow.suite.tasks import SuiteTasks
from parity.flow.run_verdict import PIPELINE, START
from parity.flow.stages import Stage
from parity.flow.suite_run.digest import steps as digest
from parity.flow.suite_run.plan import digests
from parity.suite.models import SUITE_DAG, Activity, Suite

NONE_FAILED = "none_failed"
OTHER_DATES = "Lists the further dates of a range; each becomes a run of its own."
PUBLISH = "Writes the page of this run and refreshes the indexes of Data Docs."
GATE = (
    "Green only when every planned activity is PASS or WAIVED and the pipeline succeeded; the run takes its"
    " colour, and alerts report what changed. **Red:** its log ends with what to do."
)


def build_dags(folder: Path, wanted: str | None = None) -> list[DAG]:
    """Return the Dag of every valid suite in ``folder``; ``wanted`` is the id of the only one that is needed.

    The garbage collector is off meanwhile: nearly every object stays, and scanning them again and again was a
    quarter of the time (50 suites of 20 activities: 1.7 s, then 1.3 s).
    """
    from parity.suite.suite_files import load_suites

    with _without_gc():
        loaded = load_suites(folder, (wanted or "").removeprefix(SUITE_DAG))
        named = [suite for suite in loaded.models.values() if wanted in (None, suite.dag_id)]
        return [build_dag(suite, loaded.paths[suite.suite]) for suite in named]


@contextmanager
def _without_gc() -> Iterator[None]:
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def build_dag(suite: Suite, path: Path) -> DAG:
    """Return the Dag of ``suite``, whose file is ``path``; reads nothing but the suite."""
    tasks = SuiteTasks(suite, path)
    with DAG(suite.dag_id, **_options(suite)) as dag:
        plan = _step(Stage.PLAN, tasks.plan)
        start = _remote(START, steps.pipeline_start(suite), Stage.PIPELINE, wait=False)
        pipeline = _remote(PIPELINE, steps.pipeline_wait(suite), Stage.PIPELINE)
        dates = StepOperator(task_id="other_dates", step=tasks.other_dates, stage=Stage.PLAN, doc_md=OTHER_DATES)
        runs = _runs_of_other_dates(dag, dates)
        verdicts = [_activity(tasks, activity, plan, start) for activity in suite.activities]
        published = StepOperator(
            task_id="publish", step=tasks.publish, stage=Stage.RECORD, trigger_rule=LAST, doc_md=PUBLISH
        )
        gate = StepOperator(
            task_id="gate",
            step=tasks.gate,
            stage=Stage.RECORD,
            trigger_rule=LAST,
            doc_md=GATE,
            outlets=[wave_asset(suite.wave)],
            on_failure_callback=GateAlert(suite, suite_outcome),
            on_success_callback=GateAlert(suite, suite_outcome),
        )
        plan >> start >> pipeline
        plan >> dates >> runs
        [*verdicts, pipeline] >> published >> gate
        runs >> gate
    # Set last: every operator deep-copies its Dag's parameters, a third of the time that a parse takes.
    dag.params = ParamsDict(suite_params(suite))
    return dag


def _activity(tasks: SuiteTasks, activity: Activity, plan: Any, start: Any) -> StepOperator:
    suite, remote = tasks.suite, partial(_remote_of, tasks, activity)
    with TaskGroup(activity.name, tooltip=activity.description or activity.target.table):
        # None failed, not all succeeded: the steps of digests are skipped where rows are compared.
        rule = {"trigger_rule": NONE_FAILED} if digests(suite, activity) else {}
        unload = remote(Stage.ATHENA, partial(steps.athena, folder=tasks.path.parent, part=digest.ROWS), **rule)
        migrated = remote(Stage.ACTIVITY, steps.adf_activity)
        helper = remote(Stage.HELPER, partial(steps.helper_job, part=digest.ROWS), **rule)
        queue = on_queue(activity.queue)
        compared = _step(Stage.COMPARE, partial(tasks.compare, activity=activity), **queue)
        expected = _step(Stage.VALIDATE, partial(tasks.expect, activity=activity), **queue)
        recorded = _step(
            Stage.RECORD,
            partial(tasks.record, activity=activity),
            trigger_rule=LAST,
            outlets=[verdict_asset(suite.suite, activity.name)],
        )
        produced = plan
        if activity.glue_job:
            produced = remote(Stage.GLUE, steps.glue_job)
            plan >> produced
        produced >> unload
        start >> migrated >> helper
        if digests(suite, activity):
            _digest_first(tasks, activity, (produced, unload), (migrated, helper))
        [unload, helper] >> compared >> expected
        [unload, helper, expected] >> recorded
    return recorded


def _digest_first(tasks: SuiteTasks, activity: Activity, legacy: tuple[Any, Any], target: tuple[Any, Any]) -> None:
    """Put the steps of digest mode between what produces each side's data and what exports it."""
    remote = partial(_remote_of, tasks, activity)
    strategy = _step(Stage.STRATEGY, partial(tasks.strategy, activity=activity))
    buckets = _step(Stage.BUCKETS, partial(tasks.buckets, activity=activity))
    for part, stages, after in (
        (digest.SURVEY, (Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY), strategy),
        (digest.DIGEST, (Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST), buckets),
    ):
        athena = remote(stages[0], partial(steps.athena, folder=tasks.path.parent, part=part))
        helper = remote(stages[1], partial(steps.helper_job, part=part))
        [athena, helper] >> after
        if part is digest.SURVEY:
            legacy[0] >> athena
            target[0] >> helper
        else:
            strategy >> [athena, helper]
    buckets >> [legacy[1], target[1]]


def _options(suite: Suite) -> dict[str, Any]:
    first = suite.start and suite.start + timedelta(days=1)
    return {
        **dag_options(suite, first),
        "description": suite.description or f"Is what {suite.azure.pipeline} makes still what Glue made?",
        "catchup": suite.start is not None,
        "max_active_runs": 4,
        "tags": ["parity", f"wave {suite.wave}", suite.owner],
        "owner_links": {},
        "render_template_as_native_obj": True,
        "doc_md": _doc(suite),
    }


def _doc(suite: Suite) -> str:
    cells = [
        (f"`{a.name}`", a.glue_job or "", f"`{a.target.table}`", ", ".join(a.key) or "whole row", a.severity)
        for a in suite.activities
    ]
    rows = "\n".join(f"| {' | '.join(row)} |" for row in cells)
    return (
        f"### {suite.suite}\n\n{suite.description}\n\n"
        f"Wave {suite.wave}, owned by **{suite.owner}**."
        " Green means: everything declared was compared, and is equal.\n\n"
        f"| activity | Glue job | table | key | severity |\n|---|---|---|---|---|\n{rows}\n"
    )


def _remote(task_id: str, build_request: Any, stage: Stage, **options: Any) -> RemoteRunOperator:
    return RemoteRunOperator(task_id=task_id, build_request=build_request, stage=stage, **options)


def _remote_of(
    tasks: SuiteTasks, activity: Activity, stage: Stage, build: Any, **options: Any
) -> RemoteRunOperator:
    request = steps.of_activity(tasks.suite, activity, tasks.path.parent, build)
    return _remote(str(stage), request, stage, **options)


def _step(stage: Stage, step: Any, **options: Any) -> StepOperator:
    return StepOperator(task_id=str(stage), step=step, stage=stage, **options)


def _runs_of_other_dates(dag: DAG, dates: Any) -> Any:
    partial_operator = TriggerDagRunOperator.partial(
        task_id="runs_of_other_dates",
        trigger_dag_id=dag.dag_id,
        wait_for_completion=True,
        deferrable=True,
        poke_interval=20,
        reset_dag_run=True,  # a range that is cleared compares each of its dates again
        retries=0,  # a retry would do so, too
    )
    return partial_operator.expand_kwargs(dates.output)
