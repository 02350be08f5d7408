"""The Dag that deletes what has been kept long enough."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, Context, CronTriggerTimetable, Param

from parity.airflow.connections.lookup import connection
from parity.airflow.step.operator import StepOperator
from parity.flow.stages import Stage
from parity.settings import settings

HOUSEKEEPING_DAG = "parity_housekeeping"


def build_housekeeping() -> DAG:
    """Return the Dag; each task deletes in one place, and one that fails keeps no other from its work."""
    now = settings()
    with DAG(
        HOUSEKEEPING_DAG,
        description="Deletes exports, artefacts and results that have been kept long enough.",
        # Not at once when it is new, which a start date would mean: nothing is connected yet.
        schedule=CronTriggerTimetable("30 5 * * *", timezone="UTC", run_immediately=timedelta()),
        catchup=False,
        is_paused_upon_creation=False,  # it deletes only what is old, and a full disk stops everything
        tags=["parity"],
        params={
            "exchange_days": Param(now.keep_exchange_days, type="integer", minimum=1, title="Keep exports, days"),
            "artefact_days": Param(
                now.keep_artefact_days, type="integer", minimum=1, title="Keep artefacts, days"
            ),
            "history_days": Param(now.keep_history_days, type="integer", minimum=1, title="Keep results, days"),
            "aws_connection": Param("aws_default", type="string"),
            "storage_connection": Param("adls_default", type="string"),
        },
        default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    ) as dag:
        for name, step in {"exchange": exchange, "artefacts": artefacts, "history": history}.items():
            StepOperator(task_id=name, step=step, stage=Stage.RECORD, doc_md=step.__doc__)
    return dag


def exchange(context: Context) -> list[dict[str, Any]]:
    """Delete old exports on both sides."""
    from parity.airflow.connections.clients import exchange as open_exchange
    from parity.flow.housekeeping import sweep_exchange

    params = context["params"]
    aws, adls = (connection(params[name]) for name in ("aws_connection", "storage_connection"))
    storage, keep = open_exchange(aws, adls), timedelta(days=params["exchange_days"])
    roots = (settings().exchange_s3, settings().exchange_adls)
    return [asdict(sweep_exchange(storage, root, datetime.now(UTC), keep)) for root in roots]


def artefacts(context: Context) -> dict[str, Any]:
    """Delete old reports and Data Docs."""
    from parity.airflow.connections.artefacts import open_artefacts
    from parity.flow.housekeeping import sweep_artefacts

    keep = timedelta(days=context["params"]["artefact_days"])
    return asdict(sweep_artefacts(open_artefacts(), datetime.now(UTC).date(), keep))


def history(context: Context) -> dict[str, Any]:
    """Delete old results."""
    from parity.airflow.step.results import open_results

    limit = datetime.now(UTC).date() - timedelta(days=context["params"]["history_days"])
    return {"before": limit.isoformat(), "deleted": open_results().purge(limit)}
