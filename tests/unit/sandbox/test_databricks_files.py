"""Files of volumes and notebooks of the workspace, as the API serves them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from parity_sandbox.context import Context
from parity_sandbox.databricks import create_app
from parity_sandbox.databricks.scripts import locate
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.faults import Faults
from parity_sandbox.spark.absent import NoSpark

FILE = "/api/2.0/fs/files/Volumes/main/x/data.bin"
FOLDER = "/api/2.0/fs/directories/Volumes/main/x"


@pytest.fixture
def http(tmp_path: Path) -> Iterator[TestClient]:
    endpoints = Endpoints(databricks="http://testserver")
    app = create_app(Context(tmp_path, endpoints, Faults(), NoSpark()))
    with TestClient(app, headers={"authorization": f"Bearer {endpoints.databricks_token}"}) as client:
        yield client


def test_a_file_comes_back_as_it_went(http: TestClient, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    assert http.put(FILE, content=content).status_code == 204

    assert http.get(FILE).content == content
    assert (tmp_path / "volumes/main/x/data.bin").read_bytes() == content


def test_a_range_of_a_file_is_served(http: TestClient) -> None:
    http.put(FILE, content=b"0123456789")

    answer = http.get(FILE, headers={"range": "bytes=2-4"})

    assert (answer.status_code, answer.content) == (206, b"234")


def test_a_file_is_overwritten_unless_that_is_not_wanted(http: TestClient) -> None:
    http.put(FILE, content=b"first")

    assert http.put(f"{FILE}?overwrite=false", content=b"second").status_code == 409
    assert http.put(FILE, content=b"second").status_code == 204
    assert http.get(FILE).content == b"second"


def test_a_missing_file_is_404_in_databricks_words(http: TestClient) -> None:
    answer = http.get(FILE)

    assert (answer.status_code, answer.json()["error_code"]) == (404, "NOT_FOUND")


def test_a_directory_lists_its_entries(http: TestClient) -> None:
    http.put(FILE, content=b"abc")
    http.put(f"{FOLDER}/sub")

    entries = http.get(FOLDER).json()["contents"]

    seen = [(entry["name"], entry["is_directory"], entry.get("file_size")) for entry in entries]
    assert seen == [("data.bin", False, 3), ("sub", True, None)]


def test_a_full_directory_is_not_deleted(http: TestClient) -> None:
    http.put(FILE, content=b"abc")

    assert http.delete(FOLDER).status_code == 400
    assert http.delete(FILE).status_code == http.delete(FOLDER).status_code == 204
    assert http.head(FOLDER).status_code == 404


@pytest.mark.parametrize("path", ["Volumes/%2e%2e/%2e%2e/etc/passwd", "etc/passwd"])
def test_nothing_outside_the_volumes_is_served(http: TestClient, path: str) -> None:
    assert http.get(f"/api/2.0/fs/files/{path}").status_code in (400, 404)


def test_an_imported_notebook_is_exported_as_it_was(http: TestClient) -> None:
    source = base64.b64encode(b"print(1)").decode()
    body = {"path": "/Shared/nb", "format": "SOURCE", "language": "PYTHON", "content": source}
    http.post("/api/2.0/workspace/import", json=body).raise_for_status()

    exported = http.get("/api/2.0/workspace/export", params={"path": "/Shared/nb"}).json()["content"]
    again = http.post("/api/2.0/workspace/import", json=body)

    assert exported == source
    assert again.json()["error_code"] == "RESOURCE_ALREADY_EXISTS"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/Volumes/main/x/a.py", "volumes/main/x/a.py"),
        ("dbfs:/Volumes/main/x/a.py", "volumes/main/x/a.py"),
        ("dbfs:/scripts/a.py", "dbfs/scripts/a.py"),
        ("/Workspace/Shared/a.py", "workspace/Shared/a.py"),
        ("/Shared/a.py", "workspace/Shared/a.py"),
        ("abfss://lake@acc.dfs.core.windows.net/jobs/a.py", "adls/acc/lake/jobs/a.py"),
    ],
)
def test_every_spelling_of_a_path_leads_to_its_folder(tmp_path: Path, path: str, place: str) -> None:
    assert locate(tmp_path, path) == tmp_path / place
