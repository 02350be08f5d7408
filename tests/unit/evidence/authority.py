"""A timestamp authority over HTTP, whose engine is OpenSSL."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIGURATION = """
[tsa]
default_tsa = here
[here]
serial = {home}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""
Key = ec.EllipticCurvePrivateKey


@dataclass
class Authority:
    """One authority with a root of its own; ``answer`` is sent in place of a timestamp where it is set."""

    home: Path
    url: str = ""
    answer: tuple[int, bytes] | None = None

    @property
    def root(self) -> Path:
        """The certificate that an auditor trusts."""
        return self.home / "root.pem"

    def reply(self, query: bytes) -> bytes:
        """Have OpenSSL answer a query."""
        asked, answered = self.home / "query.tsq", self.home / "reply.tsr"
        asked.write_bytes(query)
        options = [
            "-config",
            f"{self.home}/tsa.cnf",
            "-signer",
            f"{self.home}/tsa.pem",
            "-inkey",
            f"{self.home}/tsa.key",
        ]
        command = ["openssl", "ts", "-reply", "-queryfile", str(asked), *options, "-out", str(answered)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
        return answered.read_bytes()


@contextmanager
def serving(home: Path, *, ended: bool = False) -> Iterator[Authority]:
    """Serve an authority with files in ``home``; the certificate of one that has ``ended`` is of last year."""
    home.mkdir()
    now = datetime.now(UTC) - timedelta(days=400 if ended else 1)
    root = ec.generate_private_key(ec.SECP256R1())
    key = ec.generate_private_key(ec.SECP256R1())
    stamping = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    (home / "root.pem").write_bytes(
        _certificate("root", root, root, now, x509.BasicConstraints(ca=True, path_length=None))
    )
    (home / "tsa.pem").write_bytes(_certificate("tsa", key, root, now, stamping))
    (home / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (home / "tsa.cnf").write_text(CONFIGURATION.format(home=home))
    (home / "serial").write_text("01\n")
    authority = Authority(home)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            right = self.headers["Content-Type"] == "application/timestamp-query"
            status, body = authority.answer or ((200, authority.reply(query)) if right else (415, b""))
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/tsr"
    try:
        yield authority
    finally:
        server.shutdown()
        server.server_close()


def _certificate(name: str, key: Key, issuer: Key, since: datetime, extension: x509.ExtensionType) -> bytes:
    """Return a certificate of a year, as PEM; the root's own name is its issuer's."""

    def called(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    builder = x509.CertificateBuilder(
        called("root"),
        called(name),
        key.public_key(),
        x509.random_serial_number(),
        since,
        since + timedelta(days=365),
    ).add_extension(extension, critical=True)
    return builder.sign(issuer, SHA256()).public_bytes(Encoding.PEM)
