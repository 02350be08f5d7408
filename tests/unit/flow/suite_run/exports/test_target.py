from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from parity.clients.files import FileStorage
from parity.errors import ExportRefused
from parity.flow.suite_run.exports.fetch import ExpectedExport, Export, fetch_target, target_request
from parity.flow.suite_run.exports.parquet import ExportColumn, moments_of
from parity.suite.models import Mode, TargetSource

EXPECTED = ExpectedExport("settle", "run-1", date(2026, 3, 2), Mode.ROWS)
SCHEMA = {
    "payment_id": "bigint",
    "amount": "decimal(18,2)",
    "settled_at": "timestamp",
    "note": "string",
    "tags": "array<string>",
}
ARROW = pa.schema(
    {
        "payment_id": pa.int64(),
        "amount": pa.decimal128(18, 2),
        "settled_at": pa.timestamp("us"),
        "note": pa.string(),
        "tags": pa.list_(pa.string()),
    }
)


def table(rows: int) -> pa.Table:
    row = {
        "amount": Decimal("1.20"),
        "settled_at": datetime(2026, 3, 2),  # noqa: DTZ001
        "note": None,
        "tags": ["a"],
    }
    return pa.Table.from_pylist([{"payment_id": n, **row} for n in range(rows)], schema=ARROW)


@dataclass
class Shipment:
    """An export in a folder, as the helper job leaves it: two part files, then the manifest."""

    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        files = [self.part("part-0.parquet", table(3)), self.part("part-1.parquet", table(2))]
        self.manifest = {
            "protocol": 2,
            "helper": "0.1.0",
            "activity": "settle",
            "run_id": "run-1",
            "business_date": "2026-03-02",
            "mode": "rows",
            "rows": 5,
            "schema": [{"name": name, "type": kind} for name, kind in SCHEMA.items()],
            "files": files,
            "bytes": sum(file["bytes"] for file in files),
            "source": {"table": "payments.settled", "version": None, "as_of": "2026-03-02T05:00:00Z"},
            "written_at": "2026-03-02T05:00:01Z",
        }
        for left in ("_SUCCESS", "_started_17", "_committed_17", "_temporary/0/part-9.parquet"):
            (self.folder / left).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / left).touch()

    def part(self, name: str, rows: pa.Table) -> dict[str, Any]:
        pq.write_table(rows, self.folder / name)
        return {"name": name, "bytes": (self.folder / name).stat().st_size, "rows": rows.num_rows}

    def seal(self) -> None:
        self.write_manifest(json.dumps(self.manifest))

    def write_manifest(self, text: str, name: str = "part-0.txt") -> None:
        (self.folder / "_manifest").mkdir(exist_ok=True)
        (self.folder / "_manifest" / name).write_text(text + "\n")

    def fetch(self, expected: ExpectedExport = EXPECTED) -> Export:
        to = self.folder.parent / "scratch"
        to.mkdir(exist_ok=True)
        return fetch_target(FileStorage(), self.folder.as_uri(), expected, to)


@pytest.fixture
def shipment(tmp_path: Path) -> Shipment:
    return Shipment(tmp_path / "export")


def test_an_export_that_agrees_is_fetched_whole(shipment: Shipment) -> None:
    shipment.seal()
    export = shipment.fetch()
    assert export.rows == 5
    assert [pq.read_metadata(file).num_rows for file in export.files] == [3, 2]
    assert export.columns[1] == ExportColumn("amount", "decimal(18,2)")
    assert export.source["table"] == "payments.settled"
    assert export.bytes == shipment.manifest["bytes"]


def test_an_export_without_a_manifest_is_refused(shipment: Shipment) -> None:
    with pytest.raises(ExportRefused, match=r"no _manifest in .*did not finish"):
        shipment.fetch()


Spoil = Callable[[Shipment], Any]


def spoilt(**change: Any) -> Spoil:
    return lambda shipment: shipment.manifest.update(change)


