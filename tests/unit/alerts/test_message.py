from __future__ import annotations

import pytest

from parity.alerts.message import HIDDEN, redact


@pytest.mark.parametrize(
    "secret",
    [
        "jane.doe+pay@client.example.com",
        "DE89370400440532013000",
        "GB29 NWBK 6016 1331 9268 19",
        "4111111111111111",
        "4111 1111 1111 1111",
        "5500-0000-0000-0004",
    ],
)
def test_what_a_cloud_quotes_of_a_person_does_not_leave_the_house(secret: str) -> None:
    said = redact(f"Cannot cast '{secret}' to decimal(18,2) in column amount.")
    assert said == f"Cannot cast '{HIDDEN}' to decimal(18,2) in column amount."


@pytest.mark.parametrize(
    "plain",
    [
        "UserError 2011: out of memory (0a1b2c3d-0000-4111-8111-111111111111 ended as Failed)",
        "Run 4111111111111112 failed",
        "line 1:8: Column 'client_idd' cannot be resolved",
        "2026-03-02T03:10:00Z",
        "PIPELINE_FAILED AT STEP SETTLE",
    ],
)
def test_what_helps_to_find_the_error_stays(plain: str) -> None:
    assert redact(plain) == plain
