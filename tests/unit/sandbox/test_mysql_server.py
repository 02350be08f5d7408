"""A private database server that never came up."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity_sandbox.mysql.server import Server


def test_stopping_a_server_that_never_started_removes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kept").touch()
    monkeypatch.chdir(tmp_path)
    Server(Path("server")).stop()
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
