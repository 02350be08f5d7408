"""One sandbox per state folder: a lock that the kernel releases however its holder ends."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyUp(Exception):
    """Another supervisor holds the state folder."""

    def __init__(self, state: Path, pid: int) -> None:
        super().__init__(
            f"A sandbox is already up in {state} (process {pid}). "
            f"Stop it with 'parity sandbox down --state {state}', or choose another --state."
        )


@contextmanager
def claimed(state: Path) -> Iterator[None]:
    """Hold the state folder; AlreadyUp when somebody else does."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyUp(state, _pid(state)) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def holder(state: Path) -> int | None:
    """Return the process id of the supervisor of ``state``, or None when there is none."""
    if not (state / "lock").exists():
        return None
    with (state / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _pid(state)
    return None


def wait_until_free(state: Path, patience: float) -> None:
    """Return when nobody holds ``state``, or after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while holder(state) is not None and time.monotonic() < deadline:
        time.sleep(0.05)


def _pid(state: Path) -> int:
    return int((state / "lock").read_text() or 0)
