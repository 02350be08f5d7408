"""Which Glue job, legacy table and target table belong to an activity."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from parity.draft.columns import Evidence, Mapped, distinctive, evidence
from parity.draft.facts import Certainty, Guess
from parity.draft.names import best, words
from parity.suite.models import check_table

LEAST = 0.5
"""How alike the names of an activity and of its job or table must be."""
_OF_TARGET = frozenset({"target", "sink", "output", "destination", "table", "dest"})
_OF_SOURCE = frozenset({"source", "input", "legacy", "glue", "athena"})
_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*){0,2}")


def glue_job(activity: str, jobs: Collection[str]) -> Guess[str]:
    """Return the Glue job whose work an activity took over; empty where none is like it."""
    if activity in jobs:
        return Guess(activity, Certainty.CERTAIN, "the Glue job of the same name")
    found = best(activity, sorted(jobs), LEAST)
    if len(found) == 1:
        return Guess(found[0], Certainty.LIKELY, "the Glue job whose name is most like it")
    many = f"Glue jobs {', '.join(found)} are equally like it" if found else "no Glue job is like it"
    return Guess("", Certainty.UNKNOWN, f"{many}; without one, no Glue job is looked at")


def legacy_table(
    activity: str, job: str, tables: Collection[str], arguments: Sequence[Mapping[str, str]]
) -> Guess[str]:
    """Return the Glue table; ``arguments`` are the activity's own and its Glue job's."""
    known = {name.lower() for name in tables}
    for given in arguments:
        for name, value in given.items():
            plain = value.lower().rpartition(".")[2]
            if plain in known and (_OF_TARGET | _OF_SOURCE) & set(words(name)):
                return Guess(plain, Certainty.LIKELY, f"named by argument {name}")
    found = best(activity, sorted(known), LEAST) or (best(job, sorted(known), LEAST) if job else ())
    if len(found) == 1:
        return Guess(found[0], Certainty.LIKELY, "the table that is most like the name")
    many = f"tables {', '.join(found)} are equally like the name" if found else "no table is like the name"
    return Guess("", Certainty.UNKNOWN, many)


def target_tables(arguments: Mapping[str, str], schema: str, legacy: str) -> Iterator[Guess[str]]:
    """Yield tables that the activity may write, the likeliest first; whether they are there is to be asked."""
    for name, value in arguments.items():
        found = set(words(name))
        if _OF_TARGET & found and not _OF_SOURCE & found and _is_table(value):
            full = value if "." in value or not schema else f"{schema}.{value}"
            yield Guess(full, Certainty.LIKELY, f"named by argument {name}")
    if schema and legacy:
        yield Guess(f"{schema}.{legacy}", Certainty.LIKELY, "named as the legacy table")


def proven(pairing: Guess[str], mapped: Mapped) -> Guess[str]:
    """Return a pairing of tables as certain where most columns that tell something hold the same values."""
    known = [pair for pair in mapped.pairs if distinctive(pair.legacy) and distinctive(pair.target)]
    alike = [pair for pair in known if evidence(pair.legacy, pair.target) >= Evidence.NEAR]
    asked = pairing.certainty is Certainty.LIKELY  # what is unknown for another reason stays so
    if asked and len(alike) >= 2 and 2 * len(alike) >= len(known):
        why = f"{pairing.why}, and {len(alike)} columns have the other side's values"
        return Guess(pairing.value, Certainty.CERTAIN, why)
    return pairing


def _is_table(value: str) -> bool:
    try:
        return bool(_NAME.fullmatch(value)) and bool(check_table(value))
    except ValueError:
        return False
