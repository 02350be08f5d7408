"""From a record of real Trino to the shapes that the sandbox's dialect may let pass."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import parity_sandbox.aws.trino
from parity_sandbox.aws.trino.shapes import Verified, type_name
from truth.trino_replay import Answer, Given, Parsed, connection, difference, held, trino_type

INEXACT = frozenset({
    "acos", "asin", "atan", "atan2", "cbrt", "corr", "cos", "cosh", "cot", "covarpop", "covarsamp", "exp",
    "geometricmean", "kurtosis", "ln", "log", "log10", "log2", "pow", "power", "regrintercept", "regrslope",
    "sin", "sinh", "skewness", "stddev", "stddevpop", "stddevsamp", "tan", "tanh", "variance", "variancepop",
})  # fmt: skip
"""Functions whose last digit is the language's own: some arguments agree, and no record says which others do."""
FILE = Path(parity_sandbox.aws.trino.__file__).with_name("verified.json")


@dataclass(frozen=True)
class Case:
    """One recorded expression, and what the dialect makes of it when every shape may pass."""

    expression: str
    answer: Answer
    parsed: Parsed
    given: Given

    @property
    def difference(self) -> str:
        """How the two differ; empty when they agree or the sandbox refuses."""
        return difference(self.answer, self.given, self.parsed.type)

    @property
    def agrees(self) -> bool:
        """Whether both gave the same value."""
        return not (self.given.refused or self.given.error or self.difference)


def hold(record: Mapping[str, Answer], types: Mapping[str, str]) -> list[Case]:
    """Hold the dialect against a record, every shape let through; ``types`` are what functions give."""
    session, known = connection(), Verified(frozenset(), types, everything=True)
    return [Case(expression, answer, *held(session, expression, known)) for expression, answer in record.items()]


def types_of(cases: list[Case]) -> dict[str, str]:
    """Return the type that Trino gave for each shape, where it is always the same and holds no decimal."""
    found: dict[str, set[str]] = defaultdict(set)
    for case in cases:
        if "type" in case.answer:
            for shape in {case.parsed.subject, case.parsed.exact} - {""}:
                found[shape].add(_plain(case.answer["type"]))
    single = {shape: next(iter(one)) for shape, one in sorted(found.items()) if len(one) == 1}
    return {shape: one for shape, one in single.items() if one and "?" not in shape}


def _plain(text: str) -> str:
    """Return a type without lengths of text; empty for one that says too little."""
    spelt = type_name(trino_type(text))
    return "" if any(word in spelt for word in ("?", "decimal", "unknown", "interval", "time(")) else spelt


def derive(cases: list[Case]) -> Verified:
    """Return the shapes that some case shows to be right, and none shows to be wrong."""
    seen = {shape for case in cases if case.agrees for shape in _shown(case)}
    wrong = [case.parsed for case in cases if case.difference and not _explained(case, seen)]
    seen -= {shape for one in wrong for shape in (one.subject, one.subject.partition(" like ")[0])}
    return Verified(frozenset(one for one in seen if _name(one) not in INEXACT), types_of(cases))


def _name(shape: str) -> str:
    """Return the function of a shape, without its arguments and underscores."""
    return re.split(r"[ (]", shape)[0].replace("_", "").lower()


def _shown(case: Case) -> set[str]:
    """Return the shapes that a case speaks for: a NULL says nothing but of what was NULL."""
    spoken = case.answer["value"] is not None
    return {
        one
        for one in case.parsed.shapes
        if spoken or "unknown" in one or one.startswith(("word ", "call ", "trycast", "nullif", "ordered("))
    }


def _explained(case: Case, seen: set[str]) -> bool:
    """Return whether something that only an expression's text says, and no agreeing one, may be what is wrong.

    For a query, whose first column need not be what it is about, any part may be.
    """
    unseen = case.parsed.shapes - seen
    spelt = {
        one
        for one in unseen
        if one.startswith(("word ", "call ", "number ", "text ")) or re.search(" (format|pattern) ", one)
    }
    return bool(spelt or (unseen and re.search(r"(?i)\sFROM\s", case.expression)))


def text(verified: Verified, version: str) -> str:
    """Return the text of ``verified.json``."""
    shapes = ",\n".join(json.dumps(one, ensure_ascii=False) for one in sorted(verified.shapes))
    types = ",\n".join(
        f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v)}" for k, v in sorted(verified.types.items())
    )
    zones = ",\n".join(f"{json.dumps(k)}: {v}" for k, v in sorted(verified.zones.items()))
    spelt = f'"shapes": [\n{shapes}\n], "types": {{\n{types}\n}}, "zones": {{\n{zones}\n}}'
    return f'{{"version": {json.dumps(version)}, {spelt}}}\n'
