"""A type that the rules went by and DuckDB's own must agree."""

from __future__ import annotations

import pytest

from parity_sandbox.aws import trino

LAKE = {"lake": {"pay": {"id": "BIGINT", "amount": "DECIMAL(18, 2)", "ref": "VARCHAR"}}}


def test_a_column_of_another_family_or_scale_is_refused() -> None:
    translated = trino.translate(trino.parse("SELECT sum(amount) AS total FROM lake.pay"), LAKE)
    trino.check_types(translated, [("total", "DECIMAL(38,2)")])
    for other in ("DOUBLE", "DECIMAL(38,4)", "HUGEINT"):
        with pytest.raises(trino.Limitation, match="column total"):
            trino.check_types(translated, [("total", other)])


def test_what_depends_on_an_unknown_type_is_refused() -> None:
    with pytest.raises(trino.Limitation, match="add a CAST"):
        trino.translate(
            trino.parse("SELECT mystery / 2 FROM lake.other"), {"lake": {"other": {"mystery": "UNKNOWN"}}}
        )


def test_columns_keep_their_types_through_ctes_and_unions() -> None:
    both = "SELECT amount AS x FROM lake.pay UNION ALL SELECT amount FROM lake.pay"
    sql = f"WITH a AS ({both}) SELECT avg(x) / 2 FROM a"
    translated = trino.translate(trino.parse(sql), LAKE)
    trino.check_types(translated, [("_col0", "DECIMAL(38,2)")])
