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
from parity.flow.stages import Broken, Link, first_broken
from parity.flow.suite_run.plan import Plan
from parity.flow.suite_run.verdict import Judgement, covering, judge, lapsed
from parity.suite.models import Activity, Mode, Suite
from parity.wording import plural

PLAN, START, PIPELINE = "plan", "start_pipeline", "pipeline"
SHARED = {Link.PLAN: PLAN, Link.PIPELINE: START}
OF_PIPELINE = (START, PIPELINE)
NOTHING: Piece = {}


def task_of(link: Link, activity: str) -> str:
    """Return the id of the task that is ``link`` for ``activity``."""
    return SHARED.get(link) or f"{activity}.{link}"


@dataclass(frozen=True)
class TaskFacts:
    """One task of a run, as it stands now."""

    state: str
    piece: Piece = field(default_factory=dict)
    broken: Broken | None = None
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

    def of(self, link: Link) -> str:
        """Return the fingerprint of what ``link`` depends on."""
        if link is Link.PIPELINE:
            return self.suite
        return self.activity if link in (Link.COMPARE, Link.VALIDATE) else self.question


def chain(activity: Activity, mode: Mode, way: Piece = NOTHING) -> dict[Link, tuple[Link, ...]]:
    """Return the links that an activity's verdict rests on, in the order of the data, each with its inputs.

    ``mode`` is the one in force, ``way`` what was chosen between digests and rows.
    """
    produced = (Link.GLUE,) if activity.glue_job else ()
    found: dict[Link, tuple[Link, ...]] = {Link.PLAN: (), Link.PIPELINE: (Link.PLAN,)}
    found |= {Link.GLUE: (Link.PLAN,)} if produced else {}
    found[Link.ACTIVITY] = (Link.PLAN, Link.PIPELINE)
    legacy: tuple[Link, ...] = (Link.PLAN, *produced)
    target: tuple[Link, ...] = (Link.PLAN, Link.ACTIVITY)
    if mode is not Mode.ROWS:
        found |= {Link.ATHENA_SURVEY: legacy, Link.HELPER_SURVEY: target}
        found[Link.WAY] = (Link.PLAN, Link.ATHENA_SURVEY, Link.HELPER_SURVEY)
        legacy, target = (*legacy, Link.WAY), (*target, Link.WAY)
        if way.get("mode") == Mode.DIGEST:
            found |= {Link.ATHENA_DIGEST: legacy, Link.HELPER_DIGEST: target}
            found[Link.BUCKETS] = (Link.PLAN, Link.WAY, Link.ATHENA_DIGEST, Link.HELPER_DIGEST)
            legacy, target = (*legacy, Link.BUCKETS), (*target, Link.BUCKETS)
    found |= {Link.ATHENA: legacy, Link.HELPER: target}
    found[Link.COMPARE] = (Link.PLAN, *produced, Link.ATHENA, Link.HELPER)
    found[Link.VALIDATE] = (Link.PLAN, Link.ATHENA, Link.HELPER, Link.COMPARE)
    return found


def chain_of(suite: Suite, activity: Activity, plan: Plan, way: Piece = NOTHING) -> dict[Link, tuple[Link, ...]]:
    """Return the links that an activity's verdict rests on in a run of ``plan``."""
    try:
        mode = plan.mode_of(suite, activity)
    except BadInput:  # the tasks that would have exported have failed with that sentence
        mode = Mode.ROWS
    return chain(activity, mode, way)


@dataclass(frozen=True)
class ActivityFacts:
    """What one activity's verdict is a function of."""

    activity: Activity
    chain: Mapping[Link, tuple[Link, ...]]
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
    first = first_broken(broken) or next(_strangers(facts), None)
    if first:
        return Judgement(Verdict.INVALID, first.sentence, first)
    return judge(facts.result, facts.findings, (), allow_empty=facts.activity.allow_empty)


def inputs_now(links: Mapping[Link, Any], activity: str, tasks: Facts) -> dict[str, str]:
    """Return the marks of everything that an activity's verdict is made from."""
    return marks({name: facts.piece for name, facts in tasks.items()}, [task_of(link, activity) for link in links])


