"""Result files, as Athena leaves them in S3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parity_sandbox.aws.athena.query import Query, Result, Row
from parity_sandbox.aws.s3.paths import Disk


def csv_line(row: Row) -> str:
    """Return a line with every value quoted; NULL is nothing, an empty text is a pair of quotes."""
    return ",".join("" if value is None else '"' + value.replace('"', '""') + '"' for value in row) + "\n"


def csv_lines(result: Result) -> Iterator[str]:
    """Yield the CSV of a result, names first."""
    yield csv_line([column.name for column in result.columns])
    for row in result.rows:
        yield csv_line(row)


def text_lines(result: Result) -> Iterator[str]:
    """Yield the text of a result: tabs between values."""
    for row in result.rows:
        yield "\t".join(value or "" for value in row) + "\n"


def keep(query: Query, result: Result, disk: Disk) -> Result:
    """Write a result's file and its ``.metadata``, and return the result with its location."""
    base = f"{query.request.output}/{query.id}"
    if result.header:
        return _written(disk, replace(result, location=f"{base}.csv"), csv_lines(result))
    if result.statement in ("UTILITY", "DDL") and result.substatement != "CREATE_TABLE_AS_SELECT":
        return _written(disk, replace(result, location=f"{base}.txt"), text_lines(result))
    return replace(result, location=base)


def _written(disk: Disk, result: Result, lines: Iterable[str]) -> Result:
    path = disk.path(result.location)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    path.with_name(path.name + ".metadata").write_bytes(b"\x12")
    return result
