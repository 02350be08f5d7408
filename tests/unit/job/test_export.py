"""The helper job's judgement of its parameters; what it exports is tested on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Any

import pytest

from parity.flow.suite_run.exports.fetch import ExpectedExport, target_request
from parity.sql.columns import Column, Kind
from parity.sql.spark import Spark
from parity.suite.models import Mode, TargetSource
from parity_job.export import (
    MANIFEST,
    PROTOCOL,
    SOURCE,
    VERSION,
    Refused,
    first_line,
    main,
    parameters,
    quoted,
    read_request,
    run_query,
    select,
)

GIVEN = {
    "protocol": "2",
    "activity": "apply_refunds",
    "run_id": "run-1",
    "business_date": "2026-03-02",
    "mode": "rows",
    "destination": "abfss://exchange@a.dfs.core.windows.net/parity/1/",
    "request": json.dumps({"table": "payments.refunds", "where": "settlement_date = :business_date"}),
}


class Widgets:
    """Widgets that refuse what they do not know, as a notebook's do."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = known

    def get(self, name: str) -> str:
        if name not in self.known:
            raise LookupError(f"No input widget named {name} is defined")
        return self.known[name]


class FakeSpark:
    """Remembers what it was asked."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[tuple[str, Any]] = []

    def sql(self, statement: str, args: Any = None) -> FakeSpark:
        self.asked.append((statement, args))
        return self

    @property
    def schema(self) -> None:
        if self.error:
            raise self.error


def given(**changes: str) -> dict[str, str]:
    return {**GIVEN, **changes}


def requesting(**request: Any) -> dict[str, str]:
    return given(request=json.dumps({"table": "payments.refunds", **request}))


def test_an_order_is_read_from_the_parameters() -> None:
    order = read_request(given())
    assert (order.activity, order.mode, order.business_date) == ("apply_refunds", "rows", date(2026, 3, 2))
    assert order.destination == "abfss://exchange@a.dfs.core.windows.net/parity/1"
    assert (order.table, order.columns) == ("payments.refunds", None)


def test_what_the_product_asks_for_is_an_order() -> None:
    expected = ExpectedExport("apply_refunds", "run-1", date(2026, 3, 2), Mode.ROWS)
    target = TargetSource(table="payments.refunds", where="settlement_date = :business_date")
    order = read_request(target_request(expected, target, "abfss://e@a.dfs.core.windows.net/x", ["refund_id"]))
    assert order.columns == ("refund_id",)
    assert order.where == target.where


def test_the_manifest_has_the_name_that_the_product_looks_for() -> None:
    from parity.flow.suite_run.digest.queries import TARGET_ROWS
    from parity.flow.suite_run.exports import manifest

    assert (manifest.MANIFEST, str(manifest.PROTOCOL), TARGET_ROWS) == (MANIFEST, PROTOCOL, SOURCE)


def test_the_helper_job_has_the_version_of_parity() -> None:
    assert version("parity") == VERSION


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"activity": ""}, "job parameter activity is missing"),
        (
            {"protocol": "9"},
            r"protocol 9 was requested, but this helper job is version .*, which speaks protocol 2",
        ),
        ({"mode": "all"}, "mode 'all' is none of rows, digest"),
        ({"activity": "a; drop"}, "activity 'a; drop' is not a name"),
        ({"business_date": "yesterday"}, "business_date 'yesterday' is not a date"),
        ({"request": "{"}, "request is not JSON"),
        ({"request": "[]"}, "must be a JSON object with a table"),
        ({"mode": "digest"}, "mode digest needs digest_sql"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(changes: dict[str, str], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        read_request(given(**changes))


@pytest.mark.parametrize(
    ("request_keys", "complaint"),
    [
        ({"table": "payments.refunds; drop table x"}, "is not a name"),
        ({"table": "payments."}, "is not a name"),
        ({"table": "a.b.c.d"}, "is not a name"),
        ({"table": "lake.a/b"}, "is not a name"),
        ({"table": "lake.a\x7f"}, "is not a name"),
        ({"table": "x" * 256}, "is not a name"),
        ({"wheer": "1 = 1"}, "'wheer', which protocol 2 does not have"),
        ({"columns": "refund_id"}, "must be a list of names"),
        ({"columns": [1]}, "must be a list of names"),
    ],
)
def test_a_wrong_request_is_refused_by_name(request_keys: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        read_request(requesting(**request_keys))


def test_identifiers_are_quoted_so_that_they_cannot_be_anything_else() -> None:
    assert quoted("a`b") == "`a``b`"
    order = read_request(requesting(columns=["x`, secret --"], where=None))
    assert select(order, None) == "SELECT `x``, secret --` FROM `payments`.`refunds`"


def test_without_columns_everything_is_selected() -> None:
    assert select(read_request(requesting()), None) == "SELECT * FROM `payments`.`refunds`"


def test_names_that_unity_catalog_allows_are_quoted_part_by_part() -> None:
    order = read_request(requesting(table="prod-lake.2026`s.rückläufe;x"))
    assert select(order, 7) == "SELECT * FROM `prod-lake`.`2026``s`.`rückläufe;x` VERSION AS OF 7"


def test_the_business_date_is_bound_and_never_pasted() -> None:
    spark = FakeSpark()
    order = read_request(given())
    run_query(spark, select(order, None), order.business_date)
    [(statement, args)] = spark.asked
    assert statement.endswith("WHERE (settlement_date = :business_date)")
    assert args == {"business_date": date(2026, 3, 2)}


def test_a_statement_without_the_date_binds_nothing() -> None:
    spark = FakeSpark()
    run_query(spark, "SELECT :business_dates", date(2026, 3, 2))
    assert spark.asked == [("SELECT :business_dates", None)]


def test_sparks_complaint_becomes_one_line() -> None:
    error = ValueError("[TABLE_OR_VIEW_NOT_FOUND] no such table;\nplan\nplan")
    with pytest.raises(Refused, match=r"^\[TABLE_OR_VIEW_NOT_FOUND\] no such table;$"):
        run_query(FakeSpark(error), "SELECT 1", date(2026, 3, 2))


def test_an_error_without_words_is_told_by_its_class() -> None:
    assert first_line(KeyError()) == "KeyError"


def test_widgets_and_arguments_are_both_heard_and_arguments_win() -> None:
    widgets = Widgets({"activity": "from_widget", "mode": "rows"})
    reported = parameters(["--activity", "from_argument", "--unknown", "x"], widgets)
    assert reported == {"activity": "from_argument", "mode": "rows"}


def test_a_refusal_ends_the_run_with_one_line() -> None:
    with pytest.raises(SystemExit) as left:
        main(["--protocol", "9"])
    assert left.value.code == "parity-helper: job parameter activity is missing or empty"


def test_a_long_request_comes_packed_and_says_the_same() -> None:
    wide = [Column(f"amount_in_currency_{at}", Kind.DECIMAL, 4) for at in range(200)]
    condition = Spark().among(wide[:1], 250_000, range(0, 250_000, 251))
    sql = Spark().detail([column.name for column in wide], (), condition, "payments.refunds")
    expected = ExpectedExport("apply_refunds", "run-1", date(2026, 3, 2), Mode.DIGEST)
    asked = target_request(expected, TargetSource(table="payments.refunds"), GIVEN["destination"], digest_sql=sql)
    assert asked["request"].startswith("zlib:")
    assert len(json.dumps(asked)) < 10_000 < len(sql)
    assert read_request(asked).digest_sql == sql


@pytest.mark.parametrize("packed", ["zlib:", "zlib:!!!", "zlib:eJw=", "zlib:AAAA"])
def test_a_torn_packed_request_is_refused(packed: str) -> None:
    with pytest.raises(Refused, match="not JSON"):
        read_request({**GIVEN, "request": packed})
