"""What neither DuckDB's functions nor SQL macros can say as Trino does, in Python.

Each takes and returns plain values, NULL is None, and an error is raised as Trino would raise it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from inspect import Parameter, Signature
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlsplit

from parity_sandbox.aws.trino import json_values


@dataclass(frozen=True)
class Function:
    """One scalar function as DuckDB registers it."""

    name: str
    call: Callable[..., Any]
    takes: tuple[str, ...]
    returns: str


def java_double(value: float) -> str:
    """Return a double as Java's ``Double.toString`` writes it."""
    special = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value))
    if special:
        return special
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return _plain(value)
    mantissa, exponent = _shortest(value)
    return f"{mantissa}E{exponent}"


def _plain(value: float) -> str:
    digits = repr(value)
    return digits if "e" not in digits else f"{value:.12f}".rstrip("0")


def _shortest(value: float) -> tuple[str, int]:
    digits = repr(value).lower()
    number, _, power = digits.partition("e")
    sign, number = ("-", number[1:]) if number.startswith("-") else ("", number)
    whole, _, fraction = number.partition(".")
    packed = (whole + fraction).lstrip("0")
    leading = len(whole) if whole.strip("0") else -(len(fraction) - len(fraction.lstrip("0")))
    packed = packed.rstrip("0") or "0"
    return f"{sign}{packed[0]}.{packed[1:] or '0'}", int(power or 0) + leading - 1


