"""A real Airflow on this machine: scheduler, API server, Dag processor and triggerer, on loopback only."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parity_sandbox.demo.components import COMPONENTS
from parity_sandbox.processes import dying_with_us

USER = "admin"
NEEDED = frozenset({"scheduler", "dag_processor", "triggerer", "metadatabase"})
"""What the API server must call healthy before a run can be."""


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class LocalAirflow:
    """One Airflow under ``home``; ``environment`` holds Parity's settings."""

    project: Path
    home: Path
    environment: Mapping[str, str]
    port: int = field(default_factory=free_port)
    parallelism: int = 4
    process: subprocess.Popen[bytes] | None = None
    restarted: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Return where people open it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def password(self) -> str:
        """Return the password of the one user, made on first use and kept in ``home``."""
        file = self.home / "passwords.json"
        if not file.exists():
            file.write_text(json.dumps({USER: secrets.token_urlsafe(9)}))
            file.chmod(0o600)
        return str(json.loads(file.read_text())[USER])

    @property
    def connections_file(self) -> Path:
        """Return the file of connections."""
        return self.home / "connections.json"

    def connect(self, connections: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the connections, in Airflow's JSON form, in one step."""
        draft = self.home / "connections.json.new"
        draft.write_text(json.dumps(connections, indent=2))
        draft.chmod(0o600)
        draft.replace(self.connections_file)

    def start(self) -> None:
        """Start every component, migrating the database first when that is needed."""
        self.home.mkdir(parents=True, exist_ok=True)
        _ = self.password
        self.connect({})
        (self.home / "components.json").unlink(missing_ok=True)
        command = [sys.executable, "-m", "parity_sandbox.demo.components", str(self.home)]
        with (self.home / "components.log").open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=self.env(),
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dying_with_us(),  # noqa: PLW1509 - one system call
            )

    @property
    def pids(self) -> dict[str, int]:
        """Return the process id of each component that has started."""
        file = self.home / "components.json"
        return dict(json.loads(file.read_text())) if file.exists() else {}

    def wait(self, say: Callable[[str], None], timeout: float = 600.0) -> None:
        """Return when every component is healthy; TimeoutError, naming the log to read, when one is not."""
        import httpx

        began, healthy = time.monotonic(), set[str]()
        while time.monotonic() - began < timeout:
            self._check_alive()
            with contextlib.suppress(httpx.HTTPError, ValueError):
                health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5).json()
                now = {name for name, part in health.items() if (part or {}).get("status") == "healthy"}
                for name in sorted(now - healthy):
                    say(f"Airflow's {name} is healthy ({time.monotonic() - began:.0f} s)")
                healthy |= now
                if now >= NEEDED:
                    return
            time.sleep(0.5)
        late = ", ".join(sorted(NEEDED - healthy)) or "it"
        raise TimeoutError(f"Airflow: {late} not healthy after {timeout:.0f} s; read the logs in {self.home}.")

    def kill(self, name: str) -> None:
        """Kill a component, with everything that it started, as a crash does."""
        pids = self.pids
        pid = pids.pop(name)
        self._tell(pids)
        os.killpg(pid, signal.SIGKILL)

    def restart(self, name: str) -> None:
        """Start a killed component again, as its service manager would."""
        log = (self.home / f"{name}.log").open("ab")
        with log:
            child = subprocess.Popen(
                [sys.executable, "-m", "airflow", *COMPONENTS[name]],
                env=self.env(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_us(),  # noqa: PLW1509 - one system call
            )
        self.restarted.append(child)

    def _tell(self, pids: Mapping[str, int]) -> None:
        draft = self.home / "components.json.less"
        draft.write_text(json.dumps(pids))
        draft.replace(self.home / "components.json")

    def stop(self) -> None:
        """Stop every component and what it started."""
        for child in self.restarted:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        if self.process:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process.kill()
            self.process = None

    def env(self) -> dict[str, str]:
        """Return the environment of every component."""
        return {**os.environ, **self._configuration(), **self.environment}

    def _configuration(self) -> dict[str, str]:
        sections: Mapping[str, Mapping[str, object]] = {
            "core": {
                "dags_folder": self.project / "dags",
                "load_examples": False,
                "executor": "LocalExecutor",
                "parallelism": self.parallelism,
                "max_active_tasks_per_dag": 32,
                "simple_auth_manager_users": f"{USER}:admin",
                "simple_auth_manager_passwords_file": self.home / "passwords.json",
                "execution_api_server_url": f"{self.url}/execution/",
                "internal_api_secret_key": self._secret("internal"),
                "fernet_key": base64.urlsafe_b64encode(self._secret("fernet").encode()[:32]).decode(),
            },
            "api": {
                "host": "127.0.0.1",
                "port": self.port,
                "base_url": self.url,
                "secret_key": self._secret("api"),
            },
            "api_auth": {"jwt_secret": self._secret("jwt")},
            "database": {"sql_alchemy_conn": f"sqlite:///{self.home / 'airflow.db'}"},
            "dag_processor": {"refresh_interval": 30, "min_file_process_interval": 30},
            "scheduler": {"scheduler_heartbeat_sec": 1, "enable_health_check": False},
            "triggerer": {"default_capacity": 1000},
            "logging": {"base_log_folder": self.home / "logs", "logging_level": "INFO"},
            # Read at each look-up, so that Airflow can start before the sandbox knows its ports.
            "secrets": {
                "backend": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
                "backend_kwargs": json.dumps({"connections_file_path": str(self.connections_file)}),
            },
        }
        flat = {
            f"AIRFLOW__{section.upper()}__{key.upper()}": str(value)
            for section, keys in sections.items()
            for key, value in keys.items()
        }
        path = os.pathsep.join([str(self.project / "include"), os.environ.get("PYTHONPATH", "")]).rstrip(
            os.pathsep
        )
        return {**flat, "AIRFLOW_HOME": str(self.home), "PYTHONPATH": path, "NO_PROXY": "127.0.0.1,localhost"}

    def _secret(self, name: str) -> str:
        file = self.home / f"{name}.secret"
        if not file.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            file.write_text(secrets.token_urlsafe(48))
            file.chmod(0o600)
        return file.read_text()

    def _check_alive(self) -> None:
        if self.process and self.process.poll() is not None:
            raise RuntimeError(f"Airflow ended: {(self.home / 'components.log').read_text().strip()}")
