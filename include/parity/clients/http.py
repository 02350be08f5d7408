"""The only client of everything that speaks HTTP.

Every call has time-outs, a credential and a retry policy; a decision to retry is a reason (a sentence for
the log) or None. A POST is *once* unless its caller declares it idempotent, and a *once* request is repeated only
when the other side certainly did nothing with it.

What finally fails becomes a class of :mod:`parity.errors`, by the tables below. Neither errors nor logs ever
carry a header, a body that we sent, or a query string.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar, Protocol
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from parity.clock import Clock, SystemClock
from parity.errors import AccessDenied, BadInput, CouldNotCompare, NotFound, Terminal, Throttled, Unreachable

log = logging.getLogger(__name__)

NO_SECRET = SecretStr("")
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Failures before a byte of the request left: repeating is always safe."""
WORTH_WAITING = frozenset({408, 429, 500, 502, 503, 504})
DENIED = frozenset({401, 403})
GONE = frozenset({404, 410})


class Credential(Protocol):
    """What authenticates us to one service. Thread-safe."""

    def headers(self) -> dict[str, str]:
        """Return what every request carries, as ``Authorization``; AccessDenied or Unreachable without it."""

    def renew(self) -> bool:
        """Forget what is cached; return whether the next headers can be others."""


@dataclass(frozen=True)
class Retry:
    """How often, and how long to wait; the other side's Retry-After wins up to ``patience`` seconds."""

    attempts: int = 6
    first: float = 1.0
    longest: float = 30.0
    patience: float = 120.0

    def pause(self, attempt: int, asked: float | None) -> float:
        """Return the seconds to wait after the 1-based ``attempt``."""
        return asked if asked is not None else min(self.longest, self.first * 2 ** (attempt - 1))


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    what: str
    """What is requested, in words, such as ``pipeline 'payments'``."""
    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    content: bytes | None = None
    """The body as it is, in place of ``json`` or ``form``."""
    basic: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    idempotent: bool = True
    expects_json: bool = True
    """False: any 2xx will do, and its body is not read."""


@dataclass(frozen=True)
class Failure:
    """One attempt that did not succeed; ``status`` is 0 when no answer came."""

    status: int
    code: str
    message: str = ""
    retry_after: float | None = None
    unsent: bool = False


def retry_reason(failure: Failure, *, idempotent: bool) -> str | None:
    """Return why the same request may be sent again, or None."""
    if failure.status == 429:
        return "throttled"
    if failure.unsent:
        return f"could not connect ({failure.code})"
    if not idempotent:
        return None
    if failure.status == 0:
        return f"no answer ({failure.code})"
    return f"answered {failure.status}" if failure.status in WORTH_WAITING else None


def error_for(failure: Failure, service: str, what: str) -> CouldNotCompare:
    """Return the error that ``failure`` of ``service`` is, in one sentence that names ``what``."""
    reason = ": ".join(part for part in (failure.code, failure.message) if part) or f"HTTP {failure.status}"
    if failure.status in DENIED:
        remedy = "Check the connection's credentials and the rights they were given."
        return AccessDenied(f"{service} refused access to {what} ({failure.status} {reason}).", remedy=remedy)
    if failure.status in GONE:
        return NotFound(f"{service} does not know {what} ({reason}).", remedy="Check the name in the suite.")
    if failure.status == 429:
        return Throttled(f"{service} throttled {what} ({reason}).", retry_after=failure.retry_after)
    if failure.status == 0 or failure.status >= 500 or failure.status in WORTH_WAITING:
        number = f"{failure.status} " if failure.status else ""
        return Unreachable(f"{service} could not be reached for {what} ({number}{reason}).")
    return Terminal(f"{service} rejected the request for {what} ({failure.status} {reason}).")


