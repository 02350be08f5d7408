"""How a value is written for a hash: in two ways, so that two values with one hash do not share the other.

``hash`` is DuckDB's own, of 64 bits. It was read and tried for what it hides by its structure:

- It folds the halves of a 128-bit number (1 and 2^64 share a hash) and hashes ``[]`` like ``[NULL]``: wide
  numbers and nested values are hashed by their text.
- NULL has the hash of one value of every 64-bit type (of BIGINT: -2930909409056394622): the second hash takes
  NULL as another value.
- Of a long text or bytes, the highest bits of every eighth byte can cancel those of the byte eight places on
  (16 zero bytes and the same with the bytes 7 and 15 as 0x80): the second hash is of a value shifted by one byte.
"""

from __future__ import annotations

from parity.compare.schema.rules import precision
from parity.compare.types import ValueKind

_STAND_INS = {
    "BIGINT": "5577006791947779410",
    "UBIGINT": "5577006791947779410",
    "DOUBLE": "-8.674665223082154e-127",
    "TIMESTAMP": "TIMESTAMP '1234-05-06 07:08:09.101112'",
    "TIMESTAMP_NS": "TIMESTAMP_NS '1834-05-06 07:08:09.101112131'",
}
"""What NULL is taken for in the second hash, by type."""


def hashed(kind: ValueKind, sql: str, value: str) -> tuple[str, str]:
    """Return the two ways in which ``value``, SQL of that kind and type, goes into a hash."""
    if kind is ValueKind.NESTED and "VARIANT" in sql:
        return f"({value})::VARCHAR", value  # Its text does not tell 1 from '1'; its own hash does.
    if (
        kind is ValueKind.NESTED
        or sql in ("HUGEINT", "UHUGEINT")
        or (kind is ValueKind.DECIMAL and precision(sql) > 18)
    ):
        value = f"({value})::VARCHAR"
    elif kind is ValueKind.BINARY:
        return value, f"'#'::BLOB || {value}"
    elif kind is not ValueKind.TEXT:
        stand_in = _STAND_INS.get(sql)
        return value, f"coalesce({value}, {stand_in})" if stand_in else value
    return value, f"'#' || {value}"
