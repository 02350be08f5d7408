"""One spelling for what servers of different versions print differently and mean the same. Pure.

Definitions are compared as tokens (:mod:`parity.sql.mysql_tokens`), and only what is listed here is normalised;
literals, comments and quoted names stay as they are.

=================================  ==========================================================================
What is normalised                 Why it cannot hide anything
=================================  ==========================================================================
blanks between tokens              no token begins or ends there
case of keywords                   in an expression no other word is unquoted; in a body only words that both
                                   MySQL and MariaDB reserve, which nothing can be called
``now()`` and its synonyms         one function
parentheses round the whole        there is nothing outside them
``utf8``                           alias of ``utf8mb3``
introducers of MySQL's literals    MySQL 8 adds them on its own; removed only when the other server shows none
display widths of integers         MySQL 8 no longer has them; TINYINT(1) is kept: clients read booleans there
quotes round a number as default   MySQL adds them on its own
MySQL against MariaDB only:
parentheses, MOD                   see :mod:`parity.tablediff.schema.brackets`
notation of a binary default       both are decoded to their bytes
=================================  ==========================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from parity.sql.mysql_tokens import Token, TokenKind, Tokens, closing, joined, tokens
from parity.tablediff.schema.brackets import unbracketed

_WITH_WIDTH = frozenset({"TINYINT", "SMALLINT", "MEDIUMINT", "INT", "BIGINT", "YEAR"})
_NOW = frozenset({"current_timestamp", "now", "localtime", "localtimestamp"})
_INTRODUCERS = frozenset({"_utf8mb4", "_utf8mb3", "_utf8", "_latin1", "_ascii"})
_RESERVED_BY_ALL = """
accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade
case change char character check collate column condition constraint continue convert create cross
current_date current_time current_timestamp current_user cursor databases day_hour day_microsecond day_minute
day_second dec decimal declare default delayed delete desc describe deterministic distinct distinctrow div
double drop dual each else elseif enclosed escaped exists exit explain false fetch float float4 float8 for
force foreign from fulltext grant group having high_priority hour_microsecond hour_minute hour_second if
ignore in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer interval into is
iterate join key keys kill leading leave left like limit linear lines load localtime localtimestamp lock long
longblob longtext loop low_priority match maxvalue mediumblob mediumint mediumtext middleint
minute_microsecond minute_second mod modifies natural no_write_to_binlog not null numeric on optimize
optionally or order out outer outfile partition precision primary procedure purge range read read_write reads
real references regexp release rename repeat replace require resignal restrict return revoke right rlike
schemas second_microsecond select sensitive separator set show signal smallint spatial specific sql
sql_big_result sql_calc_found_rows sql_small_result sqlexception sqlstate sqlwarning ssl starting
straight_join table terminated then tinyblob tinyint tinytext to trailing trigger true undo union unique
unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar varcharacter
varying when where while with write xor year_month zerofill
"""
RESERVED = frozenset(_RESERVED_BY_ALL.split())
"""Words that MySQL 9.7 and MariaDB 10.11 both refuse as a name without quotes, and MySQL 5.7 as well."""


@dataclass(frozen=True)
class Style:
    """How one server prints definitions, and what the other one does."""

    introducers: bool = False
    """It adds introducers to literals, and the other server does not."""
    database: str = ""
    """Its own database, whose name may differ on the other side."""
    removed_modes: frozenset[str] = frozenset()
    """SQL modes that one of the two servers no longer has."""
    folds_case: bool = False
    """One of the two servers ignores the case of tables' names."""
    other_product: bool = False
    """One server is MySQL, the other MariaDB."""


PLAIN = Style()


def column_type(found: Tokens) -> str:
    """Return a type without the display width of an integer; with ZEROFILL the width shows in its values.

    A signed TINYINT(1) keeps it: every server shows it, and clients read such a column as a boolean.
    """
    if [token.word or token.text for token in found] == ["TINYINT", "(", "1", ")"]:
        return expression(found)
    sized = len(found) > 1 and found[0].word in _WITH_WIDTH and found[1].matches("(")
    if sized and not found[-1].matches("ZEROFILL"):
        found = [found[0], *found[closing(found, 1) + 1 :]]
    return expression(found)


def charset(text: object) -> str:
    """Return a character set or collation, with utf8 called utf8mb3."""
    return re.sub(r"\butf8(?=_|\b)(?!mb)", "utf8mb3", str(text or "").lower())


def default(found: Tokens, style: Style = PLAIN) -> str:
    """Return a default: ``none``, a quoted literal, or an expression.

    MySQL puts numbers into quotes and expressions into parentheses; MariaDB does neither.
    """
    texts = [token.text for token in found]
    if not found or (len(found) == 1 and found[0].matches("NULL")):
        return "none"
    if found[-1].kind is TokenKind.NUMBER and texts[:-1] in ([], ["-"]) and not texts[-1].startswith("0x"):
        return f"'{''.join(texts)}'"
    if style.other_product and (content := _content(found)) is not None:
        plain = content.isascii() and content.decode("ascii").isprintable() and not {39, 92} & set(content)
        return f"'{content.decode('ascii')}'" if plain else f"x'{content.hex()}'"
    return expression(found, style)


_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


