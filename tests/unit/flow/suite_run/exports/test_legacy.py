from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.clients.files import FileStorage
from parity.clients.remote import Phase, RunStatus
from parity.errors import ExportRefused
from parity.flow.suite_run.exports.fetch import Export, fetch_legacy
from parity.flow.suite_run.exports.parquet import ExportColumn

COLUMNS = (ExportColumn("id", "bigint"), ExportColumn("at", "timestamp"), ExportColumn("amount", "decimal(18,2)"))


@dataclass
class Unload:
    """What Athena leaves: files without a suffix, and a list of them elsewhere."""

    root: Path
    written: list[str] = field(default_factory=list)
    asked_for_columns: int = 0

    @property
    def folder(self) -> Path:
        return self.root / "unload"

    @property
    def manifest(self) -> Path:
        return self.root / "results" / "q-manifest.csv"

    def add(self, name: str, table: pa.Table, *, listed: bool = True) -> None:
        self.folder.mkdir(exist_ok=True)
        pq.write_table(table, self.folder / name)
        if listed:
            self.written.append((self.folder / name).as_uri())

    def status(self, phase: Phase = Phase.SUCCEEDED) -> RunStatus:
        return RunStatus("q", phase.name, phase, output={"manifest": self.manifest.as_uri()})

    def columns(self) -> Sequence[ExportColumn]:
        self.asked_for_columns += 1
        return COLUMNS

    def fetch(self, status: RunStatus | None = None) -> Export:
        self.manifest.parent.mkdir(exist_ok=True)
        self.manifest.write_text("".join(f"{url}\n" for url in self.written))
        to = self.root / "scratch"
        to.mkdir(exist_ok=True)
        destination = self.folder.as_uri() + "/"
        return fetch_legacy(FileStorage(), status or self.status(), destination, to, self.columns)


@pytest.fixture
def unload(tmp_path: Path) -> Unload:
    unload = Unload(tmp_path)
    unload.add("20260302_0001", pa.table({"id": [1, 2]}))
    unload.add("20260302_0002", pa.table({"id": [3]}))
    return unload


def test_an_unload_that_an_earlier_result_answered_is_refused(unload: Unload) -> None:
    status = unload.status()
    with pytest.raises(ExportRefused, match="an earlier query's result"):
        unload.fetch(replace(status, output={**status.output, "reused": True}))


def test_an_unload_that_agrees_is_fetched_whole(unload: Unload) -> None:
    export = unload.fetch()
    assert export.rows == 3
    assert export.columns == (ExportColumn("id", "int64"),)
    assert {file.suffix for file in export.files} == {".parquet"}
    assert pq.read_table(export.files[0])["id"].to_pylist() == [1, 2]
    assert unload.asked_for_columns == 0


def test_an_unload_without_files_has_no_rows_and_the_querys_columns(tmp_path: Path) -> None:
    unload = Unload(tmp_path)
    export = unload.fetch()
    assert export.rows == 0
    assert unload.asked_for_columns == 1
    wanted = pa.schema({"id": pa.int64(), "at": pa.timestamp("us"), "amount": pa.decimal128(18, 2)})
    assert pq.read_schema(export.files[0]) == wanted


def test_a_file_that_the_query_did_not_write_is_refused(unload: Unload) -> None:
    unload.add("stranger", pa.table({"id": [4]}), listed=False)
    with pytest.raises(ExportRefused, match="stranger lies there, but the query did not write it"):
        unload.fetch()


def test_a_file_that_is_gone_is_refused(unload: Unload) -> None:
    (unload.folder / "20260302_0002").unlink()
    with pytest.raises(ExportRefused, match="20260302_0002 is missing") as refused:
        unload.fetch()
    assert "athena_unload" in refused.value.remedy


def test_a_truncated_file_is_refused(unload: Unload) -> None:
    path = unload.folder / "20260302_0001"
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(ExportRefused, match=r"20260302_0001 is not a whole Parquet file \(50 bytes\)"):
        unload.fetch()


def test_an_empty_file_is_refused(unload: Unload) -> None:
    (unload.folder / "20260302_0001").write_bytes(b"")
    with pytest.raises(ExportRefused, match="0 bytes"):
        unload.fetch()


def test_files_of_two_schemas_are_refused(unload: Unload) -> None:
    unload.add("20260302_0003", pa.table({"id": ["x"]}))
    with pytest.raises(ExportRefused, match="20260302_0003 has other columns or types"):
        unload.fetch()


def test_a_query_that_did_not_succeed_unloaded_nothing(unload: Unload) -> None:
    with pytest.raises(ExportRefused, match="ended as CANCELLED"):
        unload.fetch(unload.status(Phase.CANCELLED))


def test_a_query_that_names_no_list_of_files_is_refused(unload: Unload) -> None:
    with pytest.raises(ExportRefused, match="names no manifest"):
        unload.fetch(RunStatus("q", "SUCCEEDED", Phase.SUCCEEDED))


def test_a_list_of_files_that_is_gone_is_refused(unload: Unload, tmp_path: Path) -> None:
    gone = (tmp_path / "gone.csv").as_uri()
    with pytest.raises(ExportRefused, match=r"gone\.csv, Athena's list"):
        unload.fetch(RunStatus("q", "SUCCEEDED", Phase.SUCCEEDED, output={"manifest": gone}))


def test_a_query_that_wrote_elsewhere_is_refused(unload: Unload) -> None:
    unload.written.append("s3://elsewhere/file")
    with pytest.raises(ExportRefused, match="outside"):
        unload.fetch()
