"""The migrated side of the world: Databricks jobs and scripts, the factory and its pipeline.

Jobs, linked services, datasets and the pipeline are made through the clouds' own REST APIs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parity_sandbox.endpoints import Endpoints
from parity_sandbox.world.places import HELPER_JOB, HERE, PIPELINE, VOLUME

if TYPE_CHECKING:
    import httpx

PAYOUTS = "schedule_payouts"
"""The activity that is a Databricks job of its own."""
JOB_REFERENCE = "job:"
"""What stands before a job's name in ``pipeline.json`` until its id is known."""
WORKSPACE = "https://adb-sandbox.azuredatabricks.net"
"""What stands in ``factory.json`` for the workspace's address until that is known."""
HELPER_PARAMETERS = ("protocol", "activity", "run_id", "business_date", "mode", "destination", "request")
CONTAINERS = ("raw", "lake", "exchange")
API = {"api-version": "2018-06-01"}


def make_containers(endpoints: Endpoints, state: Path) -> None:
    """Make the storage account's containers, which are folders."""
    for name in CONTAINERS:
        (state / "adls" / endpoints.storage_account / name).mkdir(parents=True, exist_ok=True)


def make_databricks_jobs(endpoints: Endpoints) -> dict[str, int]:
    """Make the jobs that are not there yet and return every job's id by name."""
    import httpx

    headers = {"Authorization": f"Bearer {endpoints.databricks_token}"}
    with httpx.Client(base_url=endpoints.databricks, headers=headers, timeout=30) as http:
        known = {job["settings"]["name"]: int(job["job_id"]) for job in _jobs(http)}
        for settings in job_settings():
            if settings["name"] not in known:
                made = http.post("/api/2.2/jobs/create", json=settings).raise_for_status().json()
                known[settings["name"]] = int(made["job_id"])
    return known


def _jobs(http: httpx.Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"limit": 100}
    while True:
        answer = http.get("/api/2.2/jobs/list", params=page).raise_for_status().json()
        found += answer.get("jobs", [])
        if not answer.get("next_page_token"):
            return found
        page = {"limit": 100, "page_token": answer["next_page_token"]}


def job_settings() -> Iterator[dict[str, Any]]:
    """Yield the settings of the world's Databricks jobs."""
    payouts = {"existing_cluster_id": "0301-000000-sandbox1"}
    yield _settings(PAYOUTS, f"/Volumes/{VOLUME}/{PAYOUTS}.py", ("business_date",), payouts)
    helper = {"environment_key": "default"}
    settings = _settings(HELPER_JOB, f"/Volumes/{VOLUME}/export.py", HELPER_PARAMETERS, helper)
    yield {**settings, "environments": [{"environment_key": "default", "spec": {"environment_version": "4"}}]}


def _settings(name: str, script: str, parameters: tuple[str, ...], compute: Mapping[str, str]) -> dict[str, Any]:
    """Return one job: a script, and job parameters that it gets as ``--name value``."""
    passed = [part for key in parameters for part in (f"--{key}", f"{{{{job.parameters.{key}}}}}")]
    task = {
        "task_key": name.replace("-", "_"),
        "spark_python_task": {"python_file": script, "parameters": passed},
        **compute,
        "timeout_seconds": 3600,
    }
    defaults = [{"name": key, "default": ""} for key in parameters]
    return {"name": name, "max_concurrent_runs": 20, "parameters": defaults, "tasks": [task]}


def make_factory(endpoints: Endpoints, jobs: Mapping[str, int]) -> None:
    """Put the linked services, the datasets and the pipeline into the factory."""
    import httpx

    with httpx.Client(base_url=factory_url(endpoints), headers=sign_in(endpoints), timeout=30) as http:
        text = (HERE / "factory.json").read_text().replace(WORKSPACE, endpoints.databricks)
        for kind, resources in json.loads(text).items():
            for name, document in resources.items():
                http.put(f"{kind}/{name}", params=API, json=document).raise_for_status()
        http.put(f"pipelines/{PIPELINE}", params=API, json=pipeline(jobs)).raise_for_status()


def pipeline(jobs: Mapping[str, int]) -> dict[str, Any]:
    """Return the pipeline's document, with the ids of its Databricks jobs filled in."""
    document: dict[str, Any] = json.loads((HERE / "pipeline.json").read_text())
    for activity in document["properties"]["activities"]:
        reference = str(activity.get("typeProperties", {}).get("jobId", ""))
        if reference.startswith(JOB_REFERENCE):
            activity["typeProperties"]["jobId"] = str(jobs[reference.removeprefix(JOB_REFERENCE)])
    return document


def factory_url(endpoints: Endpoints) -> str:
    """Return the factory's address in Resource Manager."""
    group = f"/subscriptions/{endpoints.subscription}/resourceGroups/{endpoints.resource_group}"
    return f"{endpoints.azure}{group}/providers/Microsoft.DataFactory/factories/{endpoints.factory}"


def sign_in(endpoints: Endpoints) -> dict[str, str]:
    """Return the header that lets a call into Resource Manager."""
    import httpx

    form = {
        "grant_type": "client_credentials",
        "client_id": endpoints.client_id,
        "client_secret": endpoints.client_secret,
        "scope": "https://management.azure.com/.default",
    }
    answer = httpx.post(f"{endpoints.azure}/{endpoints.tenant}/oauth2/v2.0/token", data=form, timeout=30)
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
