"""What is expected is computed or INVALID, told without values, and kept for readers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import pytest
from pydantic import TypeAdapter

from parity.clients.artefacts import Artefacts
from parity.compare.result import Canary, ColumnFacts, Result, Rows, SchemaFact, Verdict
from parity.expectations import comparison
from parity.expectations.docs import refresh_above
from parity.expectations.findings import Finding, Findings, Outcome
from parity.expectations.validation import ValidationRun
from parity.settings import PROJECT
from parity.suite.catalogue import catalogue
from parity.suite.models import Activity, Severity

Check = Callable[..., Findings]
Make = Callable[..., Activity]
MakeResult = Callable[..., Result]
COUNTRIES = {"values": ["GBP"], "weights": [1.0]}
QUANTILES = {"quantiles": [0.1, 0.5], "value_ranges": [[0, 1], [2, 4]]}
FULFILLED: dict[str, dict[str, Any]] = {
    "ExpectColumnDistinctValuesToBeInSet": {"column": "currency", "value_set": ["GBP"]},
    "ExpectColumnDistinctValuesToContainSet": {"column": "currency", "value_set": ["GBP"]},
    "ExpectColumnDistinctValuesToEqualSet": {"column": "currency", "value_set": ["GBP"]},
    "ExpectColumnKLDivergenceToBeLessThan": {
        "column": "currency",
        "partition_object": COUNTRIES,
        "threshold": 0.1,
    },
    "ExpectColumnMaxToBeBetween": {"column": "amount", "max_value": 10},
    "ExpectColumnMeanToBeBetween": {"column": "amount", "max_value": 10},
    "ExpectColumnMedianToBeBetween": {"column": "amount", "max_value": 10},
    "ExpectColumnMinToBeBetween": {"column": "amount", "min_value": 0},
    "ExpectColumnMostCommonValueToBeInSet": {"column": "currency", "value_set": ["GBP"]},
    "ExpectColumnPairValuesAToBeGreaterThanB": {"column_A": "b", "column_B": "a"},
    "ExpectColumnPairValuesToBeEqual": {"column_A": "a", "column_B": "c"},
    "ExpectColumnPairValuesToBeInSet": {
        "column_A": "a",
        "column_B": "c",
        "value_pairs_set": [[i, i] for i in range(5)],
    },
    "ExpectColumnProportionOfNonNullValuesToBeBetween": {"column": "currency", "min_value": 0.9},
    "ExpectColumnProportionOfUniqueValuesToBeBetween": {"column": "id", "min_value": 1},
    "ExpectColumnQuantileValuesToBeBetween": {"column": "d", "quantile_ranges": QUANTILES},
    "ExpectColumnStdevToBeBetween": {"column": "d", "min_value": 0},
    "ExpectColumnSumToBeBetween": {"column": "amount", "min_value": 0},
    "ExpectColumnToExist": {"column": "amount"},
    "ExpectColumnUniqueValueCountToBeBetween": {"column": "currency", "min_value": 1},
    "ExpectColumnValueLengthsToBeBetween": {"column": "currency", "min_value": 3, "max_value": 3},
    "ExpectColumnValueLengthsToEqual": {"column": "currency", "value": 3},
    "ExpectColumnValueZScoresToBeLessThan": {"column": "d", "threshold": 10, "double_sided": True},
    "ExpectColumnValuesToBeBetween": {"column": "day", "min_value": "2026-01-01", "max_value": "2026-01-31"},
    "ExpectColumnValuesToBeInSet": {"column": "currency", "value_set": ["GBP"]},
    "ExpectColumnValuesToBeJsonParseable": {"column": "js", "mostly": 0.99},
    "ExpectColumnValuesToBeNull": {"column": "currency", "mostly": 0.01},
    "ExpectColumnValuesToBeUnique": {"column": "id"},
    "ExpectColumnValuesToMatchLikePattern": {"column": "currency", "like_pattern": "G%"},
    "ExpectColumnValuesToMatchLikePatternList": {"column": "currency", "like_pattern_list": ["X%", "G%"]},
    "ExpectColumnValuesToMatchRegex": {"column": "currency", "regex": "^[A-Z]{3}$"},
    "ExpectColumnValuesToMatchRegexList": {"column": "currency", "regex_list": ["^X", "^[A-Z]{3}$"]},
    "ExpectColumnValuesToMatchStrftimeFormat": {
        "column": "written",
        "strftime_format": "%Y-%m-%d",
        "mostly": 0.99,
    },
    "ExpectColumnValuesToNotBeInSet": {"column": "currency", "value_set": ["XXX"]},
    "ExpectColumnValuesToNotBeNull": {"column": "id"},
    "ExpectColumnValuesToNotMatchLikePattern": {"column": "currency", "like_pattern": "X%"},
    "ExpectColumnValuesToNotMatchLikePatternList": {"column": "currency", "like_pattern_list": ["X%", "Y%"]},
    "ExpectColumnValuesToNotMatchRegex": {"column": "currency", "regex": "x"},
    "ExpectColumnValuesToNotMatchRegexList": {"column": "currency", "regex_list": ["x", "y"]},
    "ExpectCompoundColumnsToBeUnique": {"column_list": ["id", "n"]},
    "ExpectMulticolumnSumToEqual": {"column_list": ["a", "b"], "sum_total": 1, "mostly": 0.2},
    "ExpectMulticolumnValuesToBeEqual": {"column_list": ["a", "c"]},
    "ExpectSelectColumnValuesToBeUniqueWithinRecord": {"column_list": ["a", "b"]},
    "ExpectTableColumnCountToBeBetween": {"min_value": 1},
    "ExpectTableColumnCountToEqual": {"value": 12},
    "ExpectTableColumnsToMatchOrderedList": {
        "column_list": ["id", "n", "amount", "d", "currency", "card_pan", "a", "b", "c", "js", "day", "written"]
    },
    "ExpectTableColumnsToMatchSet": {"column_set": ["id"], "exact_match": False},
    "ExpectTableRowCountToBeBetween": {"min_value": 1},
    "ExpectTableRowCountToEqual": {"value": 1000},
    "UnexpectedRowsExpectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE amount < 0"},
}
"""Every class that a suite may name, with arguments that the payments fulfil."""
BROKEN: dict[str, tuple[dict[str, Any], int]] = {
    "ExpectColumnValuesToNotBeNull": ({"column": "currency"}, 10),
    "ExpectColumnValuesToMatchRegex": ({"column": "id", "regex": "^P1"}, 1000 - 111),
    "ExpectColumnValuesToNotMatchRegex": ({"column": "id", "regex": "9$"}, 100),
    "ExpectColumnValuesToMatchRegexList": (
        {"column": "id", "regex_list": ["1", "2"], "match_on": "all"},
        1000 - 54,
    ),
    "ExpectColumnValuesToNotMatchRegexList": ({"column": "n", "regex_list": ["^1$", "^2$"]}, 2),
    "ExpectColumnValuesToMatchLikePattern": ({"column": "id", "like_pattern": "P_"}, 990),
    "ExpectColumnValuesToNotMatchLikePattern": ({"column": "id", "like_pattern": "P_"}, 10),
    "ExpectColumnValuesToMatchLikePatternList": ({"column": "id", "like_pattern_list": ["P_", "P__"]}, 900),
    "ExpectColumnValuesToNotMatchLikePatternList": ({"column": "id", "like_pattern_list": ["P_", "P__"]}, 100),
    "ExpectColumnValuesToBeJsonParseable": ({"column": "js"}, 3),
    "ExpectColumnValuesToMatchStrftimeFormat": ({"column": "written", "strftime_format": "%Y-%m-%d"}, 2),
}
"""Classes that Parity teaches DuckDB, and one that it does not; with the rows that break them."""


def entries(given: dict[str, dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], ...]:
    return tuple({name: arguments} for name, arguments in given.items())


def on(findings: Findings, side: str) -> list[Finding]:
    return [finding for finding in findings.findings if finding.side == side]


def test_every_expectation_that_a_suite_may_name_can_be_computed(check: Check, activity: Make) -> None:
    assert set(FULFILLED) == set(catalogue())
    found = on(check(activity(target=entries(FULFILLED))), "target")
    assert {f.expectation: (f.outcome, f.message) for f in found} == dict.fromkeys(FULFILLED, (Outcome.PASS, ""))


def test_rows_that_break_an_expectation_are_counted_exactly(check: Check, activity: Make) -> None:
    given = {name: arguments for name, (arguments, _) in BROKEN.items()}
    found = on(check(activity(legacy=entries(given))), "legacy")
    assert {f.expectation: (f.outcome, f.unexpected, f.checked) for f in found} == {
        name: (Outcome.FAIL, count, 1000) for name, (_, count) in BROKEN.items()
    }


def test_a_failed_critical_expectation_fails_and_a_warning_only_tells(check: Check, activity: Make) -> None:
    warning = {"ExpectColumnValuesToNotBeNull": {"column": "currency", "severity": "warning"}}
    found = check(activity(target=(warning,)))
    assert found.verdict is Verdict.PASS
    assert found.counts()["warning"]["fail"] == 1
    assert [f.message for f in found.failed(Severity.WARNING)] == ["10 of 1,000 rows break it."]
    critical = {"ExpectColumnValuesToNotBeNull": {"column": "currency"}}
    assert check(activity(target=(critical,))).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExpectColumnMaxToBeBetween", {"column": "nope", "max_value": 1}),
        ("ExpectColumnSumToBeBetween", {"column": "currency", "max_value": 1}),
        ("ExpectColumnValuesToMatchRegex", {"column": "id", "regex": "(?=look)"}),
        ("ExpectColumnValuesToBeBetween", {"column": "amount"}),
        ("ExpectColumnValuesToNotBeNull", {"column": "id", "mostly": 7}),
    ],
)
def test_what_cannot_be_computed_is_invalid_and_never_passes(
    check: Check, activity: Make, name: str, arguments: dict[str, Any]
) -> None:
    found = check(activity(both=({name: {**arguments, "severity": "info"}},)))
    for side in ("legacy", "target"):
        assert [f.outcome for f in on(found, side)] == [Outcome.INVALID]
        assert on(found, side)[0].message.startswith("It could not be computed")
    assert found.verdict is Verdict.INVALID


QUERY = "SELECT currency, count(*) FROM {batch} GROUP BY currency HAVING count(*) < 100"


def test_a_query_of_ones_own_counts_its_rows_and_shows_none(check: Check, activity: Make, tmp_path: Path) -> None:
    expected = {"UnexpectedRowsExpectation": {"unexpected_rows_query": QUERY}}
    [found] = on(check(activity(target=(expected,)), store=tmp_path), "target")
    assert (found.outcome, found.unexpected, found.message) == (Outcome.FAIL, 1, "1 row breaks it.")
    described = {
        "UnexpectedRowsExpectation": {"unexpected_rows_query": QUERY, "description": "no currency is rare"}
    }
    [found] = on(check(activity(target=(described,))), "target")
    assert found.message == "Expected that no currency is rare."


@pytest.mark.parametrize(
    "query",
    [
        "SELECT card_pan::INT FROM {batch}",
        "SELECT * FROM {batch} WHERE card_pan LIKE '4111-SECRET-7%'",
        "SELECT * FROM {batch} WHERE nope = 1",
        "SELEKT",
    ],
)
def test_a_query_beside_a_sensitive_column_shows_nothing(
    check: Check, activity: Make, tmp_path: Path, query: str
) -> None:
    given = activity(
        columns={"card_pan": {"sensitive": True}},
        target=({"UnexpectedRowsExpectation": {"unexpected_rows_query": query}},),
    )
    found = check(given, store=tmp_path)
    [finding] = on(found, "target")
    broken = "LIKE" in query
    assert finding.outcome is (Outcome.FAIL if broken else Outcome.INVALID)
    assert finding.unexpected == (111 if broken else None)
    written = "".join(p.read_text() for p in tmp_path.rglob("*") if p.is_file()).replace(query, "")
    assert "SECRET" not in written.replace("4111-SECRET-7%", "") + repr(found)


OWN = """
import great_expectations.expectations as gxe