def _one_to_one(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return a case change, letter by letter: Trino keeps a letter that would become two."""

    def changed(value: str) -> str:
        return "".join(new if len(new := change(letter)) == 1 else letter for letter in value)

    return changed


def regexp_extract(value: str, pattern: str, group: int) -> str | None:
    """Return a group of the first match; None without one, and for a group that took no part."""
    found = re.search(pattern, value)
    return found.group(group) if found else None


def regexp_extract_all(value: str, pattern: str, group: int) -> list[str | None]:
    """Return a group of every match."""
    return [found.group(group) for found in re.finditer(pattern, value)]


JODA = {
    "yyyy": "%Y",
    "yy": "%y",
    "MMMM": "%B",
    "MMM": "%b",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "SSS": "%f",
    "a": "%p",
    "EEEE": "%A",
    "EEE": "%a",
}


def joda_to_python(pattern: str) -> str | None:
    """Return a Joda pattern in ``strftime``'s words, or None when it has a letter we do not know."""
    out: list[str] = []
    for found in re.finditer(r"'(?P<quoted>[^']*)'|(?P<letter>[A-Za-z])(?P=letter)*|[^A-Za-z']+", pattern):
        token = found.group(0)
        if found.group("quoted") is not None:
            out.append(found.group("quoted").replace("%", "%%"))
        elif found.group("letter"):
            if token not in JODA:
                return None
            out.append(JODA[token])
        else:
            out.append(token.replace("%", "%%"))
    return "".join(out)


def format_datetime(value: datetime, pattern: str) -> str:
    """Return a time by a Python pattern, ``%f`` being milliseconds."""
    return value.strftime(pattern.replace("%f", f"{value.microsecond // 1000:03d}"))


def from_base(value: str, radix: int) -> int:
    """Return the number that ``value`` writes in ``radix``."""
    return int(value, radix)


def to_base(value: int, radix: int) -> str:
    """Return ``value`` written in ``radix``, in lower case."""
    digits, rest = "", abs(value)
    while rest:
        rest, digit = divmod(rest, radix)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return ("-" if value < 0 else "") + (digits or "0")


def url_parameter(url: str, name: str) -> str | None:
    """Return the first value of a query parameter, decoded."""
    for key, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if key == name:
            return value
    return None


def levenshtein(left: str, right: str) -> int:
    """Return the edit distance in code points."""
    row = list(range(len(right) + 1))
    for i, one in enumerate(left, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(right, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (one != other))
    return row[-1]


def hamming(left: str, right: str) -> int:
    """Return in how many places two texts of one length differ."""
    if len(left) != len(right):
        raise ValueError(
            "INVALID_FUNCTION_ARGUMENT: The input strings to hamming_distance must have the same length"
        )
    return sum(one != other for one, other in zip(left, right, strict=True))


def soundex(value: str) -> str:
    """Return the four-letter Soundex code."""
    codes = {
        letter: str(code)
        for code, group in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1)
        for letter in group
    }
    letters = [letter for letter in value.upper() if "A" <= letter <= "Z"]
    if not letters:
        return ""
    out, last = letters[0], codes.get(letters[0], "")
    for letter in letters[1:]:
        code = codes.get(letter, "")
        if code and code != last:
            out += code
        if letter not in "HW":
            last = code
    return (out + "000")[:4]


def human_seconds(seconds: float) -> str:
    """Return a duration in weeks, days, hours, minutes and seconds."""
    rest, words = int(seconds), []
    for unit, size in (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        amount, rest = divmod(rest, size)
        if amount:
            words.append(f"{amount} {unit}{'s' if amount > 1 else ''}")
    return ", ".join(words) or "0 seconds"


def check(fits: bool, message: str) -> bool:
    """Raise ``message`` unless it fits; unlike DuckDB's own error(), TRY can catch it."""
    if not fits:
        raise ValueError(message)
    return True


def registrable(function: Function) -> Callable[..., Any]:
    """Return the call with NULL passing through, and with the signature that DuckDB counts arguments by."""

    def passing(*args: Any) -> Any:
        return None if any(arg is None for arg in args) else function.call(*args)

    names = (Parameter(f"a{place}", Parameter.POSITIONAL_ONLY) for place in range(len(function.takes)))
    passing.__signature__ = Signature(list(names))  # type: ignore[attr-defined]
    return passing


def _digest(algorithm: str) -> Callable[[bytes], bytes]:
    return lambda value: hashlib.new(algorithm, value, usedforsecurity=False).digest()


TEXT, BIG, BLOB = "VARCHAR", "BIGINT", "BLOB"

FUNCTIONS = (
    Function("t_double_text", java_double, ("DOUBLE",), TEXT),
    Function("t_upper", _one_to_one(str.upper), (TEXT,), TEXT),
    Function("t_lower", _one_to_one(str.lower), (TEXT,), TEXT),
    Function("t_regexp_extract", regexp_extract, (TEXT, TEXT, BIG), TEXT),
    Function("t_regexp_extract_all", regexp_extract_all, (TEXT, TEXT, BIG), "VARCHAR[]"),
    Function("t_format_datetime", format_datetime, ("TIMESTAMP", TEXT), TEXT),
    Function("t_from_base", from_base, (TEXT, BIG), BIG),
    Function("t_to_base", to_base, (BIG, BIG), TEXT),
    Function("t_crc32", binascii.crc32, (BLOB,), BIG),
    Function("t_sha1", _digest("sha1"), (BLOB,), BLOB),
    Function("t_sha256", _digest("sha256"), (BLOB,), BLOB),
    Function("t_sha512", _digest("sha512"), (BLOB,), BLOB),
    Function("t_to_base64", lambda value: base64.b64encode(value).decode(), (BLOB,), TEXT),
    Function("t_from_base64", lambda value: base64.b64decode(value, validate=True), (TEXT,), BLOB),
    Function("t_normalize", lambda value: unicodedata.normalize("NFC", value), (TEXT,), TEXT),
    Function("t_url_host", lambda url: urlsplit(url).hostname or "", (TEXT,), TEXT),
    Function("t_url_path", lambda url: urlsplit(url).path, (TEXT,), TEXT),
    Function("t_url_query", lambda url: urlsplit(url).query, (TEXT,), TEXT),
    Function("t_url_protocol", lambda url: urlsplit(url).scheme, (TEXT,), TEXT),
    Function("t_url_fragment", lambda url: urlsplit(url).fragment, (TEXT,), TEXT),
    Function("t_url_parameter", url_parameter, (TEXT, TEXT), TEXT),
    Function("t_url_encode", lambda value: quote_plus(value, safe="-_.*").replace("~", "%7E"), (TEXT,), TEXT),
    Function("t_url_decode", unquote_plus, (TEXT,), TEXT),
    Function("t_reverse", lambda value: value[::-1], (TEXT,), TEXT),
    Function("t_levenshtein", levenshtein, (TEXT, TEXT), BIG),
    Function("t_hamming", hamming, (TEXT, TEXT), BIG),
    Function("t_soundex", soundex, (TEXT,), TEXT),
    Function("t_human_seconds", human_seconds, ("DOUBLE",), TEXT),
    Function("t_check", check, ("BOOLEAN", TEXT), "BOOLEAN"),
    Function("t_json_scalar", json_values.extract_scalar, (TEXT, TEXT), TEXT),
    Function("t_json_extract", json_values.extract, (TEXT, TEXT), "JSON"),
    Function("t_json_parse", json_values.parse, (TEXT,), "JSON"),
    Function("t_json_size", json_values.size, (TEXT, TEXT), BIG),
    Function("t_json_array_length", json_values.array_length, (TEXT,), BIG),
)
