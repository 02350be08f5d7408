"""Conditional requests: If-Match, If-None-Match and the two by time."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from parity_sandbox.azure.storage.disk import Place, etag, modified
from parity_sandbox.azure.storage.wire import Ask, StorageError

FAILED = "The condition specified using HTTP conditional header(s) is not met."


class NotModified(Exception):
    """The caller has the content already; 304."""


def check_write(ask: Ask, place: Place) -> None:
    """Raise StorageError unless the conditions allow a change."""
    exists = place.file.exists()
    if ask.headers.get("if-none-match") == "*" and exists:
        code = "PathAlreadyExists" if ask.dfs else "BlobAlreadyExists"
        raise StorageError(409, code, "The specified blob already exists.")
    wanted = ask.headers.get("if-match")
    if wanted and not (exists and _matches(wanted, place)):
        raise StorageError(412, "ConditionNotMet", FAILED)
    unwanted = ask.headers.get("if-none-match")
    if unwanted and exists and _matches(unwanted, place):
        raise StorageError(412, "ConditionNotMet", FAILED)
    if exists and _changed_since(ask, place, "if-unmodified-since"):
        raise StorageError(412, "ConditionNotMet", FAILED)


def check_read(ask: Ask, place: Place) -> None:
    """Raise StorageError or NotModified unless the conditions allow to answer with the content."""
    wanted, unwanted = ask.headers.get("if-match"), ask.headers.get("if-none-match")
    if wanted and not _matches(wanted, place):
        raise StorageError(412, "ConditionNotMet", FAILED)
    if unwanted and _matches(unwanted, place):
        raise NotModified
    if _changed_since(ask, place, "if-unmodified-since"):
        raise StorageError(412, "ConditionNotMet", FAILED)
    if "if-modified-since" in ask.headers and not _changed_since(ask, place, "if-modified-since"):
        raise NotModified


def _matches(tags: str, place: Place) -> bool:
    current = etag(place.file).strip('"')
    return tags == "*" or current in (tag.strip().removeprefix("W/").strip('"') for tag in tags.split(","))


def _changed_since(ask: Ask, place: Place, name: str) -> bool:
    return name in ask.headers and _time(modified(place.file)) > _time(ask.headers[name])


def _time(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise StorageError(400, "InvalidHeaderValue", f"The value {text!r} is not a date.") from error
