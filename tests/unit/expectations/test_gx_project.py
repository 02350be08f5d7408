"""An exported suite is opened by Great Expectations alone, and judges rows as Parity does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from parity.cli import cli
from parity.errors import BadInput
from parity.expectations.gx_project import export_project
from parity.expectations.pandas_metrics import like
from parity.suite.models import Suite
from parity_sandbox.world.people import people
from unit.expectations.test_validation import BROKEN, FULFILLED

OPEN = """
import json, sys
import great_expectations as gx

context = gx.get_context(mode="file", project_root_dir=sys.argv[1])
answers = {"checkpoints": sorted(one.name for one in context.checkpoints.all())}
for name in sys.argv[2:]:
    try:
        result = context.checkpoints.get(name).run()
        suites = {key.expectation_suite_identifier.name: one for key, one in result.run_results.items()}
        answers[name] = {
            "success": result.success,
            "suites": {suite: [found.describe_dict() for found in one.results] for suite, one in suites.items()},
        }
    except Exception as error:
        answers[name] = str(error)
answers["parity"] = "parity" in sys.modules
print(json.dumps(answers))
"""
OWN = """
import great_expectations.expectations as gxe


class ExpectAmountsToBeSmall(gxe.ExpectColumnMaxToBeBetween):
    column: str = "amount"
    max_value: float = 10


class ExpectNoRareCurrency(gxe.UnexpectedRowsExpectation):
    unexpected_rows_query: str = "SELECT currency FROM {batch} GROUP BY currency HAVING count(*) < 100"
"""


UNIQUE, NOT_NULL = "expect_column_values_to_be_unique", "expect_column_values_to_not_be_null"
REGEX, LIKE = "expect_column_values_to_match_regex", "expect_column_values_to_match_like_pattern"
ROWS, EXIST = "unexpected_rows_expectation", "expect_column_to_exist"


class Answer(NamedTuple):
    success: bool
    unexpected: int | None
    observed: Any


Open = Callable[..., dict[str, Any]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Open a project in a process of its own, elsewhere, and run checkpoints."""

    def run(folder: Path, *checkpoints: str) -> dict[str, Any]:
        command = [sys.executable, "-W", "ignore", "-c", OPEN, str(folder), *checkpoints]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path.parent, check=False)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert not answer.pop("parity")
        return answer

    return run


def suite_of(activity: Mapping[str, Any], *more: Mapping[str, Any]) -> Suite:
    given = {"legacy": {"sql": "q.sql"}, "target": {"table": "payments.t"}}
    return Suite.model_validate(
        {
            "suite": "own",
            "owner": "data",
            "wave": 1,
            "azure": {"pipeline": "p", "helper_job": "h"},
            "aws": {"database": "d"},
            "activities": [{**given, **one} for one in (activity, *more)],
        }
    )


def answers(checkpoint: Mapping[str, Any], suite: str) -> dict[str, Answer]:
    """Return what the checkpoint found with one expectation suite, by kind of expectation."""
    found = {one["expectation_type"]: one for one in checkpoint["suites"][suite]}
    return {
        kind: Answer(one["success"], one["result"].get("unexpected_count"), one["result"].get("observed_value"))
        for kind, one in found.items()
    }