class ExpectAmountsToBeSmall(gxe.ExpectColumnMaxToBeBetween):
    column: str = "amount"
    max_value: float = 1


class ExpectNoRareCurrency(gxe.UnexpectedRowsExpectation):
    unexpected_rows_query: str = "SELECT currency FROM {batch} GROUP BY currency HAVING count(*) < 100"


class NoExpectation:
    pass
"""


@pytest.fixture
def own(tmp_path: Path, run: ValidationRun) -> Callable[[str], ValidationRun]:
    """Write a suite's own classes and return a run that knows them."""

    def write(text: str) -> ValidationRun:
        file = tmp_path / "expectations.py"
        file.write_text(text)
        return replace(run, own=file)

    return write


def test_classes_of_the_suites_own_file_are_asked(
    check: Check, activity: Make, own: Callable[[str], ValidationRun]
) -> None:
    named = ("ExpectAmountsToBeSmall", "ExpectNoRareCurrency", "NoExpectation", "ExpectWhatIsNotThere")
    given = activity(target=entries({name: {} for name in named}))
    found = on(check(given, run=own(OWN)), "target")
    assert {f.expectation: f.outcome for f in found} == {
        "ExpectAmountsToBeSmall": Outcome.FAIL,
        "ExpectNoRareCurrency": Outcome.FAIL,
        "NoExpectation": Outcome.INVALID,
        "ExpectWhatIsNotThere": Outcome.INVALID,
    }
    wider = activity(target=({"ExpectAmountsToBeSmall": {"max_value": 10}},))
    assert [f.outcome for f in on(check(wider, run=own(OWN)), "target")] == [Outcome.PASS]


