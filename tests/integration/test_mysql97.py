"""A real MySQL 9.7 answers as it did when its answers were recorded; skipped where there is none."""

from __future__ import annotations

import os

import pytest

import mysql97
from parity.tablediff.schema.diff import diff_schema

URL = os.environ.get("PARITY_TEST_MYSQL", "")
pytestmark = pytest.mark.skipif(not URL, reason="PARITY_TEST_MYSQL names no MySQL 9.7")


def test_every_planted_difference_is_found_on_the_real_server() -> None:
    with mysql97.two_databases(URL) as (legacy, target):
        old, same = mysql97.catalogue(URL, legacy), mysql97.catalogue(URL, target)
        mysql97.run(URL, target, list(mysql97.PLANTED))
        new = mysql97.catalogue(URL, target)

    assert diff_schema(old, same, bool) == ()
    found = {(d.kind, d.object, d.difference) for d in diff_schema(old, new, bool)}
    assert found == {*mysql97.PLANTED.values(), *mysql97.FOLLOWING}
    if os.environ.get("PARITY_RECORD"):
        mysql97.record(legacy=old, same=same, target=new)
