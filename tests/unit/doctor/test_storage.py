"""What a shared access signature says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parity.doctor.line import Status
from parity.doctor.storage import judge_signature

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("signature", "status", "said"),
    [
        ("sp=racwdl&se=2026-12-31T00:00:00Z&sig=x", Status.OK, "until 2026-12-31"),
        ("?sp=rwdl&sig=x", Status.OK, "a shared access signature"),
        ("sp=rl&se=2026-12-31&sig=x", Status.MISSING, "does not let us write, delete"),
        ("sp=racwdl&se=2026-03-05T12:00:00Z&sig=x", Status.DIFFERS, "ends on 2026-03-05 12:00 UTC"),
        ("sp=racwdl&se=2025-03-05&sig=x", Status.DIFFERS, "ends on 2025-03-05"),
        ("sp=racwdl&se=soon&sig=x", Status.OK, "a shared access signature"),
    ],
)
def test_a_signature_is_judged_by_its_rights_and_its_end(signature: str, status: Status, said: str) -> None:
    found = judge_signature("account", signature, NOW)
    assert found.status is status
    assert said in found.detail
