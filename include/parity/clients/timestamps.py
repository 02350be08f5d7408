"""A timestamp authority (RFC 3161): signs that it has seen the hash of some data, and when."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from parity.clients.http import ApiClient, Call, Retry
from parity.errors import BadInput, Terminal

RETRY = Retry(attempts=2, first=1.0, patience=5.0)
"""A run waits for this; the next run's timestamp covers what has none."""
GRANTED = 0


class _Client(ApiClient):
    allows_http = True  # what travels is a hash there, and a signature back: many authorities have no TLS


@dataclass(frozen=True)
class TimestampAuthority:
    """One authority, by the address that it answers at."""

    url: str

    @property
    def host(self) -> str:
        """Return its name."""
        return urlsplit(self.url).hostname or self.url

    def stamp(self, data: bytes) -> bytes:
        """Return the authority's answer about ``data``, a TimeStampResp as DER; Terminal for any other answer.

        Who signed it is not looked at here: whoever verifies says which authority is trusted.
        """
        library = _library()
        request = library.TimestampRequestBuilder(data, library.HashAlgorithm.SHA256).build()
        headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
        call = Call("POST", self.url, "a timestamp", content=request.as_bytes(), headers=headers)
        with closing(_Client(self.url, service="The timestamp authority", retry=RETRY)) as api:
            answer = api.raw(call)
        if why := _objection(library, answer, request, data):
            remedy = "Check PARITY_TIMESTAMPS."
            raise Terminal(f"The timestamp authority {self.host} answered {why}.", remedy=remedy)
        return answer


def _objection(library: Any, answer: bytes, request: Any, data: bytes) -> str:
    try:
        response = library.decode_timestamp_response(answer)
        if response.status != GRANTED:
            return f"with a refusal ({', '.join(response.status_string) or f'status {response.status}'})"
        info = response.tst_info
    except ValueError:
        return "with something that is no timestamp"
    if info.nonce != request.nonce or info.message_imprint.message != hashlib.sha256(data).digest():
        return "with a timestamp of something else"
    return ""


def _library() -> Any:
    try:
        import rfc3161_client
    except ImportError as error:
        remedy = "Install it beside Parity: pip install 'parity[timestamps]'."
        raise BadInput("Timestamps need rfc3161-client, which is not installed.", remedy=remedy) from error
    return rfc3161_client
