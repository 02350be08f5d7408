"""Dates as the expression language writes them: ISO texts with seven digits, and .NET format strings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from parity_sandbox.azure.adf.expressions.errors import ExpressionError

DEFAULT = "yyyy-MM-ddTHH:mm:ss.fffffffZ"
STANDARD = {
    "o": DEFAULT,
    "O": DEFAULT,
    "s": "yyyy-MM-ddTHH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "r": "ddd, dd MMM yyyy HH:mm:ss GMT",
}
PIECE = re.compile(
    r"'[^']*'|\\.|y{1,4}|M{1,4}|d{1,4}|H{1,2}|h{1,2}|m{1,2}|s{1,2}|f{1,7}|t{1,2}|z{1,3}|K|.", re.DOTALL
)
PIECES: Mapping[str, Callable[[datetime], str]] = {
    "yyyy": lambda at: f"{at.year:04}",
    "yy": lambda at: f"{at.year % 100:02}",
    "MMMM": lambda at: f"{at:%B}",
    "MMM": lambda at: f"{at:%b}",
    "MM": lambda at: f"{at.month:02}",
    "M": lambda at: f"{at.month}",
    "dddd": lambda at: f"{at:%A}",
    "ddd": lambda at: f"{at:%a}",
    "dd": lambda at: f"{at.day:02}",
    "d": lambda at: f"{at.day}",
    "HH": lambda at: f"{at.hour:02}",
    "H": lambda at: f"{at.hour}",
    "hh": lambda at: f"{(at.hour - 1) % 12 + 1:02}",
    "h": lambda at: f"{(at.hour - 1) % 12 + 1}",
    "mm": lambda at: f"{at.minute:02}",
    "m": lambda at: f"{at.minute}",
    "ss": lambda at: f"{at.second:02}",
    "s": lambda at: f"{at.second}",
    "tt": lambda at: f"{at:%p}",
    "zzz": lambda _at: "+00:00",
    "K": lambda _at: "Z",
}


def read(text: object) -> datetime:
    """Return the moment that an ISO text names; without an offset it is UTC."""
    if not isinstance(text, str):
        raise ExpressionError(f"The value '{text}' is not a date and time text.")
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        at = datetime.fromisoformat(shortened)
    except ValueError as error:
        raise ExpressionError(f"The value '{text}' is not a date and time that can be read.") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def write(at: datetime, form: str = DEFAULT) -> str:
    """Return ``at`` in a .NET format; what is not a letter of the format stands for itself."""
    return "".join(_piece(at, piece) for piece in PIECE.findall(STANDARD.get(form, form)))


def _piece(at: datetime, piece: str) -> str:
    if piece in PIECES:
        return PIECES[piece](at)
    if piece.startswith("f"):
        return f"{at.microsecond:06}0"[: len(piece)]
    if piece.startswith(("'", "\\")):
        return piece[1:].removesuffix("'") if piece[0] == "'" else piece[1:]
    if re.fullmatch(r"[yMdHhmsz]+", piece) or piece == "t":
        raise ExpressionError(f"sandbox limitation: the date format piece '{piece}' is not supported.")
    return piece


def shift(unit: str) -> Callable[..., str]:
    """Return the function that adds ``unit`` (days, hours, minutes, seconds) to a date text."""

    def add(text: str, amount: float, form: str = DEFAULT) -> str:
        return write(read(text) + timedelta(**{unit: amount}), form)

    return add


def add_months(text: str, months: int, form: str = DEFAULT) -> str:
    """Return the same day ``months`` later, or the month's last when it is shorter."""
    at = read(text)
    index = at.year * 12 + at.month - 1 + months
    first = at.replace(year=index // 12, month=index % 12 + 1, day=1)
    last = ((first + timedelta(days=32)).replace(day=1) - timedelta(days=1)).day
    return write(first.replace(day=min(at.day, last)), form)


def start(unit: str) -> Callable[..., str]:
    """Return the function that goes back to the start of the ``unit``: hour, day or month."""
    zero = {"microsecond": 0, "second": 0, "minute": 0}
    fields = {"hour": zero, "day": {**zero, "hour": 0}, "month": {**zero, "hour": 0, "day": 1}}[unit]

    def back(text: str, form: str = DEFAULT) -> str:
        at = read(text)
        return write(at.replace(**fields), form)  # type: ignore[arg-type]

    return back
