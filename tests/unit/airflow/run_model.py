"""A model of one Dag run: Airflow's rules in little, both clouds, and people who clear, mark, edit and delete.

The tasks are played; what they hand on, how it is gathered and how it is judged is the product's own code. Beside
it the model keeps a ledger of what *really* happened, by execution and not by any mark, so that a green verdict
can be held against the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from parity.airflow.manual_success import KEPT
from parity.airflow.remote.submissions import SubmissionStore
from parity.airflow.suite import facts
from parity.airflow.suite.facts import activity_facts, provenance_now, rules_now
from parity.airflow.suite.gate import ASKED, OTHER_DATES, OTHER_RUNS, run_facts
from parity.compare.result import Result, Verdict
from parity.errors import BadInput
from parity.expectations.findings import Findings
from parity.flow import run_verdict
from parity.flow.codec import from_json, to_json
from parity.flow.provenance import PROVENANCE, Provenance, output_hash, suite_rules
from parity.flow.run_verdict import (
    COVERS,
    ActivityFacts,
    input_hashes,
    judge_activity,
    judge_run,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage
from parity.flow.suite_run.activity_run import ActivityRun
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.flow.suite_run.records import is_record_of
from parity.flow.suite_run.verdict import covering_waivers
from parity.history.records import ActivityKey, ActivityRecord, RunDetail, RunRecord
from parity.suite.models import Suite
from unit.airflow.doubles import FakeStore
from unit.flow.suites import suite

DAY, OTHER_DAY = date(2026, 3, 1), date(2026, 3, 2)
NAMES = ("settle", "refund")
PLAN, START, PIPELINE, DATES, GATE = "plan", "start_pipeline", "pipeline", f"{OTHER_RUNS}_0", "gate"
PRODUCERS = (Stage.GLUE, Stage.ACTIVITY, Stage.ATHENA, Stage.HELPER)
SMALL = 100
"""By how much data differ whose difference a waiver covers."""
LAST_DAY = date(2026, 3, 5)
"""The waiver's last day."""
LATE = ("report", "compare", "stored", "record")
"""What a process of an earlier attempt may still write."""
FAULTS = ("fails", "dies", "twice")
"""A task fails, is killed before its process starts, or is killed after it submitted and tried again."""


def tasks_of(name: str) -> dict[str, tuple[str, ...]]:
    """Return the tasks of one activity with what they wait for, as the Dag has them."""
    own = {stage: task_of(stage, name) for stage in Stage}
    return {
        own[Stage.GLUE]: (PLAN,),
        own[Stage.ACTIVITY]: (START,),
        own[Stage.ATHENA]: (own[Stage.GLUE],),
        own[Stage.HELPER]: (own[Stage.ACTIVITY],),
        own[Stage.COMPARE]: (own[Stage.ATHENA], own[Stage.HELPER]),
        own[Stage.VALIDATE]: (own[Stage.COMPARE],),
        own[Stage.RECORD]: (own[Stage.ATHENA], own[Stage.HELPER], own[Stage.VALIDATE]),
    }


def dag() -> dict[str, tuple[str, ...]]:
    """Return every task with what it waits for, in an order in which they can run."""
    found: dict[str, tuple[str, ...]] = {PLAN: (), START: (PLAN,), PIPELINE: (START,)}
    found |= {OTHER_DATES: (PLAN,), DATES: (OTHER_DATES,)}
    for name in NAMES:
        found |= tasks_of(name)
    records = tuple(task_of(Stage.RECORD, name) for name in NAMES)
    return {**found, GATE: (*records, PIPELINE, DATES)}


UPSTREAM = dag()
WHATEVER = {GATE, *(task_of(Stage.RECORD, name) for name in NAMES)}
"""What runs however the tasks before it ended."""


def below(task: str) -> set[str]:
    """Return a task and everything after it."""
    found = {task}
    for other, waits in UPSTREAM.items():
        if found & set(waits):
            found.add(other)
    return found