def first_file(**change: Any) -> Spoil:
    return lambda shipment: shipment.manifest["files"][0].update(change)


def cut(shipment: Shipment) -> None:
    """Cut a file and let the manifest believe in it: a job that wrote its own damage down."""
    path = shipment.folder / "part-0.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    shipment.manifest["files"][0]["bytes"] -= 20
    shipment.manifest["bytes"] -= 20


def swap_columns(shipment: Shipment) -> None:
    shipment.manifest["schema"].reverse()


def change_type(shipment: Shipment) -> None:
    shipment.manifest["schema"][1]["type"] = "decimal(18,4)"


def other_type_in_one_file(shipment: Shipment) -> None:
    narrow = table(2).set_column(0, "payment_id", pa.array([0, 1], pa.int32()))
    shipment.manifest["files"][1] = shipment.part("part-1.parquet", narrow)
    shipment.manifest["bytes"] = sum(file["bytes"] for file in shipment.manifest["files"])


def claim_more_rows(shipment: Shipment) -> None:
    shipment.manifest["files"][0]["rows"] = 4
    shipment.manifest["rows"] = 6


def forget_a_file(shipment: Shipment) -> None:
    gone = shipment.manifest["files"].pop()
    shipment.manifest["rows"] -= gone["rows"]
    shipment.manifest["bytes"] -= gone["bytes"]


def name_twice(shipment: Shipment) -> None:
    shipment.manifest["files"][1] = dict(shipment.manifest["files"][0])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoilt(run_id="run-0"), "not the one .*run_id is 'run-0', not 'run-1'"),
        (spoilt(business_date="2026-03-01"), "business_date is '2026-03-01'"),
        (spoilt(activity="refund"), "activity is 'refund'"),
        (spoilt(mode="digest"), "mode is 'digest', not 'rows'"),
        (spoilt(protocol=1), "by helper job 0.1.0, which speaks protocol 1; this is Parity .*, which speaks 2"),
        (spoilt(mode="everything"), "mode: Input should be"),
        (spoilt(rows=4), "its files hold 5 rows, its total says 4"),
        (spoilt(bytes=1), "its total says 1"),
        (spoilt(schema=[]), "schema: "),
        (spoilt(surprise=1), "surprise: Extra inputs"),
        (first_file(bytes=7), r"part-0\.parquet is [\d,]+ bytes, not 7"),
        (first_file(name="part-9.parquet"), r"part-9\.parquet is missing; part-0\.parquet lies there"),
        (first_file(rows=-1), r"files\.0\.rows"),
        (claim_more_rows, r"part-0\.parquet holds 3 rows, not 4"),
        (forget_a_file, r"part-1\.parquet lies there, but is not listed"),
        (name_twice, "names a file twice"),
        (cut, "not a whole Parquet file"),
        (swap_columns, "its columns are payment_id, .*, not tags"),
        (change_type, r"column amount is decimal128\(18, 2\), not decimal\(18,4\)"),
        (other_type_in_one_file, "column payment_id is int32, not bigint"),
    ],
)
def test_an_export_that_disagrees_is_refused(shipment: Shipment, spoil: Spoil, words: str) -> None:
    spoil(shipment)
    shipment.seal()
    with pytest.raises(ExportRefused, match=words) as caught:
        shipment.fetch()
    assert caught.value.remedy


def test_a_manifest_of_which_a_part_was_written_is_refused(shipment: Shipment) -> None:
    shipment.write_manifest(json.dumps(shipment.manifest)[:-1])
    with pytest.raises(ExportRefused, match="is not a manifest of protocol 2"):
        shipment.fetch()


def test_two_manifests_are_refused(shipment: Shipment) -> None:
    shipment.seal()
    shipment.write_manifest(json.dumps(shipment.manifest), "part-1.txt")
    with pytest.raises(ExportRefused, match=r"There are 2 manifests in .*_manifest"):
        shipment.fetch()


