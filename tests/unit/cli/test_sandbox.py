"""``parity sandbox`` is ``python -m parity_sandbox``, word for word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from parity.settings import PROJECT


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


def test_without_the_sandbox_as_in_the_image_it_is_one_sentence_and_status_2(tmp_path: Path) -> None:
    (tmp_path / "parity").symlink_to(PROJECT / "include" / "parity")
    # Without its .pth files the environment offers what an image has: Parity and what it needs.
    code = (
        f"import sys; sys.path = [{str(tmp_path)!r}, *[p for p in sys.path if 'include' not in p]];"
        "from parity.cli import main; sys.argv = ['parity', 'sandbox', 'up']; main()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert answer.returncode == 2
    assert answer.stderr == (
        "parity: The sandbox is not installed here; no image has it. Use a checkout: make setup.\n"
    )