@dataclass(frozen=True)
class Execution:
    """What really happened when a task ran: the ledger."""

    number: int
    incarnation: int
    generation: int
    used: Mapping[str, int] = field(default_factory=dict)
    """Task → the execution whose piece was read."""
    rules: str = ""
    content: int = 0
    """Which state of the data an export holds."""
    submitted: int = 0
    """The execution that submitted the remote run, when an earlier attempt had."""


@dataclass
class Task:
    """One task instance, as Airflow keeps it."""

    state: str = ""
    tries: int = 0
    max_tries: int = 3
    xcoms: dict[str, Any] = field(default_factory=dict)
    source: dict[str, int] = field(default_factory=dict)
    """XCom key → the execution that pushed it."""
    memory: FakeStore = field(default_factory=FakeStore)
    generation: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Instance:
    """The task instance in a context."""

    world: World
    task_id: str
    id: str
    max_tries: int
    dag_id: str = "parity__payments"
    run_id: str = "scheduled__1"

    def xcom_pull(self, task_ids: str, key: str = "return_value") -> Any:
        return self.world.tasks[task_ids].xcoms.get(key) if task_ids in self.world.tasks else None

    def get_task_states(self, **_: Any) -> dict[str, dict[str, str]]:
        return {self.run_id: {task: known.state for task, known in self.world.tasks.items()}}


class Failed(Exception):
    """The task goes red, with whatever it has pushed."""


@dataclass(frozen=True)
class Gate:
    """What the gate said, and what of it is not true."""

    verdict: Verdict
    reason: str
    lies: tuple[str, ...]


