"""A table of which a server counts other rows than those that were compared cannot be equal."""

from __future__ import annotations

import pytest

from parity.errors import ExportRefused
from parity.tablediff.rows.chunk_scan import check_counts


def test_rows_that_were_not_compared_are_missed() -> None:
    check_counts("t", (3, 4), (3, 4))
    with pytest.raises(
        ExportRefused, match=r"10 rows of the target side were compared, but the same .* holds 12,000"
    ):
        check_counts("t", (12_000, 10), (12_000, 12_000))
