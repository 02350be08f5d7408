"""Redacts what a cloud's error message may quote from a row, before an alert sends it elsewhere.

The results store and Airflow's logs have the whole text, behind a login. Only what is recognisable by its form is
redacted: mail addresses, account numbers (IBAN) and card numbers (13 to 19 digits with a right check digit).
"""

from __future__ import annotations

import re

HIDDEN = "•••"
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")


def redact(text: str) -> str:
    """Return ``text`` without what looks like a person's address, account or card."""
    return _CARD.sub(_card, _IBAN.sub(HIDDEN, _MAIL.sub(HIDDEN, text)))


def _card(found: re.Match[str]) -> str:
    return HIDDEN if _checks(re.sub(r"\D", "", found[0])) else found[0]


def _checks(digits: str) -> bool:
    """Return whether the last digit is the check digit of the others, as Luhn computes it."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
