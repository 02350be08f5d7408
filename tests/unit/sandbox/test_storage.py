"""ADLS on plain files: what a client may see, and what nobody may do."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from azure_sandbox import make_context
from parity_sandbox.azure.entra.tokens import Tokens
from parity_sandbox.azure.storage import create_app


class Account:
    """One container of a storage account, spoken to with a token."""

    def __init__(self, state: Path) -> None:
        self.context = make_context(state)
        self.name = self.context.endpoints.storage_account
        self.http = TestClient(create_app(self.context), raise_server_exceptions=False)
        issued = Tokens.of(state).issue("https://storage.azure.com", "t", "c")
        self.headers = {"authorization": f"Bearer {issued.token}", "x-ms-version": "2099-01-01"}
        self.folder = state / "adls" / self.name / "box"
        assert self.call("PUT", "?restype=container").status_code == 201

    def call(self, method: str, path: str, content: bytes = b"", **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"/{self.name}/box{path}"
        return self.http.request(method, url, content=content, headers={**self.headers, **sent})

    def put(self, name: str, content: bytes, **headers: str) -> Any:
        return self.call("PUT", f"/{name}", content, x_ms_blob_type="BlockBlob", **headers)

    def names(self, query: str = "") -> list[str]:
        answer = self.call("GET", f"?restype=container&comp=list{query}")
        return re.findall(r"<Name>(.*?)</Name>", answer.text)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("x-ms-error-code", "")


# --- Content ---------------------------------------------------------------------------------------------------


def test_a_blob_is_a_plain_file_and_a_plain_file_is_a_blob(account: Account) -> None:
    account.put("a/b.txt", b"written here")
    assert (account.folder / "a" / "b.txt").read_bytes() == b"written here"
    (account.folder / "a" / "spark.txt").write_bytes(b"written there")
    assert account.call("GET", "/a/spark.txt").content == b"written there"
    assert {path.name for path in account.folder.rglob("*")} == {"a", "b.txt", "spark.txt"}


RANGES = [
    ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
    ("bytes=7-", 206, b"789", "bytes 7-9/10"),
    ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
    ("bytes=10-", 416, None, "bytes */10"),
    ("bytes=5-2", 416, None, "bytes */10"),
    ("lines=1-2", 200, b"0123456789", None),
]


@pytest.mark.parametrize(("asked", "status", "content", "reported"), RANGES, ids=[one[0] for one in RANGES])
def test_ranges_are_answered_exactly(
    account: Account, asked: str, status: int, content: bytes | None, reported: str | None
) -> None:
    account.put("n", b"0123456789")
    answer = account.call("GET", "/n", x_ms_range=asked)
    assert (answer.status_code, answer.headers.get("content-range")) == (status, reported)
    assert content is None or answer.content == content


def test_an_empty_blob_has_no_range(account: Account) -> None:
    account.put("empty", b"")
    assert code(account.call("GET", "/empty", range="bytes=0-1")) == (416, "InvalidRange")
    whole = account.call("GET", "/empty")
    assert (whole.status_code, whole.content) == (200, b"")


def test_a_file_that_was_truncated_behind_our_back_loses_its_checksum(account: Account) -> None:
    account.put("n", b"0123456789", x_ms_meta_owner="parity")
    assert "content-md5" in account.call("HEAD", "/n").headers
    (account.folder / "n").write_bytes(b"01234")
    answer = account.call("HEAD", "/n")
    assert (answer.headers["content-length"], "content-md5" in answer.headers) == ("5", False)
    assert answer.headers["x-ms-meta-owner"] == "parity"


def test_content_that_does_not_match_its_checksum_is_refused(account: Account) -> None:
    wrong = base64.b64encode(b"0" * 16).decode()
    assert code(account.put("n", b"x", content_md5=wrong)) == (400, "Md5Mismatch")
    assert code(account.call("GET", "/n")) == (404, "BlobNotFound")


def test_metadata_and_content_type_are_kept_until_replaced(account: Account) -> None:
    account.put("n", b"x", x_ms_meta_a="1", x_ms_blob_content_type="text/csv")
    head = account.call("HEAD", "/n").headers
    assert (head["x-ms-meta-a"], head["content-type"]) == ("1", "text/csv")
    account.call("PUT", "/n?comp=metadata", x_ms_meta_b="2")
    head = account.call("HEAD", "/n").headers
    assert ("x-ms-meta-a" in head, head["x-ms-meta-b"], head["content-type"]) == (False, "2", "text/csv")


# --- Blocks ----------------------------------------------------------------------------------------------------


def block(account: Account, name: str, content: bytes) -> str:
    identifier = base64.b64encode(name.encode()).decode()
    answer = account.call("PUT", f"/big?comp=block&blockid={identifier.replace('=', '%3D')}", content)
    assert answer.status_code == 201
    return identifier


def commit(account: Account, *entries: tuple[str, str], **headers: str) -> Any:
    inner = "".join(f"<{kind}>{name}</{kind}>" for kind, name in entries)
    return account.call("PUT", "/big?comp=blocklist", f"<BlockList>{inner}</BlockList>".encode(), **headers)


def test_blocks_become_content_in_the_order_of_the_list(account: Account) -> None:
    one, two = block(account, "1", b"one,"), block(account, "2", b"two,")
    assert code(account.call("GET", "/big")) == (404, "BlobNotFound")
    assert commit(account, ("Latest", two), ("Latest", one)).status_code == 201
    assert account.call("GET", "/big").content == b"two,one,"
    three = block(account, "3", b"three")
    commit(account, ("Committed", one), ("Uncommitted", three))
    assert account.call("GET", "/big").content == b"one,three"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<BlockList><Latest>bm9uZQ==</Latest></BlockList>", "InvalidBlockList"),
        (b"<BlockList", "InvalidXmlDocument"),
        (b"<!DOCTYPE x [<!ENTITY e 'boom'>]><BlockList>&e;</BlockList>", "InvalidXmlDocument"),
    ],
)
def test_a_wrong_block_list_changes_nothing(account: Account, body: bytes, expected: str) -> None:
    block(account, "1", b"x")
    assert code(account.call("PUT", "/big?comp=blocklist", body)) == (400, expected)
    assert code(account.call("GET", "/big")) == (404, "BlobNotFound")


# --- Conditions ------------------------------------------------------------------------------------------------


def test_if_none_match_star_never_overwrites(account: Account) -> None:
    assert account.put("n", b"1", if_none_match="*").status_code == 201
    assert code(account.put("n", b"2", if_none_match="*")) == (409, "BlobAlreadyExists")
    assert account.call("GET", "/n").content == b"1"


def test_an_old_etag_neither_writes_nor_deletes(account: Account) -> None:
    old = account.put("n", b"1").headers["etag"]
    new = account.put("n", b"22").headers["etag"]
    assert code(account.put("n", b"3", if_match=old)) == (412, "ConditionNotMet")
    assert code(account.call("DELETE", "/n", if_match=old)) == (412, "ConditionNotMet")
    assert account.call("GET", "/n", if_none_match=new).status_code == 304
    assert code(account.call("GET", "/n", if_match=old)) == (412, "ConditionNotMet")
    assert account.call("DELETE", "/n", if_match=new).status_code == 202


def test_times_are_conditions_too(account: Account) -> None:
    account.put("n", b"1")
    long_ago, later = "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
    assert account.call("GET", "/n", if_modified_since=later).status_code == 304
    assert account.call("GET", "/n", if_modified_since=long_ago).status_code == 200
    assert code(account.call("GET", "/n", if_unmodified_since=long_ago)) == (412, "ConditionNotMet")
    assert code(account.call("GET", "/n", if_modified_since="yesterday")) == (400, "InvalidHeaderValue")


# --- Lists -----------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(account: Account) -> Account:
    for name in ("a/1", "a/b/2", "a-x", "b&<c>", "z"):
        (account.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (account.folder / name).write_bytes(b"x")
    return account


def test_a_flat_list_has_everything_and_a_level_sums_up(filled: Account) -> None:
    assert filled.names() == ["a", "a-x", "a/1", "a/b", "a/b/2", "b&amp;&lt;c&gt;", "z"]
    assert filled.names("&delimiter=/") == ["a-x", "a/", "b&amp;&lt;c&gt;", "z"]
    assert filled.names("&delimiter=/&prefix=a/") == ["a/1", "a/b/"]
    assert filled.names("&prefix=a/b") == ["a/b", "a/b/2"]
    assert filled.names("&prefix=../") == []


def test_pages_join_to_the_whole_list(filled: Account) -> None:
    seen: list[str] = []
    marker = ""
    for _ in range(10):
        answer = filled.call("GET", f"?restype=container&comp=list&maxresults=2&marker={marker}").text
        seen += re.findall(r"<Name>(.*?)</Name>", answer)
        marker = re.search(r"<NextMarker>(.*?)</NextMarker>", answer)[1]  # type: ignore[index]
        if not marker:
            break
    assert seen == filled.names()


def test_dfs_lists_a_folder_with_its_kinds_in_pages(filled: Account) -> None:
    answer = filled.call("GET", "?resource=filesystem&recursive=true&directory=a&maxResults=2")
    assert [one["name"] for one in answer.json()["paths"]] == ["a/1", "a/b"]
    token = answer.headers["x-ms-continuation"]
    rest = filled.call("GET", f"?resource=filesystem&recursive=true&directory=a&continuation={token}")
    assert [one["name"] for one in rest.json()["paths"]] == ["a/b/2"]
    missing = filled.call("GET", "?resource=filesystem&recursive=true&directory=none")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "PathNotFound")


# --- DFS -------------------------------------------------------------------------------------------------------


def test_appended_pieces_count_only_once_flushed(account: Account) -> None:
    account.call("PUT", "/f?resource=file")
    account.call("PATCH", "/f?action=append&position=3", b"def")
    account.call("PATCH", "/f?action=append&position=0", b"abc")
    assert account.call("GET", "/f").content == b""
    assert account.call("PATCH", "/f?action=flush&position=6").status_code == 200
    assert account.call("GET", "/f").content == b"abcdef"


def test_a_flush_over_a_gap_is_refused_and_changes_nothing(account: Account) -> None:
    account.call("PUT", "/f?resource=file")
    account.call("PATCH", "/f?action=append&position=4", b"x")
    answer = account.call("PATCH", "/f?action=flush&position=5")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidFlushPosition")
    assert account.call("GET", "/f").content == b""


def test_renaming_a_folder_moves_files_with_their_metadata(account: Account) -> None:
    account.put("in/f", b"x", x_ms_meta_owner="parity")
    moved = account.call("PUT", "/out", x_ms_rename_source="/box/in")
    assert moved.status_code == 201
    assert account.call("HEAD", "/out/f").headers["x-ms-meta-owner"] == "parity"
    assert account.call("HEAD", "/in/f").status_code == 404
    assert account.call("HEAD", "/out?action=getStatus").headers["x-ms-resource-type"] == "directory"
    assert code(account.call("PUT", "/out/deeper", x_ms_rename_source="/box/out"))[0] == 409


def test_a_folder_with_content_is_deleted_only_on_purpose(account: Account) -> None:
    account.put("in/f", b"x")
    assert code(account.call("DELETE", "/in")) == (409, "DirectoryIsNotEmpty")
    assert account.call("DELETE", "/in?recursive=true").status_code == 200
    assert account.call("HEAD", "/in").status_code == 404


# --- Rubbish and attacks ---------------------------------------------------------------------------------------

PATHS = [
    "/%2e%2e/other/secret",
    "/a/%2E%2E/%2e%2e/secret",
    "/..%2f..%2fentra%2fsigning.key",
    "/a%2f..%2f..%2fb",
    "/a//b",
    "/%2e/a",
    "/a%00b",
    "/a%5cb",
    "/%01",
    "/" + "x" * 300,
    "/" + "%C3%BC" * 200,
    "/link/secret",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE", "PATCH"])
def test_no_path_leaves_its_container(account: Account, tmp_path: Path, method: str, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("PRIVATE")
    (account.folder / "link").symlink_to(outside)
    query = "?action=append&position=0" if method == "PATCH" else ""
    answer = account.call(method, path + query, b"taken", x_ms_blob_type="BlockBlob")
    assert 400 <= answer.status_code < 500
    assert "PRIVATE" not in answer.text
    assert (outside / "secret").read_text() == "PRIVATE"
    assert {one.name for one in account.folder.iterdir()} == {"link"}


def test_a_copy_or_rename_cannot_fetch_from_outside(account: Account) -> None:
    key = f"http://x/{account.name}/box/../../../entra/signing.key"
    assert account.call("PUT", "/stolen", x_ms_copy_source=key).status_code in {400, 404}
    assert account.call("PUT", "/stolen", x_ms_rename_source="/box/../../entra/signing.key").status_code == 400
    assert list(account.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["UPPER", "a", "-a-", "a--b", "x" * 64, "..", "a_b"])
def test_a_container_with_an_impossible_name_is_refused(account: Account, name: str) -> None:
    url = f"/{account.name}/{name.replace('.', '%2e')}?restype=container"
    assert account.http.put(url, headers=account.headers).status_code == 400


RUBBISH = [
    ("GET", "?restype=container&comp=list&maxresults=many"),
    ("GET", "?restype=container&comp=list&maxresults=0"),
    ("GET", "?restype=container&comp=list&marker=%21"),
    ("GET", "?comp=nonsense"),
    ("PUT", "/n?comp=block&blockid=%21"),
    ("PUT", "/n?comp=block"),
    ("PUT", "/n"),
    ("POST", "/n"),
    ("PATCH", "/n?action=dance"),
    ("POST", "?comp=batch"),
]


@pytest.mark.parametrize(("method", "path"), RUBBISH, ids=[" ".join(one) for one in RUBBISH])
def test_rubbish_is_400_and_never_500(account: Account, method: str, path: str) -> None:
    assert account.call(method, path, b"\xff\xfe").status_code == 400


def test_a_file_where_a_folder_should_be_is_a_conflict(account: Account) -> None:
    account.put("a", b"x")
    assert account.put("a/b", b"y").status_code == 409
    account.put("d/e", b"x")
    assert account.put("d", b"y").status_code == 409


def test_another_account_or_container_does_not_exist(account: Account) -> None:
    other = account.http.get("/other/box/n", headers=account.headers)
    assert code(other) == (404, "ResourceNotFound")
    absent = account.http.get(f"/{account.name}/none/n", headers=account.headers)
    assert code(absent) == (404, "ContainerNotFound")
    again = account.call("PUT", "?restype=container")
    assert code(again) == (409, "ContainerAlreadyExists")


def test_the_account_may_also_lead_the_host(account: Account) -> None:
    account.put("n", b"x")
    host = {"host": f"{account.name}.blob.localhost:1"}
    assert account.http.get("/box/n", headers={**account.headers, **host}).content == b"x"


# --- Who may ask -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "refused"),
    [
        ({}, (401, "NoAuthenticationInformation")),
        ({"authorization": "SharedKey paritysandbox:AAAA"}, (403, "AuthenticationFailed")),
        ({"authorization": "SharedKey other:AAAA"}, (403, "AuthenticationFailed")),
        ({"authorization": "SharedKey"}, (403, "AuthenticationFailed")),
        ({"authorization": "Basic eDp5"}, (403, "AuthenticationFailed")),
        ({"authorization": "Bearer junk"}, (401, "InvalidAuthenticationInfo")),
    ],
)
def test_nobody_reads_without_proof(account: Account, header: dict[str, str], refused: tuple[int, str]) -> None:
    account.put("n", b"x")
    assert code(account.http.get(f"/{account.name}/box/n", headers=header)) == refused


def test_an_expired_token_is_401(account: Account, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from fake_clock import FakeClock

    old = Tokens.of(tmp_path)
    old.clock = FakeClock(datetime(2020, 1, 1, tzinfo=UTC))
    token = old.issue("https://storage.azure.com", "t", "c").token
    answer = account.call("GET", "/n", authorization=f"Bearer {token}")
    assert code(answer) == (401, "InvalidAuthenticationInfo")
    assert "expiry" in answer.text
