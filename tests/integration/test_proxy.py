"""config/nginx.conf in a real nginx, with TLS, before a server that believes it as the API server does."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from parity_sandbox import processes
from unit.project.places import text

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
pytestmark = pytest.mark.skipif(
    not NGINX or not shutil.which("openssl"), reason="nginx and openssl are not installed"
)
ECHO = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def echo(request):
    return JSONResponse({"url": str(request.url), "client": request.client.host})

app = Starlette(routes=[Route("/{path:path}", echo)])
uvicorn.run(app, port=int(sys.argv[1]), proxy_headers=True, log_level="error")
"""
"""What Airflow reads to make links and cookies, behind the very middleware that `--proxy-headers` switches on."""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Ask through the proxy, for a server that trusts the given addresses."""
    home = Path(tempfile.mkdtemp(prefix="parity-nginx-"))
    home.chmod(0o755)
    started: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        dying = processes.dying_with_us()
        started.append(subprocess.Popen(command, preexec_fn=dying))  # noqa: PLW1509 - one system call

    def ask(path: str, trusted: str, **headers: str) -> httpx.Response:
        server, plain, secure = free_port(), free_port(), free_port()
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", trusted)
        start(sys.executable, "-c", ECHO, str(server))
        _certificate(home)
        (home / "nginx.conf").write_text(_configuration(home, server, plain, secure))
        start(str(NGINX), "-c", str(home / "nginx.conf"))
        for port in (server, secure):
            _until_it_listens(port)
        context = ssl.create_default_context(cafile=home / "parity.pem")
        with httpx.Client(verify=context, timeout=60) as client:
            return client.get(
                f"https://127.0.0.1:{secure}{path}",
                headers={"host": "parity.example.com", **headers},
                extensions={"sni_hostname": "parity.example.com"},
            )

    yield ask
    for process in reversed(started):
        processes.stop(process, patience=10)
    shutil.rmtree(home)


def test_what_a_trusted_proxy_says_counts_and_what_a_visitor_says_does_not(proxied: Callable[..., Any]) -> None:
    spoofed = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "http"}
    answer = proxied("/parity/runs/1?dag=x", "127.0.0.1", **spoofed)
    assert answer.json() == {"url": "https://parity.example.com/parity/runs/1?dag=x", "client": "127.0.0.1"}
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_proxy_that_is_not_trusted_is_not_believed(proxied: Callable[..., Any]) -> None:
    answer = proxied("/parity/", "172.16.0.0/12,192.168.0.0/16")
    assert answer.json()["url"] == "http://parity.example.com/parity/"


def test_nobody_outside_reaches_what_tasks_report_to(proxied: Callable[..., Any]) -> None:
    assert proxied("/execution/task-instances/1/run", "127.0.0.1").status_code == 404


def _certificate(home: Path) -> None:
    name = ["-subj", "/CN=parity.example.com", "-addext", "subjectAltName=DNS:parity.example.com"]
    files = ["-keyout", str(home / "parity.key"), "-out", str(home / "parity.pem")]
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*new, *name, *files], check=True, capture_output=True)


def _configuration(home: Path, server: int, plain: int, secure: int) -> str:
    """Return the example with this test's ports and files, inside what Debian's nginx.conf puts around it."""
    example = text("config/nginx.conf")
    for old, new in {
        "listen 80;": f"listen 127.0.0.1:{plain};",
        "listen 443 ssl;": f"listen 127.0.0.1:{secure} ssl;",
        "/etc/ssl/certs/parity.pem": f"{home}/parity.pem",
        "/etc/ssl/private/parity.key": f"{home}/parity.key",
        "http://127.0.0.1:8080": f"http://127.0.0.1:{server}",
    }.items():
        assert old in example
        example = example.replace(old, new)
    around = f"daemon off;\npid {home}/pid;\nerror_log {home}/errors;\nevents {{}}\n"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    own = "".join(f"{kind}_temp_path {home}/{kind};\n" for kind in kinds)
    return f"{around}http {{\naccess_log off;\n{own}{example}\n}}\n"


def _until_it_listens(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return
