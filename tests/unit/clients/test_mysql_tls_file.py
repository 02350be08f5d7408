"""A file of certificates that cannot be used is named; no server is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.clients.mysql import address, connect
from parity.errors import AccessDenied


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_file_of_certificates_that_cannot_be_read_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "nope.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(AccessDenied, match=rf"ssl_ca={file}"):
        connect(address(f"mysql://u:secret@db.example.com/x?ssl_ca={file}"))
