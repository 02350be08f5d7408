"""Known differences: ``waivers.yaml``, read and checked against the suites beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from pydantic import ValidationError

from parity.errors import SuiteError
from parity.suite.checks import check_expression
from parity.suite.diagnostics import Problem, explain
from parity.suite.models import Activity, Frozen, Suite, Waiver
from parity.suite.yaml_source import Document
from parity.wording import did_you_mean

FILE = "waivers.yaml"
CAUSES = frozenset(
    {
        "timezone_shift",
        "timestamp_precision",
        "rounding",
        "scale",
        "truncation",
        "trailing_space",
        "whitespace",
        "case",
        "null_vs_empty",
        "null_vs_default",
        "type_format",
        "encoding",
        "sign",
        "swapped_columns",
        "off_by_one_date",
        "late_partition",
        "duplicate_load",
        "join_fan_out",
        "shared_value",
        "unexplained",
    }
)
"""What a waiver may name; the causes live a layer above, and a test keeps the two in step."""


PLACEHOLDERS = {
    "suite": "SUITE",
    "activity": "ACTIVITY",
    "owner": "OWNER",
    "reason": "WHY IT MAY PASS",
    "ticket": "TICKET",
}
"""What a draft says where only a person can; a waiver that still says it covers nothing."""


class WaiverFile(Frozen):
    """The file ``waivers.yaml``."""

    waivers: tuple[Waiver, ...] = ()


def read_waivers(
    document: Document, suites: Mapping[str, Suite], broken: frozenset[str]
) -> tuple[tuple[Waiver, ...], list[SuiteError]]:
    """Return the waivers that are right and an error for each that is not.

    A wrong waiver covers nothing. ``broken`` names suites that could not be read: what is said of them is kept.
    """
    return checked_waivers(document, partial(_check, suites=suites, broken=broken))


def checked_waivers(
    document: Document, check: Callable[[Waiver], Iterable[Problem]]
) -> tuple[tuple[Waiver, ...], list[SuiteError]]:
    """Return the waivers of a file in which ``check`` finds nothing wrong, and an error for each mistake."""
    try:
        WaiverFile.model_validate(document.data or {})
    except ValidationError as error:
        found = [problem.error(document) for problem in explain(error, WaiverFile, document.data)]
        return tuple(_readable(document.data)), found
    listed = WaiverFile.model_validate(document.data or {}).waivers
    problems = [
        [*(_drafted(waiver) or (*_cause(waiver), *check_expression(waiver.rows, ("rows",)), *check(waiver)))]
        for waiver in listed
    ]
    errors = [
        problem.below(("waivers", at)).error(document) for at, of_one in enumerate(problems) for problem in of_one
    ]
    return tuple(w for w, of_one in zip(listed, problems, strict=True) if not of_one), errors


def _readable(data: object) -> Iterator[Waiver]:
    """Yield the waivers that pydantic accepts one by one."""
    listed = data.get("waivers") if isinstance(data, dict) else None
    for item in listed if isinstance(listed, list) else ():
        try:
            yield Waiver.model_validate(item)
        except ValidationError:
            continue


def _drafted(waiver: Waiver) -> list[Problem]:
    """Return what is still as in the draft, which names nobody who answers for it."""
    return [
        Problem((part,), f"{part} is still the draft's {word!r}.", f"Write the {part} of this waiver.")
        for part, word in PLACEHOLDERS.items()
        if getattr(waiver, part) == word
    ]


def _cause(waiver: Waiver) -> Iterator[Problem]:
    if waiver.cause is not None and waiver.cause not in CAUSES:
        yield Problem(
            ("cause",), f"cause {waiver.cause!r} is unknown.", did_you_mean(waiver.cause, CAUSES, "Known:")
        )


def _check(waiver: Waiver, suites: Mapping[str, Suite], broken: frozenset[str]) -> Iterator[Problem]:
    if (suite := suites.get(waiver.suite)) is None:
        if waiver.suite not in broken:
            yield Problem(
                ("suite",), f"no suite is called {waiver.suite!r}.", did_you_mean(waiver.suite, suites, "Known:")
            )
        return
    names = [activity.name for activity in suite.activities]
    if waiver.activity not in names:
        what = f"suite {waiver.suite!r} has no activity {waiver.activity!r}."
        yield Problem(("activity",), what, did_you_mean(waiver.activity, names))
        return
    yield from _check_column(waiver, suite.activity(waiver.activity))


def _check_column(waiver: Waiver, activity: Activity) -> Iterator[Problem]:
    if waiver.column is None:
        return
    if (rule := activity.columns.get(waiver.column)) and rule.ignore:
        yield Problem(("column",), f"column {waiver.column!r} is ignored, so there is nothing to waive.")
    renamed = {r.legacy: name for name, r in activity.columns.items() if r.legacy and r.legacy != name}
    if waiver.column in renamed and waiver.column not in activity.columns:
        what = f"column {waiver.column!r} is called {renamed[waiver.column]!r} on the target side."
        yield Problem(("column",), what, "Use that name.")


def names_of(errors: Sequence[SuiteError]) -> frozenset[str]:
    """Return the names of the files that are broken, without their suffix."""
    return frozenset(error.path.stem for error in errors)
