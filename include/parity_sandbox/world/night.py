"""The legacy night: the real Glue jobs of one business date, two at once, each after what it reads."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import date
from graphlib import TopologicalSorter
from typing import Any

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.world.aws import client, register_partitions, upload_raw
from parity_sandbox.world.places import PRODUCTS

ENDED = frozenset({"STOPPED", "SUCCEEDED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"})
AT_ONCE = 2
POLL = 0.1


class NightFailed(RuntimeError):
    """A Glue job of the night did not succeed; what depends on it did not start."""


def run_legacy_night(endpoints: Endpoints, business_date: date) -> Mapping[str, str]:
    """Run the legacy jobs of ``business_date`` and return their Glue run ids by job.

    The date's raw files are uploaded first when they are missing, and the new partitions are catalogued
    last. Raises :class:`NightFailed` with Glue's words when a job fails.
    """
    upload_raw(endpoints, business_date)
    glue = client(endpoints, "glue")
    runs: dict[str, str] = {}
    order = TopologicalSorter({product.activity: product.after for product in PRODUCTS})
    order.prepare()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way: set[Future[tuple[str, str]]] = set()
        while order.is_active():
            under_way |= {pool.submit(run_job, glue, name, business_date) for name in order.get_ready()}
            done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            for name, run_id in [future.result() for future in done]:
                runs[name] = run_id
                order.done(name)
    register_partitions(endpoints, glue)
    return runs


def run_job(glue: Any, name: str, business_date: date) -> tuple[str, str]:
    """Run one Glue job to its end and return its name and run id."""
    arguments = {"--business_date": business_date.isoformat()}
    run_id = glue.start_job_run(JobName=name, Arguments=arguments)["JobRunId"]
    while True:
        run = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        if run["JobRunState"] == "SUCCEEDED":
            return name, run_id
        if run["JobRunState"] in ENDED:
            raise NightFailed(f"Glue job {name} ended {run['JobRunState']}: {run.get('ErrorMessage', '')}")
        time.sleep(POLL)
