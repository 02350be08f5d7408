"""Trino: expressions page by page of its documentation, and which shapes of them the sandbox's Athena may run.

The record of ``trino_expressions.txt`` says which shapes pass; ``trino_held_back.txt``, which was written before
and is not used for that, measures what they are worth on expressions that nobody looked at.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from parity_sandbox.aws.trino.shapes import Verified, verified
from truth import records, trino_draft, trino_readers, trino_statements, trino_text, trino_unload, trino_zones
from truth.engines import Outcome
from truth.trino_asking import answers
from truth.trino_battery import HELD_BACK, RECORDED, expressions
from truth.trino_server import VERSION, TrinoServer
from truth.trino_shapes import FILE, Case, derive, hold, text


def ask() -> list[Outcome]:
    """Ask for every expression, write down the answers and the shapes, and return where the sandbox differs."""
    with TrinoServer() as server:
        zones = trino_zones.ask(server)
        _know_zones()
        for name in (RECORDED, HELD_BACK):
            records.write(name, "trino", VERSION, answers(server, expressions(name)))
        asked = (trino_statements, trino_readers, trino_text, trino_unload, trino_draft)
        others = [one.ask(server) for one in asked]
    shapes = settled(verified())
    FILE.write_text(text(shapes, VERSION), encoding="utf-8")
    return [*(_outcome(name, shapes) for name in (RECORDED, HELD_BACK)), *others, zones]


def _know_zones() -> None:
    """Let the sandbox have the zones of the record."""
    zones = trino_zones.agreeing(records.read(trino_zones.RECORD).cases)
    FILE.write_text(text(replace(verified(), zones=zones), VERSION), encoding="utf-8")
    verified.cache_clear()


def settled(shapes: Verified) -> Verified:
    """Return the shapes of the record; the types that functions give, and so shapes, may follow from others."""
    while (derived := derive(hold(records.read(RECORDED).cases, shapes.types))).types != shapes.types:
        shapes = derived
    return replace(derived, zones=verified().zones)


def held_back() -> dict[str, records.Any]:
    """Return the answers to the expressions that are in the held-back list alone."""
    recorded = set(expressions(RECORDED))
    return {one: answer for one, answer in records.read(HELD_BACK).cases.items() if one not in recorded}


def passing(case: Case, shapes: Verified) -> bool:
    """Return whether the sandbox runs an expression."""
    return not case.given.refused and shapes.unknown(set(case.parsed.shapes)) is None


def tally(cases: list[Case], shapes: Verified) -> Counter[str]:
    """Return how many expressions are ``right``, ``refused`` and ``wrong``; right is also what both refuse."""
    return Counter(_judged(case, shapes) for case in cases)


def _judged(case: Case, shapes: Verified) -> str:
    if "error" in case.answer and (case.given.error or not passing(case, shapes)):
        return "right"
    return "refused" if not passing(case, shapes) else "wrong" if case.difference else "right"


def _outcome(name: str, shapes: Verified) -> Outcome:
    cases = hold(held_back() if name == HELD_BACK else records.read(name).cases, shapes.types)
    wrong = [f"{case.expression}: {case.difference}" for case in cases if _judged(case, shapes) == "wrong"]
    count = tally(cases, shapes)
    title = "trino, held back" if name == HELD_BACK else "trino"
    return Outcome(
        f"{title} ({count['right']:,} right, {count['refused']:,} refused)", VERSION, len(cases), tuple(wrong)
    )
