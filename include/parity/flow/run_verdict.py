"""The verdict of a run, as a pure function of facts: the tasks' outputs and states, and the declared rules.

The caller gathers the facts. An output that does not match the others makes the verdict INVALID, with a reason
that names the task and what to clear.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from parity.compare.result import Result, Verdict
from parity.errors import BadInput
from parity.expectations.findings import Findings
from parity.flow.provenance import PROVENANCE, Provenance, TaskOutput, output_hashes
from parity.flow.stages import Stage, StageFailure, first_failure
from parity.flow.suite_run.plan import SuiteRunPlan
from parity.flow.suite_run.verdict import Judgement, covering_waivers, expired_waiver, judge
from parity.suite.models import Activity, Mode, Suite
from parity.wording import plural

PLAN, START, PIPELINE = "plan", "start_pipeline", "pipeline"
SHARED = {Stage.PLAN: PLAN, Stage.PIPELINE: START}
PIPELINE_TASKS = (START, PIPELINE)
NO_OUTPUT: TaskOutput = {}
MOST_REASONS = 3
"""Different reasons that a run's own says in full."""


def task_of(stage: Stage, activity: str) -> str:
    """Return the id of the task that runs ``stage`` for ``activity``."""
    return SHARED.get(stage) or f"{activity}.{stage}"


@dataclass(frozen=True)
class TaskFacts:
    """One task of a run, as it is now."""

    state: str
    output: TaskOutput = field(default_factory=dict)
    failure: StageFailure | None = None


MISSING = TaskFacts("missing")
Facts = Mapping[str, TaskFacts]
"""Task id → its facts."""


@dataclass(frozen=True)
class Rules:
    """Hashes of what is declared now, for one activity."""

    suite: str
    exports: str
    """What the exports depend on."""
    verdict: str
    """What the verdict depends on: the rules of the exports, and the waivers."""

    def of(self, stage: Stage) -> str:
        """Return the hash of what ``stage`` depends on."""
        if stage is Stage.PIPELINE:
            return self.suite
        return self.verdict if stage in (Stage.COMPARE, Stage.VALIDATE) else self.exports


def stage_sources(
    activity: Activity, mode: Mode, strategy: TaskOutput = NO_OUTPUT
) -> dict[Stage, tuple[Stage, ...]]:
    """Return the stages that an activity's verdict depends on, in the order of the data, each with its inputs.

    ``mode`` is the one in force; ``strategy`` is that task's output, which says whether digests are compared.
    """
    produced = (Stage.GLUE,) if activity.glue_job else ()
    found: dict[Stage, tuple[Stage, ...]] = {Stage.PLAN: (), Stage.PIPELINE: (Stage.PLAN,)}
    found |= {Stage.GLUE: (Stage.PLAN,)} if produced else {}
    found[Stage.ACTIVITY] = (Stage.PLAN, Stage.PIPELINE)
    legacy: tuple[Stage, ...] = (Stage.PLAN, *produced)
    target: tuple[Stage, ...] = (Stage.PLAN, Stage.ACTIVITY)
    if mode is not Mode.ROWS:
        found |= {Stage.ATHENA_SURVEY: legacy, Stage.HELPER_SURVEY: target}
        found[Stage.STRATEGY] = (Stage.PLAN, Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY)
        legacy, target = (*legacy, Stage.STRATEGY), (*target, Stage.STRATEGY)
        if strategy.get("mode") == Mode.DIGEST:
            found |= {Stage.ATHENA_DIGEST: legacy, Stage.HELPER_DIGEST: target}
            found[Stage.BUCKETS] = (Stage.PLAN, Stage.STRATEGY, Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST)
            legacy, target = (*legacy, Stage.BUCKETS), (*target, Stage.BUCKETS)
    found |= {Stage.ATHENA: legacy, Stage.HELPER: target}
    found[Stage.COMPARE] = (Stage.PLAN, *produced, Stage.ATHENA, Stage.HELPER)
    found[Stage.VALIDATE] = (Stage.PLAN, Stage.ATHENA, Stage.HELPER, Stage.COMPARE)
    return found


def stages_of(
    suite: Suite, activity: Activity, plan: SuiteRunPlan, strategy: TaskOutput = NO_OUTPUT
) -> dict[Stage, tuple[Stage, ...]]:
    """Return the stages that an activity's verdict depends on in a run of ``plan``."""
    try:
        mode = plan.mode_of(suite, activity)
    except BadInput:  # the tasks that would have exported have failed with that message
        mode = Mode.ROWS
    return stage_sources(activity, mode, strategy)


@dataclass(frozen=True)
class ActivityFacts:
    """The inputs of one activity's verdict."""

    activity: Activity
    stages: Mapping[Stage, tuple[Stage, ...]]
    tasks: Facts
    """The tasks of the stages, and others that failed beside them."""
    rules: Rules
    planned: str
    """Hash of the activity's rules when the run was planned."""
    result: Result | None = None
    findings: Findings | None = None
    today: date | None = None
    """The day on which a waiver must be in force; None where no waiver can have expired since it was applied."""


