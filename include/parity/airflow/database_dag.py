"""One database, one Dag: both clouds are asked, both catalogues surveyed, the tables compared piece by piece."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, Asset, Param
from airflow.sdk.definitions.param import ParamsDict

from parity.airflow.dag import LAST
from parity.airflow.database_calls import DatabaseAlert, deadline_alert
from parity.airflow.database_jobs import PLAN
from parity.airflow.database_steps import TablesOperator
from parity.airflow.database_tasks import DatabaseTasks
from parity.airflow.form import DECLARED
from parity.airflow.step import StepOperator
from parity.flow.database_run.plan import WAYS
from parity.flow.stages import Link
from parity.settings import settings
from parity.suite.databases import Database


def build_database_dag(spec: Database, path: Path) -> DAG:
    """Return the Dag of ``spec``, whose file is ``path``; reads nothing but the declaration."""
    tasks = DatabaseTasks(spec, path)
    with DAG(dag_id(spec), **_options(spec)) as dag:
        plan = StepOperator(task_id=PLAN, step=tasks.plan, link=Link.PLAN)
        survey = _step(Link.SURVEY, tasks.survey)
        for link, ask, asked in (
            (Link.RDS, tasks.rds, spec.rds),
            (Link.FLEXIBLE_SERVER, tasks.flexible_server, spec.azure),
        ):
            if asked:
                plan >> _step(link, ask) >> survey
        tables = TablesOperator.partial(
            task_id=str(Link.TABLES),
            step=tasks.tables,
            link=Link.TABLES,
            map_index_template="{{ task.piece['title'] }}",
            # Each task holds one line to each server, so this is the limit on connections that the file sets.
            max_active_tis_per_dagrun=spec.pace.connections,
        ).expand(piece=survey.output)
        record = _step(Link.RECORD, tasks.record, trigger_rule=LAST)
        published = _step("publish", tasks.publish, trigger_rule=LAST)
        gate = _step(
            "gate",
            tasks.gate,
            trigger_rule=LAST,
            retries=0,
            outlets=[Asset(name=f"parity.{spec.key}")],
            on_failure_callback=DatabaseAlert(spec),
            on_success_callback=DatabaseAlert(spec),
        )
        plan >> survey
        tables >> record >> published >> gate
    dag.params = ParamsDict(_form(spec))  # set last, as in parity.airflow.dag
    return dag


def dag_id(spec: Database) -> str:
    """Return the name of a database's Dag."""
    return f"parity_db__{spec.database}"


def _step(task: str, step: Any, **options: Any) -> StepOperator:
    link = Link(task) if task in set(Link) else Link.RECORD
    return StepOperator(task_id=str(task), step=step, link=link, **options)


def _form(spec: Database) -> dict[str, Param]:
    named = ", ".join(f"`{name}`" for name in list(spec.tables)[:10])
    return {
        "tables": Param(
            None,
            type=["null", "string"],
            title="Tables",
            description_md="Names or patterns, comma-separated, such as `ledger_*, payouts`. Empty: every table,"
            f" and what belongs to none.{f' There are rules for {named}.' if named else ''}",
        ),
        "way": Param(
            DECLARED,
            type="string",
            enum=[DECLARED, *WAYS],
            title="Way",
            description_md="**digest** asks both servers for digests and fetches only what differs; **stream**"
            " fetches every row; **auto** takes whatever proves quicker. The answer is the same.",
        ),
        "rows_per_second": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Rows per second",
            description_md="Read no faster than this on each server. Empty: as declared.",
        ),
    }


def _options(spec: Database) -> dict[str, Any]:
    zone = pendulum.timezone(spec.timezone)
    return {
        "description": spec.description or f"Is {spec.target} still what {spec.legacy} is?",
        "schedule": spec.schedule if settings().scheduled else None,
        "start_date": pendulum.datetime(2026, 1, 1, tz=zone),
        "catchup": False,  # a database is compared as it is now; yesterday's cannot be had
        "max_active_runs": 1,
        "tags": ["parity", "database", f"wave {spec.wave}", spec.owner],
        "deadline": deadline_alert(spec),
        "default_args": {
            "owner": spec.owner,
            "retries": 3,
            "retry_delay": timedelta(seconds=settings().retry_seconds),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=10),
        },
        "doc_md": _doc(spec),
    }


def _doc(spec: Database) -> str:
    rows = "\n".join(
        f"| `{name}` | {', '.join(rules.key) or 'primary or unique'} | {rules.severity} |"
        for name, rules in spec.tables.items()
    )
    table = f"\n| table with rules | key | severity |\n|---|---|---|\n{rows}\n" if rows else ""
    return (
        f"### {spec.database}\n\n{spec.description}\n\nWave {spec.wave}, owned by **{spec.owner}**."
        f" `{spec.legacy}` (legacy) against `{spec.target}` (target). Green means: every table was compared,"
        f" and is equal.\n{table}"
    )