def _content(found: Tokens) -> bytes | None:
    """Return the bytes of a binary default: ``0x00FF`` as MySQL prints it, ``'\\0\\xff'`` as MariaDB does."""
    if len(found) != 1:
        return None
    text = found[0].text
    if found[0].kind is TokenKind.NUMBER and re.fullmatch("0x(?:[0-9A-Fa-f]{2})*", text):
        return bytes.fromhex(text[2:])
    if found[0].kind is not TokenKind.LITERAL or text[0] != "'" or "\\" not in text:
        return None
    content = b""
    for match in re.finditer(r"\\x([0-9a-f]{2})|\\(.)|''|(.)", text[1:-1], re.DOTALL):
        byte, escaped, plain = match.groups()
        letter = _ESCAPES.get(escaped, escaped) if escaped else plain or "'"
        content += bytes.fromhex(byte) if byte else letter.encode()
    return content


def extra(value: object) -> str:
    """Return what else a column does: auto_increment, on update, stored or virtual."""
    text = str(value or "").lower().replace("default_generated", "").replace("persistent", "stored")
    return joined(_now(tokens(text.replace(",", " "))))


def sql_mode(value: object, style: Style = PLAIN) -> str:
    """Return the mode that a routine runs under, in one order, with the modes that both servers have."""
    return ",".join(sorted(set(str(value or "").upper().split(",")) - {""} - style.removed_modes))


def expression(found: Tokens, style: Style = PLAIN) -> str:
    """Return an expression that a server has printed: its names are quoted, so other words are keywords."""
    if not found:
        return ""
    words = _own_database([_folded(token) for token in found], style)
    if style.introducers:
        words = _without_introducers(words)
    return joined(_bare(unbracketed(_now(words)) if style.other_product else _now(words)))


def partitioning(found: Tokens, style: Style = PLAIN) -> str:
    """Return a partition's definition, where MySQL quotes no name that needs no quotes and MariaDB all of them."""
    names = [
        Token(TokenKind.WORD, token.text[1:-1]) if re.fullmatch(r"`[A-Za-z]\w*`", token.text) else token
        for token in found
    ]
    return expression([_called(*two) for two in zip([_NOTHING, *names], names, strict=False)], style)


_NOTHING = Token(TokenKind.MARK, "")


def _called(before: Token, token: Token) -> Token:
    """Return a partition's name as one, whose case is compared."""
    named = before.matches("PARTITION", "SUBPARTITION") and not token.matches("BY")
    return token._replace(kind=TokenKind.NAME) if named else token


def query(found: Tokens, style: Style = PLAIN) -> str:
    """Return a view's query, which the server has printed with every name in quotes."""
    if style.folds_case:
        found = [t._replace(text=t.text.lower()) if t.kind is TokenKind.NAME else t for t in found]
    words = _own_database(list(found), style)
    return body(unbracketed(_now(words)) if style.other_product else words)


def body(found: Tokens) -> str:
    """Return the text of a body, where a word may be a name whose case counts."""
    words: list[Token] = []
    for token in found:
        reserved = token.kind is TokenKind.WORD and token.text.lower() in RESERVED
        named = bool(words) and words[-1].text in (".", "@")
        words.append(token._replace(text=token.text.lower()) if reserved and not named else token)
    while words and words[-1].matches(";"):
        words.pop()
    return joined(words, exact=True)


def _folded(token: Token) -> Token:
    if token.kind is not TokenKind.WORD:
        return token
    text = token.text.lower()
    return token._replace(text=re.sub(r"^(_?)utf8(?=_|$)", r"\1utf8mb3", text))


def _own_database(found: list[Token], style: Style) -> list[Token]:
    """Name the own database alike on both sides, and omit it before a table and its column.

    A server prints it there only where it cannot resolve a view, such as one whose definer does not exist.
    """
    own = f"`{style.database.replace('`', '``')}`"
    words: list[Token] = []
    at = 0
    while at < len(found):
        behind = [token.text for token in found[at + 1 : at + 4]]
        if not style.database or found[at].text != own or behind[:1] != ["."]:
            words.append(found[at])
        elif behind[2:] == ["."]:
            at += 1
        else:
            words.append(found[at]._replace(text="``"))
        at += 1
    return words


def _with_next(found: list[Token]) -> Iterator[tuple[Token, Token]]:
    """Yield each token and the one behind it; behind the last stands an empty one."""
    return zip_longest(found, found[1:], fillvalue=Token(TokenKind.MARK, ""))


def _without_introducers(found: list[Token]) -> list[Token]:
    """Drop introducers that change no character of the literal behind them."""
    return [
        token
        for token, after in _with_next(found)
        if not (
            token.kind is TokenKind.WORD
            and token.text in _INTRODUCERS
            and after.kind is TokenKind.LITERAL
            and after.text[0] == "'"
            and (after.text.isascii() or "utf8" in token.text)
        )
    ]


def _now(found: list[Token]) -> list[Token]:
    """Write ``current_timestamp(n)`` for each of its synonyms."""
    words: list[Token] = []
    at = 0
    while at < len(found):
        if found[at].kind is TokenKind.WORD and found[at].text.lower() in _NOW:
            digits, at = _precision([token.text for token in found[at + 1 : at + 4]], at)
            words += tokens(f"current_timestamp({digits})")
        else:
            words.append(found[at])
        at += 1
    return words


def _precision(behind: list[str], at: int) -> tuple[str, int]:
    """Return the fractional digits that the function at ``at`` returns, and where its call ends."""
    if behind[:2] == ["(", ")"]:
        return "0", at + 2
    if behind[:1] == ["("] and behind[2:] == [")"] and behind[1].isdigit():
        return behind[1], at + 3
    return "0", at


def _bare(found: list[Token]) -> list[Token]:
    """Drop parentheses round the whole."""
    while found and found[0].matches("(") and closing(found, 0) == len(found) - 1 and found[-1].matches(")"):
        found = found[1:-1]
    return found
