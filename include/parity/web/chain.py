"""A run as a drawing: which stage broke first, what waited for it, and how far the others came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from parity.compare.result import Verdict
from parity.flow.database_run.plan import DATABASE
from parity.flow.stages import Stage
from parity.history.records import ActivityRecord
from parity.wording import plural

LABEL, STEP, ROW, LANE, TOP = 190, 118, 58, 12, 44
"""Units of the drawing: room for names, between steps, between lines, from a line to its lane, for the heading."""
MOST_LINES = 30
MOST_NAMES = 3


class State(StrEnum):
    """How far a step came; the value is its class and its word."""

    DONE = "done"
    BROKE = "broke"
    DIFFERS = "differs"
    IDLE = "idle"
    """It left no output: it waited, or was stopped."""
    ABSENT = ""
    """Not part of the run."""


@dataclass(frozen=True)
class Step:
    """One or several stages of one side, or of both."""

    name: str
    column: int
    lane: int
    """-1 for the legacy side, 1 for the target side, 0 for both."""
    stages: tuple[Stage, ...]
    done: Callable[[ActivityRecord], bool]
    """Whether its output is recorded."""
    optional: bool = False
    """Without an output it may as well not have been declared."""


def _ran(*kinds: str) -> Callable[[ActivityRecord], bool]:
    return lambda record: any(run.kind.startswith(kinds) for run in record.remote_runs)


_ATHENA = (Stage.ATHENA_SURVEY, Stage.ATHENA_DIGEST, Stage.ATHENA)
_HELPER = (Stage.HELPER_SURVEY, Stage.HELPER_DIGEST, Stage.HELPER)
_COMPARE = (Stage.STRATEGY, Stage.BUCKETS, Stage.COMPARE)
SUITE_STEPS = (
    Step("Pipeline", 0, 1, (Stage.PLAN, Stage.PIPELINE), _ran("adf_pipeline")),
    Step("Glue job", 1, -1, (Stage.GLUE,), _ran("glue"), optional=True),
    Step("ADF activity", 1, 1, (Stage.ACTIVITY,), _ran("adf_activity")),
    Step("Athena", 2, -1, _ATHENA, lambda r: any(run.kind == "athena" for run in r.remote_runs)),
    Step("Databricks", 2, 1, _HELPER, lambda r: any(run.kind == "databricks" for run in r.remote_runs)),
    Step("Comparison", 3, 0, _COMPARE, lambda r: bool(r.report)),
    Step("Expectations", 4, 0, (Stage.VALIDATE, Stage.RECORD), lambda r: bool(r.findings)),
)
DATABASE_STEPS = (
    Step("RDS", 0, -1, (Stage.PLAN, Stage.RDS), _ran("RDS"), optional=True),
    Step("Azure MySQL", 0, 1, (Stage.FLEXIBLE_SERVER,), _ran("Azure"), optional=True),
    Step("Schema", 1, 0, (Stage.SURVEY,), lambda r: not r.broken_stage),
    Step("Tables", 2, 0, (Stage.TABLES, Stage.RECORD), lambda r: not r.broken_stage),
)


@dataclass(frozen=True)
class Mark:
    """One step of one line."""

    x: int
    y: int
    state: State


@dataclass(frozen=True)
class Line:
    """Activities that came equally far."""

    names: tuple[str, ...]
    waits_for: str
    y: int
    marks: tuple[Mark, ...]
    wires: tuple[tuple[str, bool], ...]
    """Path from step to step, and whether data passed."""
    words: str

    @property
    def title(self) -> str:
        """Return its names, at most three of them."""
        rest = len(self.names) - MOST_NAMES
        return ", ".join(self.names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


@dataclass(frozen=True)
class Chain:
    """The drawing, and the same in words."""

    first: str
    """What broke first; empty where nothing did."""
    heads: tuple[tuple[int, int, str], ...]
    lines: tuple[Line, ...]
    waits: tuple[str, ...]
    """Paths from a broken step to what waited for it."""
    hidden: int
    """Lines that are not drawn."""

    @property
    def width(self) -> int:
        """Return the width of the drawing."""
        return max(x for x, _, _ in self.heads) + STEP // 2 + 6

    @property
    def height(self) -> int:
        """Return the height of the drawing."""
        return TOP + ROW * len(self.lines)


def chain(records: Sequence[ActivityRecord], *, database: bool = False) -> Chain | None:
    """Return the drawing of a run; None when nothing that was recorded says how far it came."""
    steps = DATABASE_STEPS if database else SUITE_STEPS
    if database:
        found = {name: states for name, states in _database(records).items() if any(states)}
        causes: Mapping[str, str] = {}
    else:
        found = {one.key.activity: states for one in records if any(states := _states(one, steps))}
        causes = {one.key.activity: one.caused_by for one in records if one.caused_by}
    if not found:
        return None
    groups = _groups(found, causes)
    for culprit in {cause for _, cause in groups.values()} - {"", *found}:
        states = tuple(State.BROKE if Stage.ACTIVITY in step.stages else State.ABSENT for step in steps)
        groups[culprit,] = (states, "")
    ordered = _ordered(groups, steps)
    lines = [_line(names, *groups[names], steps, TOP + ROW * at) for at, names in enumerate(ordered[:MOST_LINES])]
    return Chain(
        first=_first(groups, ordered, steps),
        heads=tuple(_heads(groups, steps)),
        lines=tuple(lines),
        waits=tuple(_waits(lines, steps)),
        hidden=len(ordered) - len(lines),
    )


States = tuple[State, ...]
Groups = dict[tuple[str, ...], tuple[States, str]]
"""Names of activities → the states of their steps, and the activity that they waited for."""


def _states(record: ActivityRecord, steps: Sequence[Step]) -> States:
    """Return the state of each step; all absent where the record does not say where it stopped."""
    stage, state = _stop(record)
    if stage is None and not record.verdict.green:
        return tuple(State.ABSENT for _ in steps)
    return tuple(state if stage in step.stages else _reached(step, record) for step in steps)


def _reached(step: Step, record: ActivityRecord) -> State:
    if step.done(record):
        return State.DONE
    return State.ABSENT if step.optional else State.IDLE


def _stop(record: ActivityRecord) -> tuple[Stage | None, State]:
    """Return the stage at which an activity stopped, or differs; None where nothing says."""
    if record.broken_stage:
        return Stage(record.broken_stage), State.IDLE if record.caused_by else State.BROKE
    if record.verdict.green or not record.report:
        return None, State.ABSENT
    if record.verdict is Verdict.FAIL:
        expected = not record.rows.different and any(one.outcome == "fail" for one in record.findings)
        return (Stage.VALIDATE if expected else Stage.COMPARE), State.DIFFERS
    invalid = {one.side for one in record.findings if one.outcome == "invalid"}
    return (Stage.VALIDATE if invalid and "comparison" not in invalid else Stage.COMPARE), State.BROKE


def _database(records: Sequence[ActivityRecord]) -> dict[str, States]:
    """Return the one line of a database: its servers, its schema, and the worst of its tables."""
    whole = next((one for one in records if one.key.activity == DATABASE), None)
    if whole is None:
        return {}
    states = {step.name: _reached(step, whole) for step in DATABASE_STEPS}
    for step in DATABASE_STEPS:
        if whole.broken_stage in step.stages:
            states[step.name] = State.BROKE
    if not whole.broken_stage:
        states["Schema"] = _worst([whole])
        states["Tables"] = _worst([one for one in records if one is not whole])
    return {DATABASE: tuple(states.values())}


def _worst(records: Iterable[ActivityRecord]) -> State:
    verdicts = {one.verdict for one in records}
    if Verdict.INVALID in verdicts:
        return State.BROKE
    return State.DIFFERS if Verdict.FAIL in verdicts else State.DONE if verdicts else State.IDLE


def _groups(found: Mapping[str, States], causes: Mapping[str, str]) -> Groups:
    """Put together what came equally far, but for what others waited for."""
    groups: dict[tuple[States, str, str], list[str]] = defaultdict(list)
    waited_for = {*causes.values()}
    for name, states in found.items():
        groups[states, causes.get(name, ""), name if name in waited_for else ""].append(name)
    return {tuple(sorted(names)): (states, cause) for (states, cause, _), names in groups.items()}


def _ordered(groups: Groups, steps: Sequence[Step]) -> list[tuple[str, ...]]:
    """Return what broke in the order of the data, each followed by what waited for it; then the rest."""

    def rank(names: tuple[str, ...]) -> tuple[int, int, tuple[str, ...]]:
        states, _ = groups[names]
        for place, state in enumerate((State.BROKE, State.DIFFERS)):
            if state in states:
                return place, states.index(state), names
        return 2, len(steps), names

    found: list[tuple[str, ...]] = []
    for names in sorted((names for names, (_, cause) in groups.items() if not cause), key=rank):
        found += [names, *sorted(other for other, (_, cause) in groups.items() if cause in names)]
    return [*found, *sorted(groups.keys() - found)]


def _first(groups: Groups, ordered: Sequence[tuple[str, ...]], steps: Sequence[Step]) -> str:
    names = ordered[0]
    states, _ = groups[names]
    if State.BROKE not in states:
        return ""
    where = steps[states.index(State.BROKE)].name
    waiting = sum(len(other) for other, (_, cause) in groups.items() if cause in names)
    line = Line(names, "", 0, (), (), "")
    waited = f" {plural(waiting, 'activity', 'activities')} waited for it." if waiting else ""
    return f"Broke first: {where}, {line.title}.{waited}"


def _heads(groups: Groups, steps: Sequence[Step]) -> Iterable[tuple[int, int, str]]:
    """Yield place and name of each step that is part of some line."""
    for at, step in enumerate(steps):
        if any(states[at] for states, _ in groups.values()):
            yield _x(step), TOP - 26 + 7 * step.lane, step.name


def _line(names: tuple[str, ...], states: States, cause: str, steps: Sequence[Step], y: int) -> Line:
    y += ROW // 2
    there = [(step, state) for step, state in zip(steps, states, strict=True) if state]
    marks = tuple(Mark(_x(step), y + LANE * step.lane, state) for step, state in there)
    return Line(names, cause, y, marks, tuple(_wires(there, y)), _words(there, cause))


def _wires(there: Sequence[tuple[Step, State]], y: int) -> Iterable[tuple[str, bool]]:
    """Yield the paths of each lane; a step of both sides ends both lanes."""
    for lane in (-1, 1):
        own = [(step, state) for step, state in there if step.lane in (0, lane)]
        for (before, _), (step, state) in pairwise(own):
            if lane == 1 and before.lane == step.lane == 0:
                continue  # drawn with the other lane
            path = f"M{_x(before)} {y + LANE * before.lane}L{_x(step)} {y + LANE * step.lane}"
            yield path, state is not State.IDLE


def _words(there: Sequence[tuple[Step, State]], cause: str) -> str:
    if cause:
        return f"waited for {cause}"
    said = [f"{step.name} {state}" for step, state in there if state in (State.BROKE, State.DIFFERS)]
    idle = [step.name for step, state in there if state is State.IDLE]
    left = f"; without output: {', '.join(idle)}" if idle else ""
    return f"{', '.join(said)}{left}" if said else f"went through{left}"


def _waits(lines: Sequence[Line], steps: Sequence[Step]) -> Iterable[str]:
    """Yield a path from each broken activity down to those that waited for it."""
    activity = next((step for step in steps if Stage.ACTIVITY in step.stages), None)
    broken = {name: line for line in lines if not line.waits_for for name in line.names}
    for line in lines:
        if activity and line.waits_for in broken:
            above, below = broken[line.waits_for].y + LANE, line.y + LANE
            yield f"M{_x(activity) + 9} {above}h14V{below}h-16"


def _x(step: Step) -> int:
    return LABEL + STEP * step.column + STEP // 2
