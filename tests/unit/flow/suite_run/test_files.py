from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from parity.clients.artefacts import Artefacts
from parity.compare.result import CauseCount, ColumnFacts, Money, Result, Rows, Verdict
from parity.errors import ExportRefused
from parity.flow.housekeeping import sweep_artefacts
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.flow.suite_run.files import ActivityFiles
from parity.suite.models import Cause


@pytest.fixture
def files(tmp_path: Path) -> ActivityFiles:
    return ActivityFiles(
        Artefacts.on_disk(tmp_path / "artefacts"), tmp_path / "scratch", "payments/2026-03-01/run/settle"
    )


def test_a_result_is_read_back_to_the_cent(files: ActivityFiles) -> None:
    money = Money("EUR", Decimal("-0.01"), Decimal("12345678901234567890.01"), 3)
    column = ColumnFacts("amount", 10, 3, (CauseCount(Cause.ROUNDING, 3, "half even"),), (money,))
    written = Result(Verdict.FAIL, "3 rows", Rows(10, 10, 7, 3), (column,), coverage=1.0)
    files.write_result(written)
    assert files.result() == written


def test_a_result_that_was_cut_short_is_refused(files: ActivityFiles) -> None:
    files.write_result(Result(Verdict.PASS, "equal"))
    files.write("report.json", '{"version": 1, "verdict": "PASS"}')
    with pytest.raises(ExportRefused, match="cannot be read back"):
        files.result()


def fetched(folder: Path) -> Export:
    (folder / "part.parquet").write_bytes(b"PAR1")
    return Export(folder, (folder / "part.parquet",), 1, 4, (ExportColumn("id", "bigint"),))


def test_an_export_is_fetched_once_per_worker(files: ActivityFiles) -> None:
    first = files.export("legacy", "s3://x/1", fetched)
    again = files.export("legacy", "s3://x/1", lambda _: pytest.fail("fetched twice"))
    assert again == first


def test_another_attempts_export_is_never_taken_for_this_one(files: ActivityFiles) -> None:
    files.export("legacy", "s3://x/1", fetched)
    calls: list[Path] = []
    files.export("legacy", "s3://x/2", lambda to: calls.append(to) or fetched(to))
    assert calls


def test_an_export_that_lost_bytes_on_the_worker_is_fetched_again(files: ActivityFiles) -> None:
    files.export("legacy", "s3://x/1", fetched).files[0].write_bytes(b"P")
    assert files.export("legacy", "s3://x/1", fetched).files[0].read_bytes() == b"PAR1"


def test_housekeeping_deletes_by_business_date_and_nothing_else(tmp_path: Path) -> None:
    for name in ("payments/2026-01-01/run", "payments/2026-03-01/run", "payments/notes"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "report.json").write_text("{}")
    swept = sweep_artefacts(
        Artefacts.on_disk(tmp_path), datetime(2026, 3, 2, tzinfo=UTC).date(), timedelta(days=30)
    )
    assert swept.deleted == 1
    assert sorted(p.name for p in (tmp_path / "payments").iterdir()) == ["2026-03-01", "notes"]
    assert date(2026, 1, 1).isoformat() not in {p.name for p in (tmp_path / "payments").iterdir()}
