"""``defect`` and ``world`` on the command line."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from parity_sandbox.mysql import ledger
from parity_sandbox.world.cli import defect, world
from parity_sandbox.world.defects import defects, publish, switched_on


def test_listing_shows_every_defect_with_its_mark(tmp_path: Path) -> None:
    answer = CliRunner().invoke(defect, ["list", "--state", str(tmp_path)])
    lines = answer.output.splitlines()
    assert len(lines) == len(defects()) + len(ledger.defects())
    assert any(line.startswith("on   rounding") for line in lines)
    assert any(line.startswith("off  sign") for line in lines)
    assert any(line.startswith("on   balances_sign") for line in lines)


def test_a_planted_difference_of_the_ledger_is_switched_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "volumes").mkdir()
    answer = CliRunner().invoke(defect, ["off", "balances_sign", "--state", str(tmp_path)])
    assert answer.output == "balances_sign is off: table daily_balances: credit became debit\n"
    on = ledger.switched_on(tmp_path)
    assert on == ledger.defects().keys() - {"balances_sign"}
    assert ledger.expected_verdicts(on)["daily_balances"] == "PASS"


def test_switching_on_and_off_says_so(tmp_path: Path) -> None:
    publish(tmp_path, ())
    answer = CliRunner().invoke(defect, ["on", "sign", "--state", str(tmp_path)])
    assert answer.output.startswith("sign is on: apply_refunds")
    assert switched_on(tmp_path) == {"sign"}
    CliRunner().invoke(defect, ["off", "sign", "--state", str(tmp_path)])
    assert switched_on(tmp_path) == frozenset()


def test_an_unknown_defect_is_one_line(tmp_path: Path) -> None:
    publish(tmp_path, ())
    answer = CliRunner().invoke(defect, ["on", "nonsense", "--state", str(tmp_path)])
    assert answer.exit_code == 1
    assert "There is no defect 'nonsense'" in answer.output


def test_without_a_sandbox_every_command_says_how_to_start_one(tmp_path: Path) -> None:
    for group, words in (
        (defect, ["on", "sign"]),
        (world, ["seed", "2026-04-01"]),
        (world, ["night", "2026-04-01"]),
    ):
        answer = CliRunner().invoke(group, [*words, "--state", str(tmp_path / "none")])
        assert answer.exit_code == 1
        assert "parity sandbox up" in answer.output
