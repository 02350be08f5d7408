"""Real engines from the ordinary package registries, kept in ``.cache/engines``: Debian and Maven packages."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "engines"
PACKAGES = ("mysql-server-core", "mysql-common", "openjdk-25-jre-headless")
"""What the root of Debian's ``sid`` holds: MySQL 9.7, and the Java that Trino runs on."""
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class Unavailable(Exception):
    """The engine cannot be had on this machine; the message says why. Its records stay as they are."""


@dataclass(frozen=True)
class Outcome:
    """What one engine answered, held against what the product and the sandbox say.

    ``disagreements`` has one line for each case whose answers are not the same.
    """

    engine: str
    version: str
    cases: int
    disagreements: tuple[str, ...] = ()


def debian() -> Path:
    """Return a root file system of Debian's ``sid`` with :data:`PACKAGES`, made on first use; needs root."""
    root = CACHE / "sid"
    if (root / ".ready").exists():
        return root
    if os.geteuid() or not shutil.which("debootstrap"):
        raise Unavailable("it needs root and debootstrap (apt-get install debootstrap)")
    shutil.rmtree(root, ignore_errors=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    _run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "sid", str(root))
    (root / ".ready").touch()
    return root


def maven(artefact: str) -> Path:
    """Return the file of ``group:name:version[:type[:classifier]]``, fetched on first use."""
    _, name, version, *rest = artefact.split(":")
    kind, *classifier = rest or ["jar"]
    file = CACHE / "maven" / ("-".join((name, version, *classifier)) + f".{kind}")
    if not file.exists():
        if not shutil.which("mvn"):
            raise Unavailable("it needs Maven (apt-get install maven)")
        _run(
            "mvn",
            "-q",
            "-B",
            COPY,
            f"-Dartifact={artefact}",
            f"-DoutputDirectory={file.parent}",
            "-Dtransitive=false",
        )
    return file


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Unavailable(f"{command[0]} failed: {lines[-1] if lines else f'exit status {done.returncode}'}")
