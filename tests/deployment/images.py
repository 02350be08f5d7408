"""Stand-ins for the images that the containers begin with: Debian with CPython, with PostgreSQL, with Redis.

No registry of images is asked. What the names promise to the Dockerfile and the compose file is kept: ``python``
and ``pip``; PostgreSQL's entry point with ``POSTGRES_USER``, ``_PASSWORD`` and ``_DB``; Redis' user and ``/data``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from deployment.engine import HOME, Docker
from truth.engines import ROOT, Unavailable, run

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
POSTGRES_ENTRY = """#!/bin/sh
set -eu
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
data=/var/lib/postgresql/data
install -d -o postgres -g postgres -m 700 "$data"
install -d -o postgres -g postgres /var/run/postgresql
if [ ! -s "$data/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    chown postgres /tmp/password
    as_postgres initdb -D "$data" -U "$POSTGRES_USER" --pwfile=/tmp/password \\
        --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8
    rm /tmp/password
    echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
    as_postgres pg_ctl -D "$data" -o "-c listen_addresses=" -w start
    as_postgres createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
    for script in /docker-entrypoint-initdb.d/*; do
        if [ -e "$script" ]; then as_postgres sh -e "$script"; fi
    done
    as_postgres pg_ctl -D "$data" -m fast -w stop
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@" -D "$data" -c listen_addresses='*'
"""


def provide(docker: Docker) -> None:
    """Import the stand-ins where the engine does not have them yet."""
    python = _name(r"^FROM (python:\S+)$", "Dockerfile")
    redis = _name(r"^    image: (redis:\S+)$", "docker-compose.yaml")
    for name, make in ((python, _python), (postgres(), _postgres), (redis, _redis)):
        if docker.run("image", "inspect", name, check=False).returncode:
            make(docker, name)


def postgres() -> str:
    """Return the name of PostgreSQL's image."""
    return _name(r"^    image: (postgres:\S+)$", "docker-compose.yaml")


def _name(pattern: str, file: str) -> str:
    found = re.search(pattern, (ROOT / file).read_text(), re.MULTILINE)
    assert found, f"{file} begins with no image as expected"
    return found[1]


def _python(docker: Docker, name: str) -> None:
    root = _debian("bookworm", "python3,python3-pip,ca-certificates")
    (root / "usr/bin/python").unlink(missing_ok=True)
    (root / "usr/bin/python").symlink_to("python3")
    for marker in (root / "usr/lib").glob("python3*/EXTERNALLY-MANAGED"):
        marker.unlink()
    # What pip needs on this machine, it needs there.
    shutil.copy(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    if (own := Path("/etc/pip.conf")).exists():
        shutil.copy(own, root / "etc/pip.conf")
    _import(docker, root, name)


def _postgres(docker: Docker, name: str) -> None:
    root = _debian("trixie", "postgresql-17")
    (root / "entry").write_text(POSTGRES_ENTRY)
    (root / "entry").chmod(0o755)
    path = "ENV PATH=/usr/lib/postgresql/17/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    _import(docker, root, name, path, 'ENTRYPOINT ["/entry"]', 'CMD ["postgres"]')


def _redis(docker: Docker, name: str) -> None:
    root = _debian("bookworm", "redis-server")
    data = root / "data"
    data.mkdir(exist_ok=True)
    run("chroot", str(root), "chown", "redis:redis", "/data")
    _import(docker, root, name)


def _debian(release: str, packages: str) -> Path:
    root = HOME / f"{release}-{packages.partition(',')[0]}"
    if not (root / ".ready").exists():
        if not shutil.which("debootstrap"):
            raise Unavailable("it needs debootstrap (apt-get install debootstrap)")
        shutil.rmtree(root, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={packages}", release, str(root))
        (root / ".ready").touch()
    return root


def _import(docker: Docker, root: Path, name: str, *changes: str) -> None:
    options = [word for change in changes for word in ("--change", change)]
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
        command = ["docker", "import", *options, "-", name]
        done = subprocess.run(
            command, stdin=tar.stdout, env=dict(docker.environment), capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise Unavailable(f"{name} cannot be imported: {done.stderr}")
