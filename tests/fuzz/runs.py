"""Plays Dag runs that people and mishaps disturb, by the model of the tests: a green verdict must be true."""

from __future__ import annotations

import atexit
import json
import random
import shutil
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

from fuzz.judge import Judgement, stable
from fuzz.shrink import descend, still

LONGEST = 8
"""Events of one run."""


@dataclass(frozen=True)
class Run:
    """What happens to one run, and whether it is one of a range of dates, or of some activities."""

    events: tuple[tuple[str, ...], ...]
    ranged: bool = False
    partial: bool = False
    what: str = ""

    def to_text(self) -> str:
        """Return the JSON document."""
        return json.dumps({key: value for key, value in asdict(self).items() if value}, indent=1) + "\n"

    @classmethod
    def of_text(cls, text: str) -> Run:
        """Read a JSON document."""
        data = json.loads(text)
        return cls(tuple(tuple(event) for event in data.pop("events")), **data)


def draw(seed: str) -> Run:
    """Draw a run: kinds of events evenly, so that rare ones meet."""
    from unit.airflow.run_model import EVENTS

    dice = random.Random(seed)
    kinds = list(EVENTS)
    events = (dice.choice(EVENTS[dice.choice(kinds)]) for _ in range(dice.randint(1, LONGEST)))
    return Run(tuple(events), dice.random() < 0.5, dice.random() < 0.5)


@cache
def ready() -> Path:
    """Return the folder of the suite, with its queries."""
    from unit.airflow.run_model import NAMES

    folder = Path(tempfile.mkdtemp(prefix="fuzz-runs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "sql").mkdir()
    for name in NAMES:
        (folder / "sql" / f"{name}.sql").write_text("SELECT 1")
    return folder


def judge(run: Run) -> Judgement:
    """Play a run, and hold each green verdict against what really happened."""
    from unit.airflow.run_model import play

    try:
        gates = play(ready(), list(run.events), ranged=run.ranged, partial=run.partial)
    except Exception:  # noqa: BLE001 - that is what is looked for
        words = traceback.format_exc()
        return Judgement(crashed=1, complaints=((f"crashed: {stable(words)}", words),))
    lies = tuple(("missed", f"{gate.verdict}: {lie}") for gate in gates for lie in gate.lies)
    return Judgement(missed=len(lies), complaints=lies)


def shrink(run: Run, classes: frozenset[str]) -> Run:
    """Return the run with the fewest events that fails in one of the same ways."""
    return descend(run, _shorter, still(lambda one: judge(one).classes, classes))


def _shorter(run: Run) -> Iterator[Run]:
    yield from (replace(run, events=run.events[:at] + run.events[at + 1 :]) for at in range(len(run.events)))
    yield from (replace(run, **{name: False}) for name in ("ranged", "partial") if getattr(run, name))
