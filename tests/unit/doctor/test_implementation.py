"""The implementation status of activities and databases, from what was found on each side."""

from __future__ import annotations

import pytest

from parity.doctor.implementation import (
    Implementation,
    Move,
    Part,
    activity_move,
    by_wave,
    counts,
    database_move,
    unnamed_legacy,
    unnamed_target,
)

JOB, RAN, FILE = Part("job", state="SUCCEEDED"), Part("act", state="Succeeded"), Part("file a.py")
HIDDEN = Part("act", None, "Refused.")
ACTIVITIES: list[tuple[Part, Part, Part, Implementation, str]] = [
    (JOB, RAN, FILE, Implementation.MIGRATED, ""),
    (Part(), RAN, Part(), Implementation.MIGRATED, ""),
    (JOB, Part("act", ran=False, state="never ran"), FILE, Implementation.UNTRIED, ""),
    (JOB, Part("act", state="Failed: boom", failed=True), FILE, Implementation.FAILING, "Failed: boom"),
    (JOB, Part("act", False), Part(there=False), Implementation.NOT_MIGRATED, "There is no activity act."),
    (JOB, RAN, Part("file a.py", False), Implementation.NOT_MIGRATED, "There is no file a.py."),
    (JOB, HIDDEN, FILE, Implementation.UNREADABLE, "Refused."),
    (JOB, RAN, Part("file a.py", None, "Refused."), Implementation.UNREADABLE, "Refused."),
    (Part("job", False), RAN, FILE, Implementation.MIGRATED, "There is no Glue job job."),
    (Part("job", None, "Refused."), RAN, FILE, Implementation.MIGRATED, ""),
]
SERVER = Part("server", state="3 tables")
DATABASES: list[tuple[Part, Part, Implementation]] = [
    (SERVER, SERVER, Implementation.MIGRATED),
    (SERVER, Part("server", state="stopped", failed=True), Implementation.FAILING),
    (SERVER, Part("server", False, "no such server"), Implementation.NOT_MIGRATED),
    (SERVER, Part("server", None, "refused"), Implementation.UNREADABLE),
    (Part("server", None, "refused"), SERVER, Implementation.UNREADABLE),
    (Part("server", None, "refused"), Part("server", False), Implementation.NOT_MIGRATED),
]


@pytest.mark.parametrize(("legacy", "activity", "target", "status", "why"), ACTIVITIES)
def test_an_activity(legacy: Part, activity: Part, target: Part, status: Implementation, why: str) -> None:
    move = activity_move("payments", 1, legacy, activity, target)
    assert (move.status, move.why) == (status, why)


@pytest.mark.parametrize(("legacy", "target", "status"), DATABASES)
def test_a_database(legacy: Part, target: Part, status: Implementation) -> None:
    assert database_move("db.ledger", 1, legacy, target).status is status


def test_waves_count_every_move_once_and_what_nobody_names_comes_last() -> None:
    moves: list[Move] = [
        unnamed_legacy("activity", "old_job"),
        activity_move("b", 2, JOB, RAN, FILE),
        unnamed_target("activity", "file x.py", "act_x"),
        activity_move("a", 1, JOB, RAN, FILE),
        activity_move("a", 1, JOB, Part("act", False), Part(there=False)),
    ]
    found = [(wave, dict(counts(some))) for wave, some in by_wave(moves)]
    assert found == [
        (1, {"migrated": 1, "not migrated": 1}),
        (2, {"migrated": 1}),
        (None, {"not migrated": 1, "extra on the target": 1}),
    ]
