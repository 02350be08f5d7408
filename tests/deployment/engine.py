"""Docker's engine, Compose and BuildKit from Debian's packages, unpacked and not installed; needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parity_sandbox import processes
from truth.engines import CACHE, Unavailable, run

HOME = CACHE.resolve() / "docker"
"""Without links: the engine refuses them."""
ROOT = HOME / "root"
RELEASE = "trixie"
MIRROR = "http://deb.debian.org/debian"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PACKAGES = (
    "docker.io", "docker-cli", "docker-compose", "docker-buildx", "containerd", "iptables", "libxtables12",
    "libip4tc2", "libip6tc2", "libnftnl11", "libnfnetlink0", "libnetfilter-conntrack3", "libmnl0", "tini",
)  # fmt: skip
OWN_PACKAGES = ("runc",)
"""From the machine's own release: a newer one needs a newer C library."""
PATIENCE = 60.0


@dataclass(frozen=True)
class Docker:
    """A running engine; ``environment`` leads the client to it."""

    environment: Mapping[str, str]

    def run(
        self, *arguments: str, where: Path | None = None, given: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run ``docker …``, which may read what is ``given``; a failure raises unless ``check`` is off."""
        done = subprocess.run(
            ["docker", *arguments],
            env={**os.environ, **self.environment},
            cwd=where,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(f"docker {' '.join(arguments)}: {(done.stdout + done.stderr)[-1500:]}")
        return done


@contextmanager
def engine() -> Iterator[Docker]:
    """Run an engine that dies with this thread; images that it has stay in the cache."""
    _unpack()
    client = Path(tempfile.mkdtemp(prefix="parity-docker-"))
    (client / "cli-plugins").symlink_to(ROOT / "usr/libexec/docker/cli-plugins")
    libraries = ROOT / "usr/lib/x86_64-linux-gnu"
    host = f"unix://{client / 'socket'}"
    environment = {
        "PATH": f"{ROOT / 'usr/sbin'}:{ROOT / 'usr/bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": str(libraries),
        "XTABLES_LIBDIR": str(libraries / "xtables"),
    }
    options = ("--storage-driver", "overlay2", "--exec-opt", "native.cgroupdriver=cgroupfs")
    places = (
        "--data-root",
        HOME / "data",
        "--exec-root",
        client / "exec",
        "--pidfile",
        client / "pid",
        "-H",
        host,
    )
    with (client / "log").open("wb") as log:
        server = subprocess.Popen(
            ["dockerd", *options, *places],
            env={**os.environ, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=processes.dying_with_us(),  # noqa: PLW1509 - one system call, its library already loaded
        )
    docker = Docker({"PATH": environment["PATH"], "DOCKER_HOST": host, "DOCKER_CONFIG": str(client)})
    try:
        _wait(docker, server, client / "log")
        yield docker
    finally:
        processes.stop(server, patience=60)
        subprocess.run(["ip", "link", "delete", "docker0"], capture_output=True, check=False)
        shutil.rmtree(client, ignore_errors=True)


def _wait(docker: Docker, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while docker.run("info", check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"Docker's engine did not start: {log.read_text().splitlines()[-1]}")
        time.sleep(0.5)


def _unpack() -> None:
    """Fetch and unpack the packages on first use."""
    if (ROOT / ".ready").exists():
        return
    if os.geteuid() or not shutil.which("apt-get") or not KEYS.exists():
        raise Unavailable("it needs root and Debian")
    debs = HOME / "debs"
    lists = HOME / "apt"
    for folder in (debs, lists / "state/lists/partial", lists / "cache/archives/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    (lists / "sources.list").write_text(f"deb [signed-by={KEYS}] {MIRROR} {RELEASE} main\n")
    other_release = [
        f"-oDir::Etc::sourcelist={lists / 'sources.list'}",
        "-oDir::Etc::sourceparts=-",
        f"-oDir::State={lists / 'state'}",
        f"-oDir::Cache={lists / 'cache'}",
        "-oDir::State::status=/dev/null",
    ]
    run("apt-get", *other_release, "update")
    for options, names in ((other_release, PACKAGES), ([], OWN_PACKAGES)):
        run("sh", "-ec", f'cd {debs}; apt-get "$@"', "sh", *options, "download", *names)
    for deb in debs.glob("*.deb"):
        run("dpkg-deb", "-x", str(deb), str(ROOT))
    for name in ("iptables", "ip6tables"):  # Debian's alternatives would make these
        (ROOT / "usr/sbin" / name).symlink_to("xtables-nft-multi")
    (ROOT / ".ready").touch()
