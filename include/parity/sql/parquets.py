"""How DuckDB reads exactly the Parquet files that are named, whatever they say of their values."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

UNBELIEVED = "statistics_propagation"
"""The optimizer to disable: minima and maxima in a footer decide which rows are read, and they may be wrong."""


def read_parquet(files: Iterable[Path]) -> str:
    """Return what follows FROM to read ``files``; a name with ``*``, ``?`` or ``[`` in it is no pattern."""
    listed = ", ".join(_literal(file) for file in files)
    return f"read_parquet([{listed}], union_by_name = false, hive_partitioning = false, can_have_nan = true)"


def _literal(file: Path) -> str:
    path = re.sub(r"([*?\[])", r"[\1]", str(file))
    return "'" + path.replace("'", "''") + "'"
