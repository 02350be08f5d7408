"""How a value is written for its two hashes, by kind and type."""

from __future__ import annotations

import pytest

from parity.compare.schema.rules import hashed
from parity.compare.types import ValueKind

TEXT_OF = ("(v)::VARCHAR", "'#' || (v)::VARCHAR")


@pytest.mark.parametrize(
    ("kind", "sql", "ways"),
    [
        (ValueKind.INTEGER, "INTEGER", ("v", "v")),
        (ValueKind.INTEGER, "BIGINT", ("v", "coalesce(v, 5577006791947779410)")),
        (ValueKind.INTEGER, "UBIGINT", ("v", "coalesce(v, 5577006791947779410)")),
        (ValueKind.FLOAT, "DOUBLE", ("v", "coalesce(v, -8.674665223082154e-127)")),
        (ValueKind.TIMESTAMP, "TIMESTAMP", ("v", "coalesce(v, TIMESTAMP '1234-05-06 07:08:09.101112')")),
        (
            ValueKind.TIMESTAMP,
            "TIMESTAMP_NS",
            ("v", "coalesce(v, TIMESTAMP_NS '1834-05-06 07:08:09.101112131')"),
        ),
        (ValueKind.BOOLEAN, "BOOLEAN", ("v", "v")),
        (ValueKind.TEXT, "VARCHAR", ("v", "'#' || v")),
        (ValueKind.BINARY, "BLOB", ("v", "'#'::BLOB || v")),
        # A hash folds the halves of 128 bits, and takes [] for [NULL].
        (ValueKind.INTEGER, "HUGEINT", TEXT_OF),
        (ValueKind.INTEGER, "UHUGEINT", TEXT_OF),
        (ValueKind.DECIMAL, "DECIMAL(18,2)", ("v", "v")),
        (ValueKind.DECIMAL, "DECIMAL(19,2)", TEXT_OF),
        (ValueKind.NESTED, "INTEGER[]", TEXT_OF),
        # Its text is the same for 1 and '1'.
        (ValueKind.NESTED, "VARIANT[]", ("(v)::VARCHAR", "v")),
    ],
)
def test_a_value_goes_into_its_two_hashes(kind: ValueKind, sql: str, ways: tuple[str, str]) -> None:
    assert hashed(kind, sql, "v") == ways