@pytest.mark.slow
def test_the_demos_suite_opens_elsewhere_and_judges_real_rows(tmp_path: Path, opened: Open) -> None:
    folder = tmp_path / "project"
    done = CliRunner().invoke(cli, ["suites", "export", "payments", "--gx", str(folder)])
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{folder}: 43 expectations, 11 checkpoints; see {folder}/README.md\n"
    assert "not exported: What the comparison of both outputs found (ExpectComparisonToBeGreen" in done.stderr

    clients = people(7).clients
    (parts := folder / "data" / "legacy" / "sync_clients.parquet").mkdir()
    pq.write_table(clients.slice(0, 10), parts / "part-0.parquet")
    pq.write_table(clients.slice(10), parts / "part-1.parquet")
    pq.write_table(_spoilt(clients), folder / "data" / "target" / "sync_clients.parquet")
    for side in ("legacy", "target"):
        pq.write_table(people(7).partners, folder / "data" / side / "sync_partners.parquet")

    found = opened(folder, "payments.sync_partners", "payments.sync_clients", "payments")
    assert len(found["checkpoints"]) == 11
    assert found["payments.sync_partners"]["success"]
    assert not found["payments.sync_clients"]["success"]
    assert answers(found["payments.sync_clients"], "payments.sync_clients.legacy") == dict.fromkeys(
        (UNIQUE, NOT_NULL, REGEX), Answer(True, 0, None)
    )
    assert answers(found["payments.sync_clients"], "payments.sync_clients.target") == {
        UNIQUE: Answer(False, 2, None),
        NOT_NULL: Answer(False, 1, None),
        REGEX: Answer(False, 3, None),
    }
    assert found["payments"] == "No available batches found."
    site = folder / "gx" / "uncommitted" / "data_docs" / "local_site"
    assert (site / "index.html").exists()
    assert len(list((site / "validations").rglob("*.html"))) == 4


def _spoilt(clients: pa.Table) -> pa.Table:
    """Use one id twice, lose one name, and misspell three countries."""
    rows = clients.to_pylist()
    rows[1]["client_id"] = rows[0]["client_id"]
    rows[2]["legal_name"] = None
    for row in rows[3:6]:
        row["country"] = row["country"].lower()
    return pa.Table.from_pylist(rows, schema=clients.schema)


def test_every_class_that_a_suite_may_name_is_judged_as_parity_does(
    tmp_path: Path, opened: Open, payments: Path
) -> None:
    broken = {name: arguments for name, (arguments, _) in BROKEN.items()}
    settle = {"name": "settle", "expect": {"legacy": _entries(FULFILLED), "target": _entries(broken)}}
    export_project(tmp_path, suite_of(settle), tmp_path / "expectations.py")
    for side in ("legacy", "target"):
        shutil.copy(payments, tmp_path / "data" / side / "settle.parquet")
    found = opened(tmp_path, "own")["own"]
    fulfilled = answers(found, "own.settle.legacy")
    assert len(fulfilled) == len(FULFILLED)
    assert [kind for kind, one in fulfilled.items() if not one.success] == []
    counts = {kind: answer.unexpected for kind, answer in answers(found, "own.settle.target").items()}
    assert counts == {_kind(name): count for name, (_, count) in BROKEN.items()}


def _entries(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{name: arguments} for name, arguments in given.items()]


