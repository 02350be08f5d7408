"""What neither DuckDB's functions nor SQL macros can say as Trino does, in Python.

Each takes and returns plain values, NULL is None, and an error is raised as Trino would raise it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import math
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from inspect import Parameter, Signature
from typing import Any
from urllib.parse import parse_qsl, quote_plus, unquote, unquote_plus, urlsplit

from parity_sandbox.aws.trino import json_values, zones
from parity_sandbox.aws.trino.doubles import scientific


@dataclass(frozen=True)
class Function:
    """One scalar function as DuckDB registers it."""

    name: str
    call: Callable[..., Any]
    takes: tuple[str, ...]
    returns: str


SINGLE = {"İ": "i"}


def _one_to_one(change: Callable[[str], str]) -> Callable[[str], str]:
    """Return a case change, letter by letter: Trino keeps a letter that would become two."""

    def changed(value: str) -> str:
        return "".join(new if len(new := change(letter)) == 1 else SINGLE.get(letter, letter) for letter in value)

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
            out.append((found.group("quoted") or "'").replace("%", "%%"))
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
    if not 2 <= radix <= 36 or not re.fullmatch("[+-]?[0-9A-Za-z]+", value):
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid base-{radix} number: {value}")
    number = int(value, radix)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid base-{radix} number: {value}")
    return number


def to_base(value: int, radix: int) -> str:
    """Return ``value`` written in ``radix``, in lower case."""
    if not 2 <= radix <= 36:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: Radix must be between 2 and 36")
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


def shifted(value: int, amount: int, width: int, direction: str) -> int:
    """Shift an integer of ``width`` bits left, right (filling with zeros) or arithmetically right."""
    if amount < 0:
        amount = width  # Java reads it as a large one
    pattern = value % 2**width
    moved = {
        "left": (pattern << min(amount, width)) % 2**width,
        "right": pattern >> amount,
        "arithmetic": (value >> amount) % 2**width,
    }[direction]
    return int(moved - 2**width if moved >= 2 ** (width - 1) else moved)


def bit_count(value: int, bits: int) -> int:
    """Return how many bits are set in the two's complement of ``bits`` bits."""
    if not 2 <= bits <= 64:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: Bits specified in bit_count must be between 2 and 64")
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise ValueError("INVALID_FUNCTION_ARGUMENT: Number must be representable with the bits specified")
    return int(value % 2**bits).bit_count()


def nth_position(text: str, part: str, nth: int) -> int:
    """Return where the n-th occurrence of ``part`` begins, from the end when negative; 0 for none."""
    if nth == 0:
        raise ValueError("INVALID_FUNCTION_ARGUMENT: 'instance' must be non-zero")
    if not part:
        return 1
    found = [place for place in range(len(text)) if text.startswith(part, place)]
    place = nth - 1 if nth > 0 else nth
    return found[place] + 1 if -len(found) <= place < len(found) else 0


def luhn_check(digits: str) -> bool:
    """Return whether a string of digits ends in its check digit."""
    if not digits:
        return False
    if not re.fullmatch("[0-9]+", digits):
        raise ValueError("INVALID_FUNCTION_ARGUMENT: the input is no string of digits")
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(sum(divmod(one, 10)) for one in doubled) % 10 == 0


def chr_of(code: int) -> str:
    """Return the letter of a code point."""
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Not a valid Unicode code point: {code}")
    return chr(code)


def _url_part(name: str) -> Callable[[str], str | None]:
    """Return a function that gives a part of a URL, decoded as java.net.URI decodes it; None for no URL."""

    def part(url: str) -> str | None:
        if re.search(r"[\s\[\]<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})", url):
            if "[" in url:
                raise ValueError(f"sandbox limitation: the URL {url}")
            return None
        found = getattr(urlsplit(url), name)
        if name == "netloc":
            return re.sub(r":\d*$", "", found.rpartition("@")[2])
        return url.partition(":")[0] if name == "scheme" and found else unquote(found)

    return part


def url_decode(text: str) -> str:
    """Return a text with ``%xx`` and ``+`` decoded; what is no code is an error."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError(f"INVALID_FUNCTION_ARGUMENT: Illegal hex characters in escape (%) pattern: {text}")
    return unquote_plus(text)


def from_utf8(value: bytes) -> str:
    """Return the text of bytes that are UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise ValueError("sandbox limitation: from_utf8 of bytes that are no UTF-8") from error


