"""The comparison of both sides' digests: which buckets are equal, and which rows to export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from parity.clients.remote import fingerprint
from parity.errors import ExportRefused
from parity.flow.suite_run.exports.fetch import Export
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.sql.columnar import BUCKET, FINER, SUMS
from parity.wording import plural

_FINER = SUMS.index(FINER)
Line = tuple[int, int, tuple[int, ...]]
"""Rows, rows with a duplicate key, sums."""
COLUMNS = tuple(ExportColumn(name, "bigint") for name in (BUCKET, "row_count", "duplicates", *SUMS))
"""Columns of a digest."""
NO_FILES = f"files-{fingerprint('')[:16]}"
"""The version that an earlier helper job gave a source without files."""
MOST_LISTED = 1000
"""Buckets that one query names; where more differ, every row is exported."""


@dataclass(frozen=True)
class BucketLines:
    """A bucket whose rows are exported, as each side digested it; None where the side has no row in it."""

    bucket: int
    legacy: Line | None
    target: Line | None


@dataclass(frozen=True)
class BucketDiff:
    """The difference of two digests."""

    legacy_rows: int
    target_rows: int
    all: int
    """Buckets that hold a row on either side."""
    unequal: int
    seen: tuple[BucketLines, ...]
    """The unequal ones and a sample of the equal ones; empty without rows, or when all rows are exported."""
    everything: bool
    stayed: int
    """Rows in equal buckets that are not exported, the same number on both sides."""
    stayed_duplicates: int
    target_source: str
    """Version of the table that was digested; empty when it has none."""
    digests: tuple[str, str]
    """The query and the export that digested the two sides."""
    bytes: int
    """Bytes of both digests."""
    note: str = ""
    """Why all rows are exported although few buckets may differ; empty where they are not."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Its provenance (:mod:`parity.flow.provenance`), as JSON."""

    @property
    def mark(self) -> str:
        """Return twelve digits that stand for the two digests, and change with either."""
        return fingerprint("|".join(self.digests))[:12]

    @property
    def inside(self) -> tuple[int, ...]:
        """Return the numbers of the buckets whose rows are exported."""
        return tuple(one.bucket for one in self.seen)


def compare_digests(legacy: Export, target: Export, day: date) -> BucketDiff:
    """Return the difference of two digests; ``day`` picks the sample, another one each day."""
    left, right = _lines(legacy), _lines(target)
    every = sorted(left.keys() | right.keys())
    unequal = [bucket for bucket in every if left.get(bucket) != right.get(bucket)]
    different = set(unequal)
    equal = [bucket for bucket in every if bucket not in different]
    sample = [equal[day.toordinal() % len(equal)]] if equal else []
    note = _precision(left, right)
    everything = bool(note) or len(unequal) > MOST_LISTED
    equal_lines = [] if everything else [left[bucket] for bucket in equal if bucket not in sample]
    shown = [] if everything else sorted([*unequal, *sample])
    return BucketDiff(
        legacy_rows=_rows(left),
        target_rows=_rows(right),
        all=len(every),
        unequal=len(unequal),
        seen=tuple(BucketLines(bucket, left.get(bucket), right.get(bucket)) for bucket in shown),
        everything=everything,
        stayed=sum(rows for rows, _, _ in equal_lines),
        stayed_duplicates=sum(doubled for _, doubled, _ in equal_lines),
        target_source=version_of(target),
        digests=(str(legacy.source.get("query", "")), str(target.source.get("export", ""))),
        bytes=legacy.bytes + target.bytes,
        note=note,
    )


def _precision(left: Mapping[int, Line], right: Mapping[int, Line]) -> str:
    """Return why times cannot be told apart by digest: only the target has any finer than a millisecond.

    Athena rounds a Hive table's times to milliseconds when it reads them, so nearly every row would differ.
    """
    legacy, target = (sum(sums[_FINER] for _, _, sums in lines.values()) for lines in (left, right))
    if legacy or not target:
        return ""
    return (
        f"{plural(target, 'time has', 'times have')} microseconds on the target side, and none on the legacy side:"
        " Athena reads a Hive table's times in milliseconds. All rows are compared; `tolerance: 1ms` says that"
        " such a difference is none."
    )


def check_same_state(before: str, now: str, what: str) -> None:
    """Refuse an export of another version of the table than ``before``, of which ``what`` was done."""
    if now != before:
        raise ExportRefused(
            f"The target was {before or 'without a version'} when it was {what}"
            f" and is {now or 'without a version'} now.",
            remedy="Clear the activity's tasks to compare its newest state.",
        )


def check_known_state(buckets: BucketDiff, target: Export) -> None:
    """Refuse rows of a table whose version is unknown."""
    if not version_of(target) and (buckets.target_rows or target.rows):
        raise ExportRefused(
            "The target has no version, so nothing shows whether it changed since it was digested.",
            remedy="Declare mode rows, or update the helper job.",
        )


def check_digests(buckets: BucketDiff, marks: tuple[str, str]) -> None:
    """Refuse exports that were selected by other digests than those that were compared."""
    for side, mark in zip(("legacy", "target"), marks, strict=True):
        if mark != buckets.mark:
            raise ExportRefused(
                f"The {side} rows were exported for the digests {mark or 'of an unknown run'}, and those that were"
                f" compared are {buckets.mark}.",
                remedy="Clear the activity's digest tasks, with everything after them.",
            )


def version_of(export: Export) -> str:
    """Return the version of the table that an export was made from; empty when it has none.

    A source that lists no file has the same version whatever it contains.
    """
    version = str(export.source.get("version") or "")
    return "" if version == NO_FILES else version


def _rows(lines: dict[int, Line]) -> int:
    return sum(rows for rows, _, _ in lines.values())


def _lines(digest: Export) -> dict[int, Line]:
    listed = [line for path in digest.files for line in _read(path)]
    found = {bucket: (rows, doubled, tuple(sums)) for bucket, rows, doubled, *sums in listed}
    if len(found) < len(listed):
        raise ExportRefused("A digest names one bucket twice.", remedy="Clear its task to digest again.")
    return found


def _read(path: Path) -> Sequence[tuple[int, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    wanted = [column.name for column in COLUMNS]
    valid = table.column_names == wanted and all(
        pa.types.is_integer(column.type) and not column.null_count for column in table.columns
    )
    if not valid:
        raise ExportRefused(
            f"A digest has columns {', '.join(table.column_names)}, or values that are no whole numbers.",
            remedy="Clear its task to digest again.",
        )
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
