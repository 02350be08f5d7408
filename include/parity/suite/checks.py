"""What pydantic cannot check: files, names, zones, schedules and contradictions. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from parity.suite.catalogue import COMMON, REFUSED, catalogue
from parity.suite.diagnostics import Diagnostic
from parity.suite.models import Activity, ColumnRule, Expectation, Severity, Suite
from parity.suite.schedule import AssetSchedule
from parity.suite.sql_text import (
    KNOWN_PARAMETERS,
    QUERY_STARTS,
    bracket_violation,
    first_word,
    parameters,
    quoted_parameters,
    second_statement,
    unclosed,
)
from parity.suite.yaml_source import Location
from parity.wording import did_you_mean

CRON_PRESETS = frozenset({"@once", "@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly"})


@dataclass(frozen=True)
class SuiteFolder:
    """What lies beside a suite: the text of each file of ``sql/``, and why others could not be read."""

    queries: Mapping[str, str]
    unreadable: Mapping[str, str]
    """Reason by file name."""
    expectations: frozenset[str] = frozenset()
    """The classes of ``expectations.py``."""
    broken: str = ""
    """Why ``expectations.py`` cannot be read."""


def check_suite(suite: Suite, folder: SuiteFolder) -> Iterator[Diagnostic]:
    """Yield every mistake in a well-formed suite."""
    yield from check_times(suite.timezone, suite.schedule)
    if suite.start and not isinstance(suite.schedule, str):
        what = "start catches up what a cron schedule missed, and this suite has none."
        yield Diagnostic(("start",), what, "Leave it out, or write the schedule as cron text.")
    yield from _repeated((a.name for a in suite.activities), "activities", "name", "activity")
    for position, activity in enumerate(suite.activities):
        for mistake in _activity(activity, folder):
            yield mistake.below(("activities", position))


def check_times(timezone: str, schedule: str | AssetSchedule | None) -> Iterator[Diagnostic]:
    """Yield the mistakes in a time zone and a schedule."""
    yield from _zone(timezone, ("timezone",))
    yield from _schedule(schedule)


def _activity(activity: Activity, folder: SuiteFolder) -> Iterator[Diagnostic]:
    yield from _query(activity.legacy.sql, folder)
    if activity.target.where is not None:
        yield from _sql(activity.target.where, ("target", "where"), "where")
        yield from check_expression(activity.target.where, ("target", "where"))
    yield from _key(activity)
    yield from _renames(activity.columns)
    for name, rule in activity.columns.items():
        yield from _column(name, rule, activity.columns)
    for side in ("both", "legacy", "target"):
        listed = getattr(activity.expect, side)
        yield from _expectations(listed, ("expect", side), folder)
        yield from _old_names(listed, ("expect", side), activity.columns)


def _zone(name: str | None, place: Location) -> Iterator[Diagnostic]:
    if name is None:
        return
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = did_you_mean(name, available_timezones(), "") or "Write a name such as Europe/London."
        yield Diagnostic(place, f"time zone {name!r} is unknown.", hint)


def _schedule(schedule: str | AssetSchedule | None) -> Iterator[Diagnostic]:
    if not isinstance(schedule, str) or schedule in CRON_PRESETS:
        return
    from croniter import croniter  # type: ignore[import-untyped]

    if len(schedule.split()) != 5 or not croniter.is_valid(schedule):
        hint = did_you_mean(schedule, CRON_PRESETS, "") or 'Write five fields, such as "0 2 * * *".'
        yield Diagnostic(("schedule",), f"schedule {schedule!r} is not a cron expression.", hint)


def _repeated(names: Iterable[str], where: str, field: str, label: str) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for position, name in enumerate(names):
        if name.lower() in seen:
            yield Diagnostic((where, position, field), f"{label} {name!r} occurs twice.", "Rename one of them.")
        seen.add(name.lower())


def _query(name: str, folder: SuiteFolder) -> Iterator[Diagnostic]:
    place: Location = ("legacy", "sql")
    if name in folder.unreadable:
        yield Diagnostic(place, f"sql/{name} cannot be read: {folder.unreadable[name]}.")
    elif name not in folder.queries:
        hint = did_you_mean(name, folder.queries, "sql/ holds")
        yield Diagnostic(place, f"there is no file sql/{name} beside this suite.", hint)
    else:
        yield from _sql(folder.queries[name], place, f"sql/{name}")
        yield from _reads(folder.queries[name], place, name)


def _reads(sql: str, place: Location, name: str) -> Iterator[Diagnostic]:
    if (word := first_word(sql)) not in QUERY_STARTS:
        what = f"sql/{name} starts with {word!r}, but" if word else f"sql/{name} is empty;"
        yield Diagnostic(place, f"{what} only a query (select, with) can be exported.")


def _sql(sql: str, place: Location, name: str) -> Iterator[Diagnostic]:
    if quote := unclosed(sql):
        yield Diagnostic(place, f"{name}:{quote.line} opens {quote.text} and never closes it.")
        return
    for token in parameters(sql):
        if token.text not in KNOWN_PARAMETERS:
            hint = did_you_mean(token.text, KNOWN_PARAMETERS, "Known:")
            yield Diagnostic(place, f"{name}:{token.line} binds :{token.text}, which is unknown.", hint)
    for token in quoted_parameters(sql):
        hint = f"Write {token.text[1:-1]} without quotes."
        yield Diagnostic(
            place, f"{name}:{token.line} has {token.text}: in quotes it is text and is not bound.", hint
        )
    if end := second_statement(sql):
        yield Diagnostic(place, f"{name}:{end.line} ends a statement and goes on; one query only.")


def check_expression(sql: str | None, place: Location) -> Iterator[Diagnostic]:
    """Yield why a suite's part of a statement would not stay within the brackets around it."""
    if sql is not None and (why := bracket_violation(sql, escapes=place[-1] == "where")):
        yield Diagnostic(place, f"{place[-1]} {why}.", "Write one expression.")


