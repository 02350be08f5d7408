from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from fake_clock import FakeClock
from parity.clients.adls import AdlsConfig, AdlsStorage
from parity.clients.files import FileStorage, file_url
from parity.clients.objects import ObjectUrl
from parity.clients.storage import ObjectInfo, Storage, Storages, download_folder
from parity.errors import BadInput, ExportRefused, NotFound

KEY = SecretStr("c2VjcmV0")


@pytest.fixture
def files() -> Storage:
    return Storages({"file": FileStorage()})


def test_an_object_is_written_read_listed_and_deleted(files: Storage, tmp_path: Path) -> None:
    url = f"{file_url(tmp_path)}/a/b.bin"
    files.write(url, b"0123456789")
    assert files.read(url) == b"0123456789"
    assert [(s.name, s.size) for s in files.list(file_url(tmp_path))] == [("a/b.bin", 10)]
    files.delete(url)
    files.delete(url)
    assert files.list(file_url(tmp_path)) == []


def test_a_missing_object_is_not_found(files: Storage, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nothing"):
        files.read(f"{file_url(tmp_path)}/nothing")


def test_a_folder_is_downloaded_with_its_structure(files: Storage, tmp_path: Path) -> None:
    for number in range(20):
        files.write(f"{file_url(tmp_path)}/from/d{number % 3}/{number}.bin", b"x" * number)
    found = files.list(f"{file_url(tmp_path)}/from")
    paths = download_folder(files, found, tmp_path / "to")
    assert [path.relative_to(tmp_path / "to").as_posix() for path in paths] == [s.name for s in found]
    assert [path.stat().st_size for path in paths] == [s.size for s in found]
    assert not list(tmp_path.rglob("*.part"))


def test_a_file_that_shrank_since_it_was_listed_is_refused(
    files: Storage, tmp_path: Path, clock: FakeClock
) -> None:
    files.write(f"{file_url(tmp_path)}/a", b"123")
    listed = ObjectInfo(f"{file_url(tmp_path)}/a", "a", 4, clock.now())
    with pytest.raises(ExportRefused, match="is 3 bytes, but was listed with 4"):
        download_folder(files, [listed], tmp_path / "to")


def test_a_name_cannot_climb_out_of_its_folder(files: Storage, tmp_path: Path, clock: FakeClock) -> None:
    files.write(f"{file_url(tmp_path)}/a", b"123")
    listed = ObjectInfo(f"{file_url(tmp_path)}/a", "../../evil", 3, clock.now())
    with pytest.raises(ExportRefused, match="outside"):
        download_folder(files, [listed], tmp_path / "to")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("s3://bucket/a/b", ("s3", "bucket", "a/b")),
        ("s3://bucket", ("s3", "bucket", "")),
        ("s3://bucket/odd?#name", ("s3", "bucket", "odd?#name")),
        ("abfss://c@acc.dfs.core.windows.net/a", ("abfss", "c", "a")),
        ("file:///tmp/x", ("file", "", "tmp/x")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: tuple[str, str, str]) -> None:
    place = ObjectUrl.of(url)
    assert (place.scheme, place.root, place.key) == parts


@pytest.mark.parametrize("url", ["", "bucket/a", "https://x/y", "abfss://acc/x", "s3:///x", "file://host/x"])
def test_what_is_no_place_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput):
        ObjectUrl.of(url)


def test_a_folder_never_matches_its_neighbour() -> None:
    assert ObjectUrl.of("s3://b/ab").prefix == "ab/"
    assert ObjectUrl.of("s3://b/ab/").prefix == "ab/"
    assert ObjectUrl.of("s3://b/").prefix == ""


def test_an_unconfigured_scheme_is_bad_input(files: Storage) -> None:
    with pytest.raises(BadInput, match="s3://"):
        files.read("s3://b/k")


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("", "https://acc.blob.core.windows.net"),
        ("https://acc.dfs.core.windows.net/", "https://acc.blob.core.windows.net"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/acc"),
        ("http://127.0.0.1:9/acc", "http://127.0.0.1:9/acc"),
    ],
)
def test_an_accounts_address_is_completed(endpoint: str, url: str) -> None:
    assert AdlsConfig("acc", KEY, endpoint).url == url


def test_another_accounts_address_is_refused() -> None:
    adls = AdlsStorage(AdlsConfig("acc", KEY, "http://127.0.0.1:9"))
    with pytest.raises(BadInput, match="not in the storage account 'acc'"):
        adls.read("abfss://c@other.dfs.core.windows.net/x")


def test_the_same_account_in_another_cloud_is_refused() -> None:
    adls = AdlsStorage(AdlsConfig("acc", KEY, "https://acc.blob.core.usgovcloudapi.net"))
    with pytest.raises(BadInput, match=r"another cloud .* core\.usgovcloudapi\.net"):
        adls.read("abfss://c@acc.dfs.core.windows.net/x")


@pytest.mark.parametrize(
    "endpoint", ["https://acc.privatelink.blob.core.windows.net", "https://files.test", "http://127.0.0.1:9"]
)
def test_a_private_address_stands_for_the_accounts_own(endpoint: str) -> None:
    adls = AdlsStorage(AdlsConfig("acc", KEY, endpoint))
    assert adls._parse("abfss://c@acc.dfs.core.windows.net/x").key == "x"


def test_a_shared_key_does_not_travel_in_clear() -> None:
    with pytest.raises(BadInput):
        AdlsStorage(AdlsConfig("acc", KEY, "http://storage.test"))
