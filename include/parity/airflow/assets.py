"""Assets of what is proven: updated by each green verdict, with the business date as their partition.

A Dag waits for them with ``PartitionedAssetTimetable``, so that of several assets it gets those of one date.
Airflow 3.3.2 starts no other Dag for an update with a partition.
"""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime

from airflow.sdk import Asset, Context
from airflow.sdk.exceptions import AirflowFailException

from parity.compare.result import Verdict
from parity.errors import ParityError
from parity.settings import settings
from parity.suite.databases import Database
from parity.suite.models import Suite

log = logging.getLogger(__name__)


def verdict_asset(key: str, activity: str = "") -> Asset:
    """Return the asset of an activity of the suite ``key``, or of the database ``key``."""
    # By name alone: a URI has Airflow load every provider that knows a scheme, boto3 among them, at each parse.
    return Asset(name=f"parity.{key}.{activity}" if activity else f"parity.{key}")


def wave_asset(wave: int) -> Asset:
    """Return the asset that is updated by each green gate of a wave that is ready to be cut over."""
    return Asset(name=f"parity.wave.{wave}")


def update_assets(context: Context, verdict: Verdict, reason: str, day: date) -> None:
    """Add the verdict, and the date as partition, to the events of the task's assets."""
    for asset in context["ti"].task.outlets:
        event = context["outlet_events"][asset]
        event.extra = {"verdict": verdict, "reason": reason, "business_date": day.isoformat()}
        event.add_partitions(day.isoformat())


def withhold_wave(context: Context, subject: Suite | Database) -> None:
    """Take the wave's asset from the task's outlets, unless the wave is ready."""
    if not _ready(subject.wave):
        # Airflow 3.3.2 updates what is among the outlets when the task has ended.
        task = context["ti"].task
        task.outlets = [asset for asset in task.outlets if asset != wave_asset(subject.wave)]


def _ready(wave: int) -> bool:
    from parity.airflow.step.results import open_results
    from parity.flow.readiness import ANSWERS, readiness_of_waves

    if not settings().waves_file.exists():
        return False
    try:
        (found,) = readiness_of_waves(open_results(), settings(), datetime.now(UTC), wave)
    except ParityError as error:
        log.info("Whether wave %d is ready cannot be said: %s", wave, error)
        return False
    log.info("Wave %d: %s.", wave, ANSWERS[found.ready])
    return found.ready is True


def require_parity(asset: str, day: date | str) -> None:
    """Fail the task, without retry, unless a business date is proven for an activity or a database.

    ``asset`` is a name such as ``parity.payments.settle_card_payments`` or ``parity.db.ledger``; ``day`` a date or
    its ISO text, such as ``dag_run.partition_key`` of a Dag that waits for the asset.
    """
    from parity.airflow.step.results import open_results
    from parity.flow.proof import why_unproven

    if why := why_unproven(open_results(), asset, date.fromisoformat(str(day))):
        raise AirflowFailException(why)