def _strangers(facts: ActivityFacts) -> Iterator[Broken]:
    """Yield each piece that does not belong to the others, in the order of the data."""
    if facts.planned != facts.rules.activity:
        yield Broken(
            Link.PLAN,
            "The suite was edited while its run went, so that what was compared is not what is declared now.",
            "Clear plan with everything after it, or start a new run.",
        )
    for link in facts.chain:
        yield from _stranger(facts, link)
    yield from _written(facts)
    yield from _lapsed(facts)


def _stranger(facts: ActivityFacts, link: Link) -> Iterator[Broken]:
    name = facts.activity.name
    task = task_of(link, name)
    found = facts.tasks.get(task, NEVER)
    again = f"Clear {task} with everything after it."
    if found.state != "success":
        yield Broken(link, f"Task {task} is {found.state}, so that nothing can be said.", again)
        return
    if link is Link.PLAN:
        return
    made = Made.of(found.piece)
    if made is None:
        yield Broken(link, f"Task {task} handed nothing on; it was marked by hand, or has not run.", again)
        return
    if made.rules != facts.rules.of(link):
        yield Broken(link, f"Task {task} ran by other rules than those that are declared now.", again)
    pieces = {other: known.piece for other, known in facts.tasks.items()}
    wanted = marks(pieces, [task_of(source, name) for source in facts.chain[link]])
    changed = [source for source, expected in wanted.items() if made.inputs.get(source) != expected]
    for source in changed:
        yield Broken(link, f"Task {task} worked on what {source} had handed on before it ran again.", again)


def _written(facts: ActivityFacts) -> Iterator[Broken]:
    """Yield what lies among the artefacts and is not of the attempt that handed on."""
    name = facts.activity.name
    for link, found, written in (
        (Link.COMPARE, facts.result, facts.result and facts.result.extra),
        (Link.VALIDATE, facts.findings, facts.findings and {MADE: facts.findings.made}),
    ):
        task = task_of(link, name)
        piece = facts.tasks.get(task, NEVER).piece
        if found is None:
            continue  # judge() says what is missing
        if not written or written.get(MADE) != piece.get(MADE) or found.verdict != piece.get("verdict"):
            yield Broken(
                link,
                f"What task {task} wrote is not of the attempt that handed on its verdict.",
                f"Clear {task} with everything after it.",
            )


def _lapsed(facts: ActivityFacts) -> Iterator[Broken]:
    """Yield the waiver that ended after the comparison in which it covered a difference."""
    if facts.result and facts.today and (ended := lapsed(covering(facts.result), facts.today)):
        task = task_of(Link.COMPARE, facts.activity.name)
        yield Broken(Link.COMPARE, ended, f"Clear {task} with everything after it.")


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
class NightFacts:
    """What a run's verdict is a function of."""

    declared: int
    """How many activities the suite has."""
    plan: Plan
    outcomes: Mapping[str, Piece]
    """Activity → what counts of it."""
    shared: Facts
    """Plan and the tasks of the pipeline."""
    dates: Mapping[str, str]
    """Every further date of the range → the verdict of its run, or why there is none."""


def judge_night(facts: NightFacts) -> tuple[Verdict, str]:
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


def beyond(facts: NightFacts) -> str:
    """Return what speaks against the run beside its activities; empty when nothing does."""
    return pipeline_trouble(facts.shared) or _other_dates(facts)


def pipeline_trouble(shared: Facts) -> str:
    """Return why the pipeline cannot be vouched for, whatever its activities say; empty when it can."""
    if first := first_broken(task.broken for task in shared.values() if task.broken):
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


def _other_dates(facts: NightFacts) -> str:
    found = {day.isoformat(): facts.dates.get(day.isoformat(), "it has not run") for day in facts.plan.other_dates}
    red = {day: said for day, said in found.items() if said not in (Verdict.PASS, Verdict.WAIVED)}
    if not red:
        return ""
    day, said = next(iter(red.items()))
    more = f" (and {plural(len(red) - 1, 'more date')})" if len(red) > 1 else ""
    return f"Another date of this range is not green: {day}: {said}{more}; open its run."
