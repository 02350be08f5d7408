"""The verdict of an activity, and of a run, from named facts that must belong together."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from parity.compare.result import Result, Rows, Verdict
from parity.expectations.findings import Findings
from parity.flow.codec import to_json
from parity.flow.provenance import (
    PROVENANCE,
    Provenance,
    database_rules,
    export_rules,
    output_hash,
    suite_rules,
    verdict_rules,
)
from parity.flow.run_verdict import (
    COVERS,
    MISSING,
    PIPELINE,
    PLAN,
    START,
    ActivityFacts,
    Recorded,
    Rules,
    RunFacts,
    TaskFacts,
    current_outcome,
    input_hashes,
    judge_activity,
    judge_run,
    run_issue,
    stage_sources,
    stages_of,
    task_of,
)
from parity.flow.stages import Stage, StageFailure
from parity.flow.suite_run.plan import PipelineUse, SuiteRunPlan
from parity.suite.databases import Database
from parity.suite.models import Activity, Mode, Waiver
from unit.flow.suites import suite

RULES = Rules("of the suite", "of the exports", "of the verdict")
SETTLE = suite("settle").activities[0].model_copy(update={"glue_job": "settle_job"})
DAY, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)


def made(
    stage: Stage, pieces: dict[str, TaskFacts], mode: Mode = Mode.ROWS, strategy: Any = None
) -> dict[str, Any]:
    """Return how a piece came to be that was made from all that there is."""
    sources = stage_sources(SETTLE, mode, strategy or {})[stage]
    inputs = {
        task_of(source, "settle"): output_hash(pieces[task_of(source, "settle")].output) for source in sources
    }
    return to_json(Provenance(f"attempt of {stage}", RULES.of(stage), inputs))


def whole(mode: Mode = Mode.ROWS, strategy: Any = None) -> ActivityFacts:
    """Return the facts of an activity that was compared and is equal."""
    tasks: dict[str, TaskFacts] = {}
    stages = stage_sources(SETTLE, mode, strategy or {})
    for stage in stages:
        own = {
            "run_id": f"of {stage}",
            **({} if stage is Stage.PLAN else {PROVENANCE: made(stage, tasks, mode, strategy)}),
        }
        own |= (strategy or {}) if stage is Stage.STRATEGY else {}
        own |= {"verdict": "PASS"} if stage in (Stage.COMPARE, Stage.VALIDATE) else {}
        tasks[task_of(stage, "settle")] = TaskFacts("success", own)
    result = Result(Verdict.PASS, "equal", extra={PROVENANCE: tasks["settle.compare"].output[PROVENANCE]})
    findings = Findings(provenance=tasks["settle.great_expectations"].output[PROVENANCE])
    return ActivityFacts(SETTLE, stages, tasks, RULES, RULES.verdict, result, findings)


def changed(facts: ActivityFacts, task: str, **output: Any) -> ActivityFacts:
    """Return facts in which a task has handed on something else since."""
    known = facts.tasks[task]
    return replace(facts, tasks={**facts.tasks, task: replace(known, output={**known.output, **output})})


def in_state(facts: ActivityFacts, task: str, state: str) -> ActivityFacts:
    return replace(facts, tasks={**facts.tasks, task: replace(facts.tasks[task], state=state)})


@pytest.mark.parametrize(
    ("mode", "strategy"),
    [(Mode.ROWS, {}), (Mode.AUTO, {"mode": "rows"}), (Mode.DIGEST, {"mode": "digest"})],
)
def test_pieces_that_belong_together_are_judged_by_what_was_compared(mode: Mode, strategy: dict[str, str]) -> None:
    facts = whole(mode, strategy)
    assert judge_activity(facts).verdict is Verdict.PASS
    differs = {"verdict": "FAIL", PROVENANCE: facts.tasks["settle.compare"].output[PROVENANCE]}
    facts = changed(facts, "settle.compare", **differs)
    judged = replace(
        facts,
        result=Result(Verdict.FAIL, "3 changed rows", extra={PROVENANCE: differs[PROVENANCE]}),
        tasks={
            **facts.tasks,
            "settle.great_expectations": TaskFacts(
                "success",
                {"verdict": "PASS", PROVENANCE: made(Stage.VALIDATE, dict(facts.tasks), mode, strategy)},
            ),
        },
    )
    judged = replace(
        judged, findings=Findings(provenance=judged.tasks["settle.great_expectations"].output[PROVENANCE])
    )
    assert judge_activity(judged) == replace(judge_activity(judged), verdict=Verdict.FAIL, reason="3 changed rows")


def test_the_chain_is_as_long_as_what_the_run_did() -> None:
    plain = suite("settle").activities[0]
    assert list(stage_sources(plain, Mode.ROWS)) == [
        Stage.PLAN,
        Stage.PIPELINE,
        Stage.ACTIVITY,
        Stage.ATHENA,
        Stage.HELPER,
        Stage.COMPARE,
        Stage.VALIDATE,
    ]
    assert list(stage_sources(SETTLE, Mode.ROWS))[2] is Stage.GLUE
    surveyed = {Stage.ATHENA_SURVEY, Stage.HELPER_SURVEY, Stage.STRATEGY}
    digested = {Stage.ATHENA_DIGEST, Stage.HELPER_DIGEST, Stage.BUCKETS}
    assert (
        set(stage_sources(SETTLE, Mode.AUTO, {"mode": "rows"})) - set(stage_sources(SETTLE, Mode.ROWS)) == surveyed
    )
    assert set(stage_sources(SETTLE, Mode.DIGEST, {"mode": "digest"})) - set(stage_sources(SETTLE, Mode.ROWS)) == (
        surveyed | digested
    )
    assert stage_sources(SETTLE, Mode.ROWS)[Stage.COMPARE] == (Stage.PLAN, Stage.GLUE, Stage.ATHENA, Stage.HELPER)
    assert stage_sources(SETTLE, Mode.DIGEST, {"mode": "digest"})[Stage.HELPER][-1] is Stage.BUCKETS
    assert stage_sources(SETTLE, Mode.AUTO, {"mode": "rows"})[Stage.ATHENA][-1] is Stage.STRATEGY


@pytest.mark.parametrize("stage", stage_sources(SETTLE, Mode.ROWS))
@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", "running", "missing"])
def test_a_task_of_the_chain_that_did_not_succeed_makes_it_invalid_whatever_lies_there(
    stage: Stage, state: str
) -> None:
    task = task_of(stage, "settle")
    judged = judge_activity(in_state(whole(), task, state))
    assert judged.verdict is Verdict.INVALID
    assert f"Task {task} is {state}" in judged.reason
    assert f"Clear {task} with everything after it." in judged.reason


@pytest.mark.parametrize(
    ("again", "stale"),
    [
        ("plan", "start_pipeline"),
        ("start_pipeline", "settle.adf_activity"),
        ("settle.glue_job", "settle.athena_unload"),
        ("settle.adf_activity", "settle.helper_job"),
        ("settle.athena_unload", "settle.compare"),
        ("settle.helper_job", "settle.compare"),
        ("settle.compare", "settle.great_expectations"),
    ],
)
def test_a_piece_that_was_made_before_its_input_ran_again_is_named_with_what_to_clear(
    again: str, stale: str
) -> None:
    facts = whole()
    output = facts.tasks[again].output
    own = {PROVENANCE: {**output[PROVENANCE], "attempt": "a later one"}} if PROVENANCE in output else {}
    if again == "settle.compare":  # its report is of the later attempt, too
        facts = replace(facts, result=replace(facts.result, extra=own))  # type: ignore[type-var]
    judged = judge_activity(changed(facts, again, run_id="run again", **own))
    assert judged.verdict is Verdict.INVALID
    assert f"Task {stale} used the output of {again} from before it ran again." in judged.reason
    assert f"Clear {stale} with everything after it." in judged.reason


@pytest.mark.parametrize("stage", [stage for stage in stage_sources(SETTLE, Mode.ROWS) if stage is not Stage.PLAN])
@pytest.mark.parametrize("output", [{}, {"run_id": "r"}, {PROVENANCE: {"attempt": "a"}}, {PROVENANCE: "text"}])
def test_a_task_that_handed_nothing_on_was_marked_by_hand(stage: Stage, output: dict[str, Any]) -> None:
    facts, task = whole(), task_of(stage, "settle")
    judged = judge_activity(replace(facts, tasks={**facts.tasks, task: TaskFacts("success", output)}))
    assert judged.verdict is Verdict.INVALID
    assert f"Task {task} has no output" in judged.reason


@pytest.mark.parametrize("stage", [stage for stage in stage_sources(SETTLE, Mode.ROWS) if stage is not Stage.PLAN])
def test_a_piece_that_was_made_by_other_rules_is_invalid(stage: Stage) -> None:
    facts, task = whole(), task_of(stage, "settle")
    other = {**facts.tasks[task].output[PROVENANCE], "rules": "of yesterday"}
    judged = judge_activity(changed(facts, task, **{PROVENANCE: other}))
    assert judged.verdict is Verdict.INVALID
    assert f"Task {task} ran by other rules" in judged.reason


def test_a_suite_that_was_edited_since_the_plan_is_invalid() -> None:
    judged = judge_activity(replace(whole(), planned="of the evening"))
    assert judged.verdict is Verdict.INVALID
    assert "The suite was edited during the run" in judged.reason
    assert "Clear plan with everything after it" in judged.reason


@pytest.mark.parametrize(
    "result",
    [
        Result(Verdict.PASS, "equal"),
        Result(Verdict.PASS, "equal", extra={PROVENANCE: to_json(Provenance("an older attempt", RULES.verdict))}),
        Result(Verdict.WAIVED, "another verdict", extra=whole().result.extra),  # type: ignore[union-attr]
    ],
    ids=["says nothing", "of another attempt", "another verdict than was handed on"],
)
def test_a_report_that_is_not_of_the_attempt_that_handed_on_is_invalid(result: Result) -> None:
    judged = judge_activity(replace(whole(), result=result))
    assert judged.verdict is Verdict.INVALID
    assert "The artefact of task settle.compare is not of the attempt" in judged.reason


def test_findings_that_are_not_of_the_attempt_that_handed_on_are_invalid() -> None:
    judged = judge_activity(replace(whole(), findings=Findings(provenance={"attempt": "older"})))
    assert judged.verdict is Verdict.INVALID
    assert "The artefact of task settle.great_expectations" in judged.reason


def test_a_waiver_that_ended_since_the_comparison_covers_nothing_when_it_is_judged_again() -> None:
    facts = whole()
    waiver = {"ticket": "PAY-1", "expires": "2026-03-02", "state": "covers"}
    other = {"ticket": "PAY-2", "expires": "2026-01-01", "state": "expired"}
    result = replace(facts.result, verdict=Verdict.WAIVED, waivers=(other, waiver))  # type: ignore[type-var]
    tasks = changed(facts, "settle.compare", verdict="WAIVED").tasks
    compare = output_hash(tasks["settle.compare"].output)
    known = tasks["settle.great_expectations"].output[PROVENANCE]
    again = {**known, "inputs": {**known["inputs"], "settle.compare": compare}}
    tasks = {**tasks, "settle.great_expectations": TaskFacts("success", {"verdict": "PASS", PROVENANCE: again})}
    facts = replace(facts, result=result, tasks=tasks, findings=Findings(provenance=again))
    assert judge_activity(replace(facts, today=NEXT_DAY)).verdict is Verdict.WAIVED
    late = judge_activity(replace(facts, today=date(2026, 3, 3)))
    assert late.verdict is Verdict.INVALID
    assert "WAIVED rests on waiver PAY-1, whose last day was 2026-03-02." in late.reason
    assert "Clear settle.compare with everything after it." in late.reason


def test_nothing_compared_and_nothing_expected_are_invalid() -> None:
    assert judge_activity(replace(whole(), result=None)).verdict is Verdict.INVALID
    assert judge_activity(replace(whole(), findings=None)).verdict is Verdict.INVALID


def test_a_broken_link_comes_before_pieces_that_do_not_fit() -> None:
    failure = StageFailure(Stage.HELPER, "The cluster died.", caused_by="load")
    facts = whole()
    tasks = {**facts.tasks, "settle.helper_job": TaskFacts("failed", {}, failure)}
    judged = judge_activity(replace(facts, tasks=tasks, planned="older"))
    assert judged.failure == failure
    assert judged.reason == failure.sentence


def recorded(facts: ActivityFacts, verdict: str = "PASS", **now: Any) -> Recorded:
    """Return an outcome that was recorded of ``facts``; ``now`` is what is different since."""
    inputs = input_hashes(facts.stages, "settle", facts.tasks)
    said = {"verdict": verdict, "reason": "equal", PROVENANCE: to_json(Provenance("a", RULES.verdict, inputs))}
    return replace(Recorded(said, "success", inputs, (), (RULES.verdict,)), **now)


def test_a_green_word_stands_while_all_that_it_was_made_from_does() -> None:
    assert current_outcome(recorded(whole()), "settle.record")["verdict"] == "PASS"
    again = input_hashes(whole().stages, "settle", changed(whole(), "settle.helper_job", run_id="new").tasks)
    for now in (
        {"state": "failed"},
        {"state": "upstream_failed"},
        {"inputs": again},
        {"inputs": {}},
        {"rules": ("of a later plan",)},
        {"rules": (RULES.verdict, "declared since")},
        {"rules": ()},
        {"unsuccessful": ("settle.helper_job",)},
        {"outcome": {"verdict": "PASS", "reason": "said before this was checked"}},
        {"outcome": {}},
    ):
        counts = current_outcome(recorded(whole(), **now), "settle.record")
        assert counts["verdict"] == "INVALID", now
    reason_given = current_outcome(recorded(whole(), state="failed"), "settle.record")["reason"]
    assert reason_given == (
        "Task settle.record is failed, so PASS cannot be its final verdict. "
        "Clear settle.record with everything after it."
    )
    reason_given = current_outcome(recorded(whole(), unsuccessful=("settle.helper_job",)), "settle.record")[
        "reason"
    ]
    assert reason_given.startswith("Task settle.helper_job has not succeeded, so PASS does not count.")


def test_a_red_word_stands_whatever_happened_since() -> None:
    counts = current_outcome(recorded(whole(), "FAIL", state="failed", inputs={}), "settle.record")
    assert (counts["verdict"], counts["reason"]) == ("FAIL", "equal")


def test_a_green_word_that_rests_on_a_waiver_stands_until_its_last_day() -> None:
    said = {**recorded(whole(), "WAIVED").outcome, COVERS: {"PAY-1": "2026-03-02", "PAY-2": "2026-03-01"}}
    for day, counts in ((DAY, "WAIVED"), (NEXT_DAY, "INVALID"), (None, "WAIVED")):
        assert current_outcome(recorded(whole(), outcome=said, today=day), "settle.record")["verdict"] == counts
    reason_given = current_outcome(recorded(whole(), outcome=said, today=NEXT_DAY), "settle.record")["reason"]
    assert reason_given.startswith(
        "WAIVED rests on waiver PAY-2, whose last day was 2026-03-01. Clear settle.record"
    )


WELL = {task: TaskFacts("success", {"run_id": "r"}) for task in (PLAN, START, PIPELINE)}


def plan(*activities: str, others: tuple[date, ...] = (), mode: Mode | None = None) -> SuiteRunPlan:
    names = activities or ("settle",)
    return SuiteRunPlan(
        "payments", "r", DAY, names, mode, PipelineUse.TRIGGER, None, recover=False, other_dates=others
    )


def night(*verdicts: str, shared: Any = WELL, dates: Any = None, declared: int = 0, plan_: Any = None) -> RunFacts:
    names = [f"a{number}" for number, _ in enumerate(verdicts)]
    outcomes = {
        name: {"verdict": verdict, "reason": f"{name} is {verdict}"}
        for name, verdict in zip(names, verdicts, strict=True)
    }
    return RunFacts(declared or len(names), plan_ or plan(*names), outcomes, shared, dates or {})


def test_a_run_is_as_good_as_its_worst_activity() -> None:
    assert judge_run(night("PASS")) == (Verdict.PASS, "1 activity is equal.")
    assert judge_run(night("PASS", "WAIVED")) == (Verdict.WAIVED, "2 activities are equal, 1 of them by waiver.")
    assert judge_run(night("PASS", "FAIL")) == (Verdict.FAIL, "a1: a1 is FAIL")
    assert judge_run(night("FAIL", "INVALID", "INVALID")) == (
        Verdict.INVALID,
        "a1: a1 is INVALID a2: a2 is INVALID",
    )


@pytest.mark.parametrize(
    ("reasons", "why"),
    [
        (["One.", "Two."], "a0: One. a1: Two."),
        (["One.", "Two.", "One."], "a0, a2: One. a1: Two."),
        (["One.", "Two.", "Three."], "a0: One. a1: Two. a2: Three."),
        (["One.", "Two.", "Three.", "Four.", "Two.", "Five."], "a0: One. a1, a4: Two. a2: Three. Also a3, a5."),
    ],
)
def test_a_runs_reason_says_what_each_activity_has_and_not_too_much(reasons: list[str], why: str) -> None:
    facts = night(*["FAIL"] * len(reasons))
    outcomes = {f"a{at}": {"verdict": "FAIL", "reason": reason} for at, reason in enumerate(reasons)}
    assert judge_run(replace(facts, outcomes=outcomes)) == (Verdict.FAIL, why)


def test_a_run_of_some_activities_says_that_the_others_were_not_asked_for() -> None:
    found = judge_run(night("PASS", declared=3))
    assert found == (Verdict.PASS, "1 activity is equal. 2 activities were not part of this run.")


def test_a_planned_activity_without_an_outcome_is_invalid() -> None:
    verdict, reason = judge_run(night("PASS", plan_=plan("a0", "a1")))
    assert verdict is Verdict.INVALID
    assert reason.startswith("a1: It has no verdict")


def test_a_run_without_activities_compared_nothing() -> None:
    nothing = RunFacts(1, replace(plan(), activities=()), {}, WELL, {})
    assert judge_run(nothing) == (Verdict.INVALID, "Nothing was planned, so nothing was compared.")


@pytest.mark.parametrize("task", [PLAN, START, PIPELINE])
@pytest.mark.parametrize("state", ["failed", "upstream_failed", "skipped", "missing"])
def test_a_pipeline_that_nobody_can_vouch_for_is_no_pass(task: str, state: str) -> None:
    verdict, reason = judge_run(night("PASS", shared={**WELL, task: TaskFacts(state)}))
    assert verdict is Verdict.INVALID
    assert reason == f"{task} did not succeed, so the pipeline cannot be trusted."
    assert judge_run(night("PASS", shared={}))[0] is Verdict.INVALID


def test_the_end_of_an_earlier_pipeline_run_does_not_vouch_for_the_one_that_was_started_since() -> None:
    runs = {START: TaskFacts("success", {"run_id": "new"}), PIPELINE: TaskFacts("success", {"run_id": "old"})}
    verdict, reason = judge_run(night("PASS", shared={**WELL, **runs}))
    assert verdict is Verdict.INVALID
    assert reason == "Task pipeline waited for run old, and start_pipeline has started new since. Clear pipeline."
    assert judge_run(night("PASS", shared={**WELL, **runs, START: runs[PIPELINE]}))[0] is Verdict.PASS


@pytest.mark.parametrize("handed", [{}, {"url": "u"}])
def test_a_pipeline_that_a_person_marks_successful_is_no_pass(handed: dict[str, str]) -> None:
    verdict, reason = judge_run(night("PASS", shared={**WELL, PIPELINE: TaskFacts("success", handed)}))
    assert verdict is Verdict.INVALID
    assert reason.startswith("Task pipeline has no output; it was marked by hand")


def test_a_pipeline_that_failed_elsewhere_is_told_in_its_own_words() -> None:
    word = StageFailure(Stage.PIPELINE, "PipelineFailed: copy_raw was denied.")
    facts = night("PASS", shared={**WELL, PIPELINE: TaskFacts("failed", {}, word)})
    assert judge_run(facts) == (Verdict.INVALID, word.sentence)
    assert run_issue(facts) == word.sentence
    assert run_issue(night("PASS")) == ""


@pytest.mark.parametrize("said", ["its task is failed", "FAIL. 3 rows differ", "INVALID. Look at its run."])
def test_a_date_of_the_range_that_is_not_green_makes_the_run_red_and_is_named(said: str) -> None:
    two = plan("a0", others=(NEXT_DAY, date(2026, 3, 3)))
    dates = {"2026-03-02": "PASS", "2026-03-03": said}
    verdict, reason = judge_run(night("PASS", plan_=two, dates=dates))
    assert verdict is Verdict.INVALID
    assert reason == f"Another date of this range is not green: 2026-03-03: {said.rstrip('.')}; open its run."
    assert judge_run(night("PASS", plan_=two, dates={}))[1].startswith(
        "Another date of this range is not green: 2026-03-02: it has not run (and 1 more date)"
    )
    assert judge_run(night("PASS", plan_=two, dates={**dates, "2026-03-03": "WAIVED"}))[0] is Verdict.PASS


def test_a_mode_that_cannot_run_here_leaves_the_chain_of_rows() -> None:
    rows = suite("settle")
    assert stages_of(rows, rows.activities[0], plan(mode=Mode.DIGEST)) == stage_sources(
        rows.activities[0], Mode.ROWS
    )


def waiver(**more: Any) -> Waiver:
    base = {
        "suite": "payments",
        "activity": "settle",
        "owner": "data",
        "reason": "known rounding",
        "ticket": "P-1",
    }
    return Waiver.model_validate({**base, "expires": date(2099, 1, 1), "max_rows": 1, **more})


def with_one(**changed: Any) -> Activity:
    return SETTLE.model_copy(update=changed)


def test_rules_change_with_whatever_a_verdict_depends_on_and_with_nothing_else() -> None:
    own = suite("settle")
    rules = verdict_rules(own, SETTLE, "SELECT 1", ())
    assert rules == verdict_rules(own.model_copy(update={"owner": "x", "alerts": ()}), SETTLE, "SELECT 1", ())
    assert rules == verdict_rules(own, SETTLE, "SELECT 1", [waiver(activity="refund"), waiver(suite="other")])
    assert rules != verdict_rules(own, SETTLE, "SELECT 2", ())
    assert rules != verdict_rules(own, SETTLE, "SELECT 1", [waiver()])
    assert rules != verdict_rules(own, SETTLE, "SELECT 1", (), "class ExpectMore: ...")
    assert rules != verdict_rules(own, with_one(coverage=0.5), "SELECT 1", ())
    assert rules != verdict_rules(own.model_copy(update={"auto_rows": 7}), SETTLE, "SELECT 1", ())
    assert export_rules(own, SETTLE, "SELECT 1") != export_rules(own, with_one(key=("id", "day")), "SELECT 1")
    assert suite_rules(own) == suite_rules(suite("refund"))
    assert suite_rules(own) != suite_rules(own.model_copy(update={"timezone": "Europe/Berlin"}))


def test_a_databases_rules_change_with_its_file_and_its_waivers() -> None:
    spec = Database.model_validate({"database": "ledger", "owner": "dba", "legacy": "a", "target": "b"})
    rules = database_rules(spec, ())
    assert rules == database_rules(spec.model_copy(update={"owner": "x"}), [waiver()])
    assert rules != database_rules(spec, [waiver(suite="ledger", activity="entries")])
    assert rules != database_rules(spec.model_copy(update={"users": ("app",)}), ())


def test_a_mark_stands_for_everything_but_a_plans_rules() -> None:
    assert output_hash({}) == ""
    assert (
        output_hash({"a": 1, "b": {"c": 2}})
        == output_hash({"b": {"c": 2}, "a": 1})
        != output_hash({"a": 1, "b": {"c": 3}})
    )
    assert output_hash({"run_id": "r", "rules": {"settle": "x"}}) == output_hash(
        {"run_id": "r", "rules": {"settle": "y"}}
    )
    assert MISSING.state == "missing"


def test_an_activity_whose_record_said_nothing_is_invalid_and_says_where_to_look() -> None:
    said = current_outcome(Recorded({}, "success", {}), "settle.record")
    assert said == {"verdict": Verdict.INVALID, "reason": "It has no verdict; read the log of its record task."}


def test_an_output_without_rows_counts_only_where_the_activity_allows_it() -> None:
    facts = whole()
    assert facts.result is not None
    empty = replace(facts, result=replace(facts.result, rows=Rows(target=3, extra=3)))
    allowed = replace(empty, activity=facts.activity.model_copy(update={"allow_empty": True}))
    assert judge_activity(empty).verdict is Verdict.INVALID
    assert judge_activity(allowed).verdict is Verdict.PASS


@pytest.mark.parametrize("task", ["settle.glue_job", "settle.compare", "settle.great_expectations"])
def test_a_task_of_the_chain_that_is_not_there_is_missing(task: str) -> None:
    facts = whole()
    judgement = judge_activity(replace(facts, tasks={k: v for k, v in facts.tasks.items() if k != task}))
    assert judgement.verdict is Verdict.INVALID
    assert f"Task {task} is missing, so there is no verdict." in judgement.reason


def test_one_activity_and_several_that_were_not_asked_for_are_counted() -> None:
    said = [judge_run(night("PASS", declared=declared))[1] for declared in (2, 4)]
    assert said == [
        f"1 activity is equal. {left} not part of this run." for left in ("1 activity was", "3 activities were")
    ]