class ApiClient:
    """Talks JSON to one service at ``base_url``, which is https, or http to this very machine."""

    allows_http: ClassVar[bool] = False

    def __init__(
        self,
        base_url: str,
        *,
        service: str,
        credential: Credential | None = None,
        clock: Clock | None = None,
        retry: Retry | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not self.allows_http:
            require_safe(base_url, service)
        self._service = service
        self._credential = credential
        self._clock = clock or SystemClock()
        self._retry = retry or Retry()
        self.skew: timedelta | None = None
        """How far the service's clock was ahead of ours when it answered last; None: it has not said."""
        self._http = httpx.Client(base_url=base_url, transport=transport, timeout=timeout)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def get(self, path: str, *, what: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON at ``path``; errors of :mod:`parity.errors` name ``what``."""
        return self.send(Call("GET", path, what, params or {}))

    def listed(self, path: str, *, what: str, params: Mapping[str, str]) -> Iterator[Any]:
        """Yield the items of a listing as Azure Resource Manager pages it."""
        page = self.get(path, what=what, params=params)
        yield from page["value"]
        while link := page.get("nextLink"):
            page = self.get(link, what=what)
            yield from page["value"]

    def post(
        self,
        path: str,
        *,
        what: str,
        idempotent: bool,
        json: Any = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:
        """Return the JSON that answers a POST; one that is not ``idempotent`` is never blindly repeated."""
        return self.send(Call("POST", path, what, params or {}, json, idempotent=idempotent))

    def send(self, call: Call) -> Any:
        """Return the JSON that answers ``call``, after as many attempts as are right; None for no content."""
        return self._read(self._answered(call), call)

    def raw(self, call: Call) -> bytes:
        """Return the bytes that answer ``call``."""
        return self._answered(call).content

    def _answered(self, call: Call) -> httpx.Response:
        renewed = False
        attempt = 1
        while True:
            answer = self._attempt(call)
            if isinstance(answer, httpx.Response):
                self.skew = clock_skew(answer.headers.get("date", ""), self._clock.now())
                return answer
            if answer.status == 401 and not renewed and self._credential and self._credential.renew():
                log.info("%s: token refused for %s; fetching a new one", self._service, call.what)
                renewed = True
                continue
            self._wait_or_raise(call, answer, attempt)
            attempt += 1

    def _wait_or_raise(self, call: Call, failure: Failure, attempt: int) -> None:
        reason = retry_reason(failure, idempotent=call.idempotent)
        too_long = (failure.retry_after or 0) > self._retry.patience
        if reason is None or attempt >= self._retry.attempts or too_long:
            raise error_for(failure, self._service, call.what)
        pause = self._retry.pause(attempt, failure.retry_after)
        log.info("%s: %s for %s; retrying in %.1f s", self._service, reason, call.what, pause)
        self._clock.sleep(pause)

    def _attempt(self, call: Call) -> httpx.Response | Failure:
        try:
            response = self._http.request(
                call.method,
                call.path,
                params=dict(call.params) or None,
                json=call.json,
                data=call.form,
                content=call.content,
                auth=call.basic,
                headers={**call.headers, **(self._credential.headers() if self._credential else {})},
            )
        except httpx.LocalProtocolError:
            # Its text quotes the header, so the secret; a pasted newline is the usual cause.
            raise AccessDenied(
                f"The credential for {self._service} holds characters that HTTP cannot carry.",
                remedy="Enter it again in the connection, without line breaks or blanks.",
            ) from None
        except httpx.TransportError as error:
            return Failure(0, type(error).__name__, str(error), unsent=isinstance(error, UNSENT))
        return response if response.is_success else read_failure(response, self._clock.now())

    def _read(self, response: httpx.Response, call: Call) -> Any:
        if not response.content or not call.expects_json:
            return None
        try:
            return response.json()
        except ValueError:
            raise Unreachable(
                f"{self._service} answered {call.what} with something that is not JSON.",
                remedy="Check the connection's host and any proxy between.",
            ) from None


def through(proxy: str) -> httpx.BaseTransport | None:
    """Return the transport through a connection's own proxy, or None without one, for the environment's."""
    try:
        return httpx.HTTPTransport(proxy=proxy) if proxy else None
    except (ImportError, ValueError):  # a scheme that is unknown, or that needs a package
        raise BadInput("The connection's proxy cannot be used.", remedy="Write http://host:port.") from None


def require_safe(url: str, service: str) -> None:
    """Raise BadInput unless ``url`` is https, or http to this very machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or is_loopback(url):
        return
    raise BadInput(
        f"{service}'s address {parts.scheme}://{parts.netloc.rpartition('@')[2]} would carry secrets in clear.",
        remedy="Use https; http is accepted for 127.0.0.1 and localhost only.",
    )


def is_loopback(url: str) -> bool:
    """Return whether ``url`` is plain http to this very machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


def read_failure(response: httpx.Response, now: datetime) -> Failure:
    """Return what an unsuccessful answer means, whichever of the clouds' error shapes it has."""
    code, message = _code_and_message(response)
    return Failure(
        response.status_code, code, message, retry_after_seconds(response.headers.get("retry-after"), now)
    )


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return a Retry-After header (seconds or an HTTP date) in seconds, or None."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def clock_skew(date: str, now: datetime) -> timedelta | None:
    """Return how far a ``Date`` header, which has whole seconds, is ahead of ``now``; None without one."""
    try:
        return parsedate_to_datetime(date) - now.replace(microsecond=0)
    except (ValueError, TypeError):
        return None


def _code_and_message(response: httpx.Response) -> tuple[str, str]:
    try:
        body = response.json()
    except ValueError:
        plain = response.headers.get("content-type", "").startswith("text/plain")
        return "", (_first_line(response.text) if plain else "") or response.reason_phrase
    if not isinstance(body, dict):
        return "", response.reason_phrase
    error = body.get("error")
    if isinstance(error, dict):  # Azure Resource Manager
        return str(error.get("code", "")), _first_line(str(error.get("message", "")))
    if isinstance(error, str):  # OAuth
        return error, _first_line(str(body.get("error_description", "")))
    return str(body.get("error_code", "")), _first_line(str(body.get("message", "")))  # Databricks


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:500] if text.strip() else ""
