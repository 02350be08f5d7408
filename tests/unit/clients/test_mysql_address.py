"""The URL of a database: what cannot be meant as it stands is refused, before anybody is asked."""

from __future__ import annotations

import pytest

from parity.clients.mysql import address
from parity.errors import BadInput
from parity.suite.databases import ThrottleLimits

REFUSED = {
    "a host of 300 letters": f"mysql://root@{'a' * 300}.com/x",
    "a host of dots": "mysql://root@.../x",
    "half a surrogate": "mysql://root@\udcff/x",
    "bytes that are no UTF-8": "mysql://root:p%ff@h/x",
    "another database behind #": "mysql://root@h/pay#roll",
    "a zero byte in the database": "mysql://root@h/pay%00roll",
    "a zero byte in the user": "mysql://ro%00ot@h/pay",
}


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED)
def test_a_url_that_would_lead_elsewhere_or_nowhere_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="database URL"):
        address(url)


def test_every_part_is_taken_as_it_is_written() -> None:
    found = address("mysql://us%23er:p%E2%82%AC@h:0/pay%23roll")
    assert (found.user, found.password.get_secret_value(), found.port) == ("us#er", "p€", 0)
    assert found.database == "pay#roll"


def test_a_duration_that_is_too_long_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="longer than a duration"):
        ThrottleLimits(settle="99999999999d")
