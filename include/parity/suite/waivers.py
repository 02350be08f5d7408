"""Known differences: ``waivers.yaml``, read and checked against the suites beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from parity.errors import SuiteError
from parity.suite.checks import check_expression
from parity.suite.diagnostics import Diagnostic, diagnose
from parity.suite.model_loader import WAIVERS_FILE, LoadedModels, M
from parity.suite.models import Activity, Cause, Frozen, Suite, Waiver
from parity.suite.yaml_source import YamlDocument, read_yaml
from parity.wording import did_you_mean

PLACEHOLDERS = {
    "suite": "SUITE",
    "activity": "ACTIVITY",
    "owner": "OWNER",
    "reason": "WHY IT MAY PASS",
    "ticket": "TICKET",
}
"""What a draft holds where a person must write something; a waiver that still holds one covers nothing."""


class WaiverFile(Frozen):
    """The file ``waivers.yaml``."""

    waivers: tuple[Waiver, ...] = ()


def with_waivers(
    loaded: LoadedModels[M],
    folder: Path,
    check: Callable[[Waiver, Mapping[str, M], frozenset[str]], Iterable[Diagnostic]],
) -> LoadedModels[M]:
    """Add the valid waivers of a folder, and an error for each mistake; a wrong waiver covers nothing.

    ``check`` takes a waiver, the valid models, and the names of the files that are broken.
    """
    path = folder / WAIVERS_FILE
    if not path.exists():
        return loaded
    broken = frozenset(error.path.stem for error in loaded.errors)
    try:
        waivers, found = _checked(read_yaml(path), lambda waiver: check(waiver, loaded.models, broken))
    except SuiteError as error:
        waivers, found = (), [error]
    return replace(loaded, waivers=waivers, errors=(*loaded.errors, *found))


def _checked(
    document: YamlDocument, check: Callable[[Waiver], Iterable[Diagnostic]]
) -> tuple[tuple[Waiver, ...], list[SuiteError]]:
    try:
        WaiverFile.model_validate(document.data or {})
    except ValidationError as error:
        found = [mistake.error(document) for mistake in diagnose(error, WaiverFile, document.data)]
        return tuple(_readable(document.data)), found
    listed = WaiverFile.model_validate(document.data or {}).waivers
    mistakes = [
        [*(_drafted(waiver) or (*_cause(waiver), *check_expression(waiver.rows, ("rows",)), *check(waiver)))]
        for waiver in listed
    ]
    errors = [
        mistake.below(("waivers", at)).error(document) for at, of_one in enumerate(mistakes) for mistake in of_one
    ]
    return tuple(w for w, of_one in zip(listed, mistakes, strict=True) if not of_one), errors


def _readable(data: object) -> Iterator[Waiver]:
    """Yield the waivers that pydantic accepts one by one."""
    listed = data.get("waivers") if isinstance(data, dict) else None
    for item in listed if isinstance(listed, list) else ():
        try:
            yield Waiver.model_validate(item)
        except ValidationError:
            continue


def _drafted(waiver: Waiver) -> list[Diagnostic]:
    """Return the draft's placeholders that are not replaced."""
    return [
        Diagnostic((part,), f"{part} is still the draft's {word!r}.", f"Write the {part} of this waiver.")
        for part, word in PLACEHOLDERS.items()
        if getattr(waiver, part) == word
    ]


def _cause(waiver: Waiver) -> Iterator[Diagnostic]:
    if waiver.cause is not None and waiver.cause not in set(Cause):
        yield Diagnostic(
            ("cause",), f"cause {waiver.cause!r} is unknown.", did_you_mean(waiver.cause, Cause, "Known:")
        )


def check_waiver(waiver: Waiver, suites: Mapping[str, Suite], broken: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield the mistakes in a waiver; that of a ``broken`` suite, which could not be read, is not checked."""
    if (suite := suites.get(waiver.suite)) is None:
        if waiver.suite not in broken:
            yield Diagnostic(
                ("suite",), f"no suite is called {waiver.suite!r}.", did_you_mean(waiver.suite, suites, "Known:")
            )
        return
    names = [activity.name for activity in suite.activities]
    if waiver.activity not in names:
        what = f"suite {waiver.suite!r} has no activity {waiver.activity!r}."
        yield Diagnostic(("activity",), what, did_you_mean(waiver.activity, names))
        return
    yield from _check_column(waiver, suite.activity(waiver.activity))


def _check_column(waiver: Waiver, activity: Activity) -> Iterator[Diagnostic]:
    if waiver.column is None:
        return
    if (rule := activity.columns.get(waiver.column)) and rule.ignore:
        yield Diagnostic(("column",), f"column {waiver.column!r} is ignored, so there is nothing to waive.")
    renamed = {r.legacy: name for name, r in activity.columns.items() if r.legacy and r.legacy != name}
    if waiver.column in renamed and waiver.column not in activity.columns:
        what = f"column {waiver.column!r} is called {renamed[waiver.column]!r} on the target side."
        yield Diagnostic(("column",), what, "Use that name.")