def test_classes_that_cannot_be_imported_are_invalid_and_say_why(
    check: Check, activity: Make, own: Callable[[str], ValidationRun]
) -> None:
    given = activity(
        columns={"card_pan": {"sensitive": True}},
        target=entries({"ExpectMore": {}, "ExpectColumnToExist": {"column": "id"}}),
    )
    found = on(check(given, run=own("import nowhere\n\n\nclass ExpectMore: ...\n")), "target")
    assert [f.outcome for f in found] == [Outcome.INVALID, Outcome.PASS]
    assert "expectations.py cannot be imported: ModuleNotFoundError: No module named 'nowhere'" in found[0].message


def test_a_class_of_ones_own_beside_a_sensitive_column_shows_nothing(
    check: Check, activity: Make, own: Callable[[str], ValidationRun], tmp_path: Path
) -> None:
    text = "import great_expectations.expectations as gxe\n\n\nclass ExpectPans(gxe.ExpectColumnMaxToBeBetween):\n"
    given = activity(columns={"card_pan": {"sensitive": True}}, target=({"ExpectPans": {}},))
    found = check(
        given, run=own(text + '    column: str = "card_pan"\n    max_value: str = "1"\n'), store=tmp_path / "s"
    )
    assert [f.outcome for f in on(found, "target")] == [Outcome.FAIL]
    assert not any("SECRET" in p.read_text() for p in (tmp_path / "s").rglob("*") if p.is_file())


