"""What the tasks of a run have to say: which links broke, and which remote runs there were."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from airflow.sdk import Context

from parity.airflow.runs import handed_on
from parity.airflow.steps import PIPELINE, PLAN, START
from parity.airflow.telling import BROKEN
from parity.flow.chain import Broken, Link

ACTIVITY_LINKS = tuple(link for link in Link if link not in (Link.PLAN, Link.PIPELINE, Link.RECORD))
SHARED = {Link.PLAN: PLAN, Link.PIPELINE: START}
KINDS = {
    Link.GLUE: "glue",
    Link.ACTIVITY: "adf_activity",
    Link.ATHENA_SURVEY: "athena_survey",
    Link.HELPER_SURVEY: "databricks_survey",
    Link.ATHENA_DIGEST: "athena_digest",
    Link.HELPER_DIGEST: "databricks_digest",
    Link.ATHENA: "athena",
    Link.HELPER: "databricks",
}


def task_of(link: Link, activity: str) -> str:
    """Return the id of the task that is ``link`` for ``activity``."""
    return SHARED.get(link) or f"{activity}.{link}"


def task_states(context: Context) -> dict[str, str]:
    """Return the state of every task of this run, by task id (with the index of mapped ones)."""
    ti = context["ti"]
    states: dict[str, dict[str, Any]] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id])
    return {task: str(state) for task, state in states.get(ti.run_id, {}).items()}


def broken_links(context: Context, activity: str, links: Iterable[Link] = ()) -> list[Broken]:
    """Return every link that did not hold; one whose task died without a word is named all the same."""
    states = task_states(context)
    every = tuple(links) or (Link.PLAN, Link.PIPELINE, *ACTIVITY_LINKS)
    return [broken for link in every if (broken := _broken(context, link, task_of(link, activity), states))]


def broken_task(context: Context, link: Link, task: str) -> Broken | None:
    """Return how one task broke a link, or None when it did not."""
    return _broken(context, link, task, task_states(context))


def remote_runs_of(context: Context, activity: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (kind, what the task handed on) for each remote run of an activity, the pipeline's first."""
    tasks = [("adf_pipeline", START)] + [(kind, task_of(link, activity)) for link, kind in KINDS.items()]
    pulled = [(kind, handed_on(context, task)) for kind, task in tasks]
    return [(kind, data) for kind, data in pulled if data]


def _broken(context: Context, link: Link, task: str, states: dict[str, str]) -> Broken | None:
    state = states.get(task)
    if state in (None, "success", "skipped", "upstream_failed"):
        return None
    if told := context["ti"].xcom_pull(task_ids=task, key=BROKEN):
        return Broken.from_json(told)
    return Broken(
        link,
        f"Task {task} is {state}: it was stopped or killed before it could say why.",
        "Read the end of its log, then clear it with downstream.",
    )


__all__ = ["PIPELINE", "broken_links", "remote_runs_of", "task_of", "task_states"]