def judge_activity(facts: ActivityFacts) -> Judgement:
    """Return the verdict; INVALID when anything is missing, failed, or does not match the rest."""
    failures = [task.failure for task in facts.tasks.values() if task.failure]
    failures = failures or list(islice(_mismatches(facts), 1))
    return judge(facts.result, facts.findings, failures, allow_empty=facts.activity.allow_empty)


def input_hashes(stages: Mapping[Stage, Any], activity: str, tasks: Facts) -> dict[str, str]:
    """Return the hashes of everything that an activity's verdict is made from, as it is now."""
    outputs = {name: facts.output for name, facts in tasks.items()}
    return output_hashes(outputs, [task_of(stage, activity) for stage in stages])


def _mismatches(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield each output that does not match the others, in the order of the data."""
    if facts.planned != facts.rules.verdict:
        yield StageFailure(
            Stage.PLAN,
            "The suite was edited during the run, so what was compared is not what is declared now.",
            "Clear plan with everything after it, or start a new run.",
        )
    for stage in facts.stages:
        yield from _mismatches_of(facts, stage)
    yield from _stale_artefacts(facts)
    yield from _expired(facts)


def _mismatches_of(facts: ActivityFacts, stage: Stage) -> Iterator[StageFailure]:
    name = facts.activity.name
    task = task_of(stage, name)
    found = facts.tasks.get(task, MISSING)
    remedy = f"Clear {task} with everything after it."
    if found.state != "success":
        yield StageFailure(stage, f"Task {task} is {found.state}, so there is no verdict.", remedy)
        return
    if stage is Stage.PLAN:
        return
    provenance = Provenance.of(found.output)
    if provenance is None:
        yield StageFailure(stage, f"Task {task} has no output; it was marked by hand, or has not run.", remedy)
        return
    if provenance.rules != facts.rules.of(stage):
        yield StageFailure(stage, f"Task {task} ran by other rules than those that are declared now.", remedy)
    outputs = {other: task_facts.output for other, task_facts in facts.tasks.items()}
    now = output_hashes(outputs, [task_of(source, name) for source in facts.stages[stage]])
    for source in (source for source, current in now.items() if provenance.inputs.get(source) != current):
        yield StageFailure(stage, f"Task {task} used the output of {source} from before it ran again.", remedy)


def _stale_artefacts(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield the artefacts that another attempt wrote than the one whose output counts."""
    name = facts.activity.name
    for stage, found, written in (
        (Stage.COMPARE, facts.result, facts.result and facts.result.extra),
        (Stage.VALIDATE, facts.findings, facts.findings and {PROVENANCE: facts.findings.provenance}),
    ):
        task = task_of(stage, name)
        output = facts.tasks.get(task, MISSING).output
        if found is None:
            continue  # judge() reports what is missing
        if (
            not written
            or written.get(PROVENANCE) != output.get(PROVENANCE)
            or found.verdict != output.get("verdict")
        ):
            yield StageFailure(
                stage,
                f"The artefact of task {task} is not of the attempt that returned its verdict.",
                f"Clear {task} with everything after it.",
            )


def _expired(facts: ActivityFacts) -> Iterator[StageFailure]:
    """Yield the waiver that expired after the comparison in which it covered a difference."""
    if facts.result and facts.today and (reason := expired_waiver(covering_waivers(facts.result), facts.today)):
        task = task_of(Stage.COMPARE, facts.activity.name)
        yield StageFailure(Stage.COMPARE, reason, f"Clear {task} with everything after it.")


NO_VERDICT = "It has no verdict; read the log of its record task."


@dataclass(frozen=True)
class Recorded:
    """One activity's record task, as the gate finds it."""

    outcome: TaskOutput
    """The recorded verdict and reason, with their provenance."""
    state: str
    inputs: Mapping[str, str]
    """Hashes of its inputs, as they are now."""
    unsuccessful: tuple[str, ...] = ()
    """Tasks that it depends on which have not succeeded."""
    rules: Collection[str] = ()
    """Hashes of the plan's rules, and of those that are declared now."""
    today: date | None = None
    """The day on which waivers must be in force; None where none can have expired."""


COVERS = "covers"
"""Key of the waivers that an outcome depends on: ticket → last day."""


def current_outcome(recorded: Recorded, task: str) -> dict[str, Any]:
    """Return the outcome that counts: the recorded one, if it is red or nothing it was made from changed."""
    outcome = dict(recorded.outcome) or {"verdict": Verdict.INVALID, "reason": NO_VERDICT}
    verdict = outcome["verdict"]
    if not Verdict(verdict).green:
        return outcome
    provenance = Provenance.of(outcome)
    if recorded.state != "success":
        why = f"Task {task} is {recorded.state}, so {verdict} cannot be its final verdict."
    elif recorded.unsuccessful:
        why = f"Task {recorded.unsuccessful[0]} has not succeeded, so {verdict} does not count."
    elif provenance is None or set(recorded.rules) != {provenance.rules}:
        why = f"{verdict} was recorded by other rules than those that are planned and declared now."
    elif dict(provenance.inputs) != dict(recorded.inputs):
        why = f"{verdict} was recorded from the outputs of other tasks before they ran again."
    elif recorded.today and (expired := expired_waiver(_last_days(outcome), recorded.today)):
        why = expired
    else:
        return outcome
    return {"verdict": Verdict.INVALID, "reason": f"{why} Clear {task} with everything after it."}


def _last_days(outcome: TaskOutput) -> dict[str, date]:
    return {str(ticket): date.fromisoformat(last) for ticket, last in dict(outcome.get(COVERS) or {}).items()}


@dataclass(frozen=True)
class RunFacts:
    """The inputs of a run's verdict."""

    declared: int
    """How many activities the suite has."""
    plan: SuiteRunPlan
    outcomes: Mapping[str, TaskOutput]
    """Activity → the outcome that counts."""
    shared: Facts
    """The plan and the tasks of the pipeline."""
    dates: Mapping[str, str]
    """Each further date of the range → the verdict of its run, or why there is none."""


def judge_run(facts: RunFacts) -> tuple[Verdict, str]:
    """Return the worst verdict and its reason; green only when there is nothing against it."""
    never = {"verdict": Verdict.INVALID, "reason": NO_VERDICT}
    outcomes = {name: facts.outcomes.get(name) or never for name in facts.plan.activities}
    verdicts = {name: Verdict(outcome["verdict"]) for name, outcome in outcomes.items()}
    for verdict in (Verdict.INVALID, Verdict.FAIL):
        if red := [name for name, found in verdicts.items() if found is verdict]:
            return verdict, _reasons({name: outcomes[name]["reason"] for name in red})
    if not verdicts:
        return Verdict.INVALID, "Nothing was planned, so nothing was compared."
    if issue := run_issue(facts):
        return Verdict.INVALID, issue
    waived = sum(verdict is Verdict.WAIVED for verdict in verdicts.values())
    reason = f"{plural(len(verdicts), 'activity is', 'activities are')} equal"
    reason += f", {waived} of them by waiver." if waived else "."
    if left := facts.declared - len(verdicts):
        reason += f" {plural(left, 'activity was', 'activities were')} not part of this run."
    return (Verdict.WAIVED if waived else Verdict.PASS), reason


def _reasons(reasons: Mapping[str, str]) -> str:
    """Return the first reasons, each after the activities that have it, and the names of the others."""
    names: dict[str, list[str]] = defaultdict(list)
    for name, reason in reasons.items():
        names[reason].append(name)
    first = [f"{', '.join(names[reason])}: {reason}" for reason in islice(names, MOST_REASONS)]
    others = [name for reason in islice(names, MOST_REASONS, None) for name in names[reason]]
    return " ".join(first + [f"Also {', '.join(others)}."] * bool(others))


def run_issue(facts: RunFacts) -> str:
    """Return why the run cannot be green whatever its activities are; empty when it can."""
    return pipeline_issue(facts.shared) or _other_dates(facts)


def pipeline_issue(shared: Facts) -> str:
    """Return why the pipeline cannot be trusted, whatever its activities are; empty when it can."""
    if first := first_failure(task.failure for task in shared.values() if task.failure):
        return first.sentence
    unsuccessful = [task for task in (PLAN, *PIPELINE_TASKS) if shared.get(task, MISSING).state != "success"]
    if unsuccessful:
        return f"{unsuccessful[0]} did not succeed, so the pipeline cannot be trusted."
    started, ended = (shared[task].output.get("run_id") for task in PIPELINE_TASKS)
    if not ended:
        return f"Task {PIPELINE} has no output; it was marked by hand, or has not run. Clear {PIPELINE}."
    if started != ended:
        return (
            f"Task {PIPELINE} waited for run {ended}, and {START} has started {started} since. Clear {PIPELINE}."
        )
    return ""


def _other_dates(facts: RunFacts) -> str:
    found = {day.isoformat(): facts.dates.get(day.isoformat(), "it has not run") for day in facts.plan.other_dates}
    red = {day: status for day, status in found.items() if status not in (Verdict.PASS, Verdict.WAIVED)}
    if not red:
        return ""
    day, status = next(iter(red.items()))
    more = f" (and {plural(len(red) - 1, 'more date')})" if len(red) > 1 else ""
    return f"Another date of this range is not green: {day}: {status.rstrip('.')}{more}; open its run."
