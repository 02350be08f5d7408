from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from parity.clients.storage import ObjectInfo
from parity.flow.housekeeping import sweep_exchange

NOW = datetime(2026, 3, 31, tzinfo=UTC)


@dataclass
class Bucket:
    """Objects in memory, each with its age in days."""

    ages: dict[str, int]
    deleted: list[str] = field(default_factory=list)

    def list(self, prefix: str) -> list[ObjectInfo]:
        return [ObjectInfo(f"{prefix}/{n}", n, 10, NOW - timedelta(days=age)) for n, age in self.ages.items()]

    def delete(self, url: str) -> None:
        self.deleted.append(url)


def test_only_exports_older_than_their_time_are_deleted() -> None:
    bucket = Bucket({"old.parquet": 15, "just.parquet": 14, "new.parquet": 0})
    swept = sweep_exchange(bucket, "s3://exchange/parity", NOW, timedelta(days=14))  # type: ignore[arg-type]
    assert bucket.deleted == ["s3://exchange/parity/old.parquet"]
    assert (swept.deleted, swept.bytes) == (1, 10)
