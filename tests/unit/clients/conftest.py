"""The other end of the wire: answers in turn, remembers what was asked, and is passed in as a transport."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from fake_clock import FakeClock

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Wire:
    """Routes by method and path; a route's answers are given in turn, and the last one stays."""

    seen: list[httpx.Request] = field(default_factory=list)
    routes: list[tuple[str, re.Pattern[str], list[Answer]]] = field(default_factory=list)

    def on(self, method: str, path: str, *answers: Answer) -> None:
        """Answer requests whose path matches the regular expression; later routes win."""
        self.routes.insert(0, (method, re.compile(path), list(answers)))

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        """Return the requests that were made."""
        return [r for r in self.seen if r.method == method and re.search(path, r.url.path)]

    def bodies(self, method: str, path: str) -> list[Any]:
        """Return the JSON that was sent."""
        return [json.loads(r.content) for r in self.asked(method, path)]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        for method, path, answers in self.routes:
            if request.method == method and path.search(request.url.path):
                return self._give(answers.pop(0) if len(answers) > 1 else answers[0], request)
        raise AssertionError(f"nobody expected {request.method} {request.url}")

    @staticmethod
    def _give(answer: Answer, request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