def _key(activity: Activity) -> Iterator[Diagnostic]:
    for position, name in enumerate(activity.key):
        rule = activity.columns.get(name)
        if rule and rule.ignore:
            yield Diagnostic(
                ("key", position), f"key column {name!r} is ignored.", "Compare it, or choose another."
            )
    yield from _repeated(activity.key, "key", "", "key column")


def _renames(columns: Mapping[str, ColumnRule]) -> Iterator[Diagnostic]:
    uses = Counter(rule.legacy for rule in columns.values() if rule.legacy)
    for name, rule in columns.items():
        if rule.legacy and uses[rule.legacy] > 1:
            what = f"legacy column {rule.legacy!r} is renamed to more than one column."
            yield Diagnostic(("columns", name, "legacy"), what)


def _column(name: str, rule: ColumnRule, columns: Mapping[str, ColumnRule]) -> Iterator[Diagnostic]:
    place: Location = ("columns", name)
    yield from _zone(rule.legacy_timezone, (*place, "legacy_timezone"))
    yield from _zone(rule.target_timezone, (*place, "target_timezone"))
    yield from _money(name, rule, columns)
    if rule.ignore and (rule.loosens or rule.money):
        yield Diagnostic(
            (*place, "ignore"), "an ignored column is not compared, so its other rules have no effect."
        )
    for side in ("legacy_sql", "target_sql"):
        yield from check_expression(getattr(rule, side), (*place, side))
    if rule.replace:
        yield from _pattern(rule.replace[0], (*place, "replace"))


def _money(name: str, rule: ColumnRule, columns: Mapping[str, ColumnRule]) -> Iterator[Diagnostic]:
    if rule.money is None:
        return
    place: Location = ("columns", name, "money")
    if rule.money == name:
        yield Diagnostic(
            place, "a column cannot hold its own currency.", "Name the currency column or a code such as EUR."
        )
    elif (currency := columns.get(rule.money)) and currency.ignore:
        yield Diagnostic(
            place, f"currency column {rule.money!r} is ignored.", "Compare it, or write a code such as EUR."
        )


def _pattern(text: str, place: Location) -> Iterator[Diagnostic]:
    try:
        re.compile(text)
    except re.error as error:
        if error.msg.startswith("bad escape"):
            return  # DuckDB's regular expressions have more of them, such as \\pL
        yield Diagnostic(place, f"{text!r} is not a regular expression: {error}.")


def _expectations(listed: Iterable[Expectation], place: Location, folder: SuiteFolder) -> Iterator[Diagnostic]:
    for position, entry in enumerate(listed):
        if len(entry) != 1:
            yield Diagnostic(
                (*place, position), "an entry is exactly one class with its arguments; put '- ' before each."
            )
            continue
        [(name, arguments)] = entry.items()
        yield from _expectation(name, arguments, (*place, position, name), folder)


def _old_names(
    listed: Iterable[Expectation], place: Location, columns: Mapping[str, ColumnRule]
) -> Iterator[Diagnostic]:
    """Find expectations that use a renamed column's legacy name: both sides use the target's names."""
    renamed = {rule.legacy: name for name, rule in columns.items() if rule.legacy and rule.legacy not in columns}
    for position, entry in enumerate(listed):
        for name, arguments in entry.items():
            for argument in ("column", "column_A", "column_B"):
                old = arguments.get(argument)
                if isinstance(old, str) and old in renamed:
                    what = f"column {old!r} is called {renamed[old]!r} on the target side."
                    yield Diagnostic((*place, position, name, argument), what, "Use that name on both sides.")


def _expectation(
    name: str, arguments: Mapping[str, object], place: Location, folder: SuiteFolder
) -> Iterator[Diagnostic]:
    if name in folder.expectations:
        yield from _severity(arguments, place)
        return
    if name in REFUSED:
        yield Diagnostic(place, f"{name} cannot be used: {REFUSED[name]}")
        return
    if (known := catalogue().get(name)) is None:
        hint = folder.broken or did_you_mean(name, (*catalogue(), *folder.expectations), "")
        yield Diagnostic(place, f"expectation {name!r} is unknown.", hint)
        return
    for argument in arguments:
        if argument not in known and argument not in COMMON:
            hint = did_you_mean(argument, known, f"{name} takes")
            yield Diagnostic((*place, argument), f"argument {argument!r} is unknown.", hint)
    for argument, required in known.items():
        if required and argument not in arguments:
            yield Diagnostic(place, f"{name} needs the argument {argument!r}.")
    query = arguments.get("unexpected_rows_query")
    if isinstance(query, str) and "{batch}" not in query:
        what = "the query does not read {batch}: it would check nothing of the output."
        yield Diagnostic((*place, "unexpected_rows_query"), what, "Write FROM {batch}.")
    yield from _regexes(arguments, place)
    yield from _severity(arguments, place)


def _regexes(arguments: Mapping[str, object], place: Location) -> Iterator[Diagnostic]:
    for argument in ("regex", "regex_list"):
        given = arguments.get(argument, ())
        for text in (given,) if isinstance(given, str) else given if isinstance(given, list | tuple) else ():
            yield from _pattern(str(text), (*place, argument))


def _severity(arguments: Mapping[str, object], place: Location) -> Iterator[Diagnostic]:
    given = arguments.get("severity", Severity.CRITICAL)
    if given not in set(Severity):
        hint = did_you_mean(str(given), Severity, "Known:")
        yield Diagnostic((*place, "severity"), f"severity {given!r} is unknown.", hint)
