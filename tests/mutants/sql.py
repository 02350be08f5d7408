"""Mutations of the SQL inside strings, where mutmut changes nothing and this product decides most."""

from __future__ import annotations

import re
from collections.abc import Iterator

SWAPS = (
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT DISTINCT FROM\b", "IS DISTINCT FROM"),
    (r"\bIS DISTINCT FROM\b", "IS NOT DISTINCT FROM"),
    (r"\bNOT (?=IN\b|BETWEEN\b|\()", ""),
    (r"(?<!NOT )\bIN (?=\()", "NOT IN ("[:-1]),
    (r"(?<!NOT )\bBETWEEN\b", "NOT BETWEEN"),
    (r"\bAND\b", "OR"),
    (r"\bOR\b(?! REPLACE)", "AND"),
    (r"\bUNION ALL\b", "UNION"),
    (r"\bUNION\b(?! ALL)", "UNION ALL"),
    (r"\bDISTINCT (?!FROM)", ""),
    (r"\bFULL OUTER JOIN\b", "LEFT JOIN"),
    (r"\bLEFT JOIN\b", "JOIN"),
    (r"\bDESC\b", "ASC"),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r"\bleast\(", "greatest("),
    (r"\bgreatest\(", "least("),
    (r"\babs\(", "("),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
    (r" <= ", " < "),
    (r" < ", " <= "),
    (r" >= ", " > "),
    (r" > ", " >= "),
    (r" <> ", " = "),
    (r" = ", " <> "),
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* ", " + "),
    (r"(?<![\w.«{'%$:])\d+(?![\w.»}'%:])", None),
)
"""What is sought, and what stands in its place; None for a number, which grows by one."""

_SQL = re.compile(
    r"«|\b(SELECT|FROM|WHERE|JOIN|CASE|WHEN|THEN|COALESCE|BETWEEN|UNION|PARTITION|IS (NOT )?NULL|DISTINCT"
    r"|TRY_CAST|CAST|TRY|FILTER|GROUP BY|ORDER BY|COPY|CREATE|INSERT|UPDATE|DELETE|SET)\b|\bNOT \(|::[A-Z]|\w\("
    r"| AND | OR | IN \("
)


def is_sql(text: str) -> bool:
    """Return whether a string reads as SQL; prose has no keyword in capitals and calls no function."""
    return bool(_SQL.search(text))


def changed(text: str) -> Iterator[str]:
    """Yield the text with one thing changed, once for each thing that can be."""
    for pattern, other in SWAPS:
        for match in re.finditer(pattern, text):
            instead = str(int(match[0]) + 1) if other is None else other
            yield text[: match.start()] + instead + text[match.end() :]
