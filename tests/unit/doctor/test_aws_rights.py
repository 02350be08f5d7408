"""What IAM's decisions come to: a right that a run needs, and one that it does without."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from parity.doctor.aws_rights import METRICS, NO_METRICS, Right, judge_right
from parity.doctor.line import Line, Status

NEEDED = Right("read Glue jobs", METRICS, ["*"])
OPTIONAL = replace(NEEDED, without=NO_METRICS)


@pytest.mark.parametrize(
    ("right", "may", "status", "fine"),
    [
        (NEEDED, True, Status.OK, True),
        (NEEDED, False, Status.MISSING, False),
        (OPTIONAL, True, Status.OK, True),
        (OPTIONAL, False, Status.OPTIONAL, True),
    ],
)
def test_what_iam_does_not_allow_is_missing_unless_a_run_does_without_it(
    right: Right, may: bool, status: Status, fine: bool
) -> None:
    found = judge_right(right, {(METRICS[0], "*"): may}, ["*"])
    assert (found.status, Line("AWS", found).ok) == (status, fine)


def test_what_is_optional_says_what_stays_unknown_and_which_line_of_policy_gives_it() -> None:
    found = judge_right(OPTIONAL, {}, ["*"])
    assert 'The rows that Glue wrote stay "not reported"' in found.detail
    assert json.loads(found.remedy) == {"Effect": "Allow", "Action": list(METRICS), "Resource": ["*"]}
