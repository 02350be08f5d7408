"""Athena, Glue and S3 clients against the sandbox's real wire protocol; the fetch of an UNLOAD with them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow.parquet as pq
import pytest

from parity.clients.athena import AthenaConfig, AthenaRuns
from parity.clients.athena_sql import Statement, bind, unload
from parity.clients.aws import AwsClients
from parity.clients.glue import GlueConfig, GlueRuns
from parity.clients.remote import Phase, RunStatus, fingerprint
from parity.clients.storage import S3Storage, Storage, download_folder
from parity.errors import ExportRefused, NotFound
from parity.flow.suite_run.exports.fetch import Export, fetch_legacy
from parity.flow.suite_run.exports.parquet import ExportColumn

pytestmark = pytest.mark.sandbox

ROWS = """
SELECT * FROM (VALUES (1, DATE '2026-03-02', DECIMAL '1.20'), (2, DATE '2026-03-01', DECIMAL '3.40'))
    AS t (id, day, amount)
WHERE day = :business_date -- today's
"""
TODAY = {"business_date": date(2026, 3, 2)}


@pytest.fixture
def clients(sandbox_light: Any) -> AwsClients:
    return cache(sandbox_light.aws)


@pytest.fixture
def bucket(clients: AwsClients) -> str:
    name = f"clients-{uuid4().hex[:8]}"
    clients("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return f"s3://{name}"


@pytest.fixture
def athena(clients: AwsClients, bucket: str) -> AthenaRuns:
    return AthenaRuns(AthenaConfig("default", output=f"{bucket}/results/"), clients)


@pytest.fixture
def s3(clients: AwsClients) -> Storage:
    return S3Storage(clients)


def ended(runs: Any, run_id: str) -> RunStatus:
    import time

    for _ in range(400):
        status: RunStatus = runs.status(run_id)
        if status.phase.ended:
            return status
        time.sleep(0.05)
    raise AssertionError("the run did not end")


def fetched(athena: AthenaRuns, s3: Storage, bucket: str, to: Path, day: date) -> Export:
    """Unload the rows of a day and fetch them."""
    token = uuid4().hex
    query = bind(ROWS, {"business_date": day})
    folder = f"{bucket}/unload/{fingerprint(token)[:12]}/"
    status = ended(athena, athena.submit(unload(query, folder).request, token))
    assert status.phase is Phase.SUCCEEDED, status.error
    to.mkdir()

    def columns() -> list[ExportColumn]:
        return [ExportColumn(*column) for column in athena.columns(query, token)]

    return fetch_legacy(s3, status, folder, to, columns)


def test_an_unload_with_a_bound_date_is_fetched(
    athena: AthenaRuns, s3: Storage, bucket: str, tmp_path: Path
) -> None:
    export = fetched(athena, s3, bucket, tmp_path / "to", date(2026, 3, 2))
    assert export.rows == 1
    assert pq.read_table(list(export.files))["id"].to_pylist() == [1]


def test_an_unload_without_rows_has_the_querys_columns(
    athena: AthenaRuns, s3: Storage, bucket: str, tmp_path: Path
) -> None:
    export = fetched(athena, s3, bucket, tmp_path / "to", date(2020, 1, 1))
    assert export.rows == 0
    assert pq.read_schema(export.files[0]).names == ["id", "day", "amount"]


def test_an_unload_that_somebody_cut_is_refused(
    athena: AthenaRuns, s3: Storage, bucket: str, tmp_path: Path
) -> None:
    folder = f"{bucket}/unload/cut/"
    status = ended(athena, athena.submit(unload(bind(ROWS, TODAY), folder).request, uuid4().hex))
    victim = s3.list(folder)[0]
    s3.write(victim.url, s3.read(victim.url)[:-10])
    with pytest.raises(ExportRefused, match="not a whole Parquet file"):
        fetch_legacy(s3, status, folder, tmp_path, list)


def test_one_token_is_one_query_and_it_can_be_found(athena: AthenaRuns, bucket: str) -> None:
    token = uuid4().hex
    request = unload(bind(ROWS, TODAY), f"{bucket}/unload/{fingerprint(token)[:12]}/").request
    first = athena.submit(request, token)
    assert athena.submit(request, token) == first
    assert athena.find(request, token) == first
    status = ended(athena, first)
    assert status.output["cost_usd"]
    athena.cancel(first)


def test_a_mistake_in_the_sql_is_told_in_athenas_words(athena: AthenaRuns) -> None:
    status = ended(athena, athena.submit(Statement("SELECT no_such_column FROM (VALUES 1) AS t (a)").request, "e"))
    assert status.phase is Phase.FAILED
    assert status.error is not None
    assert status.error.failure_type == "UserError"
    assert "no_such_column" in status.error.message.lower()


def test_an_unknown_query_is_an_error(athena: AthenaRuns) -> None:
    from parity.errors import Terminal

    with pytest.raises(Terminal):
        athena.status("00000000-0000-0000-0000-000000000000")


def test_objects_are_written_listed_read_and_deleted(s3: Storage, bucket: str, tmp_path: Path) -> None:
    for number in range(3):
        s3.write(f"{bucket}/a/{number}.bin", b"0123456789"[: number + 5])
    s3.write(f"{bucket}/ab/other.bin", b"x")
    found = s3.list(f"{bucket}/a")
    assert [(o.name, o.size) for o in found] == [("0.bin", 5), ("1.bin", 6), ("2.bin", 7)]
    assert s3.read(found[2].url) == b"0123456"
    assert [path.read_bytes()[:2] for path in download_folder(s3, found, tmp_path)] == [b"01"] * 3
    s3.write(f"{bucket}/b/up.bin", b"x")
    s3.delete(f"{bucket}/b/up.bin")
    assert s3.list(f"{bucket}/b") == []
    with pytest.raises(NotFound):
        s3.read(f"{bucket}/b/up.bin")


def test_a_legacy_run_is_found_by_its_date(clients: AwsClients, sandbox_light: Any) -> None:
    glue = clients("glue")
    name = f"legacy-{uuid4().hex[:8]}"
    glue.create_job(
        Name=name, Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://none/none.py"}, GlueVersion="4.0"
    )
    sandbox_light.fault(kind="fails_at", target=name, message="Py4JError: disk full")
    today = datetime.now(UTC).date().isoformat()
    glue.start_job_run(JobName=name, Arguments={"--business_date": today})
    runs = GlueRuns(GlueConfig(), clients)
    request = {"job": name, "business_date": today}
    status = ended(runs, runs.submit(request, "t"))
    assert status.phase is Phase.FAILED
    assert status.error is not None
    assert "disk full" in status.error.message
    with pytest.raises(NotFound, match="has no run"):
        runs.submit({**request, "business_date": "2020-01-01"}, "t")
    with pytest.raises(NotFound, match=f"Did you mean '{name}'"):
        runs.submit({**request, "job": name + "x"}, "t")
