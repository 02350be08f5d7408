"""What servers of different versions spell differently and mean the same: one spelling for each. Pure.

MySQL 5.7 and MariaDB print display widths (``int(11)``), MySQL 8 does not; MariaDB quotes defaults and prints
``NULL``; ``utf8`` is an alias of ``utf8mb3``; expressions come back with other blanks, backquotes and case.
"""

from __future__ import annotations

import re

_WIDTH = re.compile(r"\b((?:tiny|small|medium|big)?int|year)\(\d+\)")
_NOW = re.compile(r"\b(?:current_timestamp|now|localtime(?:stamp)?)\b(?:\((\d*)\))?")
_INTRODUCER = re.compile(r"(?<![\w.])_(?:utf8mb4|utf8mb3|utf8|latin1|binary|ascii)(?=\s*')", re.IGNORECASE)
_LITERAL = re.compile(r"('(?:[^'\\]|''|\\.)*'|\"(?:[^\"\\]|\"\"|\\.)*\")", re.DOTALL)
_VERBATIM = re.compile(_LITERAL.pattern[:-1] + r"|--(?=\s)[^\n]*\n?|\#[^\n]*\n?|/\*.*?\*/)", re.DOTALL)
"""Literals and comments: a line comment ends where its line does, so its end must not become a blank."""
_BLANKS = re.compile(r"\s+")
_TIGHT = re.compile(r"\s*([(),=<>!+*/%;-])\s*")


def column_type(text: object) -> str:
    """Return a type without display widths, and with utf8's real name."""
    plain = str(text)
    return "".join(
        piece if at % 2 else charset(_WIDTH.sub(r"\1", piece.lower()))
        for at, piece in enumerate(_LITERAL.split(plain))
    )


def charset(text: object) -> str:
    """Return a character set or collation, with utf8 called utf8mb3."""
    return re.sub(r"\butf8(?=_|\b)(?!mb)", "utf8mb3", str(text or "").lower())


def default(value: object, extra_text: str, *, mariadb: bool) -> str:
    """Return a default: ``none``, a quoted literal, or an expression.

    MariaDB quotes literals and says NULL for none; MySQL quotes nothing, and marks expressions in ``extra``.
    """
    if value is None or (mariadb and str(value).upper() == "NULL"):
        return "none"
    text = str(value)
    if mariadb:
        return _quoted_default(text)
    if "default_generated" in extra_text.lower() or text.upper().startswith("CURRENT_TIMESTAMP"):
        return sql_text(text)
    return text if _BITS.fullmatch(text) else _quote(text)


_BITS = re.compile(r"b'[01]+'")


def _quoted_default(text: str) -> str:
    if _LITERAL.fullmatch(text):
        return _quote(text[1:-1].replace("''", "'").replace("\\'", "'"))
    return _quote(text) if re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text) or not text else sql_text(text)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def now(text: str) -> str:
    """Return ``current_timestamp(n)`` for every way to say it."""
    return _NOW.sub(lambda found: f"current_timestamp({found[1] or 0})", text)


def extra(value: object) -> str:
    """Return what else a column does: auto_increment, on update, stored or virtual."""
    text = now(str(value or "").lower().replace("default_generated", "").replace("persistent", "stored"))
    return _BLANKS.sub(" ", text).strip()


def sql_mode(value: object) -> str:
    """Return the mode that a routine runs under, in one order, without what MySQL 8 abolished."""
    return ",".join(sorted(set(str(value or "").upper().split(",")) - {"", "NO_AUTO_CREATE_USER"}))


def sql_text(value: object, database: str = "") -> str:
    """Return an expression or a body in one spelling; what is inside quotes or a comment is left alone."""
    text = _INTRODUCER.sub("", str(value or ""))
    if database:
        text = text.replace(f"`{database}`.", "")
    pieces = [
        piece if at % 2 else _TIGHT.sub(r"\1", _BLANKS.sub(" ", piece.replace("`", "").lower()))
        for at, piece in enumerate(_VERBATIM.split(text))
    ]
    return _bare(now("".join(pieces).strip().rstrip(";").strip()))


def _bare(text: str) -> str:
    """Drop parentheses round the whole."""
    while text.startswith("(") and text.endswith(")") and _closes_at_the_end(text):
        text = text[1:-1].strip()
    return text


def _closes_at_the_end(text: str) -> bool:
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return at == len(text) - 1
    return False
