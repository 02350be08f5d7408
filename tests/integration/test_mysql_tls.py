"""TLS as a cloud's server does it: a certificate of its own authority, and one that somebody else made."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fake_clock import FakeClock
from mysql_servers import CLASSES, FAMILY, MySQLServer
from parity.clients.mysql import address, connect
from parity.errors import AccessDenied
from parity.suite.databases import Database
from parity.tablediff.sessions.pair import Connections
from parity.tablediff.survey import survey_database
from parity_sandbox.mysql.server import Server

pytestmark = pytest.mark.mariadb
KIND = CLASSES[FAMILY][1]


@dataclass(frozen=True)
class Secured:
    """A server with TLS, the authority that it is signed by, and another authority."""

    server: Server
    ca: Path
    stranger: Path

    def url(self, ca: Path | str, host: str = "127.0.0.1") -> str:
        return self.server.url("mysql").replace("127.0.0.1", host) + f"?ssl_ca={ca}"


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, timeout=30)


def _authority(folder: Path, name: str) -> Path:
    certificate = folder / f"{name}.pem"
    _openssl(
        *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
        *("-keyout", str(folder / f"{name}.key"), "-out", str(certificate)),
    )
    return certificate


def _signed(folder: Path, ca: Path) -> tuple[str, ...]:
    """Make the server's certificate, for 127.0.0.1 alone, and return the server's options."""
    key, request, certificate = (str(folder / f"server.{kind}") for kind in ("key", "csr", "pem"))
    names = folder / "names"
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=db", "-keyout", key, "-out", request)
    _openssl(
        *("x509", "-req", "-days", "2", "-in", request, "-CA", str(ca), "-CAkey", str(ca.with_suffix(".key"))),
        *("-CAcreateserial", "-extfile", str(names), "-out", certificate),
    )
    return f"--ssl-ca={ca}", f"--ssl-cert={certificate}", f"--ssl-key={key}"


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    folder = Path(tempfile.mkdtemp(prefix="parity-tls-"))
    ca, stranger = _authority(folder, "authority"), _authority(folder, "stranger")
    server = KIND(folder / "server", options=_signed(folder, ca))
    server.install()
    server.start()
    yield Secured(server, ca, stranger)
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_certificate_of_the_named_authority_is_accepted_and_the_line_is_encrypted(secured: Secured) -> None:
    session = connect(address(secured.url(secured.ca)))
    assert session.rows("SHOW SESSION STATUS LIKE 'Ssl_version'")[0][1].startswith("TLSv1.")
    session.close()


def test_a_certificate_of_another_authority_is_refused(secured: Secured) -> None:
    with pytest.raises(AccessDenied, match="not trusted") as refused:
        connect(address(secured.url(secured.stranger)))
    assert "parity:sandbox-ledger" not in str(refused.value)


def test_a_certificate_for_another_name_is_refused(secured: Secured) -> None:
    with pytest.raises(AccessDenied, match="'localhost'"):
        connect(replace(address(secured.url(secured.ca)), host="localhost"))


def test_without_an_authority_of_ones_own_the_machines_are_asked_and_do_not_know_it(secured: Secured) -> None:
    with pytest.raises(AccessDenied, match="not trusted"):
        connect(address(secured.server.url("mysql") + "?tls=verify"))


def test_a_host_that_is_not_loopback_gets_tls_with_its_name_verified() -> None:
    assert address("mysql://u:p@db.example.com/x").tls == "verify"
    assert address("mysql://u:p@10.0.0.7/x").tls == "verify"


def test_a_server_without_tls_is_refused_where_tls_is_required(secured: Secured) -> None:
    # MySQL makes itself a certificate unless TLS is switched off.
    without = ("--tls-version=",) if KIND is MySQLServer else ()
    plain = KIND(secured.server.folder.parent / "plain", options=without)
    plain.install()
    plain.start()
    try:
        with pytest.raises(AccessDenied, match="offers no TLS"):
            connect(address(plain.url("mysql") + f"?ssl_ca={secured.ca}"))
    finally:
        plain.stop()


def test_the_cut_over_list_says_that_tls_is_in_use(secured: Secured) -> None:
    secured.server.run("CREATE DATABASE IF NOT EXISTS d;\nCREATE DATABASE IF NOT EXISTS e;\n")
    sides = [address(secured.url(secured.ca).replace("/mysql?", f"/{name}?")) for name in "de"]
    spec = Database.model_validate({"database": "d", "owner": "dba", "legacy": "l", "target": "t"})
    lines = survey_database(spec, Connections(*sides), FakeClock()).cutover
    shown = next(line for line in lines if line.check == "TLS in use")
    assert shown.status == "ok"
    assert shown.legacy.startswith("TLS_")
