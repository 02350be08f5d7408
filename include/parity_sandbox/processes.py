"""Processes that never outlive their sandbox, not even when it is killed with ``kill -9``.

Linux sends a child a signal of its choice when the *thread* that started it ends; so every child here is
started from a thread that lives as long as its process. Every process of a sandbox carries the sandbox's
state folder in its environment, by which it can be found.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

MARK = "PARITY_SANDBOX_STATE"
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, signal_number: int = signal.SIGKILL) -> None:
    """Ask Linux to signal this process when ``parent`` ends, and end at once if it already has."""
    _LIBC.prctl(PR_SET_PDEATHSIG, int(signal_number))
    if os.getppid() != parent:  # it ended between our birth and the line above
        os._exit(1)


def dying_with_us() -> Callable[[], None]:
    """Return a ``preexec_fn`` that ties a child to this process."""
    parent = os.getpid()
    return lambda: die_with(parent)


def spawn(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | None = subprocess.DEVNULL,
    stdout: IO[bytes] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child that is killed when the calling thread ends; ``stdout`` also takes its stderr."""
    return subprocess.Popen(
        [str(part) for part in command],
        env={**os.environ, **(env or {})},
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout else None,
        preexec_fn=dying_with_us(),  # noqa: PLW1509 - one system call, its library already loaded
    )


def stop(child: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """End a child politely, and after ``patience`` seconds by force."""
    child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def belonging_to(state: Path) -> list[int]:
    """Return the process ids of the sandbox in ``state``, this process excepted."""
    mark = f"{MARK}={state}\0".encode()
    return [pid for pid in _all_processes() if pid != os.getpid() and mark in _environment(pid)]


def resident_mib(pid: int) -> float:
    """Return how much memory a process occupies, in MiB; 0 when it is gone."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def command_line(pid: int) -> str:
    """Return a process's command, or an empty string when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


def _all_processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:
        return b""
