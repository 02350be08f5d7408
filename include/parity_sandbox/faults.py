"""Faults on request: rules that every service consults before it answers, and its engines while they run."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal
from uuid import uuid4

from pydantic import ConfigDict, TypeAdapter

SERVICES = ("aws", "azure", "databricks", "storage", "sink")


@dataclass(frozen=True)
class Fault:
    """One rule. Route rules need ``path``; engine rules need ``target``."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str = field(default_factory=lambda: uuid4().hex[:12])
    service: str = ""
    """aws, azure, databricks, storage, sink; empty means any."""
    method: str = ""
    path: str = ""
    """Regular expression searched for in path and query."""
    status: int = 0
    retry_after: float | None = None
    body: str = ""
    """The answer; empty means the cloud's own error for ``status``."""
    delay: float = 0.0
    """Seconds to wait before answering."""
    drop: bool = False
    """Close the connection without an answer."""
    expire_token: bool = False
    """Answer 401 as for an expired token."""
    times: int = 0
    """How often it applies; 0 means always."""
    after: int = 0
    """How many matching requests pass first."""
    kind: Literal["route", "stays_running", "fails_at"] = "route"
    target: str = ""
    """Activity or job name, for engine rules."""
    message: str = ""
    """What the failed activity or job says, for ``fails_at``."""

    def __post_init__(self) -> None:
        re.compile(self.path)
        if self.service not in ("", *SERVICES):
            raise ValueError(f"there is no service {self.service!r}; there are {', '.join(SERVICES)}")
        if self.kind == "route" and self.target:
            raise ValueError("a route rule has no target; say path, or kind stays_running or fails_at")
        if self.kind != "route" and not self.target:
            raise ValueError(f"a {self.kind} rule needs the target: the name of an activity or a job")

    def covers(self, service: str, method: str, path: str) -> bool:
        """Return whether this is a route rule for such a request; ``path`` includes the query."""
        return (
            self.kind == "route"
            and self.service in ("", service)
            and self.method.upper() in ("", method)
            and re.search(self.path, path) is not None
        )

    @classmethod
    def parse(cls, document: Any) -> Fault:
        """Read one rule from JSON; ValueError says what is wrong with it."""
        try:
            return TypeAdapter(cls).validate_python(document)
        except re.error as error:
            raise ValueError(f"path is not a regular expression: {error}") from error


@dataclass
class Faults:
    """The rules in force, and how often each has matched; thread-safe."""

    rules: list[Fault] = field(default_factory=list)
    _matched: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: Fault) -> None:
        """Put a rule in force."""
        with self._lock:
            self.rules.append(rule)

    def remove(self, rule_id: str) -> None:
        """Forget one rule; an unknown id is left alone."""
        with self._lock:
            self.rules = [rule for rule in self.rules if rule.id != rule_id]

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self.rules.clear()
            self._matched.clear()

    def route(self, service: str, method: str, path: str) -> Fault | None:
        """Return the rule that this request must suffer, counting the match, or None."""
        return self._first(lambda rule: rule.covers(service, method, path))

    def engine(self, kind: str, target: str) -> Fault | None:
        """Return the engine rule of this kind for ``target``, counting the match, or None.

        Ask once per run, and :meth:`holds` while it lasts.
        """
        return self._first(lambda rule: rule.kind == kind and rule.target == target)

    def holds(self, rule: Fault) -> bool:
        """Return whether ``rule`` is still in force."""
        return rule in self.rules

    def _first(self, matches: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            hit = [rule for rule in self.rules if matches(rule)]
            applying = [rule for rule in hit if self._count(rule)]
        return applying[0] if applying else None

    def _count(self, rule: Fault) -> bool:
        seen = self._matched[rule.id] = self._matched.get(rule.id, 0) + 1
        return seen > rule.after and (not rule.times or seen <= rule.after + rule.times)
