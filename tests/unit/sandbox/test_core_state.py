"""The small pieces of a sandbox's life: its lock, its options, its command line, its endpoints file."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from parity_sandbox.cli import cli
from parity_sandbox.endpoints import Endpoints
from parity_sandbox.lock import AlreadyUp, claimed, holder
from parity_sandbox.options import Options
from parity_sandbox.server import DATA, empty


def test_a_claimed_state_folder_is_refused_to_others_with_the_way_out(tmp_path: Path) -> None:
    with claimed(tmp_path):
        with pytest.raises(AlreadyUp, match=f"already up in {tmp_path}.*parity sandbox down"), claimed(tmp_path):
            pytest.fail("two supervisors hold one state folder")
        assert holder(tmp_path) is not None

    assert holder(tmp_path) is None


def test_options_survive_the_way_to_a_child(tmp_path: Path) -> None:
    options = Options(tmp_path, ("aws", "sink"), "lazy", world=False)

    assert Options.load(options.dump()) == options


def test_two_sandboxes_never_share_a_spark_address(tmp_path: Path) -> None:
    assert Options(tmp_path / "a").spark_address != Options(tmp_path / "b").spark_address


def test_a_deep_state_folder_does_not_make_the_address_too_long(tmp_path: Path) -> None:
    assert len(Options(tmp_path / ("deep/" * 60)).spark_address) < 100


def test_endpoints_are_read_as_they_were_written(tmp_path: Path) -> None:
    endpoints = Endpoints(aws="http://127.0.0.1:1")
    endpoints.write(tmp_path)

    assert Endpoints.read(tmp_path) == endpoints


def test_emptying_a_folder_keeps_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / DATA[0]
    (folder / "bucket").mkdir(parents=True)
    (folder / "bucket" / "key").write_text("x")

    empty(folder)

    assert folder.is_dir()
    assert list(folder.iterdir()) == []


def test_an_unknown_service_is_refused_before_anything_starts(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["up", "--state", str(tmp_path), "--only", "aws,gcp"])

    assert answer.exit_code == 2
    assert "unknown service gcp" in answer.output


@pytest.mark.parametrize("command", ["status", "reset"])
def test_asking_a_sandbox_that_is_not_up_says_how_to_start_it(tmp_path: Path, command: str) -> None:
    answer = CliRunner().invoke(cli, [command, "--state", str(tmp_path)])

    assert answer.exit_code == 1
    assert "parity sandbox up" in answer.output


def test_stopping_a_sandbox_that_is_not_up_is_no_error(tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["down", "--state", str(tmp_path)])

    assert answer.exit_code == 0
