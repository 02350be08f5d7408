from __future__ import annotations

import pytest

from parity.clients.objects import azure_errors
from parity.errors import Unreachable


@pytest.mark.parametrize("stumble", [IndexError("list index"), KeyError("etag"), ValueError("no date")])
def test_an_answer_that_is_not_storages_is_transient_and_says_where_to_look(stumble: Exception) -> None:
    with (
        pytest.raises(Unreachable, match=r"not ADLS answered for the manifest.*proxy"),
        azure_errors("the manifest"),
    ):
        raise stumble
