"""The verdict of a run, as a pure function of named facts: what its tasks handed on, their states, the rules.

Whoever runs the tasks gathers the facts; here they are judged, and a piece that does not belong to the others is
INVALID in a sentence that says which one, and what to clear.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from parity.compare.result import Result, Verdict
from parity.errors import BadInput
from parity.expectations.findings import Findings
from parity.flow.provenance import MADE, Made, Piece, marks
from parity.flow.stages import Stage, StageFailure, first_failure
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.flow.suite_run.verdict import Judgement, covering, judge, lapsed
from parity.suite.models import Activity, Mode, Suite
from parity.wording import plural

PLAN, START, PIPELINE = "plan", "start_pipeline", "pipeline"
SHARED = {Stage.PLAN: PLAN, Stage.PIPELINE: START}
OF_PIPELINE = (START, PIPELINE)
NOTHING: Piece = {}


def task_of(link: Stage, activity: str) -> str:
    """Return the id of the task that is ``link`` for ``activity``."""
    return SHARED.get(link) or f"{activity}.{link}"


@dataclass(frozen=True)
class TaskFacts:
    """One task of a run, as it stands now."""

    state: str
    piece: Piece = field(default_factory=dict)
    broken: StageFailure | None = None
    """How it broke its link, when it did."""


NEVER = TaskFacts("missing")
Facts = Mapping[str, TaskFacts]
"""Task id → what is known of it."""


@dataclass(frozen=True)
class Rules:
    """The fingerprints of what is declared now, for one activity."""

    suite: str
    question: str
    """What the exports depend on."""
    activity: str
    """What the verdict depends on: the question, and the waivers."""

    def of(self, link: Stage) -> str:
        """Return the fingerprint of what ``link`` depends on."""
        if link is Stage.PIPELINE:
            return self.suite
        return self.activity if link in (Stage.COMPARE, Stage.VALIDATE) else self.question


def stage_sources(activity: Activity, mode: Mode, way: Piece = NOTHING) -> dict[Stage, tuple[Stage, ...]]:
    """Return the links that an activity's verdict rests on, in the order of the data, each with its inputs.

    ``mode`` is the one in force, ``way`` what was chosen between digests and rows.
    """
    produced = (Stage.GLUE,) if activity.glue_job else ()
    found: dict[Stage, tuple[Stage, ...]] = {Stage.PLAN: (), Stage.PIPELINE: (Stage.PLAN,)}
    found |= {Stage.GLUE: (Stage.PLAN,)} if produced else {}
    found[Stage.ACTIVITY] = (Stage.PLAN, Stage.PIPELINE)
    legacy: tuple[Stage, ...] = (Stage.PLAN, *produced)
    target: tuple[Stage, ...] = (Stage.PLAN, Stage.ACTIVITY)
    if mode is not Mode.ROWS:
        found |= {Stage.ATHENA_SURVEY: legacy, Stage.HELPER_SURVEY: target}
        found[Stage.WAY] = (Stage.PLAN, Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY)
        legacy, target = (*legacy, Stage.WAY), (*target, Stage.WAY)
        if way.get("mode") == Mode.DIGEST:
            found |= {Stage.ATHENA_DIGEST: legacy, Stage.HELPER_DIGEST: target}
            found[Stage.BUCKETS] = (Stage.PLAN, Stage.WAY, Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST)
            legacy, target = (*legacy, Stage.BUCKETS), (*target, Stage.BUCKETS)
    found |= {Stage.ATHENA: legacy, Stage.HELPER: target}
    found[Stage.COMPARE] = (Stage.PLAN, *produced, Stage.ATHENA, Stage.HELPER)
    found[Stage.VALIDATE] = (Stage.PLAN, Stage.ATHENA, Stage.HELPER, Stage.COMPARE)
    return found


def stages_of(
    suite: Suite, activity: Activity, plan: SuiteRunPlan, way: Piece = NOTHING
) -> dict[Stage, tuple[Stage, ...]]:
    """Return the links that an activity's verdict rests on in a run of ``plan``."""
    try:
        mode = plan.mode_of(suite, activity)
    except BadInput:  # the tasks that would have exported have failed with that sentence
        mode = Mode.ROWS
    return stage_sources(activity, mode, way)


