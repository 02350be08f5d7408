"""A night in which nearly every activity has a mishap of its own, beside one that is sound.

All activities verify the same table; the mishap is in what the suite, the clouds or the exports say of it. Only
the sound one's pipeline activity does real work: the others' are variables that Data Factory sets.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from conftest import RunningSandbox
from dag_tester import DagTester, Tested
from parity_sandbox.demo.connections import connections
from parity_sandbox.world import azure
from parity_sandbox.world.aws import client, register_partitions, upload_raw
from parity_sandbox.world.night import run_job

PROJECT = Path(__file__).resolve().parents[1]
PAYMENTS = PROJECT / "include" / "suites"
SOUND = "sync_clients"
PIPELINE = "night_of_mishaps"
DAY = date(2026, 3, 3)
UPSTREAM = ("check_business_date", "copy_raw")

NO_ROWS = "SELECT * FROM clients WHERE snapshot_date = :business_date AND client_id = 'nobody'"
SQL = {
    "unknown_column_in_sql": "SELECT client_idd FROM clients WHERE snapshot_date = :business_date",
    "unknown_table_in_sql": "SELECT * FROM cleints WHERE snapshot_date = :business_date",
    "no_rows_at_all": NO_ROWS,
}
NOBODY = {"where": "client_id = 'nobody'"}
MISHAPS: Mapping[str, Mapping[str, Any]] = {
    "unknown_column_in_sql": {},
    "unknown_table_in_sql": {},
    "no_rows_at_all": {"target": {"table": "payments.clients", **NOBODY}},
    "empty_export": {"target": {"table": "payments.clients", **NOBODY}},
    "unknown_target_table": {"target": {"table": "payments.cleints"}},
    "unknown_glue_job": {"glue_job": "sync_cleints"},
    "unknown_activity": {},
    "unknown_key": {"key": ["cleint_id"]},
    "unknown_column": {"columns": {"ibn": {"ignore": "not migrated, PAY-311"}}},
    "unknown_expected_column": {"expect": {"both": [{"ExpectColumnValuesToNotBeNull": {"column": "legal_nam"}}]}},
    "missing_manifest": {},
    "tampered_manifest": {},
    "disagreeing_manifest": {},
    "truncated_parquet": {},
}


ANOTHER = {
    "protocol": 2,
    "helper": "0.1.0",
    "activity": "disagreeing_manifest",
    "run_id": "of-another-run",
    "business_date": DAY.isoformat(),
    "mode": "rows",
    "rows": 0,
    "schema": [{"name": "client_id", "type": "string"}],
    "files": [],
    "bytes": 0,
    "source": {},
    "written_at": "2026-03-04T02:00:00Z",
}
"""The manifest of another run's export, as a mix-up of folders would show it."""


def write_suites(folder: Path) -> Path:
    """Write the suite of mishaps, and one for each thing that a whole suite can get wrong, into a new folder."""
    folder.mkdir()
    yaml = YAML(typ="safe", pure=True)
    shutil.copytree(PAYMENTS / "sql", folder / "sql")
    for name, text in SQL.items():
        (folder / "sql" / f"{name}.sql").write_text(text)
    document = yaml.load(PAYMENTS / "payments.yaml")
    sound = next(activity for activity in document["activities"] if activity["name"] == SOUND)
    document |= {"deadline": None, "alerts": [], "activities": [sound]}
    document["azure"]["pipeline"] = PIPELINE
    activities = [sound, *(_activity(sound, name, mishap) for name, mishap in MISHAPS.items())]
    _write(folder, {**document, "suite": "mishaps", "activities": activities})
    for name, azure_part, aws_part in (
        ("sound", {}, {}),
        ("unknown_pipeline", {"pipeline": "night_of_mishap"}, {}),
        ("unknown_helper", {"helper_job": "parity-helpr"}, {}),
        ("missing_connection", {"adf_connection": "azure_data_factory_defalt"}, {}),
        ("unknown_workgroup", {}, {"workgroup": "partiy"}),
    ):
        parts = {"azure": {**document["azure"], **azure_part}, "aws": {**document["aws"], **aws_part}}
        _write(folder, {**document, "suite": name, **parts})
    return folder


def prepare(sandbox: RunningSandbox) -> None:
    """Run the sound activity's legacy job, and put the night's pipeline into the factory."""
    glue = client(sandbox.endpoints, "glue")
    upload_raw(sandbox.endpoints, DAY)
    run_job(glue, SOUND, DAY)
    register_partitions(sandbox.endpoints, glue)
    document = azure.pipeline({"schedule_payouts": 0})
    properties = document["properties"]
    known = [a for a in properties["activities"] if a["name"] in (*UPSTREAM, SOUND)]
    light = [_variable(name) for name in MISHAPS if name != "unknown_activity"]
    properties["activities"] = known + light
    properties["parameters"]["sources"]["defaultValue"] = ["clients"]
    properties["variables"] = {"said": {"type": "String"}}
    url = f"{azure.factory_url(sandbox.endpoints)}/pipelines/{PIPELINE}"
    headers = azure.sign_in(sandbox.endpoints)
    httpx.put(url, params=azure.API, json=document, headers=headers).raise_for_status()


@contextlib.contextmanager
def dag_tester(sandbox: RunningSandbox, home: Path) -> Iterator[DagTester]:
    """Return what runs the suites of mishaps in ``home``, with the sandbox for its clouds."""
    prepare(sandbox)
    tester = DagTester(home / "airflow", write_suites(home / "suites"))
    tester.connect(connections(sandbox.endpoints))
    try:
        yield tester
    finally:
        tester.stop()


def verify(tester: DagTester, suite: str, pipeline: str = "use the latest run") -> Tested:
    """Run a suite for the day of the mishaps."""
    return tester.run(f"parity__{suite}", business_date=DAY.isoformat(), activities=[], pipeline=pipeline)


def spoil(sandbox: RunningSandbox) -> None:
    """Spoil what each of the last activities finds in the exchange."""
    manifest = json.dumps(ANOTHER)
    for activity, part, answer in (
        ("missing_manifest", "_manifest", {"status": 404}),
        ("tampered_manifest", "_manifest", {"status": 200, "body": '{"protocol": 1'}),
        ("disagreeing_manifest", "_manifest", {"status": 200, "body": manifest}),
        ("truncated_parquet", "part-", {"status": 200, "body": "PAR1"}),
    ):
        sandbox.fault(service="storage", method="GET", path=f"{activity}/target/[0-9a-f]+/{part}", **answer)


def _activity(sound: Mapping[str, Any], name: str, mishap: Mapping[str, Any]) -> dict[str, Any]:
    legacy = {"legacy": {"sql": f"{name}.sql"}} if name in SQL else {}
    return {**sound, "name": name, **legacy, **mishap}


def _variable(name: str) -> dict[str, Any]:
    says = {"variableName": "said", "value": name}
    after = [{"activity": SOUND, "dependencyConditions": ["Succeeded"]}]
    return {"name": name, "type": "SetVariable", "dependsOn": after, "typeProperties": says}


def _write(folder: Path, document: Mapping[str, Any]) -> None:
    YAML(typ="safe", pure=True).dump(document, folder / f"{document['suite']}.yaml")
