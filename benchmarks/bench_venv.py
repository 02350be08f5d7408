"""The peers' own environment: made once, and again whenever ``requirements/bench.txt`` changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
BIN = CACHE / "bench" / "bin"
LOCKED = ROOT / "requirements" / "bench.txt"


def prepare() -> Path:
    """Return the folder of the peers' programs, installed as they are locked."""
    installed = CACHE / "bench" / "installed.txt"
    wanted = f"# {BIN}\n{LOCKED.read_text()}"  # its programs name the folder: a moved one is made again
    if installed.exists() and installed.read_text() == wanted:
        return BIN
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(BIN.parent)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(BIN / "python"), "-r", str(LOCKED)], check=True)
    installed.write_text(wanted)
    return BIN
