from __future__ import annotations

import pytest

from parity.clients import adf, athena, databricks, glue
from parity.clients.remote import Lifecycle, Phase, carries, fingerprint
from parity.errors import Terminal

LIFECYCLES = [adf.LIFECYCLE, databricks.LIFECYCLE, athena.LIFECYCLE, glue.LIFECYCLE]


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.cloud)
def test_an_unknown_state_is_an_error_never_a_guess(lifecycle: Lifecycle) -> None:
    with pytest.raises(Terminal, match="'Sleeping', which Parity does not know"):
        lifecycle.phase("Sleeping")


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda lifecycle: lifecycle.cloud)
def test_exactly_one_word_of_each_cloud_means_success(lifecycle: Lifecycle) -> None:
    assert list(lifecycle.phases.values()).count(Phase.SUCCEEDED) == 1


def test_a_fingerprint_fits_every_cloud() -> None:
    assert 32 <= len(fingerprint("x" * 500)) <= 64
    assert fingerprint("a") != fingerprint("b")


def test_a_text_carries_a_token_by_its_fingerprint() -> None:
    assert carries(f"s3://b/{fingerprint('payments/1')[:12]}/", "payments/1")
    assert not carries("s3://b/x/", "payments/1")
