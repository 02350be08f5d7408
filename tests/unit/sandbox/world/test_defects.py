"""Defects are patches that fit, and what the night must find follows from those that are on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parity.compare.result import Verdict
from parity.suite.models import Cause
from parity_sandbox.world.defects import (
    PatchRefused,
    UnknownDefect,
    apply,
    defects,
    expected,
    expected_causes,
    listing,
    patched,
    publish,
    switch,
    switched_on,
    verdicts,
)
from parity_sandbox.world.places import PRODUCTS
from parity_sandbox.world.publishing import migrated_script, notebooks, volume

ACTIVITIES = {product.activity for product in PRODUCTS}


@pytest.mark.parametrize("name", sorted(defects()))
def test_a_defect_changes_its_script_and_leaves_it_python(name: str) -> None:
    activity = defects()[name].activity
    text = patched(activity, {name})
    assert text != migrated_script(activity)
    compile(text, f"{activity}.py", "exec")


@pytest.mark.parametrize("activity", sorted(ACTIVITIES))
def test_all_defects_of_a_script_fit_together(activity: str) -> None:
    mine = [defect for defect in defects().values() if defect.activity == activity]
    text = patched(activity, set(defects()))
    compile(text, f"{activity}.py", "exec")
    assert all(defect.new in text for defect in mine)


def test_a_patch_that_fits_nowhere_or_twice_is_refused() -> None:
    rounding = defects()["rounding"]
    with pytest.raises(PatchRefused, match=r"occurs 0 times in compute_fees\.py"):
        apply(replace(rounding, old="not there"), migrated_script("compute_fees"))
    with pytest.raises(PatchRefused, match="not once"):
        apply(replace(rounding, old="F"), migrated_script("compute_fees"))


def test_the_demo_starts_with_the_defects_that_are_marked_on(tmp_path: Path) -> None:
    marked = {name for name, defect in defects().items() if defect.on}
    assert switched_on(tmp_path) == marked
    assert {defect.name for defect, on in listing(tmp_path) if on} == marked


def test_the_demo_has_a_failure_a_waiver_and_a_majority_of_faithful_activities(tmp_path: Path) -> None:
    deserved = list(expected(tmp_path).values())
    assert deserved.count("PASS") > len(deserved) / 2
    assert {"FAIL", "WAIVED", "INVALID"} <= set(deserved)


def test_switching_publishes_the_script_again_and_is_remembered(tmp_path: Path) -> None:
    publish(tmp_path, ())
    assert (volume(tmp_path) / "compute_fees.py").read_text() == migrated_script("compute_fees")
    switch(tmp_path, "rounding", on=True)
    assert "F.bround" in (volume(tmp_path) / "compute_fees.py").read_text()
    assert switched_on(tmp_path) == {"rounding"}
    switch(tmp_path, "rounding", on=False)
    assert (volume(tmp_path) / "compute_fees.py").read_text() == migrated_script("compute_fees")
    assert switched_on(tmp_path) == frozenset()


def test_publishing_puts_notebooks_into_the_workspace(tmp_path: Path) -> None:
    publish(tmp_path, ())
    assert {path.stem for path in notebooks(tmp_path).glob("*.py")} == {"sync_partners"}
    assert {path.stem for path in volume(tmp_path).glob("*.py")} == ACTIVITIES - {"sync_partners"}


def test_an_unknown_defect_is_answered_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(UnknownDefect, match="time_zone"):
        switch(tmp_path, "timezone", on=True)


def test_without_defects_every_activity_passes(tmp_path: Path) -> None:
    publish(tmp_path, ())
    assert expected(tmp_path) == dict.fromkeys((product.activity for product in PRODUCTS), "PASS")


def test_heirs_of_a_defect_fail_with_it(tmp_path: Path) -> None:
    publish(tmp_path, {"sign"})
    failing = {name for name, verdict in expected(tmp_path).items() if verdict == "FAIL"}
    assert failing == {"apply_refunds", "build_settlements", "schedule_payouts"}


def test_what_depends_on_a_failed_activity_is_invalid(tmp_path: Path) -> None:
    publish(tmp_path, {"refunds_fail", "scale"})
    invalid = {name for name, verdict in expected(tmp_path).items() if verdict == "INVALID"}
    assert invalid == {"apply_refunds", "build_settlements", "schedule_payouts"}


def test_a_real_failure_outweighs_a_waiver() -> None:
    waived = defects()["null_for_empty"]
    cut = replace(defects()["truncated_name"], activity=waived.activity)
    assert verdicts([waived])["sync_vendors"] == "WAIVED"
    assert verdicts([cut, waived])["sync_vendors"] == "FAIL"


def test_expected_causes_name_columns_of_activities_that_can_be_compared(tmp_path: Path) -> None:
    publish(tmp_path, {"rounding", "sign", "refunds_fail"})
    assert expected_causes(tmp_path) == {"compute_fees": [("fee", "rounding")]}


def test_defects_speak_the_languages_of_verdicts_causes_and_activities() -> None:
    for defect in defects().values():
        assert defect.verdict in set(Verdict)
        assert defect.cause is None or defect.cause in set(Cause)
        assert defect.kind in {"changed", "missing", "extra"}
        assert {defect.activity, *defect.inherits} <= ACTIVITIES
