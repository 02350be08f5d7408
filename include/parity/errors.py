"""Every error, as one tree.

::

    ParityError
    ├── BadInput                  a file or a command must be changed             exit 2
    │   └── SuiteError            … in a suite: file, line, what, did you mean
    └── CouldNotCompare           the run is INVALID, never PASS                  exit 2
        ├── Transient             may pass by itself: retry
        │   ├── Throttled         429, SlowDown; with how long to wait
        │   └── Unreachable       refused, reset, timed out, 5xx
        └── Terminal              will not pass by itself: do not retry
            ├── AccessDenied      credentials or rights
            ├── NotFound          pipeline, activity, job, table, run
            ├── RemoteFailed      a remote run ended badly, with the cloud's own words
            ├── DeadlineExceeded  it took longer than the suite allows
            └── ExportRefused     missing, truncated, stale or disagreeing data

Callers branch on the class, never on the text. Each message says what happened, where, and what to do.
"""

from __future__ import annotations

from pathlib import Path

from parity.wording import visible


class ParityError(Exception):
    """Base of every error that Parity raises on purpose.

    ``str(error)`` is one line for people, safe to write to a terminal or a log; ``remedy`` is what to do
    next, or an empty string.
    """

    caused_by: str = ""
    """The activity whose failure led to this one, or empty."""

    def __init__(self, message: str, *, remedy: str = "", url: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.url = url

    def __str__(self) -> str:
        return visible(f"{self.message} {self.remedy}".strip())


class BadInput(ParityError):
    """A file, an option or a parameter is wrong and must be changed."""


class SuiteError(BadInput):
    """A suite is wrong at ``path``:``line`` (1-based; 0 when no line can be named)."""

    def __init__(self, message: str, *, path: Path | str, line: int = 0, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.path = Path(path)
        self.line = line

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return visible(f"{where}: {super().__str__()}")


class CouldNotCompare(ParityError):
    """The comparison could not be made; the result is INVALID."""


class Transient(CouldNotCompare):
    """May pass by itself: retry."""

    retry_after: float | None = None
    """Seconds to wait before a retry, as the server demands, or None."""


class Throttled(Transient):
    """The server demands fewer requests."""

    def __init__(self, message: str, *, retry_after: float | None = None, remedy: str = "", url: str = "") -> None:
        super().__init__(message, remedy=remedy, url=url)
        self.retry_after = retry_after


class Unreachable(Transient):
    """Refused, reset, timed out, or answered with a server's error."""


class Terminal(CouldNotCompare):
    """Will not pass by itself: do not retry."""


class AccessDenied(Terminal):
    """The credentials are wrong or lack a right."""


class NotFound(Terminal):
    """The named pipeline, activity, job, table or run does not exist."""


class RemoteFailed(Terminal):
    """A remote run ended badly; the message carries the cloud's own words."""


class DeadlineExceeded(Terminal):
    """It took longer than the suite allows; what was running was cancelled."""


class ExportRefused(Terminal):
    """An export is missing, truncated, stale or disagrees with its manifest."""
