"""A real MySQL 9.7 answers as it did when its answers were recorded."""

from __future__ import annotations

import os
from pathlib import Path

import mysql97
from mysql_servers import TwoDatabases, on_mysql
from parity.tablediff.schema.diff import diff_schema

pytestmark = on_mysql


def test_every_planted_difference_is_found_on_the_real_server(tmp_path: Path) -> None:
    two = TwoDatabases("parity_truth", tmp_path)
    two.fresh()
    two.both(mysql97.BASE)
    connections = two.job().connections
    old, same = mysql97.catalogue(connections.legacy), mysql97.catalogue(connections.target)
    two.target(";\n".join(mysql97.PLANTED))
    new = mysql97.catalogue(connections.target)

    assert diff_schema(old, same, bool) == ()
    found = {(d.kind, d.object, d.difference) for d in diff_schema(old, new, bool)}
    assert found == {*mysql97.PLANTED.values(), *mysql97.FOLLOWING}
    if os.environ.get("PARITY_RECORD"):
        mysql97.record(legacy=old, same=same, target=new)
