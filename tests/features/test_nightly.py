"""Steps of ``nightly.feature``: one run as ``parity.flow`` does it, over exports on this machine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from fake_clock import FakeClock
from parity.alerts.notify import notify
from parity.alerts.outcome import ActivityOutcome, RunOutcome
from parity.clients.artefacts import Artefacts
from parity.clients.files import FileStorage
from parity.clients.remote import Phase, RunStatus
from parity.compare.result import Result, Verdict
from parity.errors import BadInput, ParityError, RemoteFailed
from parity.expectations.findings import Findings
from parity.flow.run_verdict import PIPELINE_TASKS, PLAN, RunFacts, TaskFacts, judge_run
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.activity_run import ActivityRun, Outputs
from parity.flow.suite_run.exports.parquet import ExportColumn
from parity.flow.suite_run.plan import SuiteRunPlan, plan_suite_run
from parity.flow.suite_run.steps import compare, expect, fetch
from parity.flow.suite_run.verdict import Judgement, judge
from parity.history.store import Store, open_store
from parity.settings import Settings
from parity.suite.models import Suite, Waiver

scenarios("nightly.feature")

LOAD, SETTLE = "load_payments", "settle_card_payments"
DAY = date(2026, 3, 2)
MOMENT = datetime(2026, 3, 3, 2, tzinfo=UTC)
SCHEMA = pa.schema([("payment_id", pa.int64()), ("amount", pa.decimal128(18, 2)), ("currency", pa.string())])
SPARK = {"payment_id": "bigint", "amount": "decimal(18,2)", "currency": "string"}
PART, UNLOADED = "part-0.parquet", "20260302_0001"


def suite(**of_settle: Any) -> Suite:
    activities = [
        {"name": LOAD, "legacy": {"sql": "load.sql"}, "target": {"table": "payments.raw"}},
        {
            "name": SETTLE,
            "legacy": {"sql": "settle.sql"},
            "target": {"table": "payments.settled"},
            "key": ["payment_id"],
            **of_settle,
        },
    ]
    parts = {"azure": {"pipeline": "ingest", "helper_job": "helper"}, "aws": {"database": "legacy"}}
    return Suite.model_validate(
        {"suite": "payments", "owner": "data", "wave": 1, **parts, "activities": activities}
    )


def payments(rows: int) -> list[dict[str, Any]]:
    return [{"payment_id": n, "amount": Decimal(n) + Decimal("0.50"), "currency": "EUR"} for n in range(rows)]


@dataclass
class Pager:
    """A pager that remembers."""

    name: str = "pager"
    arrived: list[Mapping[str, Any]] = field(default_factory=list)

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Take one letter."""
        self.arrived.append(payload)


