"""One database, one Dag: both servers queried, both catalogues surveyed, the tables compared piece by piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import ParamsDict

from parity.airflow.assets import verdict_asset, wave_asset
from parity.airflow.dag_options import DECLARED, LAST, dag_options, on_queue
from parity.airflow.database.operator import TablesOperator
from parity.airflow.database.tasks import DatabaseTasks
from parity.airflow.notifications import GateAlert
from parity.airflow.outcomes import database_outcome
from parity.airflow.step.operator import StepOperator
from parity.flow.run_verdict import PLAN
from parity.flow.stages import Stage
from parity.suite.database_files import load_databases
from parity.suite.databases import Database, Strategy
from parity.suite.models import DATABASE_DAG


def build_database_dags(folder: Path, wanted: str | None = None) -> list[DAG]:
    """Return the Dag of every valid database in ``folder``; ``wanted`` is the id of the only one needed."""
    if wanted and not wanted.startswith(DATABASE_DAG):
        return []
    loaded = load_databases(folder)
    named = {name: spec for name, spec in loaded.models.items() if wanted in (None, spec.dag_id)}
    return [build_database_dag(spec, loaded.paths[name]) for name, spec in named.items()]


def build_database_dag(spec: Database, path: Path) -> DAG:
    """Return the Dag of ``spec``, whose file is ``path``; reads nothing but the declaration."""
    tasks = DatabaseTasks(spec, path)
    with DAG(spec.dag_id, **_options(spec)) as dag:
        plan = StepOperator(task_id=PLAN, step=tasks.plan, stage=Stage.PLAN)
        survey = _step(Stage.SURVEY, tasks.survey)
        for stage, ask, asked in (
            (Stage.RDS, tasks.rds, spec.rds),
            (Stage.FLEXIBLE_SERVER, tasks.flexible_server, spec.azure),
        ):
            if asked:
                plan >> _step(stage, ask) >> survey
        tables = TablesOperator.partial(
            task_id=str(Stage.TABLES),
            step=tasks.tables,
            stage=Stage.TABLES,
            map_index_template="{{ task.piece['title'] }}",
            # Each task has one connection to each server, so this is the limit on connections that the file sets.
            max_active_tis_per_dagrun=spec.throttle.connections,
            **on_queue(spec.queue),
        ).expand(piece=survey.output)
        record = _step(Stage.RECORD, tasks.record, trigger_rule=LAST)
        published = _step("publish", tasks.publish, trigger_rule=LAST)
        gate = _step(
            "gate",
            tasks.gate,
            trigger_rule=LAST,
            retries=0,
            outlets=[verdict_asset(spec.key), wave_asset(spec.wave)],
            on_failure_callback=GateAlert(spec, database_outcome),
            on_success_callback=GateAlert(spec, database_outcome),
        )
        plan >> survey
        tables >> record >> published >> gate
    dag.params = ParamsDict(_form(spec))  # set last, as in parity.airflow.suite.dag
    return dag


def _step(task: str, step: Any, **options: Any) -> StepOperator:
    stage = Stage(task) if task in set(Stage) else Stage.RECORD
    return StepOperator(task_id=str(task), step=step, stage=stage, **options)


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
        "strategy": Param(
            DECLARED,
            type="string",
            enum=[DECLARED, *get_args(Strategy)],
            title="Strategy",
            description_md="**digest** asks both servers for digests and fetches only what differs; **stream**"
            " fetches every row; **auto** takes whichever proves quicker. The answer is the same.",
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
    return {
        **dag_options(spec),
        "description": spec.description or f"Is {spec.target} still what {spec.legacy} is?",
        "catchup": False,  # a database is compared as it is now; yesterday's cannot be had
        "max_active_runs": 1,
        "tags": ["parity", "database", f"wave {spec.wave}", spec.owner],
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
