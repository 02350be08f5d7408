"""The list of expectations agrees with the installed Great Expectations."""

from __future__ import annotations

import json

from parity.expectations.catalogue import generate
from parity.suite.catalogue import CATALOGUE, REFUSED, catalogue


def test_the_committed_list_is_what_great_expectations_has() -> None:
    """Regenerate with ``python -m parity.expectations.catalogue``."""
    assert json.loads(CATALOGUE.read_text()) == generate()


def test_only_existing_classes_are_refused() -> None:
    assert set(REFUSED) <= set(json.loads(CATALOGUE.read_text()))
    assert not set(REFUSED) & set(catalogue())
