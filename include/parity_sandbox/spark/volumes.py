"""``/Volumes/…`` and ``/Workspace/…`` for plain Python: where Databricks mounts them, we redirect.

Only the calls that pathlib, open and shutil boil down to; Spark itself goes through :mod:`files`.
"""

from __future__ import annotations

import builtins
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

ONE_PATH = ("listdir", "scandir", "mkdir", "rmdir", "remove", "unlink", "stat", "lstat", "open", "utime", "chmod")
TWO_PATHS = ("rename", "replace", "link", "symlink")


def redirect(state: Path) -> None:
    """Patch this process, which runs one script and ends."""
    folders = {"/Volumes": str(state / "volumes"), "/Workspace": str(state / "workspace")}

    def real(path: Any) -> Any:
        text = os.fspath(path) if isinstance(path, str | os.PathLike) else path
        for head, folder in folders.items():
            if isinstance(text, str) and (text == head or text.startswith(head + "/")):
                return folder + text[len(head) :]
        return path

    builtins.open = io.open = _redirected(io.open, 1, real)
    for name in ONE_PATH:
        setattr(os, name, _redirected(getattr(os, name), 1, real))
    for name in TWO_PATHS:
        setattr(os, name, _redirected(getattr(os, name), 2, real))


def _redirected(call: Callable[..., Any], paths: int, real: Callable[[Any], Any]) -> Callable[..., Any]:
    def redirected(*args: Any, **kwargs: Any) -> Any:
        return call(*[real(arg) for arg in args[:paths]], *args[paths:], **kwargs)

    return redirected
