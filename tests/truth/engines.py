"""Real engines from the ordinary package registries, kept in ``.cache/engines``: Debian and Maven packages."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

Found = TypeVar("Found")
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
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "sid.lock").open("w") as lock:  # two servers that start at once ask for it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / ".ready").exists():
            _bootstrap(root)
    return root


def _bootstrap(root: Path) -> None:
    if os.geteuid() or not shutil.which("debootstrap"):
        raise Unavailable("it needs root and debootstrap (apt-get install debootstrap)")
    shutil.rmtree(root, ignore_errors=True)
    run("debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "sid", str(root))
    (root / ".ready").touch()


def installed(package: str, find: Callable[[], Found | None]) -> Found:
    """Install one of the machine's own Debian packages, and return what ``find`` then finds; needs root."""
    if os.geteuid() or not shutil.which("apt-get"):
        raise Unavailable(f"it needs root and Debian (apt-get install {package})")
    run("apt-get", "update")
    run("apt-get", "install", "-y", "--no-install-recommends", package)
    if (found := find()) is None:
        raise Unavailable(f"{package} was installed, and its programs are not where Debian has them")
    return found


def maven(artefact: str) -> Path:
    """Return the file of ``group:name:version[:type[:classifier]]``, fetched on first use."""
    _, name, version, *rest = artefact.split(":")
    kind, *classifier = rest or ["jar"]
    file = CACHE / "maven" / ("-".join((name, version, *classifier)) + f".{kind}")
    if not file.exists():
        if not shutil.which("mvn"):
            raise Unavailable("it needs Maven (apt-get install maven)")
        run(
            "mvn",
            "-q",
            "-B",
            COPY,
            f"-Dartifact={artefact}",
            f"-DoutputDirectory={file.parent}",
            "-Dtransitive=false",
        )
    return file


def run(*command: str) -> None:
    """Run a command; raises Unavailable with its last line when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise Unavailable(f"{command[0]} failed: {lines[-1] if lines else f'exit status {done.returncode}'}")


def tested(engine: str, version: str, setting: Mapping[str, str], *arguments: str) -> Outcome:
    """Run tests under environment variables: each that was not skipped is a case, each that failed disagrees."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **setting}, capture_output=True, text=True, check=False
        )
        if not report.exists():
            return Outcome(
                engine, version, 0, (f"its tests did not run: {done.stdout[-300:]}{done.stderr[-300:]}",)
            )
        cases = [one for one in ET.parse(report).iter("testcase") if one.find("skipped") is None]
    failed = [(one, why) for one in cases for why in (*one.findall("failure"), *one.findall("error"))]
    lines = [f"{one.get('name')}: {(why.get('message') or '').partition(chr(10))[0]}" for one, why in failed]
    return Outcome(engine, version, len(cases), tuple(lines if cases else ["no test ran"]))
