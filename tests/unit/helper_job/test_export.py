"""The helper job's judgement of its parameters; what it exports is tested on the sandbox."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from parity.flow.suite_run.exports.fetch import ExpectedExport, target_request
from parity.helper_job.export import (
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
    state_of,
)
from parity.helper_job.script import own_script
from parity.sql.columns import Column, Kind
from parity.sql.spark import Spark
from parity.suite.models import Mode, TargetSource
from truth import records

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


class Unbound(AnalysisException):
    """Spark's error, which its class identifies."""

    def getErrorClass(self) -> str:  # noqa: N802 - Spark's own name
        return "UNBOUND_SQL_PARAMETER"


class LossyParser(FakeSpark):
    """Loses the parameters of a statement, as Delta's parser does."""

    def sql(self, statement: str, args: Any = None) -> FakeSpark:
        if args:
            raise Unbound("[UNBOUND_SQL_PARAMETER] Found the unbound parameter: business_date.")
        return super().sql(statement)


def test_a_parser_that_loses_parameters_gets_the_date_as_a_literal_where_it_is_one() -> None:
    spark = LossyParser()
    where = """day = :business_date AND note <> 'it\\'s :business_date' -- :business_date
        AND `:business_date` <> ":business_date" /* :business_date
        */ AND :business_dates = :business_date"""
    run_query(spark, where, date(2026, 3, 2))
    [(statement, _)] = spark.asked
    assert statement == where.replace("day = :business_date", "day = DATE'2026-03-02'").replace(
        "= :business_date", "= DATE'2026-03-02'"
    )


class RecordedSpark:
    """Answers DESCRIBE as a real Spark with Delta did; ``versions`` are those that the history still lists."""

    def __init__(self, detail: list[list[str]], versions: tuple[int, ...] = (), files: int | None = 1) -> None:
        self.detail, self.versions, self.files = detail, versions, files
        self.asked: list[str] = []

    def sql(self, statement: str, args: Any = None) -> RecordedAnswer:
        self.asked.append(statement)
        if statement.startswith("DESCRIBE TABLE EXTENDED"):
            return RecordedAnswer([{"col_name": name, "data_type": kind} for name, kind in self.detail])
        if statement.startswith("DESCRIBE HISTORY"):
            return RecordedAnswer([{"version": number, "at": "2026-03-02 05:00:00.1"} for number in self.versions])
        if self.files is None:
            raise AnalysisException("[UNRESOLVED_COLUMN.WITH_SUGGESTION] no _metadata")
        file = {"file_path": "part-0", "file_size": 7, "at": "2026-03-02 04:00:00"}
        return RecordedAnswer([file] * self.files)


class RecordedAnswer:
    """Rows, of which a condition on the version and a limit are obeyed."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows

    def where(self, condition: str) -> RecordedAnswer:
        wanted = int(condition.removeprefix("version = "))
        return RecordedAnswer([row for row in self.rows if row["version"] == wanted])

    def limit(self, rows: int) -> RecordedAnswer:
        return RecordedAnswer(self.rows[:rows])

    def select(self, *columns: str) -> RecordedAnswer:
        return self

    selectExpr = select  # noqa: N815 - Spark's own name

    def collect(self) -> list[dict[str, Any]]:
        return self.rows

    @property
    def schema(self) -> None:
        return None


RECORD = records.read("spark_delta").cases
DETAIL = RECORD["DESCRIBE TABLE EXTENDED"]


def test_a_delta_table_is_read_at_its_newest_version() -> None:
    spark = RecordedSpark(DETAIL, (7, 6))
    state = state_of(spark, read_request(given()))
    assert (state.version, state.pinned, state.bytes) == ("delta-7", 7, 7)
    assert state.as_of == "2026-03-02T05:00:00.1Z"
    assert " VERSION AS OF 7 " in spark.asked[-1]


@pytest.mark.parametrize("versions", [(7, 6), ()])
def test_a_version_that_was_read_before_is_read_again_whatever_the_history_lists(
    versions: tuple[int, ...],
) -> None:
    spark = RecordedSpark(DETAIL, versions)
    state = state_of(spark, read_request(requesting(version="delta-6")))
    assert (state.version, state.pinned) == ("delta-6", 6)


def test_a_table_that_has_become_a_delta_table_has_changed() -> None:
    with pytest.raises(Refused, match="is a Delta table now; it was files-1"):
        state_of(RecordedSpark(DETAIL, (1,)), read_request(requesting(version="files-1")))


def described(**changes: str) -> list[list[str]]:
    return [[name, changes.get(name.lower(), kind)] for name, kind in DETAIL]


@pytest.mark.parametrize(
    ("detail", "files", "named"),
    [
        (described(provider="parquet"), 1, True),
        (described(provider="parquet"), 0, False),
        (described(type="VIEW"), 1, False),
        (described(type="STREAMING_TABLE"), 1, False),
        (described(provider="jdbc"), None, False),
        ([["_metadata", "string"], *described(provider="parquet")], 1, False),
        ([["id", "bigint"]], None, False),
    ],
)
def test_a_state_has_a_name_where_files_show_it(detail: list[list[str]], files: int | None, named: bool) -> None:
    state = state_of(RecordedSpark(detail, files=files), read_request(given()))
    assert (state.version is not None, state.pinned) == (named, None)


def test_a_subquery_may_read_what_no_version_of_the_table_tells() -> None:
    state = state_of(RecordedSpark(DETAIL, (7,)), read_request(requesting(where="id IN (SELECT id FROM other)")))
    assert (state.version, state.pinned) == (None, 7)


def test_what_a_real_delta_table_tells_is_what_the_job_asks_for() -> None:
    assert {"version", "timestamp"} <= set(RECORD["columns of DESCRIBE HISTORY"])
    assert ["provider", "string"] in DETAIL  # a column by that name, before what the catalogue says


def test_a_version_that_was_vacuumed_is_refused_by_name() -> None:
    assert RECORD["version that was vacuumed"].startswith(
        "pay.old can no longer be read at version 0, which this run has read before (was it vacuumed?"
    )
    assert "pay.refunds can no longer be read at version 99" in RECORD["version that never was"]


def test_the_script_imports_nothing_but_the_standard_library_and_pyspark() -> None:
    nodes = [
        node for node in ast.walk(ast.parse(own_script().text)) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    named = [getattr(node, "module", None) or node.names[0].name for node in nodes]
    assert {name.partition(".")[0] for name in named} <= {*sys.stdlib_module_names, "pyspark"}
