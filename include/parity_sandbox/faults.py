"""Faults on request: rules that every service consults before it answers, and its engines while they run."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """One rule. Route rules need ``path``; engine rules need ``target``."""

    id: str
    service: str = ""
    """aws, azure, databricks, storage, sink; empty means any."""
    method: str = ""
    path: str = ""
    """Regular expression over the path and query."""
    status: int = 0
    retry_after: float | None = None
    body: str = ""
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
    kind: str = "route"
    """route, stays_running or fails_at."""
    target: str = ""
    """Activity or job name, for engine rules."""
    message: str = ""


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

    def clear(self) -> None:
        """Forget every rule."""
        with self._lock:
            self.rules.clear()
            self._matched.clear()

    def engine(self, kind: str, target: str) -> Fault | None:
        """Return the engine rule of this kind for ``target``, counting the match, or None."""
        with self._lock:
            return self._first(lambda rule: rule.kind == kind and rule.target == target)

    def _first(self, matches) -> Fault | None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        for rule in filter(matches, self.rules):
            seen = self._matched[rule.id] = self._matched.get(rule.id, 0) + 1
            if seen > rule.after and (not rule.times or seen <= rule.after + rule.times):
                return rule
        return None
