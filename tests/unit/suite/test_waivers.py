"""A waiver that names nothing covers nothing, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from parity.suite.model_loader import LoadedModels
from parity.suite.models import Suite
from parity.suite.suite_files import load_suites

WAIVER = """\
waivers:
  - suite: payments
    activity: settle_card_payments
    column: amount
    cause: rounding
    owner: payments-data
    reason: half-even rounding until PAY-400
    ticket: PAY-400
    expires: 2026-06-30
    max_rows: 100
"""


def write(folder: Path, old: str = "", new: str = "") -> LoadedModels[Suite]:
    assert old in WAIVER
    (folder / "waivers.yaml").write_text(WAIVER.replace(old, new) if old else WAIVER)
    return load_suites(folder)


def test_a_right_waiver_is_loaded(folder: Path) -> None:
    loaded = write(folder)
    assert loaded.errors == ()
    assert loaded.waivers[0].expires.isoformat() == "2026-06-30"


@pytest.mark.parametrize(
    ("old", "new", "reported"),
    [
        (
            "suite: payments",
            "suite: payment",
            "waivers.yaml:2: waivers[0].suite: no suite is called 'payment'. Did you mean",
        ),
        ("settle_card_payments", "settle_card_payment", "waivers.yaml:3: waivers[0].activity"),
        ("column: amount", "column: batch_no", "column 'batch_no' is ignored, so there is nothing to waive"),
        ("cause: rounding", "cause: roundin", "cause 'roundin' is unknown. Did you mean 'rounding'?"),
        ("max_rows: 100", "max_row: 100", "key 'max_row' is unknown. Did you mean 'max_rows'?"),
        ("suite: payments", "suite: SUITE", "suite is still the draft's 'SUITE'. Write the suite of this waiver."),
        ("settle_card_payments", "ACTIVITY", "activity is still the draft's 'ACTIVITY'"),
        ("owner: payments-data", "owner: OWNER", "owner is still the draft's 'OWNER'"),
        ("half-even rounding until PAY-400", "WHY IT MAY PASS", "reason is still the draft's"),
        ("ticket: PAY-400", "ticket: TICKET", "ticket is still the draft's 'TICKET'"),
        ("expires: 2026-06-30", "expires: never", "waivers.yaml:9: waivers[0].expires"),
    ],
)
def test_a_wrong_waiver_is_told_and_covers_nothing(folder: Path, old: str, new: str, reported: str) -> None:
    loaded = write(folder, old, new)
    assert any(reported in str(error) for error in loaded.errors), [str(e) for e in loaded.errors]
    assert loaded.waivers == ()
    assert [*loaded.models] == ["payments"]


def test_a_wrong_waiver_leaves_the_right_ones_alone(folder: Path) -> None:
    second = WAIVER.removeprefix("waivers:\n").replace("max_rows: 100", "max_rows: -1")
    (folder / "waivers.yaml").write_text(WAIVER + second)
    assert len(load_suites(folder).waivers) == 1


def test_a_waiver_of_a_broken_suite_is_not_blamed(folder: Path) -> None:
    (folder / "payments.yaml").write_text("suite: [")
    loaded = write(folder)
    assert len(loaded.waivers) == 1
    assert all(error.path.name == "payments.yaml" for error in loaded.errors)