@dataclass
class Nightly:
    """A run: what both sides wrote, what failed before, and what came of it."""

    root: Path
    store: Store
    suite: Suite = field(default_factory=suite)
    waivers: tuple[Waiver, ...] = ()
    legacy: list[dict[str, Any]] = field(default_factory=lambda: payments(30))
    target: list[dict[str, Any]] = field(default_factory=lambda: payments(30))
    manifest: dict[str, Any] = field(default_factory=dict)
    without_manifest: bool = False
    query: Phase = Phase.SUCCEEDED
    failure: dict[str, list[StageFailure]] = field(default_factory=dict)
    spoilt: list[Any] = field(default_factory=list)
    """Called when both sides have been written."""
    judged: dict[str, Judgement] = field(default_factory=dict)
    pager: Pager = field(default_factory=Pager)
    clock: FakeClock = field(default_factory=lambda: FakeClock(MOMENT))
    day: date = DAY

    @property
    def plan(self) -> SuiteRunPlan:
        return plan_suite_run(self.suite, {"business_date": self.day.isoformat()}, run_id="run-1", moment=MOMENT)

    @property
    def unload(self) -> Path:
        return self.root / "unload"

    @property
    def export(self) -> Path:
        return self.root / "export"

    def run(self) -> None:
        """Verify settle_card_payments as the flow does, and notify on-call."""
        self._write()
        for spoil in self.spoilt:
            spoil()
        self.judged = {LOAD: self._unless_broken(LOAD), SETTLE: self._settle()}
        self.clock.sleep(60)
        activities = tuple(self._outcome(name) for name in self.judged)
        outcome = RunOutcome("payments", self.day, f"run-{self.day}", activities)
        notify(self.store, outcome, [self.pager], self.clock)

    @property
    def facts(self) -> RunFacts:
        """What the gate gathers of this run, whose pipeline ended well."""
        outcomes = {name: {"verdict": one.verdict, "reason": one.reason} for name, one in self.judged.items()}
        shared = {task: TaskFacts("success", {"run_id": "pipeline-1"}) for task in (PLAN, *PIPELINE_TASKS)}
        return RunFacts(len(self.suite.activities), self.plan, outcomes, shared, {})

    def _settle(self) -> Judgement:
        found = list(self.failure.get(SETTLE, ()))
        settings = Settings(home=self.root / "home", memory="256MB")
        artefacts = Artefacts.on_disk(self.root / "artefacts")
        run = ActivityRun(self.suite, self.suite.activity(SETTLE), self.plan, settings, artefacts, self.waivers)
        result, findings = None, None
        try:
            result, findings = self._verify(run)
        except ParityError as error:
            found.append(StageFailure.from_error(Stage.COMPARE, error))
        return judge(result, findings, found)

    def _verify(self, run: ActivityRun) -> tuple[Result, Findings]:
        status = RunStatus("q-1", self.query.name, self.query, output={"manifest": self._list().as_uri()})
        columns = [ExportColumn(name, kind) for name, kind in SPARK.items()]
        outputs = Outputs(status, f"{self.unload.as_uri()}/", self.export.as_uri(), "export-1", lambda: columns)
        exports = fetch(run, outputs, FileStorage())
        result = compare(run, *exports, facts={})
        return result, expect(run, *exports, result=result)

    def _unless_broken(self, name: str) -> Judgement:
        failure = self.failure.get(name)
        return judge(None, None, failure) if failure else Judgement(Verdict.PASS, "equal")

    def _outcome(self, name: str) -> ActivityOutcome:
        judgement = self.judged[name]
        failure = judgement.failure
        return ActivityOutcome(
            name,
            judgement.verdict,
            judgement.reason,
            first_failure=failure.sentence if failure else "",
            caused_by=failure.caused_by if failure else "",
        )

    def _list(self) -> Path:
        return self.root / "q-1-manifest.csv"

    def _write(self) -> None:
        self.unload.mkdir(exist_ok=True)
        self.export.mkdir(exist_ok=True)
        self._list().write_text("")
        if self.legacy:
            pq.write_table(pa.Table.from_pylist(self.legacy, SCHEMA), self.unload / UNLOADED)
            self._list().write_text(f"{(self.unload / UNLOADED).as_uri()}\n")
        pq.write_table(pa.Table.from_pylist(self.target, SCHEMA), self.export / PART)
        if not self.without_manifest:
            (self.export / "_manifest").mkdir(exist_ok=True)
            (self.export / "_manifest" / "part-0.txt").write_text(json.dumps(self._manifest()))

    def _manifest(self) -> dict[str, Any]:
        size = (self.export / PART).stat().st_size
        return {
            "protocol": 2,
            "helper": "0.1.0",
            "activity": SETTLE,
            "run_id": "export-1",
            "business_date": self.day.isoformat(),
            "mode": "rows",
            "rows": len(self.target),
            "schema": [{"name": name, "type": kind} for name, kind in SPARK.items()],
            "files": [{"name": PART, "bytes": size, "rows": len(self.target)}],
            "bytes": size,
            "source": {"table": "payments.settled"},
            "written_at": "2026-03-03T01:00:00Z",
            **self.manifest,
        }


@pytest.fixture
def results(tmp_path: Path) -> Iterator[Store]:
    """An empty results store."""
    store = open_store(f"sqlite:///{tmp_path / 'results.db'}")
    yield store
    store.engine.dispose()


@given(f"a suite of {SETTLE}, which needs {LOAD}", target_fixture="nightly")
def a_suite(tmp_path: Path, results: Store) -> Nightly:
    return Nightly(tmp_path, results)


@given("both sides exported the same 30 payments of 2026-03-02")
def same(nightly: Nightly) -> None:
    assert nightly.legacy == nightly.target


@given(parsers.re(r"(?P<count>one|two) payments? (is|are) a cent off on the target side"))
def a_cent_off(nightly: Nightly, count: str) -> None:
    for payment in nightly.target[: {"one": 1, "two": 2}[count]]:
        payment["amount"] += Decimal("0.01")


@given("a waiver for up to 1 row of amount")
def waived(nightly: Nightly) -> None:
    agreed = {"owner": "data", "reason": "known rounding", "ticket": "PAY-1", "expires": date(2099, 1, 1)}
    nightly.waivers = (Waiver(suite="payments", activity=SETTLE, column="amount", max_rows=1, **agreed),)


@given("the helper job died before it wrote a manifest")
def no_manifest(nightly: Nightly) -> None:
    nightly.without_manifest = True


@given("the export is that of another run")
def of_another_run(nightly: Nightly) -> None:
    nightly.manifest = {"run_id": "export-0"}


@given("the export is that of another business date")
def of_another_date(nightly: Nightly) -> None:
    nightly.manifest = {"business_date": "2026-03-01"}


