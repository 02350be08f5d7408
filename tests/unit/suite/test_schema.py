"""The schema that editors use says what the loader says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from parity.settings import PROJECT
from parity.suite.schema import database_schema, suite_schema, waivers_schema, waves_schema
from parity.suite.yaml_source import read_yaml

SUITES = PROJECT / "include" / "suites"


@pytest.mark.parametrize(
    ("name", "schema"), [("suite.schema.json", suite_schema), ("waivers.schema.json", waivers_schema)]
)
def test_the_committed_schema_is_current(name: str, schema: Callable[[], dict[str, Any]]) -> None:
    """Regenerate with ``parity suites schema > include/suites/suite.schema.json`` (and ``--waivers``)."""
    assert json.loads((SUITES / name).read_text()) == schema()


def test_a_suite_that_loads_satisfies_the_schema(folder: Path) -> None:
    jsonschema.validate(read_yaml(folder / "payments.yaml").data, suite_schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tolerance: 0.01", "tolerence: 0.01"),
        ("ToNotBeNull: {column: payment_id}", "ToNotBeNul: {column: payment_id}"),
        ("{column: payment_id}", "{colum: payment_id}"),
        ("deadline: 2h", "deadline: soon"),
        ("max_scan: 20 GiB", "max_scan: twenty"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(edit: Callable[..., Path], old: str, new: str) -> None:
    document = read_yaml(edit(old, new) / "payments.yaml")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.data, suite_schema())


def test_the_committed_schema_of_databases_is_current_and_the_ledger_satisfies_it() -> None:
    """Regenerate with ``parity suites schema --databases > include/databases/database.schema.json``."""
    folder = PROJECT / "include" / "databases"
    assert json.loads((folder / "database.schema.json").read_text()) == database_schema()
    document = read_yaml(folder / "ledger.yaml")
    jsonschema.validate(document.data, database_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document.data, "taget": "x"}, database_schema())
    jsonschema.validate({**document.data, "exclude": ["tmp_*"]}, database_schema())


def test_the_committed_schema_of_waves_is_current_and_the_projects_satisfy_it() -> None:
    """Regenerate with ``parity suites schema --waves > include/waves.schema.json``."""
    folder = PROJECT / "include"
    assert json.loads((folder / "waves.schema.json").read_text()) == waves_schema()
    document = read_yaml(folder / "waves.yaml")
    jsonschema.validate(document.data, waves_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"waves": [{"wave": 0}]}, waves_schema())


def test_classes_of_ones_own_are_known_to_the_schema(edit: Callable[..., Path]) -> None:
    document = read_yaml(
        edit("ExpectColumnValuesToNotBeNull: {column: payment_id}", "ExpectFair: {limit: 2}") / "payments.yaml"
    )
    jsonschema.validate(document.data, suite_schema(["ExpectFair"]))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document.data, suite_schema())
