"""``parity evidence build`` over what gates have recorded, and ``parity verify`` of what it built."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from parity.airflow.step.evidence import open_recorder
from parity.airflow.step.results import open_results
from parity.cli import cli
from parity.clients.kms import KmsSigner
from parity.compare.result import Verdict
from parity.errors import BadInput
from parity.history.records import RunRecord
from unit.evidence.worlds import DAY, Ticking, private_pem


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of Parity with a key, one recorded run, and the public half of the key beside it."""
    key = json.dumps({"conn_type": "generic", "password": private_pem().replace("\n", " ")})
    for name, value in (
        ("PARITY_HOME", tmp_path / "home"),
        ("PARITY_DATABASES", tmp_path / "none"),
        ("PARITY_WITNESS", tmp_path / "worm"),
        ("AIRFLOW_CONN_PARITY_EVIDENCE", key),
    ):
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(tmp_path)
    now, recorder = Ticking().now(), open_recorder()
    open_results().record_run(RunRecord("payments", "r1", DAY, now, now + timedelta(hours=1), Verdict.PASS))
    recorder.record_run(open_results().run("r1"), "payments/r1", {"files": {}, "waivers": []})
    pem = recorder.signer.public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(pem)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_a_wave_and_a_run_are_built_and_verify(home: Path) -> None:
    for asked, file in (("--wave", "evidence-wave-1.zip"), ("--run", "evidence-run-1.zip")):
        built = run("evidence", "build", asked, "1")
        assert (built.exit_code, built.stdout.splitlines()[0]) == (0, "PROVEN"), built.output
        done = run("verify", file, "--key", "public.pem")
        assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "PROVEN")
        assert "1 entries at a witness" not in done.stdout  # two of them: the artefacts and the witness


def test_what_is_not_as_it_was_recorded_is_said_and_ends_with_1(home: Path) -> None:
    now = Ticking().now()
    open_results().record_run(RunRecord("payments", "r1", DAY, now, now, Verdict.WAIVED))
    built = run("evidence", "build", "--run", "r1", "--out", "deep/one.zip")
    assert built.exit_code == 1
    assert f"payments entry 1 ({DAY}): the results store says otherwise now: " in built.stdout
    assert run("verify", "deep/one.zip", "--key", "public.pem").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "none.zip", "--key", "public.pem"),
        ("verify", "public.pem", "--key", "none.pem"),
        ("verify", "public.pem", "--key", "home/results.db"),
        ("verify", "public.pem", "--key", "public.pem", "--tsa", "public.pem"),
        ("evidence", "build"),
        ("evidence", "build", "--wave", "9"),
        ("evidence", "build", "--run", "none"),
    ],
)
def test_a_bad_input_is_one_line(home: Path, arguments: tuple[str, ...]) -> None:
    from parity.errors import ParityError

    assert isinstance(run(*arguments).exception, ParityError)


def test_a_connection_to_aws_means_a_key_in_kms_and_names_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aws = {"conn_type": "aws", "extra": {"region_name": "eu-west-1", "kms_key": "alias/parity"}}
    monkeypatch.setenv("AIRFLOW_CONN_PARITY_EVIDENCE", json.dumps(aws))
    assert isinstance(open_recorder().signer, KmsSigner)
    aws["extra"] = {"region_name": "eu-west-1"}
    monkeypatch.setenv("AIRFLOW_CONN_PARITY_EVIDENCE", json.dumps(aws))
    with pytest.raises(BadInput, match="kms_key is missing"):
        open_recorder()


def test_an_authority_is_asked_beside_the_folder_that_nobody_can_change(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_TIMESTAMPS", "http://tsa.test/tsr")
    names = [witness.name for witness in open_recorder().witnesses]
    assert names == ["artefacts", str(home / "worm"), "timestamps of tsa.test"]