def test_an_output_that_is_not_there_or_not_parquet_is_invalid(
    check: Check, activity: Make, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 nothing")
    found = check(activity(both=({"ExpectColumnToExist": {"column": "id"}},)), legacy=[], target=[broken])
    assert "is not exported" in on(found, "legacy")[0].message
    assert "while reading the output" in on(found, "target")[0].message
    assert found.verdict is Verdict.INVALID


def test_columns_go_by_the_suites_names_on_both_sides(check: Check, activity: Make, tmp_path: Path) -> None:
    legacy, target = tmp_path / "legacy.parquet", tmp_path / "target.parquet"
    duckdb.connect().sql(f"copy (select 1 as merch_ref, 2 as paymentid) to '{legacy}'")
    duckdb.connect().sql(f"copy (select 1 as merchant_ref, 2 as paymentId) to '{target}'")
    expected = (
        {"ExpectColumnValuesToNotBeNull": {"column": "merchant_ref"}},
        {"ExpectColumnValuesToBeUnique": {"column": "paymentId"}},
    )
    given = activity(columns={"merchant_ref": {"legacy": "merch_ref"}}, both=expected)
    found = check(given, legacy=[legacy], target=[target])
    assert [f.outcome for f in (*on(found, "legacy"), *on(found, "target"))] == [Outcome.PASS] * 4


@pytest.mark.parametrize("own", ["amount", "AMOUNT"])
def test_a_renamed_column_is_read_and_not_the_one_that_has_its_new_name(
    check: Check, activity: Make, tmp_path: Path, own: str
) -> None:
    legacy, target = tmp_path / "legacy.parquet", tmp_path / "target.parquet"
    duckdb.connect().sql(f"copy (select 1 as {own}, 900 as amt) to '{legacy}'")
    duckdb.connect().sql(f"copy (select 900 as amount) to '{target}'")
    expected = (
        {"ExpectColumnMaxToBeBetween": {"column": "amount", "max_value": 10}},
        {"ExpectTableColumnCountToEqual": {"value": 2}},
    )
    found = check(
        activity(columns={"amount": {"legacy": "amt"}}, legacy=expected), legacy=[legacy], target=[target]
    )
    assert [f.outcome for f in on(found, "legacy")] == [Outcome.FAIL, Outcome.PASS]


def test_two_columns_that_swapped_their_names_are_both_read_rightly(
    check: Check, activity: Make, tmp_path: Path
) -> None:
    legacy, target = tmp_path / "legacy.parquet", tmp_path / "target.parquet"
    duckdb.connect().sql(f"copy (select 1 as a, 2 as b) to '{legacy}'")
    duckdb.connect().sql(f"copy (select 2 as a, 1 as b) to '{target}'")
    expected = tuple(
        {"ExpectColumnMaxToBeBetween": {"column": name, "min_value": value, "max_value": value}}
        for name, value in (("a", 2), ("b", 1))
    )
    given = activity(columns={"a": {"legacy": "b"}, "b": {"legacy": "a"}}, both=expected)
    found = check(given, legacy=[legacy], target=[target])
    assert {f.outcome for f in (*on(found, "legacy"), *on(found, "target"))} == {Outcome.PASS}


def test_no_value_of_a_sensitive_column_is_kept_anywhere(check: Check, activity: Make, tmp_path: Path) -> None:
    given = activity(
        columns={"card_pan": {"sensitive": True}},
        both=(
            {"ExpectColumnValuesToMatchRegex": {"column": "card_pan", "regex": "^5"}},
            {"ExpectColumnMaxToBeBetween": {"column": "card_pan", "max_value": "1"}},
            {"ExpectColumnMostCommonValueToBeInSet": {"column": "card_pan", "value_set": ["x"]}},
            {"ExpectColumnDistinctValuesToBeInSet": {"column": "card_pan", "value_set": ["x"]}},
            {"ExpectColumnSumToBeBetween": {"column": "card_pan", "max_value": 1}},
            {"ExpectCompoundColumnsToBeUnique": {"column_list": ["card_pan", "card_pan"]}},
            {"ExpectColumnPairValuesToBeEqual": {"column_A": "id", "column_B": "card_pan"}},
            {"ExpectColumnValuesToBeInSet": {"column": "currency", "value_set": ["USD"]}},
        ),
    )
    found = check(given, store=tmp_path / "store")
    written = [p.read_text() for p in (tmp_path / "store").rglob("*") if p.is_file()]
    assert len(written) > 5
    assert not any("SECRET" in text for text in [*written, repr(found)])
    assert any("GBP" in text for text in written)
    masked = [f for f in on(found, "legacy") if f.expectation == "ExpectColumnValuesToMatchRegex"]
    assert (masked[0].unexpected, masked[0].checked) == (1000, 1000)


def test_findings_hold_no_value_of_any_row(check: Check, activity: Make) -> None:
    given = activity(both=({"ExpectColumnValuesToBeInSet": {"column": "id", "value_set": ["USD"]}},))
    assert "P1" not in repr(check(given))


def test_a_green_comparison_is_green_in_every_respect(check: Check, activity: Make) -> None:
    found = on(check(activity()), "comparison")
    assert {f.subject for f in found} == {"verdict", "rows", "coverage", "canary", "amount", "n"}
    assert {f.outcome for f in found} == {Outcome.PASS}


def test_what_the_comparison_found_is_told_column_by_column(
    check: Check, activity: Make, result: MakeResult
) -> None:
    schema = (SchemaFact("fee", "BIGINT", None, "legacy_only"),)
    found = check(activity(), result=result(Verdict.FAIL, changed=7, schema=schema, coverage=0.5))
    failed = {f.subject: f.message for f in found.failed(Severity.CRITICAL)}
    assert set(failed) == {"verdict", "rows", "amount", "fee", "coverage"}
    assert failed["amount"] == "Expected that column amount is the same; found: 7 of 1,000 rows."
    assert found.verdict is Verdict.FAIL


def test_what_the_comparison_found_is_explained_by_names_and_observed_values(
    check: Check, activity: Make, result: MakeResult, tmp_path: Path
) -> None:
    schema = (SchemaFact("amount", "BIGINT", None, "legacy_only"),)
    canary = Canary(40, 38, hidden=("a cent up",), blind=("n (legacy)",))
    found = check(activity(), result=result(Verdict.FAIL, changed=7, schema=schema, canary=canary), store=tmp_path)
    [path] = [name for name in found.details if name.endswith("comparison.json")]
    full = json.loads((tmp_path / path).read_text())
    assert {
        (one["expectation_config"]["type"], one["success"], one["result"]["observed_value"])
        for one in full["results"]
    } == {
        ("expect_comparison_to_be_green", False, "FAIL: said so"),
        ("expect_no_changed_rows", False, "7 of 1,000 rows"),
        ("expect_no_missing_rows", True, "0 of 1,000 rows"),
        ("expect_no_extra_rows", True, "0 of 1,000 rows"),
        ("expect_rows_to_compare", True, "1,000 legacy rows, 1,000 target rows"),
        ("expect_columns_to_be_compared", True, "100.0% of the columns"),
        (
            "expect_every_planted_corruption_to_be_found",
            False,
            "38 of 40 found, 1 kind hidden by rules, not found: n (legacy)",
        ),
        ("expect_column_to_match_legacy", False, "7 of 1,000 rows"),
        ("expect_column_to_match_legacy", True, "0 of 1,000 rows"),
        (
            "expect_column_type_to_match_legacy",
            False,
            "BIGINT on the legacy side, no such column on the target side",
        ),
    }
    page = (tmp_path / found.docs).with_name("comparison.html").read_text()
    assert "no row is changed, but for what a waiver covers" in page
    assert "7 of 1,000 rows" in page
    assert "max_value" not in page


def test_a_waived_difference_is_not_held_against_the_night(
    check: Check, activity: Make, result: MakeResult
) -> None:
    found = check(activity(), result=result(Verdict.WAIVED, changed=7))
    assert found.verdict is Verdict.PASS
    assert {f.outcome for f in on(found, "comparison")} == {Outcome.PASS}
    assert {f.expectation for f in on(found, "comparison")} <= set(vars(comparison))


def test_an_invalid_comparison_is_invalid_here_too(check: Check, activity: Make, result: MakeResult) -> None:
    empty = result(Verdict.INVALID, rows=Rows(), columns=(), schema=(), canary=Canary())
    found = on(check(activity(), result=empty), "comparison")
    assert [(f.subject, f.outcome) for f in found] == [("verdict", Outcome.INVALID)]
    assert "said so" in found[0].message


def test_many_columns_share_one_expectation_after_those_that_differ(
    check: Check, activity: Make, result: MakeResult
) -> None:
    columns = tuple(ColumnFacts(f"c{i}", 1, int(i == 299)) for i in range(300))
    found = on(check(activity(), result=result(Verdict.FAIL, columns=columns)), "comparison")
    outcomes = {f.subject: f.outcome for f in found}
    assert (outcomes["c299"], outcomes["other columns"]) == (Outcome.FAIL, Outcome.PASS)
    assert sum(subject.startswith("c") for subject in outcomes) < 103


def test_data_docs_are_a_site_that_fetches_nothing(check: Check, activity: Make, tmp_path: Path) -> None:
    store = tmp_path / "store"
    found = check(activity(both=({"ExpectColumnToExist": {"column": "nope"}},)), store=store)
    refresh_above(Artefacts.on_disk(store), str(PurePosixPath(found.docs).parents[1].relative_to("data_docs")))
    pages = {p.relative_to(store).as_posix(): p.read_text() for p in store.rglob("*.html")}
    assert found.docs in pages
    assert {Path(name).name for name in pages} == {
        "index.html",
        "legacy.html",
        "target.html",
        "comparison.html",
    }
    assert "<h1>settle</h1>" in pages[found.docs]
    assert 'href="payments/index.html"' in pages["data_docs/index.html"]
    for page in pages.values():
        assert not re.search(r"<(script|img|link)[^>]*(src|href)=.?https?:", page)


def test_full_results_are_kept_and_can_be_read_back(check: Check, activity: Make, tmp_path: Path) -> None:
    given = activity(target=({"ExpectColumnValuesToBeInSet": {"column": "currency", "value_set": ["USD"]}},))
    found = check(given, store=tmp_path)
    full = {Path(name).stem: json.loads((tmp_path / name).read_text()) for name in found.details}
    assert set(full) == {"target", "comparison"}
    [result] = full["target"]["results"]
    assert result["result"]["unexpected_count"] == 990
    assert result["result"]["partial_unexpected_list"][:1] == ["GBP"]


def test_findings_survive_json(check: Check, activity: Make) -> None:
    found = check(activity(both=({"ExpectColumnToExist": {"column": "nope"}},)))
    adapter = TypeAdapter(Findings)
    assert adapter.validate_json(adapter.dump_json(found)) == found
    assert json.loads(json.dumps(found.to_json()))["verdict"] == "FAIL"


def test_nothing_leaves_the_machine(check: Check, activity: Make) -> None:
    called: list[Any] = []
    sys.addaudithook(lambda event, args: called.append(args) if event == "socket.connect" else None)
    check(activity(both=({"ExpectColumnToExist": {"column": "id"}},)))
    assert called == []


def test_great_expectations_is_imported_only_when_it_is_needed() -> None:
    code = "import sys, parity.expectations.validation as v; print('great_expectations' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT / "include"
    )
    assert done.stdout.strip() == "False"