@dataclass
class World:
    """One Dag run, both clouds, the results store and the suite's file."""

    folder: Path
    partial: bool = False
    ranged: bool = False
    declared: Suite = field(default_factory=lambda: _suite(0))
    edits: int = 0
    printed: dict[tuple[int, str], Any] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=lambda: {task: Task() for task in UPSTREAM})
    incarnation: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    ledger: dict[int, Execution] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    """Token → the execution that submitted the run; clouds forget nothing."""
    legacy: int = 1
    target: int = 1
    """Which state of the data each side has; equal numbers are equal data."""
    reports: dict[str, Result] = field(default_factory=dict)
    findings: dict[str, Findings] = field(default_factory=dict)
    old: dict[str, list[tuple[int, dict[str, Any], Any]]] = field(default_factory=dict)
    stored: dict[str, ActivityRecord] = field(default_factory=dict)
    other_date: Verdict = Verdict.PASS
    """What another date's run comes to when it runs."""
    other_run: OtherRun | None = None
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """What processes of earlier attempts are about to write, just before somebody reads it."""
    gates: list[Gate] = field(default_factory=list)
    now: datetime = datetime(2026, 3, 2, 3, tzinfo=UTC)

    # What people and mishaps do

    def clear(self, task: str, downstream: bool) -> None:
        for name in below(task) if downstream else {task}:
            known = self.tasks[name]
            if known.state:
                known.generation += 1
                known.max_tries = known.tries + 3
                known.state = ""

    def mark(self, task: str, state: str) -> None:
        known = self.tasks[task]
        if known.state == state:
            return
        known.state = state
        if state == "success":
            self.handed_on_by_hand(task)
            for name in below(task) - {task}:
                if self.tasks[name].state in ("failed", "upstream_failed"):
                    self.clear(name, downstream=False)

    def handed_on_by_hand(self, task: str) -> None:
        """What the listener does to a task that a person marked successful."""
        known = self.tasks[task]
        known.xcoms = {key: value for key, value in known.xcoms.items() if key in KEPT}

    def delete(self) -> None:
        """Delete the run and have it made again, with the same id; clouds, artefacts and results stay."""
        self.incarnation += 1
        self.tasks = {task: Task() for task in UPSTREAM}

    def repair(self) -> None:
        self.legacy = self.target

    def pass_days(self) -> None:
        self.now += timedelta(days=10)

    def fail_other_date(self) -> None:
        self.other_date = Verdict.INVALID

    def edit(self) -> None:
        self.edits += 1
        self.declared = _suite(self.edits)

    def _late_writers(self, task: str) -> None:
        for what, name in list(self.waiting):
            if task == (task_of(Stage.RECORD, name) if what in ("report", "compare") else GATE):
                self.waiting.remove((what, name))
                self.late(what, name)

    def late(self, what: str, name: str) -> None:
        """Have a process of an earlier attempt write what it had found."""
        stage = Stage.COMPARE if what in ("report", "compare") else Stage.RECORD
        task = task_of(stage, name)
        if len(self.old.get(task, [])) < 2:
            return
        number, output, written = self.old[task][-2]
        if what in ("report", "compare"):
            self.reports[name] = written
        if what in ("compare", "record"):
            self._push(task, number, output, "return_value" if stage is Stage.COMPARE else "outcome")
        if what in ("stored", "record"):
            self.stored[name] = written

    # What Airflow does

    def settle(self) -> None:
        """Let the scheduler run everything that is to run."""
        for task, waits in UPSTREAM.items():
            known = self.tasks[task]
            if known.state:
                continue
            above = {self.tasks[other].state for other in waits}
            if task in WHATEVER or above <= {"success"}:
                self._attempts(task)
            else:
                known.state = "skipped" if above <= {"success", "skipped"} else "upstream_failed"

    def _attempts(self, task: str) -> None:
        known = self.tasks[task]
        known.state = "running"
        fault = known.faults.pop(0) if known.faults else ""
        known.tries += 1
        if "." in task and task.partition(".")[0] not in self._planned():
            known.state, known.xcoms, known.source = "skipped", {}, {}
            return
        if fault == "dies":  # before its process starts, so that Airflow clears no XCom
            known.state = "failed"
            return
        known.xcoms, known.source = {}, {}
        self._late_writers(task)
        if fault == "fails":
            known.state = "failed"
            return
        try:
            self._execute(task)
            if fault == "twice":  # killed after its work was done, and tried again
                known.tries += 1
                known.xcoms, known.source = {}, {}
                self._execute(task)
            known.state = "success"
        except Failed:
            known.state = "failed"

    def _execute(self, task: str) -> None:
        known, number = self.tasks[task], next(self.numbers)
        ti = Instance(self, task, f"attempt-{number}", known.max_tries)
        context: Any = {"ti": ti, "task_state_store": known.memory}
        self.now += timedelta(seconds=1)
        execution = Execution(number, self.incarnation, known.generation)
        self.ledger[number] = execution
        name, _, stage = task.rpartition(".")
        steps: dict[str, Callable[[Any, str, Execution], None]] = {
            PLAN: self._plan,
            START: self._remote,
            PIPELINE: self._pipeline,
            OTHER_DATES: lambda *_: self._push(OTHER_DATES, number, self.now.isoformat(), ASKED),
            DATES: self._dates,
            GATE: self._gate,
            Stage.COMPARE: self._compare,
            Stage.VALIDATE: self._validate,
            Stage.RECORD: self._record,
        }
        steps.get(stage, self._remote)(context, name, execution)

    # What the tasks do

    def _dates(self, _: Any, __: str, execution: Execution) -> None:
        if self.ranged:
            self.other_run = OtherRun(execution.number, self.other_date, self.now)
        if self.ranged and self.other_date is not Verdict.PASS:
            raise Failed

    def _pipeline(self, _: Any, __: str, execution: Execution) -> None:
        if not (started := self._piece(START)):
            raise Failed
        self.ledger[execution.number] = replace(execution, used=self._used([START]))
        self._push(PIPELINE, execution.number, {"run_id": started["run_id"]})

    def _planned(self) -> tuple[str, ...]:
        return NAMES[:1] if self.partial else NAMES

    def _plan(self, context: Any, _: str, execution: Execution) -> None:
        rules = {name: self._rules(name).verdict for name in self._planned()}
        others = (OTHER_DAY,) if self.ranged else ()
        plan = SuiteRunPlan(
            "payments", "scheduled__1", DAY, self._planned(), None, PipelineUse.TRIGGER, None, False, others, rules
        )
        self.ledger[execution.number] = replace(execution, rules=str(self.edits))
        self._push(PLAN, execution.number, to_json(plan))

    def _remote(self, context: Any, name: str, execution: Execution) -> None:
        task = context["ti"].task_id
        used = self._used(UPSTREAM[task])
        if name:
            stage = Stage(task.rpartition(".")[2])
            run = self._run(name)
            made = provenance_now(context, run, stage, self._rules(name).of(stage))
        else:
            made = Provenance(context["ti"].id, suite_rules(self.declared), {PLAN: output_hash(self._piece(PLAN))})
        memory = SubmissionStore(context, f"payments/{task}/{DAY}")
        known = memory.current()
        if not known.provenance:
            known = memory.save(replace(known, provenance=to_json(made)))
        submitted = self.runs.setdefault(known.token, execution.number)
        content = self.legacy if task.endswith(Stage.ATHENA) else self.target
        self.ledger[execution.number] = replace(
            execution, used=used, content=content, submitted=submitted, rules=str(self.edits)
        )
        if submitted != execution.number:
            before = self.ledger[submitted]
            self.ledger[execution.number] = replace(
                execution, used=before.used, content=before.content, submitted=submitted, rules=before.rules
            )
        self._push(task, execution.number, {"run_id": submitted, PROVENANCE: dict(known.provenance)})

    def _compare(self, context: Any, name: str, execution: Execution) -> None:
        task = context["ti"].task_id
        made = to_json(provenance_now(context, self._run(name), Stage.COMPARE, self._rules(name).verdict))
        used = self._used([task_of(Stage.ATHENA, name), task_of(Stage.HELPER, name)])
        if len(used) < 2:
            raise Failed
        self.ledger[execution.number] = replace(execution, used=used, rules=str(self.edits))
        sides = [self.ledger[number].content for number in used.values()]
        waiver = {"ticket": "PAY-1", "state": "covers", "expires": LAST_DAY.isoformat()}
        verdict = Verdict.PASS if sides[0] == sides[1] else Verdict.FAIL
        if self._waived(*sides):
            verdict = Verdict.WAIVED
        self.reports[name] = Result(verdict, f"it is {verdict}", waivers=(waiver,), extra={PROVENANCE: made})
        output = {"verdict": verdict, PROVENANCE: made}
        self.old.setdefault(task, []).append((execution.number, output, self.reports[name]))
        self._push(task, execution.number, output)

    def _validate(self, context: Any, name: str, execution: Execution) -> None:
        task = context["ti"].task_id
        made = to_json(provenance_now(context, self._run(name), Stage.VALIDATE, self._rules(name).verdict))
        self.ledger[execution.number] = replace(execution, used=self._used([task_of(Stage.COMPARE, name)]))
        self.findings[name] = Findings(provenance=made)
        self._push(task, execution.number, {"verdict": Verdict.PASS, PROVENANCE: made})

    def _record(self, context: Any, name: str, execution: Execution) -> None:
        run, tasks, task = self._run(name), activity_facts(context, name), context["ti"].task_id
        facts = ActivityFacts(
            activity=run.activity,
            stages=stages_of(run.suite, run.activity, run.plan),
            tasks=tasks,
            rules=self._rules(name),
            planned=run.plan.rules.get(name, ""),
            result=self.reports.get(name) if tasks[task_of(Stage.COMPARE, name)].output else None,
            findings=self.findings.get(name) if tasks[task_of(Stage.VALIDATE, name)].output else None,
            today=self.now.date(),
        )
        judgement = judge_activity(facts)
        record = self._stored(name, judgement.verdict, judgement.reason, execution.number)
        outcome = {
            "verdict": judgement.verdict,
            "reason": judgement.reason,
            "recorded": record.recorded.isoformat(),
            COVERS: {
                ticket: last.isoformat()
                for ticket, last in (covering_waivers(facts.result) if facts.result else {}).items()
                if judgement.verdict is Verdict.WAIVED
            },
            PROVENANCE: to_json(
                Provenance(context["ti"].id, facts.rules.verdict, input_hashes(facts.stages, name, tasks))
            ),
        }
        self.stored[name] = record
        self.old.setdefault(task, []).append((execution.number, outcome, record))
        self._push(task, execution.number, outcome, "outcome")
        if not judgement.verdict.green:
            raise Failed

    def _gate(self, context: Any, _: str, execution: Execution) -> None:
        plan = self.tasks[PLAN].xcoms.get("return_value")
        if not plan:
            raise Failed
        rules, store = {name: self._rules(name).verdict for name in NAMES}, OtherDates(self.other_run)
        with mock.patch("parity.airflow.suite.gate.today", return_value=self.now.date()):
            facts = run_facts(context, self.declared, from_json(SuiteRunPlan, plan), store, rules)  # type: ignore[arg-type]
        verdict, reason = judge_run(facts)
        for name, outcome in facts.outcomes.items():
            if not is_record_of(self.stored.get(name), outcome):
                self.correct(name, outcome, execution.number)
        self.gates.append(Gate(verdict, reason, tuple(self._lies(verdict, facts.outcomes))))
        if not verdict.green:
            raise Failed

    def correct(self, name: str, outcome: Mapping[str, Any], number: int) -> None:
        """Store what counts of an activity, in place of what its record task had stored."""
        self.stored[name] = self._stored(name, Verdict(outcome["verdict"]), outcome["reason"], number)

    def _stored(self, name: str, verdict: Verdict, reason: str, number: int) -> ActivityRecord:
        self.now += timedelta(seconds=1)
        key = ActivityKey("payments", name, DAY, "scheduled__1", number)
        return ActivityRecord(key, verdict, reason, self.now)

    def _run(self, name: str) -> ActivityRun:
        plan = from_json(SuiteRunPlan, self._piece(PLAN)) if self._piece(PLAN) else None
        if plan is None:
            raise Failed
        return ActivityRun(self.declared, self.declared.activity(name), plan, None, None)  # type: ignore[arg-type]

    def _rules(self, name: str) -> Any:
        known = (self.edits, name)
        if known not in self.printed:
            self.printed[known] = rules_now(self.declared, self.declared.activity(name), self.folder)
        return self.printed[known]

    def _piece(self, task: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.tasks[task].xcoms.get("return_value") or {}
        return found

    def _push(self, task: str, number: int, value: Any, key: str = "return_value") -> None:
        self.tasks[task].xcoms[key] = value
        self.tasks[task].source[key] = number

    def _used(self, tasks: Any) -> dict[str, int]:
        return {
            task: self.tasks[task].source["return_value"]
            for task in tasks
            if "return_value" in self.tasks[task].xcoms
        }

    # The truth

    def _lies(self, verdict: Verdict, outcomes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        """Yield what a green verdict, of the run or in the store, claims and is not so."""
        reported = {name: Verdict(outcome["verdict"]).green for name, outcome in outcomes.items()}
        for name in self._planned():
            kept = self.stored.get(name)
            if verdict.green or reported.get(name) or (kept and kept.verdict.green):
                yield from (f"{name}: {lie}" for lie in self._untrue(name))
        if verdict.green:
            if lie := self._stale(PIPELINE):
                yield lie
            if self.ranged and (lie := self._of_other_date()):
                yield lie
            if set(reported) != set(self._planned()):
                yield "not every planned activity was judged"

    def _of_other_date(self) -> str:
        """Return why it is not so that the other date was compared since this generation asked for it."""
        asked, run = self.tasks[OTHER_DATES].source.get(ASKED), self.other_run
        if run is None or asked is None or run.number < asked:
            return "another date was not compared since it was asked for"
        return "" if run.verdict is Verdict.PASS else "another date is not green"

    def _untrue(self, name: str) -> Iterator[str]:
        """Yield why it is not so that the activity was compared now, from exports of now, and was equal."""
        for stage in (Stage.PLAN, Stage.PIPELINE, *PRODUCERS):
            if lie := self._stale(task_of(stage, name)):
                yield lie
                return
        compared = self.ledger.get(self.tasks[task_of(Stage.COMPARE, name)].source.get("return_value", 0))
        if compared is None or not self._compares(compared, name):
            yield "nobody compared these exports by these rules"
        elif not self._equal(compared):
            yield "the exports differ"

    def _stale(self, task: str) -> str:
        known = self.tasks[task]
        number = known.source.get("return_value") if "return_value" in known.xcoms else None
        if number is None or known.state != "success":
            return f"{task} has made nothing"
        made = self.ledger[number]
        origin = self.ledger[made.submitted] if made.submitted else made
        if (origin.incarnation, origin.generation) != (self.incarnation, known.generation):
            return f"{task} hands on what an earlier generation made"
        for source, used in origin.used.items():
            if source != PLAN and self.tasks[source].source.get("return_value") != used:
                return f"{task} hands on what was made before {source} ran again"
        if task.rpartition(".")[2] in (Stage.ATHENA, Stage.HELPER) and origin.rules != str(self.planned_by):
            return f"{task} exported by other rules than those of the plan"
        return ""

    @property
    def planned_by(self) -> str:
        """Return which edition of the suite the run was planned by."""
        number = self.tasks[PLAN].source.get("return_value")
        return self.ledger[number].rules if number else ""

    def _compares(self, execution: Execution, name: str) -> bool:
        sides = (task_of(Stage.ATHENA, name), task_of(Stage.HELPER, name))
        now = {side: self.tasks[side].source.get("return_value") for side in sides}
        same = set(execution.used) == set(sides) and execution.used == now
        return same and execution.rules == self.planned_by == str(self.edits)

    def _equal(self, execution: Execution) -> bool:
        legacy, target = (self.ledger[number].content for number in execution.used.values())
        return legacy == target or self._waived(legacy, target)

    def _waived(self, legacy: int, target: int) -> bool:
        return target - legacy == SMALL and self.now.date() <= LAST_DAY


@dataclass(frozen=True)
class OtherRun:
    """The last run of the other date."""

    number: int
    """Of the execution that had it run."""
    verdict: Verdict
    ended: datetime


@dataclass(frozen=True)
class OtherDates:
    """What the gate asks of the results store: the run of the other date."""

    last: OtherRun | None

    def run(self, name: str, suite: str, day: date) -> RunDetail:
        """Return it."""
        if self.last is None:
            raise BadInput("There is no such run.")
        when, verdict = self.last.ended, self.last.verdict
        keys = [ActivityKey(suite, activity, day, name) for activity in NAMES]
        green = tuple(ActivityRecord(key, verdict, "so it is", when) for key in keys)
        return RunDetail(RunRecord(suite, name, day, when, when, verdict, "so it is"), green)


def _suite(edits: int) -> Suite:
    """Return an edition of the suite: each has another floor of coverage, and the same queries."""
    made = suite(*NAMES)
    changed = {"glue_job": "job", "coverage": 1.0 - edits / 100}
    return made.model_copy(update={"activities": tuple(one.model_copy(update=changed) for one in made.activities)})


# Events

Event = tuple[str, ...]
_OWN = [task_of(stage, NAMES[0]) for stage in (*PRODUCERS, Stage.COMPARE, Stage.VALIDATE, Stage.RECORD)]
_TASKS = [PLAN, START, OTHER_DATES, DATES, *_OWN]
EVENTS: Mapping[str, tuple[Event, ...]] = {
    "clear": tuple(("clear", task, "with downstream") for task in (*_TASKS, PIPELINE, GATE)),
    "clear alone": tuple(("clear", task, "alone") for task in (*_TASKS, PIPELINE, GATE)),
    "mark": (
        *(("mark", task, "success") for task in (*_TASKS, PIPELINE)),
        *(("mark", task, "failed") for task in (_OWN[2], PIPELINE)),
    ),
    "fault": tuple(("fault", task, kind) for task in (*_TASKS, PIPELINE) for kind in FAULTS),
    "range": (("clear", OTHER_DATES, "with downstream"), ("clear", DATES, "alone"), ("mark", DATES, "success")),
    "late": tuple(("late", what, NAMES[0]) for what in LATE),
    "differ": (("the data differ", "1"),),
    "waive": (("the data differ", str(SMALL)),),
    "days": (("days pass",),),
    "a waived difference": (("the data differ", str(SMALL), "are compared again, and days pass"),),
    "repair": (("the data are repaired",),),
    "edit": (("the suite is edited",),),
    "delete": (("the run is deleted and made again",),),
    "other date": (("another date fails",),),
    "run": (("the scheduler runs",),),
}
"""What can happen, by its kind."""


def happen(world: World, event: Event) -> None:
    """Let one thing happen."""
    match event:
        case ("clear", task, how):
            world.clear(task, downstream=how == "with downstream")
        case ("mark", task, state):
            world.mark(task, state)
        case ("fault", task, kind):
            world.tasks[task].faults = [kind]
        case ("late", what, name):
            world.waiting.append((what, name))
        case ("the data differ", by, *more):
            world.target = world.legacy + int(by)
            for _ in more:
                world.clear(START, downstream=True)
                world.settle()
                world.pass_days()
        case (what,):
            plain = {
                "the data are repaired": world.repair,
                "the suite is edited": world.edit,
                "the run is deleted and made again": world.delete,
                "days pass": world.pass_days,
                "another date fails": world.fail_other_date,
            }
            plain.get(what, world.settle)()


def play(folder: Path, events: list[Event], weak: str = "", **options: bool) -> list[Gate]:
    """Play a run that ends well, then all events, and return what the gate said each time that it ran."""
    world = World(folder, **options)
    with WEAKENED[weak][0](world) if weak else nullcontext():
        world.settle()
        for event in events:
            happen(world, event)
        world.settle()
    return world.gates


# What the judging was before, one input at a time, with the fewest events that find each out.


@contextmanager
def _patched(*changes: tuple[str, Any]) -> Iterator[None]:
    with ExitStack() as stack:
        for name, value in changes:
            stack.enter_context(mock.patch(name, value))
        yield


def _said(recorded: run_verdict.Recorded, task: str) -> dict[str, Any]:
    return dict(recorded.outcome) or {"verdict": Verdict.INVALID, "reason": "has no verdict"}


def _by_state(recorded: run_verdict.Recorded, task: str) -> dict[str, Any]:
    made = Provenance.of(recorded.outcome)
    return run_verdict.current_outcome(
        replace(
            recorded, inputs=made.inputs if made else {}, unsuccessful=(), rules=(made.rules,) if made else ()
        ),
        task,
    )


def _by_its_own_rules(recorded: run_verdict.Recorded, task: str) -> dict[str, Any]:
    made = Provenance.of(recorded.outcome)
    return run_verdict.current_outcome(replace(recorded, rules=(made.rules,) if made else ()), task)


def _well(context: Any, activity: str) -> run_verdict.Facts:
    found = facts.activity_facts(context, activity)
    return {task: replace(facts, state="success", failure=None) for task, facts in found.items()}


def _ignored(world: World, name: str) -> AbstractContextManager[None]:
    return _patched((f"unit.airflow.run_model.World.{name}", lambda *_: None))


RULES = run_verdict.Rules(suite_rules(_suite(0)), "question", "activity")
WEAKENED: Mapping[str, tuple[Callable[[World], AbstractContextManager[None]], tuple[Event, ...]]] = {
    "the gate believes whatever a record task once said": (
        lambda _: _patched(("parity.airflow.suite.gate.current_outcome", _said)),
        (
            ("fault", "settle.record", "dies"),
            ("the data differ", "1"),
            ("clear", "start_pipeline", "with downstream"),
        ),
    ),
    "the gate does not ask what a verdict was made from": (
        lambda _: _patched(("parity.airflow.suite.gate.current_outcome", _by_state)),
        (
            ("clear", "gate", "alone"),
            ("clear", "settle.glue_job", "alone"),
        ),
    ),
    "nobody asks whether the tasks before the verdict succeeded": (
        lambda _: _patched(
            ("unit.airflow.run_model.activity_facts", _well), ("parity.airflow.suite.gate.activity_facts", _well)
        ),
        (
            ("clear", "start_pipeline", "with downstream"),
            ("fault", "start_pipeline", "dies"),
        ),
    ),
    "no piece says what it was made from": (
        lambda _: _patched(
            ("parity.flow.provenance.output_hash", lambda _: "same"),
            ("unit.airflow.run_model.output_hash", lambda _: "same"),
        ),
        (
            ("clear", "gate", "alone"),
            ("clear", "settle.helper_job", "alone"),
        ),
    ),
    "record takes whatever report lies there": (
        lambda _: _patched(("parity.flow.run_verdict._stale_artefacts", lambda _: iter(()))),
        (
            ("late", "report", "settle"),
            ("clear", "plan", "with downstream"),
            ("the data differ", "1"),
        ),
    ),
    "no piece says by which rules it was made": (
        lambda _: _patched(("unit.airflow.run_model.rules_now", lambda *_: RULES)),
        (
            ("the suite is edited",),
            ("clear", "gate", "with downstream"),
        ),
    ),
    "a token is the same for a run that was deleted and made again": (
        lambda _: _patched(("parity.airflow.remote.submissions.uuid4", lambda: UUID(int=0))),
        (("the run is deleted and made again",),),
    ),
    "a run's older result stays stored": (
        lambda world: _ignored(world, "correct"),
        (
            ("clear", "start_pipeline", "with downstream"),
            ("fault", "settle.helper_job", "dies"),
            ("fault", "settle.record", "fails"),
        ),
    ),
    "the pipeline's own end does not count": (
        lambda _: _patched(("parity.flow.run_verdict.pipeline_issue", lambda _: "")),
        (
            ("fault", "pipeline", "dies"),
            ("clear", "plan", "with downstream"),
        ),
    ),
    "a waiver is not looked at again": (
        lambda _: _patched(("parity.flow.run_verdict.expired_waiver", lambda *_: "")),
        (
            ("the data differ", "100", "are compared again, and days pass"),
            ("clear", "gate", "alone"),
        ),
    ),
    "nobody asks what is declared now": (
        lambda _: _patched(("parity.airflow.suite.gate.current_outcome", _by_its_own_rules)),
        (
            ("clear", "gate", "alone"),
            ("the suite is edited",),
        ),
    ),
    "a date of the range counts though its run is older": (
        lambda world: _patched(("parity.airflow.suite.gate._of_date", lambda *_: str(world.other_date))),
        (
            ("clear", "other_dates", "with downstream"),
            ("mark", "runs_of_other_dates_0", "success"),
        ),
    ),
    "another date of the range does not count": (
        lambda _: _patched(("parity.flow.run_verdict._other_dates", lambda _: "")),
        (
            ("clear", "plan", "with downstream"),
            ("another date fails",),
        ),
    ),
    "a task that a person marks hands on what it had": (
        lambda world: _ignored(world, "handed_on_by_hand"),
        (
            ("clear", "settle.adf_activity", "with downstream"),
            ("mark", "settle.adf_activity", "success"),
        ),
    ),
}
