"""What names of tables and columns suggest. A name alone never makes a guess certain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from parity.sql.columns import Kind

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SHORT = {
    "acct": "account",
    "addr": "address",
    "amnt": "amount",
    "amt": "amount",
    "bal": "balance",
    "ccy": "currency",
    "cd": "code",
    "cnt": "count",
    "cntry": "country",
    "cur": "currency",
    "curr": "currency",
    "cust": "customer",
    "desc": "description",
    "dob": "birth",
    "dt": "date",
    "mail": "email",
    "merch": "merchant",
    "nbr": "number",
    "no": "number",
    "num": "number",
    "pct": "percent",
    "prod": "product",
    "qty": "quantity",
    "ref": "reference",
    "seq": "sequence",
    "tel": "phone",
    "tm": "time",
    "trx": "transaction",
    "ts": "timestamp",
    "txn": "transaction",
    "ver": "version",
}
_LAYERS = _set("tbl table fact fct dim stg staging raw daily bronze silver gold curated legacy new t v")
"""Words of a table's name that say where it stands, not what it holds."""
_IDENTIFIERS = _set("id key uuid guid number reference code identifier")
_OWN_IDENTIFIERS = _set("id uuid guid")
_ORDINALS = _set(
    "sequence line attempt version revision part position rank index item step leg split instalment installment"
    " row sub valid effective occurrence round"
)
"""Words of columns that number several rows of one thing: without them a key may be unique by chance alone."""
_MONEY = _set(
    "amount price fee cost balance gross net spend revenue charge tax payout refund refunded charged paid due"
    " commission subtotal premium"
)
_NO_MONEY = _set("rate share ratio percent bps count quantity per fx number code id score")
_SENSITIVE = _set(
    "email iban bic pan phone mobile address street birth ssn passport contact password secret beneficiary"
    " surname holder"
)
_OF_PERSONS = _set("first last full family given middle legal maiden")
_DATES = _set("business settlement snapshot load process processing posting booking register spend as")


@lru_cache(maxsize=8192)
def words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, well-known abbreviations written out."""
    found = [word.lower() for word in _WORD.findall(name)]
    return tuple(_SHORT.get(word, word) for word in found)


@lru_cache(maxsize=65536)
def likeness(one: str, other: str) -> float:
    """Return how alike two names are, from 0 to 1."""
    left, right = words(one), words(other)
    if "".join(left) == "".join(right):
        return 1.0
    if not left or not right:
        return 0.0
    best = [max(_word_likeness(word, near) for near in right) for word in left]
    back = [max(_word_likeness(word, near) for near in left) for word in right]
    return (sum(best) + sum(back)) / (len(left) + len(right))


@lru_cache(maxsize=65536)
def _word_likeness(one: str, other: str) -> float:
    if one == other or singular(one) == singular(other):
        return 1.0
    short, long = sorted((one, other), key=len)
    if len(short) >= 3 and long.startswith(short):
        return 0.8
    ratio = SequenceMatcher(None, one, other).ratio()
    return ratio * 0.8 if ratio >= 0.75 else 0.0


def singular(word: str) -> str:
    """Return a noun without the ending of its plural."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def entity(table: str) -> tuple[str, ...]:
    """Return what each row of a table is, as words: ``settled_card_payments`` → settled, card, payment."""
    found = [singular(word) for word in words(table.rpartition(".")[2]) if word not in _LAYERS]
    for at, word in enumerate(found):
        if word in ("by", "per", "of"):
            return tuple(found[:at])
    return tuple(found)


def is_identifier(name: str) -> bool:
    """Return whether a column is named like an identifier of something."""
    return bool(words(name)) and words(name)[-1] in _IDENTIFIERS


def identifies(column: str, table: str) -> bool:
    """Return whether a column is named as the identifier of a table's own rows: ``id``, or its noun and id."""
    found = words(column)
    if not found or found[-1] not in _OWN_IDENTIFIERS:
        return False
    noun = tuple(singular(word) for word in found[:-1])
    own = entity(table)
    return not noun or (len(noun) <= len(own) and own[len(own) - len(noun) :] == noun)


def is_about(column: str, table: str) -> bool:
    """Return whether a column's name has the noun of the table's own rows."""
    own = entity(table)
    return bool(own) and own[-1] in {singular(word) for word in words(column)}


def is_ordinal(name: str) -> bool:
    """Return whether a column numbers or dates several rows of one thing."""
    return bool(_ORDINALS & set(words(name)))


def is_money(name: str, kind: Kind) -> bool:
    """Return whether a column is named like an amount of money."""
    found = set(words(name))
    return kind in (Kind.DECIMAL, Kind.FLOAT) and bool(found & _MONEY) and not found & _NO_MONEY


def currency_of(name: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Return what may be the currency of an amount: a code in its name, else the columns of currencies."""
    if code := next((word for word in words(name) if word in _CODES), ""):
        return (code.upper(),)
    named = [one for one in columns if "currency" in words(one)]
    plain = [one for one in named if words(one) == ("currency",)]
    return tuple(plain or named)


_CODES = _set("eur usd gbp chf jpy sek nok dkk pln cad aud")


def is_sensitive(name: str, kind: Kind) -> bool:
    """Return whether a column is named like what must not be shown of a person or an account."""
    found = words(name)
    if kind not in (Kind.TEXT, Kind.DATE, Kind.UNKNOWN):
        return False
    person = "name" in found and bool(_OF_PERSONS & set(found))
    account = found[-2:] in (("account", "number"), ("card", "number"), ("tax", "number"))
    return bool(_SENSITIVE & set(found)) or person or account


def is_business_date(name: str) -> bool:
    """Return whether a column is named like the date of a run."""
    found = words(name)
    return found in (("date",), ("day",)) or (found[-1:] == ("date",) and bool(_DATES & set(found)))


def best(name: str, known: Sequence[str], least: float) -> tuple[str, ...]:
    """Return the names that are most like ``name``: one, several that are equally so, or none."""
    scored = {one: likeness(name, one) for one in known}
    top = max(scored.values(), default=0.0)
    return tuple(one for one, score in scored.items() if score >= max(least, top - 0.05)) if top >= least else ()
