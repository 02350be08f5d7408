"""``parity sandbox`` is ``python -m parity_sandbox``, word for word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def parity(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from parity.cli import main; main()", "sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_arguments_reach_the_sandbox_and_its_status_comes_back(tmp_path: Path) -> None:
    answer = parity("status", "--state", str(tmp_path))

    assert answer.returncode == 2
    assert f"No sandbox is up in {tmp_path}" in answer.stderr


def test_its_help_is_the_sandboxes_own() -> None:
    answer = parity("--help")

    assert answer.returncode == 0
    assert all(name in answer.stdout for name in ("up", "down", "status", "reset", "defect"))