def _kind(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


QUERY = "SELECT * FROM {batch} AS b WHERE b.merchant_ref = 'M1' AND amount > 5"


def test_renames_own_classes_and_queries_are_carried_along_and_sensitive_values_are_not_kept(
    tmp_path: Path, opened: Open
) -> None:
    own = tmp_path / "expectations.py"
    own.write_text(OWN)
    settle = {
        "name": "settle",
        "columns": {"merchant_ref": {"legacy": "Merch_Ref"}, "card_pan": {"sensitive": True}},
        "expect": {
            "both": [
                {"ExpectColumnValuesToMatchRegex": {"column": "merchant_ref", "regex": "^M[0-9]$"}},
                {"UnexpectedRowsExpectation": {"unexpected_rows_query": QUERY}},
                {"ExpectColumnValuesToMatchLikePattern": {"column": "card_pan", "like_pattern": "5555%"}},
                {"ExpectColumnToExist": {"column": "Amount"}},
            ]
        },
    }
    classes = {
        "name": "fees",
        "expect": {"target": [{"ExpectAmountsToBeSmall": {}}, {"ExpectNoRareCurrency": {"severity": "warning"}}]},
    }
    secret = {
        "name": "cards",
        "columns": {"card_pan": {"sensitive": True}},
        "expect": {"target": [{"ExpectColumnMaxToBeBetween": {"column": "card_pan", "max_value": "1"}}]},
    }
    silent = {"name": "quiet"}
    folder = tmp_path / "it's a project"
    exported = export_project(folder, suite_of(settle, classes, secret, silent), own, "csv")
    assert exported.expectations == 11
    assert "Nothing is expected of the outputs of quiet" in exported.left_out[-1]
    assert all(sentence in (folder / "README.md").read_text() for sentence in exported.left_out)
    rows = {"merchant_ref": ["M1", "M2", "X"], "Amount": [4, 6, 8], "card_pan": ["4111-1", "4111-2", "4111-3"]}
    _csv(folder / "data/target/settle.csv", rows)
    # A legacy column that is not meant has the new name of the one that is.
    legacy = {
        "merch_ref": ["M1", "M1", "M3"],
        "merchant_ref": [0, 0, 0],
        "amount": [4, 6, 8],
        "card_pan": ["5555"] * 3,
    }
    _csv(folder / "data/legacy/settle.csv", legacy)
    _csv(folder / "data/target/fees.csv", {"amount": [5, 11], "currency": ["EUR", "EUR"]})
    _csv(folder / "data/target/cards.csv", {"card_pan": ["4111-1"]})

    names = ("own.settle", "own.fees", "own.cards")
    found = opened(folder, *names)
    assert answers(found["own.settle"], "own.settle.legacy") == {
        REGEX: Answer(True, 0, None),
        ROWS: Answer(False, None, 1),
        LIKE: Answer(True, 0, None),
        EXIST: Answer(True, None, None),
    }
    assert answers(found["own.settle"], "own.settle.target") == {
        REGEX: Answer(False, 1, None),
        ROWS: Answer(True, None, 0),
        LIKE: Answer(False, 3, None),
        EXIST: Answer(True, None, None),
    }
    assert answers(found["own.fees"], "own.fees.target") == {
        "expect_amounts_to_be_small": Answer(False, None, 11),
        "expect_no_rare_currency": Answer(False, None, 1),
    }
    (card,) = answers(found["own.cards"], "own.cards.target").values()
    assert card == Answer(False, None, None)
    kept = [path.read_text() for path in (folder / "gx").rglob("*") if path.suffix in {".json", ".html"}]
    assert any("Merch_Ref".lower() in text for text in kept)
    assert not any("4111-" in text for text in kept)


def _csv(path: Path, rows: dict[str, list[Any]]) -> None:
    pyarrow.csv.write_csv(pa.table(rows), path)


@pytest.mark.parametrize(
    ("pattern", "escape", "matching", "other"),
    [
        ("P_%", None, "P1\n2", "P"),
        ("50!%", "!", "50%", "505"),
        ("a.b", None, "a.b", "axb"),
        ("!!_", "!", "!x", "!!x"),
    ],
)
def test_a_like_pattern_matches_whole_values(pattern: str, escape: str | None, matching: str, other: str) -> None:
    assert like(pattern, escape).fullmatch(matching)
    assert not like(pattern, escape).fullmatch(other)


def test_what_cannot_be_exported_is_refused_in_a_sentence_and_nothing_is_written(tmp_path: Path) -> None:
    own = tmp_path / "expectations.py"
    wrong = suite_of({"name": "settle", "expect": {"both": [{"ExpectColumnToExist": {"column": ["a"]}}]}})
    folder = tmp_path / "project"
    with pytest.raises(BadInput, match="Activity settle: ExpectColumnToExist refuses its arguments"):
        export_project(folder, wrong, own)
    with pytest.raises(BadInput, match="Suite own expects nothing of its outputs"):
        export_project(folder, suite_of({"name": "settle"}), own)
    own.write_text("import nowhere")
    mine = suite_of({"name": "settle", "expect": {"both": [{"ExpectMine": {}}]}})
    with pytest.raises(BadInput, match=re.escape("expectations.py cannot be imported: ModuleNotFoundError")):
        export_project(folder, mine, own)
    assert not folder.exists()


def test_a_project_that_may_have_been_edited_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "gx").mkdir()
    done = CliRunner().invoke(cli, ["suites", "export", "payments", "--gx", str(tmp_path)])
    assert isinstance(done.exception, BadInput)
    assert "gx exists, and may have been edited" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["gx"]


def test_an_unknown_suite_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["suites", "export", "paymets", "--gx", str(tmp_path)])
    assert isinstance(done.exception, BadInput)
    assert "no valid suite 'paymets'. Did you mean 'payments'?" in str(done.exception)
