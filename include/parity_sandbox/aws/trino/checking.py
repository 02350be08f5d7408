"""The last look: DuckDB's own types of a query's columns against those that the rules went by.

A rule that trusted a wrong type could give a wrong value; its column would then have another type here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlglot import exp

from parity_sandbox.aws.trino.limitation import Limitation
from parity_sandbox.aws.trino.nodes import FLOATS, INTEGERS, TEXTS, Kind, decimal_parameters
from parity_sandbox.aws.trino.translate import Translated
from parity_sandbox.aws.trino.zones import ZONED

FAMILIES = (
    (INTEGERS, re.compile(r"(TINY|SMALL|BIG|HUGE)?INT(EGER)?")),
    (FLOATS, re.compile("FLOAT|DOUBLE")),
    (TEXTS, re.compile("VARCHAR")),
    (frozenset({Kind.DATE}), re.compile("DATE")),
    (frozenset({Kind.BOOLEAN}), re.compile("BOOLEAN")),
    (frozenset({Kind.TIMESTAMP}), re.compile("TIMESTAMP")),
    (frozenset({Kind.TIMESTAMPTZ}), re.compile(re.escape(ZONED))),
)


def check_types(translated: Translated, described: Sequence[tuple[str, str]]) -> None:
    """Raise Limitation when a column's DuckDB type is not of the family, or scale, that was inferred.

    ``described`` has name and DuckDB type of every column. A type that is not known is not compared:
    what depends on it was refused before.
    """
    for select, (name, duck) in zip(translated.tree.selects, described, strict=False):
        if select.type is not None and not fits(select.type, duck):
            wanted = select.type.sql("trino")
            raise Limitation(f"the type of column {name} is {duck} where Trino has {wanted}; add a CAST")


def fits(inferred: exp.DataType, duck: str) -> bool:
    """Return whether an inferred type and DuckDB's are of one family and scale; NULL fits all."""
    if duck == '"NULL"':
        return True
    if inferred.this == Kind.DECIMAL:
        pair = decimal_parameters(inferred)
        return pair is None or re.fullmatch(rf"DECIMAL\(\d+,\s*{pair[1]}\)", duck) is not None
    wanted = next((pattern for kinds, pattern in FAMILIES if inferred.this in kinds), None)
    return wanted is None or wanted.fullmatch(duck) is not None