@given(parsers.re(r"the (?P<side>target|legacy) file was cut short"))
def cut_short(nightly: Nightly, side: str) -> None:
    file = nightly.export / PART if side == "target" else nightly.unload / UNLOADED
    nightly.spoilt.append(lambda: file.write_bytes(file.read_bytes()[:-9]))


@given("the target file is gone")
def gone(nightly: Nightly) -> None:
    nightly.spoilt.append((nightly.export / PART).unlink)


@given("the legacy folder holds a stranger's file")
def stranger(nightly: Nightly) -> None:
    nightly.spoilt.append(lambda: (nightly.unload / "20260301_0001").write_bytes(b"PAR1"))


@given("the query failed")
def query_failed(nightly: Nightly) -> None:
    nightly.query = Phase.FAILED


@given("neither side has a row")
def no_rows(nightly: Nightly) -> None:
    nightly.legacy, nightly.target = [], []


@given("the target side has no row")
def no_target(nightly: Nightly) -> None:
    nightly.target = []


@given("the suite names a column that neither side has")
def unknown_column(nightly: Nightly) -> None:
    nightly.suite = suite(columns={"amuont": {"tolerance": "0.01"}})


@given("an expectation names a column that is not there")
def unknown_expected(nightly: Nightly) -> None:
    nightly.suite = suite(expect={"both": [{"ExpectColumnValuesToNotBeNull": {"column": "curency"}}]})


@given(parsers.parse("the legacy Glue job ended as {state}"))
def glue_failed(nightly: Nightly, state: str) -> None:
    nightly.failure[SETTLE] = [StageFailure.from_error(Stage.GLUE, RemoteFailed(f"{state}: it ran for an hour."))]


@given(parsers.parse('{name} failed in Data Factory with "{words}"'))
def activity_failed(nightly: Nightly, name: str, words: str) -> None:
    after = RemoteFailed(f"It never ran, because {name} failed first.")
    after.caused_by = name
    nightly.failure = {
        name: [StageFailure.from_error(Stage.ACTIVITY, RemoteFailed(words))],
        SETTLE: [StageFailure.from_error(Stage.ACTIVITY, after)],
    }


@when("the run is judged")
def judged(nightly: Nightly) -> None:
    nightly.run()


@when("the next run is INVALID too")
def still_invalid(nightly: Nightly) -> None:
    nightly.day += timedelta(days=1)
    nightly.run()


@when("the next run is right")
def right(nightly: Nightly) -> None:
    nightly.day += timedelta(days=1)
    nightly.without_manifest = False
    nightly.run()


@when(parsers.parse("somebody runs the suite with {parameters}"), target_fixture="planned")
def from_parameters(nightly: Nightly, parameters: str) -> SuiteRunPlan | BadInput:
    try:
        return plan_suite_run(nightly.suite, json.loads(parameters), run_id="manual", moment=MOMENT)
    except BadInput as error:
        return error


@then(parsers.re(r'(?P<name>\w+) is (?P<verdict>[A-Z]+)(, because "(?P<words>.+)")?'))
def verdict_is(nightly: Nightly, name: str, verdict: str, words: str | None) -> None:
    judgement = nightly.judged[name]
    assert str(judgement.verdict) == verdict, judgement.reason
    assert (words or "") in judgement.reason


@then(f"{LOAD} and {SETTLE} are INVALID")
def both_invalid(nightly: Nightly) -> None:
    assert {str(judgement.verdict) for judgement in nightly.judged.values()} == {"INVALID"}


@then(parsers.re(r"the run is (?P<colour>green|red)"))
def run_is(nightly: Nightly, colour: str) -> None:
    verdict, reason = judge_run(nightly.facts)
    assert verdict.green is (colour == "green"), reason


@then(parsers.parse('on call is paged once, with "{words}"'))
def paged_once(nightly: Nightly, words: str) -> None:
    [page] = nightly.pager.arrived
    assert page["event"] == "new"
    assert words in "\n".join(page["lines"])


@then(parsers.parse('the page says that "{words}"'))
def page_says(nightly: Nightly, words: str) -> None:
    assert words in nightly.pager.arrived[-1]["lines"][3]


@then("the alert is resolved")
def resolved(nightly: Nightly) -> None:
    first, last = nightly.pager.arrived
    assert (last["event"], last["incident"]) == ("recovered", first["incident"])


@then(parsers.parse("the plan is {activities} for {dates}"))
def planned_is(planned: SuiteRunPlan | BadInput, activities: str, dates: str) -> None:
    assert isinstance(planned, SuiteRunPlan)
    assert ", ".join(planned.activities) == activities
    assert ", ".join(map(str, (planned.business_date, *planned.other_dates))) == dates


@then(parsers.parse('the run is refused with "{words}"'))
def refused(planned: SuiteRunPlan | BadInput, words: str) -> None:
    assert isinstance(planned, BadInput)
    assert words in str(planned)