@pytest.mark.parametrize("name", ["_started_18", "_temporary/0/part-0.txt"])
def test_what_spark_left_beside_a_manifest_is_none(shipment: Shipment, name: str) -> None:
    (shipment.folder / "_manifest" / name).parent.mkdir(parents=True)
    shipment.write_manifest("{}", name)
    with pytest.raises(ExportRefused, match="no _manifest in"):
        shipment.fetch()


def test_moments_are_told_from_wall_times(shipment: Shipment) -> None:
    shipment.seal()
    assert shipment.fetch().moments == ("settled_at",)
    shipment.manifest["schema"][2]["type"] = "timestamp_ntz"
    shipment.seal()
    assert shipment.fetch().moments == ()


def test_nested_values_with_both_kinds_of_timestamps_are_refused() -> None:
    both = ExportColumn("seen", "struct<at:timestamp,wall:timestamp_ntz>")
    named = ExportColumn("seen", "struct<at:timestamp,timestamp_ntz:int>")
    assert moments_of([named]) == ("seen",)
    assert moments_of([ExportColumn("seen", "struct<timestamp:int>")]) == ()
    with pytest.raises(ExportRefused, match=r"Column seen is .*of both kinds"):
        moments_of([both])


def test_an_export_without_rows_or_files_still_has_columns(shipment: Shipment) -> None:
    for file in shipment.manifest["files"]:
        (shipment.folder / file["name"]).unlink()
    flat = [c for c in shipment.manifest["schema"] if c["name"] != "tags"]
    shipment.manifest |= {"files": [], "rows": 0, "bytes": 0, "schema": flat}
    shipment.seal()
    export = shipment.fetch()
    assert export.rows == 0
    empty = pq.read_table(export.files[0])
    assert empty.num_rows == 0
    assert empty.schema.names == [c["name"] for c in flat]


def test_columns_whose_parts_only_data_could_show_are_refused_when_there_is_none(shipment: Shipment) -> None:
    for file in shipment.manifest["files"]:
        (shipment.folder / file["name"]).unlink()
    shipment.manifest |= {"files": [], "rows": 0, "bytes": 0}
    shipment.seal()
    with pytest.raises(ExportRefused, match="Column tags"):
        shipment.fetch()


def test_the_helper_job_is_asked_in_text_only() -> None:
    target = TargetSource(table="payments.settled", where="settlement_date = :business_date")
    asked = target_request(EXPECTED, target, "abfss://x@y.dfs.core.windows.net/z", ["payment_id"])
    assert {type(value) for value in asked.values()} == {str}
    assert json.loads(asked.pop("request")) == {
        "table": "payments.settled",
        "where": "settlement_date = :business_date",
        "columns": ["payment_id"],
    }
    assert asked == {
        "protocol": "2",
        "activity": "settle",
        "run_id": "run-1",
        "business_date": "2026-03-02",
        "mode": "rows",
        "destination": "abfss://x@y.dfs.core.windows.net/z",
    }


def test_a_digest_brings_its_own_statement() -> None:
    target = TargetSource(table="payments.settled")
    asked = target_request(EXPECTED, target, "abfss://x@y.dfs.core.windows.net/z", digest_sql="SELECT 1")
    assert json.loads(asked["request"])["digest_sql"] == "SELECT 1"


class Rewritten(FileStorage):
    """Storage in which every file is written again, with the same bytes, as soon as it was downloaded."""

    def download(self, url: str, to: Path) -> int:
        size = super().download(url, to)
        self.write(url, to.read_bytes())
        return size


def test_an_export_that_is_written_again_while_it_is_fetched_is_refused(shipment: Shipment) -> None:
    shipment.seal()
    scratch = shipment.folder.parent / "scratch"
    scratch.mkdir()
    with pytest.raises(ExportRefused, match=r"changed while it was fetched: part-0\.parquet was written again"):
        fetch_target(Rewritten(), shipment.folder.as_uri(), EXPECTED, scratch)
