"""Real Azure clients, unchanged, against the sandbox: what they need of each service is what it must serve."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from parity_sandbox.endpoints import Endpoints
from waiting import until

pytestmark = pytest.mark.sandbox

ARM_SCOPE = "https://management.azure.com/.default"
VERSION = {"api-version": "2018-06-01"}


@pytest.fixture
def endpoints(sandbox_light: Any) -> Endpoints:
    return sandbox_light.endpoints


def token(endpoints: Endpoints, scope: str = ARM_SCOPE) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": endpoints.client_id,
        "client_secret": endpoints.client_secret,
        "scope": scope,
    }
    answer = httpx.post(f"{endpoints.azure}/{endpoints.tenant}/oauth2/v2.0/token", data=form)
    return str(answer.raise_for_status().json()["access_token"])


# --- Data Factory and identity ---------------------------------------------------------------------------------


@pytest.fixture
def identity(endpoints: Endpoints, monkeypatch: pytest.MonkeyPatch) -> Any:
    from azure.identity import ManagedIdentityCredential

    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{endpoints.azure}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "sandbox")
    return ManagedIdentityCredential()


@pytest.fixture
def factory(endpoints: Endpoints, identity: Any) -> Iterator[Any]:
    from azure.core.pipeline.policies import SansIOHTTPPolicy
    from azure.mgmt.datafactory import DataFactoryManagementClient

    class AllowHttp(SansIOHTTPPolicy[Any, Any]):
        def on_request(self, request: Any) -> None:
            request.context.options.setdefault("enforce_https", False)

    policies = [AllowHttp()]
    with DataFactoryManagementClient(
        identity, endpoints.subscription, base_url=endpoints.azure, per_call_policies=policies
    ) as client:
        yield client


def put_pipeline(endpoints: Endpoints, factory: Any, activities: list[dict[str, Any]]) -> str:
    from azure.mgmt.datafactory.models import PipelineResource

    name = f"contract_{uuid4().hex[:8]}"
    body = {"properties": {"activities": activities, "parameters": {"day": {"type": "string"}}}}
    pipeline = PipelineResource(body)
    factory.pipelines.create_or_update(endpoints.resource_group, endpoints.factory, name, pipeline)
    return name


def wait_for(endpoints: Endpoints, factory: Any, run_id: str) -> Any:
    def ended() -> Any:
        run = factory.pipeline_runs.get(endpoints.resource_group, endpoints.factory, run_id)
        return None if run.status in {"Queued", "InProgress", "Canceling"} else run

    return until(ended)


def pages_of_activity_runs(endpoints: Endpoints, factory: Any, run_id: str) -> Iterator[list[Any]]:
    from azure.mgmt.datafactory.models import RunFilterParameters

    now = datetime.now(UTC)
    window = RunFilterParameters(
        last_updated_after=now - timedelta(hours=1), last_updated_before=now + timedelta(hours=1)
    )
    where = (endpoints.resource_group, endpoints.factory, run_id)
    while True:
        page = factory.activity_runs.query_by_pipeline_run(*where, window)
        yield list(page.value)
        if not page.continuation_token:
            return
        window.continuation_token = page.continuation_token


def activity_runs(endpoints: Endpoints, factory: Any, run_id: str) -> list[Any]:
    return [run for page in pages_of_activity_runs(endpoints, factory, run_id) for run in page]


def ids(endpoints: Endpoints, factory: Any, run_id: str) -> list[str]:
    """Return the ids of the runs of ``pause`` and ``break``."""
    found = {one.activity_name: str(one.activity_run_id) for one in activity_runs(endpoints, factory, run_id)}
    return [found["pause"], found["break"]]


WAIT = {"name": "pause", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
BREAK = {
    "name": "break",
    "type": "Fail",
    "dependsOn": [{"activity": "pause", "dependencyConditions": ["Succeeded"]}],
    "typeProperties": {"message": "no data for @{pipeline().parameters.day}", "errorCode": "4711"},
}


def test_the_management_client_runs_a_pipeline_and_reads_its_activities(
    endpoints: Endpoints, factory: Any
) -> None:
    name = put_pipeline(endpoints, factory, [WAIT, BREAK])
    started = factory.pipelines.create_run(
        endpoints.resource_group, endpoints.factory, name, parameters={"day": "2026-03-02"}
    )
    run = wait_for(endpoints, factory, started.run_id)
    assert (run.status, run.message) == (
        "Failed",
        "Operation on target break failed: no data for 2026-03-02",
    )
    assert run.parameters == {"day": "2026-03-02"}
    runs = {one.activity_name: one for one in activity_runs(endpoints, factory, started.run_id)}
    assert [runs["pause"].status, runs["break"].status] == ["Succeeded", "Failed"]
    assert runs["break"].error["errorCode"] == "4711"


def test_the_management_client_turns_the_pages_of_a_pipeline_with_many_activities(
    endpoints: Endpoints, factory: Any
) -> None:
    loop = {"items": {"value": "@range(0, 230)", "type": "Expression"}, "activities": [WAIT]}
    name = put_pipeline(endpoints, factory, [{"name": "each", "type": "ForEach", "typeProperties": loop}])
    where, day = (endpoints.resource_group, endpoints.factory, name), {"day": "2026-03-02"}
    started = factory.pipelines.create_run(*where, parameters=day)
    assert wait_for(endpoints, factory, started.run_id).status == "Succeeded"
    pages = list(pages_of_activity_runs(endpoints, factory, started.run_id))
    assert [len(page) for page in pages] == [100, 100, 31]
    assert len({one.activity_run_id for page in pages for one in page}) == 231


def test_the_management_client_recovers_a_failed_run_from_where_it_failed(
    endpoints: Endpoints, factory: Any
) -> None:
    name = put_pipeline(endpoints, factory, [WAIT, BREAK])
    where = (endpoints.resource_group, endpoints.factory, name)
    first = factory.pipelines.create_run(*where, parameters={"day": "2026-03-02"})
    wait_for(endpoints, factory, first.run_id)
    recovery = {"reference_pipeline_run_id": first.run_id, "is_recovery": True}
    second = factory.pipelines.create_run(*where, **recovery, start_from_failure=True)
    run = wait_for(endpoints, factory, second.run_id)
    assert (run.status, run.run_group_id) == ("Failed", first.run_id)
    assert run.parameters == {"day": "2026-03-02"}
    third = factory.pipelines.create_run(*where, **recovery, start_activity_name="pause")
    wait_for(endpoints, factory, third.run_id)
    pauses, breaks = zip(*[ids(endpoints, factory, r.run_id) for r in (first, second, third)], strict=True)
    assert (pauses[0] == pauses[1], pauses[0] == pauses[2]) == (True, False)
    assert len(set(breaks)) == 3


def test_the_management_client_lists_and_deletes_pipelines(endpoints: Endpoints, factory: Any) -> None:
    name = put_pipeline(endpoints, factory, [WAIT])
    where = (endpoints.resource_group, endpoints.factory)
    assert name in {one.name for one in factory.pipelines.list_by_factory(*where)}
    factory.pipelines.delete(*where, name)
    assert name not in {one.name for one in factory.pipelines.list_by_factory(*where)}


def test_the_management_client_cancels_and_finds_the_run_by_a_query(endpoints: Endpoints, factory: Any) -> None:
    from azure.mgmt.datafactory.models import RunFilterParameters, RunQueryFilter

    long = {**WAIT, "typeProperties": {"waitTimeInSeconds": 60}}
    name = put_pipeline(endpoints, factory, [long])
    where = (endpoints.resource_group, endpoints.factory)
    started = factory.pipelines.create_run(*where, name, parameters={"day": "x"})
    factory.pipeline_runs.cancel(*where, started.run_id, is_recursive=True)
    assert wait_for(endpoints, factory, started.run_id).status == "Cancelled"
    now = datetime.now(UTC)
    query = RunFilterParameters(
        last_updated_after=now - timedelta(hours=1),
        last_updated_before=now + timedelta(hours=1),
        filters=[RunQueryFilter(operand="PipelineName", operator="Equals", values_property=[name])],
    )
    found = factory.pipeline_runs.query_by_factory(*where, query).value
    assert [one.run_id for one in found] == [started.run_id]


def test_the_management_client_gets_the_factory_and_sees_a_missing_pipeline(
    endpoints: Endpoints, factory: Any
) -> None:
    from azure.core.exceptions import ResourceNotFoundError

    where = (endpoints.resource_group, endpoints.factory)
    assert factory.factories.get(*where).name == endpoints.factory
    with pytest.raises(ResourceNotFoundError, match="was not found"):
        factory.pipelines.get(*where, "nobody_wrote_this")


def test_a_short_lived_token_is_refused_once_it_has_expired(endpoints: Endpoints) -> None:
    settings = f"{endpoints.azure}/_sandbox/tokens"
    httpx.post(settings, json={"lifetime": 1}).raise_for_status()
    try:
        bearer = {"authorization": f"Bearer {token(endpoints)}"}
    finally:
        httpx.post(settings, json={"lifetime": 3600}).raise_for_status()
    group = f"{endpoints.azure}/subscriptions/{endpoints.subscription}/resourceGroups/{endpoints.resource_group}"
    url = f"{group}/providers/Microsoft.DataFactory/factories"

    def refusal() -> dict[str, Any] | None:
        answer = httpx.get(url, params=VERSION, headers=bearer)
        return answer.json()["error"] if answer.status_code == 401 else None

    assert until(refusal)["code"] == "ExpiredAuthenticationToken"


# --- Storage ---------------------------------------------------------------------------------------------------


def connection_string(endpoints: Endpoints) -> str:
    where = f"{endpoints.storage}/{endpoints.storage_account}"
    return (
        f"DefaultEndpointsProtocol=http;AccountName={endpoints.storage_account};"
        f"AccountKey={endpoints.storage_key};BlobEndpoint={where};"
    )


@pytest.fixture
def container(endpoints: Endpoints) -> Iterator[Any]:
    from azure.storage.blob import BlobServiceClient

    with BlobServiceClient.from_connection_string(connection_string(endpoints)) as service:
        client = service.create_container(f"contract-{uuid4().hex[:8]}")
        yield client
        client.delete_container()


def test_the_blob_client_writes_reads_lists_and_deletes(container: Any) -> None:
    container.upload_blob("a/b c/ü.txt", b"0123456789", metadata={"owner": "parity"})
    blob = container.get_blob_client("a/b c/ü.txt")
    assert blob.download_blob().readall() == b"0123456789"
    assert blob.download_blob(offset=3, length=4).readall() == b"3456"
    properties = blob.get_blob_properties()
    assert (properties.size, properties.metadata) == (10, {"owner": "parity"})
    assert "a/b c/ü.txt" in [one.name for one in container.list_blobs(name_starts_with="a/b")]
    assert [one.name for one in container.walk_blobs(delimiter="/")] == ["a/"]
    blob.delete_blob()
    assert not blob.exists()


def test_the_blob_client_uploads_in_blocks_and_downloads_in_parts(endpoints: Endpoints, container: Any) -> None:
    from azure.storage.blob import BlobClient

    url = f"{endpoints.storage}/{endpoints.storage_account}"
    content = bytes(range(256)) * 40_000
    with BlobClient(
        url,
        container.container_name,
        "large.bin",
        credential=endpoints.storage_key,
        max_single_put_size=1 << 20,
        max_block_size=1 << 20,
        max_single_get_size=1 << 20,
        max_chunk_get_size=1 << 20,
    ) as blob:
        blob.upload_blob(content, max_concurrency=2)
        assert blob.download_blob(max_concurrency=2).readall() == content
        committed, staged = blob.get_block_list("all")
    assert (len(committed), staged) == (10, [])


def test_the_blob_client_meets_conditions_pages_batches_and_copies(container: Any) -> None:
    from azure.core.exceptions import HttpResponseError, ResourceExistsError

    for number in range(5):
        container.upload_blob(f"n{number}", str(number))
    with pytest.raises(ResourceExistsError):
        container.upload_blob("n0", b"again")
    with pytest.raises(HttpResponseError) as refused:
        container.get_blob_client("n0").delete_blob(etag='"0x1"', match_condition=_unmodified())
    assert refused.value.status_code == 412
    pages = container.list_blobs(results_per_page=2).by_page()
    assert [[one.name for one in page] for page in pages] == [["n0", "n1"], ["n2", "n3"], ["n4"]]
    copied = container.get_blob_client("copy")
    assert copied.start_copy_from_url(container.get_blob_client("n3").url)["copy_status"] == "success"
    assert copied.download_blob().readall() == b"3"
    container.delete_blobs("n0", "n1", "n2")
    assert [one.name for one in container.list_blobs()] == ["copy", "n3", "n4"]


def _unmodified() -> Any:
    from azure.core import MatchConditions

    return MatchConditions.IfNotModified


def test_a_wrong_key_is_refused_by_its_signature(endpoints: Endpoints) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.storage.blob import BlobServiceClient

    url = f"{endpoints.storage}/{endpoints.storage_account}"
    with BlobServiceClient(url, credential="d3Jvbmcta2V5") as service, pytest.raises(ClientAuthenticationError):
        list(service.list_containers())


def test_a_bearer_token_opens_storage_only_when_it_is_meant_for_storage(endpoints: Endpoints) -> None:
    url = f"{endpoints.storage}/{endpoints.storage_account}/?comp=list"
    good = token(endpoints, "https://storage.azure.com/.default")
    other = token(endpoints)
    statuses = [
        httpx.get(url, headers={"authorization": f"Bearer {one}"}).status_code for one in (good, other, "junk")
    ]
    assert statuses == [200, 401, 401]
    assert "authorization_uri" in httpx.get(url).headers["www-authenticate"]


def test_the_data_lake_client_appends_renames_lists_and_deletes(endpoints: Endpoints) -> None:
    from azure.storage.filedatalake import DataLakeServiceClient

    url = f"{endpoints.storage}/{endpoints.storage_account}"
    with DataLakeServiceClient(url, credential=endpoints.storage_key) as service:
        lake = service.create_file_system(f"contract-{uuid4().hex[:8]}")
        folder = lake.create_directory("in/day")
        file = folder.create_file("part.csv")
        file.append_data(b"one,", offset=0)
        file.append_data(b"two", offset=4)
        file.flush_data(7)
        assert file.download_file().readall() == b"one,two"
        folder.rename_directory(f"{lake.file_system_name}/out")
        assert [one.name for one in lake.get_paths()] == ["in", "out", "out/part.csv"]
        assert [one.is_directory for one in lake.get_paths()] == [True, True, False]
        assert lake.get_file_client("out/part.csv").get_file_properties().size == 7
        lake.get_file_client("big").upload_data(b"x" * 3_000_000, overwrite=True, chunk_size=1 << 20)
        assert lake.get_file_client("big").get_file_properties().size == 3_000_000
        lake.delete_directory("out")
        assert not lake.get_file_client("out/part.csv").exists()
        lake.delete_file_system()


def test_adlfs_writes_globs_and_removes(endpoints: Endpoints, container: Any) -> None:
    from adlfs import AzureBlobFileSystem

    files = AzureBlobFileSystem(
        connection_string=connection_string(endpoints), skip_instance_cache=True, use_listings_cache=False
    )
    root = container.container_name
    files.pipe({f"{root}/a/1.txt": b"1", f"{root}/a/2.txt": b"22"})
    assert files.cat(f"{root}/a/2.txt") == b"22"
    assert files.ls(f"{root}/a", detail=False) == [f"{root}/a/1.txt", f"{root}/a/2.txt"]
    assert files.glob(f"{root}/**/*.txt") == [f"{root}/a/1.txt", f"{root}/a/2.txt"]
    assert files.info(f"{root}/a/2.txt")["size"] == 2
    with files.open(f"{root}/b.bin", "wb", block_size=1 << 20) as out:
        out.write(b"z" * (3 << 20))
    assert files.size(f"{root}/b.bin") == 3 << 20
    files.rm(f"{root}/a", recursive=True)
    assert not files.exists(f"{root}/a/1.txt")


def test_pyarrow_reads_and_writes_parquet(endpoints: Endpoints, container: Any) -> None:
    import pyarrow as pa
    from pyarrow import fs, parquet

    authority = httpx.URL(endpoints.storage).netloc.decode()
    files = fs.AzureFileSystem(
        endpoints.storage_account,
        account_key=endpoints.storage_key,
        blob_storage_authority=authority,
        dfs_storage_authority=authority,
        blob_storage_scheme="http",
        dfs_storage_scheme="http",
    )
    table = pa.table({"id": [1, 2, 3]})
    parquet.write_table(table, f"{container.container_name}/t/part.parquet", filesystem=files)
    assert parquet.read_table(f"{container.container_name}/t", filesystem=files).equals(table)


def test_airflows_wasb_hook_loads_checks_reads_and_deletes(
    endpoints: Endpoints, container: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from airflow.providers.microsoft.azure.hooks.wasb import WasbHook

    extra = {"connection_string": connection_string(endpoints)}
    connection = {"conn_type": "wasb", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_WASB_SANDBOX", json.dumps(connection))
    hook = WasbHook("wasb_sandbox")
    local = tmp_path / "local.txt"
    local.write_text("hello")
    root = container.container_name
    hook.load_file(str(local), root, "in/hello.txt")
    assert hook.check_for_blob(root, "in/hello.txt")
    assert hook.check_for_prefix(root, "in/")
    assert hook.read_file(root, "in/hello.txt") == "hello"
    assert hook.get_blobs_list(root, prefix="in/") == ["in/hello.txt"]
    hook.delete_file(root, "in/hello.txt")
    assert not hook.check_for_blob(root, "in/hello.txt")


# --- The sink --------------------------------------------------------------------------------------------------


def received(endpoints: Endpoints, channel: str) -> list[dict[str, Any]]:
    answer = httpx.get(f"{endpoints.sink}/_sandbox/messages", params={"channel": channel})
    return list(answer.raise_for_status().json()["messages"])


def test_a_pagerduty_event_opens_and_resolves_an_incident(endpoints: Endpoints) -> None:
    """PagerDuty's own client speaks nothing but https, so the event that it would send is sent by hand."""
    key = f"contract-{uuid4().hex}"
    event = {"routing_key": "0123456789abcdef0123456789abcdef", "dedup_key": key}
    payload = {"summary": "payments differ", "severity": "critical", "source": "parity"}
    answers = [
        httpx.post(f"{endpoints.sink}/v2/enqueue", json={**event, "event_action": action, "payload": payload})
        for action in ("trigger", "resolve")
    ]
    assert [one.status_code for one in answers] == [202, 202]
    assert answers[0].json() == {"status": "success", "message": "Event processed", "dedup_key": key}
    incidents = httpx.get(f"{endpoints.sink}/_sandbox/messages").json()["incidents"]
    assert [one["state"] for one in incidents if one["dedup_key"] == key] == ["resolved"]


def test_slacks_client_posts_and_is_refused_in_slacks_words(endpoints: Endpoints) -> None:
    from slack_sdk import WebClient
    from slack_sdk.errors import SlackApiError

    client = WebClient("xoxb-sandbox", base_url=f"{endpoints.sink}/api/")
    text = f"payments differ {uuid4().hex}"
    assert client.chat_postMessage(channel="#parity", text=text)["ok"]
    assert text in [one["summary"] for one in received(endpoints, "slack")]
    with pytest.raises(SlackApiError, match="no_text"):
        client.chat_postMessage(channel="#parity", text="")
    with pytest.raises(SlackApiError, match="invalid_auth"):
        WebClient("wrong", base_url=f"{endpoints.sink}/api/").chat_postMessage(channel="#parity", text="x")


def test_smtplib_delivers_a_mail(endpoints: Endpoints) -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = f"late {uuid4().hex}", "parity@localhost", "oncall@localhost"
    mail.set_content("first line\n.\nlast line – done\n")
    host, port = endpoints.smtp.split(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.send_message(mail)
    found = [one for one in received(endpoints, "mail") if one["summary"] == mail["Subject"]]
    assert found[0]["body"]["text"].split("\n")[:3] == ["first line", ".", "last line – done"]
