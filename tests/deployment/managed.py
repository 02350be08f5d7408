"""A PostgreSQL that Compose does not own, as a cloud gives it: TLS only, and a user who may create no database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment import images
from deployment.containers import PASSWORD, gateway, until
from deployment.engine import Docker

NAME = "parity-managed-postgresql"
OWNER = "parity_owner"
PREPARE = f"""
data=${{PGDATA:-/var/lib/postgresql/data}}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=database -keyout $data/server.key -out $data/server.crt
chmod 600 $data/server.key
echo "ssl = on" >> $data/postgresql.conf
sed -i '1i hostnossl all all all reject' $data/pg_hba.conf
psql -v ON_ERROR_STOP=1 -U postgres <<'END'
CREATE ROLE {OWNER} LOGIN PASSWORD $word${PASSWORD}$word$;
ALTER DATABASE airflow OWNER TO {OWNER};
CREATE DATABASE parity OWNER {OWNER};
END
"""


@dataclass(frozen=True)
class Managed:
    """Where it is reached; ``psql`` asks it as its owner."""

    host: str
    port: str
    psql: tuple[str, ...] = ("exec", NAME, "psql", "-U", "postgres")


@contextmanager
def managed(docker: Docker, home: Path) -> Iterator[Managed]:
    """Run it until the block ends."""
    script = home / "prepare.sh"
    script.write_text(PREPARE)
    script.chmod(0o644)
    host = gateway(docker)
    docker.run("rm", "--force", "--volumes", NAME, check=False)
    docker.run(
        *("run", "--detach", "--name", NAME, "--publish", f"{host}::5432"),
        *("--env", "POSTGRES_USER=postgres", "--env", "POSTGRES_DB=airflow", "--env", "POSTGRES_PASSWORD=managed"),
        *("--volume", f"{script}:/docker-entrypoint-initdb.d/prepare.sh:ro", images.postgres()),
    )
    try:
        ready = ("exec", NAME, "pg_isready", "--host", "127.0.0.1")
        until("PostgreSQL", lambda: docker.run(*ready, check=False).returncode == 0, patience=120)
        address = docker.run("port", NAME, "5432").stdout.strip()
        yield Managed(host, address.rpartition(":")[2])
    finally:
        docker.run("rm", "--force", "--volumes", NAME, check=False)