@dataclass(frozen=True)
class ActivityFacts:
    """What one activity's verdict is a function of."""

    activity: Activity
    stages: Mapping[Stage, tuple[Stage, ...]]
    tasks: Facts
    """The tasks of the chain, and those that broke a link beside it."""
    rules: Rules
    planned: str
    """The activity's rules when the run was planned."""
    result: Result | None = None
    findings: Findings | None = None
    today: date | None = None
    """The day on which a waiver must be in force; None where no waiver can have ended since it was applied."""


def judge_activity(facts: ActivityFacts) -> Judgement:
    """Return the verdict; whatever is missing, broke, or does not belong to the rest makes it INVALID."""
    broken = [task.broken for task in facts.tasks.values() if task.broken]
    first = first_failure(broken) or next(_strangers(facts), None)
    if first:
        return Judgement(Verdict.INVALID, first.sentence, first)
    return judge(facts.result, facts.findings, (), allow_empty=facts.activity.allow_empty)


def inputs_now(links: Mapping[Stage, Any], activity: str, tasks: Facts) -> dict[str, str]:
    """Return the marks of everything that an activity's verdict is made from."""
    return marks({name: facts.piece for name, facts in tasks.items()}, [task_of(link, activity) for link in links])


def _strangers(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield each piece that does not belong to the others, in the order of the data."""
    if facts.planned != facts.rules.activity:
        yield StageFailure(
            Stage.PLAN,
            "The suite was edited while its run went, so that what was compared is not what is declared now.",
            "Clear plan with everything after it, or start a new run.",
        )
    for link in facts.stages:
        yield from _stranger(facts, link)
    yield from _written(facts)
    yield from _lapsed(facts)


def _stranger(facts: ActivityFacts, link: Stage) -> Iterator[StageFailure]:
    name = facts.activity.name
    task = task_of(link, name)
    found = facts.tasks.get(task, NEVER)
    again = f"Clear {task} with everything after it."
    if found.state != "success":
        yield StageFailure(link, f"Task {task} is {found.state}, so that nothing can be said.", again)
        return
    if link is Stage.PLAN:
        return
    made = Made.of(found.piece)
    if made is None:
        yield StageFailure(link, f"Task {task} handed nothing on; it was marked by hand, or has not run.", again)
        return
    if made.rules != facts.rules.of(link):
        yield StageFailure(link, f"Task {task} ran by other rules than those that are declared now.", again)
    pieces = {other: known.piece for other, known in facts.tasks.items()}
    wanted = marks(pieces, [task_of(source, name) for source in facts.stages[link]])
    changed = [source for source, expected in wanted.items() if made.inputs.get(source) != expected]
    for source in changed:
        yield StageFailure(link, f"Task {task} worked on what {source} had handed on before it ran again.", again)


def _written(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield what lies among the artefacts and is not of the attempt that handed on."""
    name = facts.activity.name
    for link, found, written in (
        (Stage.COMPARE, facts.result, facts.result and facts.result.extra),
        (Stage.VALIDATE, facts.findings, facts.findings and {MADE: facts.findings.made}),
    ):
        task = task_of(link, name)
        piece = facts.tasks.get(task, NEVER).piece
        if found is None:
            continue  # judge() says what is missing
        if not written or written.get(MADE) != piece.get(MADE) or found.verdict != piece.get("verdict"):
            yield StageFailure(
                link,
                f"What task {task} wrote is not of the attempt that handed on its verdict.",
                f"Clear {task} with everything after it.",
            )


def _lapsed(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield the waiver that ended after the comparison in which it covered a difference."""
    if facts.result and facts.today and (ended := lapsed(covering(facts.result), facts.today)):
        task = task_of(Stage.COMPARE, facts.activity.name)
        yield StageFailure(Stage.COMPARE, ended, f"Clear {task} with everything after it.")


UNJUDGED = "It was never judged; read the log of its record task."


@dataclass(frozen=True)
class Recorded:
    """One activity's record task, as the gate sees it."""

    outcome: Piece
    """What it said of the activity: verdict, reason, and what that was made from."""
    state: str
    inputs: Mapping[str, str]
    """The marks of what it has to be made from, as they are now."""
    unwell: tuple[str, ...] = ()
    """Those of the tasks that it rests on which have not succeeded, as things are now."""
    rules: Collection[str] = ()
    """The rules of the plan, and those that are declared, as they are now."""
    today: date | None = None
    """The day on which waivers must be in force; None where none can have ended."""


COVERS = "covers"
"""Key under which an outcome says on which waivers it rests: ticket → last day."""


def outcome_of(recorded: Recorded, task: str) -> dict[str, Any]:
    """Return what counts of an activity; a green word only while everything that it was made from still stands."""
    said = dict(recorded.outcome) or {"verdict": Verdict.INVALID, "reason": UNJUDGED}
    if not Verdict(said["verdict"]).green:
        return said
    made = Made.of(said)
    if recorded.state != "success":
        why = f"Task {task} is {recorded.state}, so that {said['verdict']} cannot be its last word."
    elif recorded.unwell:
        why = f"Task {recorded.unwell[0]} has not succeeded, so that {said['verdict']} does not stand."
    elif made is None or set(recorded.rules) != {made.rules}:
        why = f"{said['verdict']} was said by other rules than those that are planned and declared now."
    elif dict(made.inputs) != dict(recorded.inputs):
        why = f"{said['verdict']} was said of what other tasks had handed on before they ran again."
    elif recorded.today and (ended := lapsed(_last_days(said), recorded.today)):
        why = ended
    else:
        return said
    return {"verdict": Verdict.INVALID, "reason": f"{why} Clear {task} with everything after it."}


def _last_days(said: Piece) -> dict[str, date]:
    return {str(ticket): date.fromisoformat(last) for ticket, last in dict(said.get(COVERS) or {}).items()}


@dataclass(frozen=True)
class RunFacts:
    """What a run's verdict is a function of."""

    declared: int
    """How many activities the suite has."""
    plan: SuiteRunPlan
    outcomes: Mapping[str, Piece]
    """Activity → what counts of it."""
    shared: Facts
    """Plan and the tasks of the pipeline."""
    dates: Mapping[str, str]
    """Every further date of the range → the verdict of its run, or why there is none."""


def judge_run(facts: RunFacts) -> tuple[Verdict, str]:
    """Return the worst verdict and why; green only when nothing at all speaks against it."""
    never = {"verdict": Verdict.INVALID, "reason": UNJUDGED}
    outcomes = {name: facts.outcomes.get(name) or never for name in facts.plan.activities}
    verdicts = {name: Verdict(outcome["verdict"]) for name, outcome in outcomes.items()}
    for verdict in (Verdict.INVALID, Verdict.FAIL):
        if red := [name for name, found in verdicts.items() if found is verdict]:
            return verdict, f"{', '.join(red)}. {outcomes[red[0]]['reason']}"
    if not verdicts:
        return Verdict.INVALID, "Nothing was planned, so nothing was compared."
    if trouble := beyond(facts):
        return Verdict.INVALID, trouble
    waived = sum(verdict is Verdict.WAIVED for verdict in verdicts.values())
    said = f"{plural(len(verdicts), 'activity is', 'activities are')} equal"
    said += f", {waived} of them by waiver." if waived else "."
    if left := facts.declared - len(verdicts):
        said += f" {plural(left, 'activity was', 'activities were')} not asked for in this run."
    return (Verdict.WAIVED if waived else Verdict.PASS), said


def beyond(facts: RunFacts) -> str:
    """Return what speaks against the run beside its activities; empty when nothing does."""
    return pipeline_trouble(facts.shared) or _other_dates(facts)


def pipeline_trouble(shared: Facts) -> str:
    """Return why the pipeline cannot be vouched for, whatever its activities say; empty when it can."""
    if first := first_failure(task.broken for task in shared.values() if task.broken):
        return first.sentence
    unwell = [task for task in (PLAN, *OF_PIPELINE) if shared.get(task, NEVER).state != "success"]
    if unwell:
        return f"{unwell[0]} did not succeed, so the pipeline cannot be vouched for."
    started, ended = (shared[task].piece.get("run_id") for task in OF_PIPELINE)
    if not ended:
        return f"Task {PIPELINE} handed nothing on; it was marked by hand, or has not run. Clear {PIPELINE}."
    if started != ended:
        return (
            f"Task {PIPELINE} waited for run {ended}, and {START} has started {started} since. Clear {PIPELINE}."
        )
    return ""


def _other_dates(facts: RunFacts) -> str:
    found = {day.isoformat(): facts.dates.get(day.isoformat(), "it has not run") for day in facts.plan.other_dates}
    red = {day: said for day, said in found.items() if said not in (Verdict.PASS, Verdict.WAIVED)}
    if not red:
        return ""
    day, said = next(iter(red.items()))
    more = f" (and {plural(len(red) - 1, 'more date')})" if len(red) > 1 else ""
    return f"Another date of this range is not green: {day}: {said}{more}; open its run."