def substr_bytes(value: bytes, start: int, length: int) -> bytes:
    """Return some bytes, counted from 1, or from the end when negative."""
    first = start - 1 if start > 0 else len(value) + start
    return value[first : first + length] if start and first >= 0 and length > 0 else b""


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def url_port(url: str) -> int | None:
    """Return the port of a URL."""
    return urlsplit(url).port


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
    if not value.isascii():
        raise ValueError("INVALID_FUNCTION_ARGUMENT: soundex of other than ASCII")
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
    rest, words = math.floor(abs(seconds) + 0.5), []
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


def _keyed(algorithm: str) -> Callable[[bytes, bytes], bytes]:
    return lambda value, key: hmac.digest(key, value, algorithm)


def combinations(values: list[Any], size: int) -> list[list[Any]]:
    """Return the choices of ``size`` elements, in Trino's order."""
    chosen = itertools.combinations(range(len(values)), size)
    return [[values[place] for place in one] for one in sorted(chosen, key=lambda one: one[::-1])]


TEXT, BIG, BLOB = "VARCHAR", "BIGINT", "BLOB"

FUNCTIONS = (
    Function("t_double_text", scientific, ("DOUBLE",), TEXT),
    Function("t_shift", shifted, (BIG, BIG, BIG, TEXT), BIG),
    Function("t_bit_count", bit_count, (BIG, BIG), BIG),
    Function("t_nth", nth_position, (TEXT, TEXT, BIG), BIG),
    Function("t_luhn", luhn_check, (TEXT,), "BOOLEAN"),
    Function("t_chr", chr_of, (BIG,), TEXT),
    Function("t_url_port", url_port, (TEXT,), BIG),
    Function("t_hmac_md5", _keyed("md5"), (BLOB, BLOB), BLOB),
    Function("t_hmac_sha1", _keyed("sha1"), (BLOB, BLOB), BLOB),
    Function("t_hmac_sha256", _keyed("sha256"), (BLOB, BLOB), BLOB),
    Function("t_hmac_sha512", _keyed("sha512"), (BLOB, BLOB), BLOB),
    Function("t_to_base64url", lambda value: base64.urlsafe_b64encode(value).decode(), (BLOB,), TEXT),
    Function("t_to_base32", lambda value: base64.b32encode(value).decode(), (BLOB,), TEXT),
    Function("t_big_endian_64", lambda value: struct.pack(">q", value), (BIG,), BLOB),
    Function("t_big_endian_32", lambda value: struct.pack(">i", value), (BIG,), BLOB),
    Function("t_from_big_endian_64", lambda value: struct.unpack(">q", value)[0], (BLOB,), BIG),
    Function("t_ieee754_64", lambda value: struct.pack(">d", value), ("DOUBLE",), BLOB),
    Function("t_reverse_bytes", lambda value: value[::-1], (BLOB,), BLOB),
    Function(
        "t_regexp_like", lambda value, pattern: re.search(pattern, value) is not None, (TEXT, TEXT), "BOOLEAN"
    ),
    Function("t_combinations", combinations, ("VARCHAR[]", BIG), "VARCHAR[][]"),
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
    Function("t_from_base64", lambda value: base64.b64decode(_padded(value), validate=True), (TEXT,), BLOB),
    Function("t_from_utf8", from_utf8, (BLOB,), TEXT),
    Function("t_substr_bytes", substr_bytes, (BLOB, BIG, BIG), BLOB),
    Function("t_url_decode", url_decode, (TEXT,), TEXT),
    Function("t_normalize", lambda value: unicodedata.normalize("NFC", value), (TEXT,), TEXT),
    Function("t_url_host", _url_part("netloc"), (TEXT,), TEXT),
    Function("t_url_path", _url_part("path"), (TEXT,), TEXT),
    Function("t_url_query", _url_part("query"), (TEXT,), TEXT),
    Function("t_url_protocol", _url_part("scheme"), (TEXT,), TEXT),
    Function("t_url_fragment", _url_part("fragment"), (TEXT,), TEXT),
    Function("t_url_parameter", url_parameter, (TEXT, TEXT), TEXT),
    Function("t_url_encode", lambda value: quote_plus(value, safe="-_.*").replace("~", "%7E"), (TEXT,), TEXT),
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
    *(Function(*one) for one in zones.FUNCTIONS),
)
