"""A backtest as text, as Markdown for a pull request, and as JSON; no value of a row is in any of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from parity.flow.backtest.judgement import Answer, Moved
from parity.flow.backtest.stored import Backtest
from parity.wording import plural, visible

MARK = "<!-- parity-backtest -->"
"""By which a later comment replaces this one."""
MOST = 50
"""Lines of a table in Markdown."""
WHAT = {"changed": "", "missing": "missing rows", "extra": "extra rows", "schema": "schema"}


@dataclass(frozen=True)
class Line:
    """The dates of an activity of which the same is said."""

    suite: str
    activity: str
    before: str
    after: str
    """Empty: cannot say."""
    why: str
    dates: tuple[date, ...]
    """The oldest first."""
    hidden: tuple[Moved, ...]
    """Summed over the dates."""
    shown: tuple[Moved, ...]

    @property
    def verdicts(self) -> str:
        """Return the verdict, and the other one."""
        return self.before if self.before == self.after else f"{self.before} → {self.after or 'cannot say'}"

    @property
    def when(self) -> str:
        """Return how many dates, and from when to when."""
        first, last = self.dates[0], self.dates[-1]
        return f"{first}" if first == last else f"{plural(len(self.dates), 'date')}, {first} to {last}"


def lines(answers: Iterable[Answer]) -> list[Line]:
    """Return one line for all dates of an activity of which the same is said, in the order of the answers."""
    grouped: dict[tuple[str, ...], list[Answer]] = defaultdict(list)
    for one in answers:
        key = one.record.key
        grouped[key.suite, key.activity, one.record.verdict, one.after or "", one.why].append(one)
    return [_line(key, each) for key, each in grouped.items()]


def _line(key: tuple[str, ...], each: Sequence[Answer]) -> Line:
    suite, activity, before, after, why = key
    dates = tuple(sorted(one.record.key.business_date for one in each))
    hidden, shown = ([m for one in each for m in one.hidden], [m for one in each for m in one.shown])
    return Line(suite, activity, before, after, why, dates, _summed(hidden), _summed(shown))


def _summed(moved: Iterable[Moved]) -> tuple[Moved, ...]:
    found: dict[tuple[str, str], Moved] = {}
    for one in moved:
        known = found.get((one.kind, one.column), Moved(one.kind, one.column, (), 0))
        money = {
            currency: known.money.get(currency, Decimal(0)) + one.money.get(currency, Decimal(0))
            for currency in {*known.money, *one.money}
        }
        causes = tuple(dict.fromkeys((*known.causes, *one.causes)))
        rows, part = known.rows + one.rows, known.at_most or one.at_most
        found[one.kind, one.column] = Moved(one.kind, one.column, causes, rows, dict(sorted(money.items())), part)
    return tuple(found.values())


def text(found: Backtest) -> Iterator[str]:
    """Yield the lines of the answer for a terminal."""
    yield summary(found)
    for line in lines(found.changed):
        yield f"\n{line.suite} {visible(line.activity)}: {line.verdicts}, {line.when}"
        yield from (f"  newly hidden: {moved(one, visible)}" for one in line.hidden)
        yield from (f"  newly shown: {moved(one, visible)}" for one in line.shown)
    for line in lines(found.open):
        yield f"\n{line.suite} {visible(line.activity)}: {line.verdicts}, {line.when}"
        yield f"  {visible(line.why)}"


def summary(found: Backtest) -> str:
    """Say in one sentence how many results keep their verdict."""
    seeded = sum(one.record.key.seeded for one in found.answers)
    counts = [
        plural(len(found.answers), "stored result") + f" since {found.since}",
        f"{len(found.answers) - len(found.changed) - len(found.open):,} the same",
        f"{len(found.changed):,} other",
        f"{len(found.open):,} cannot be said",
        *([f"{seeded:,} of them seeded examples"] if seeded else []),
    ]
    return f"{counts[0]}: {', '.join(counts[1:])}."


def moved(one: Moved, name: Any) -> str:
    """Return what is hidden or shown; ``name`` makes a name safe to show."""
    what = WHAT[one.kind] or name(one.column)
    what = f"{what} of {name(one.column)}" if one.kind == "schema" else what
    causes = f" ({', '.join(cause.replace('_', ' ') for cause in one.causes)})" if one.causes else ""
    rows = "" if one.kind == "schema" else f": {plural(one.rows, 'row')}"
    sums = [f"{amount:,} {name(currency)}" for currency, amount in one.money.items() if amount]
    money = f", {'at most ' if one.at_most else ''}{', '.join(sums)}" if sums else ""
    return f"{what}{causes}{rows}{money}"


def markdown(found: Backtest) -> str:
    """Return the answer as a comment on a pull request."""
    parts = [MARK, "### Parity: what stored runs would have said", "", summary(found)]
    changed, open_ones = lines(found.changed), lines(found.open)
    if changed:
        parts += ["", "| activity | verdict | dates | newly hidden | newly shown |", "|---|---|---|---|---|"]
        parts += [
            f"| {_code(one.suite)} {_code(one.activity)} | {one.verdicts} | {one.when} "
            f"| {_cell(one.hidden)} | {_cell(one.shown)} |"
            for one in changed[:MOST]
        ]
    if open_ones:
        parts += ["", "| activity | cannot say | dates | why |", "|---|---|---|---|"]
        parts += [
            f"| {_code(one.suite)} {_code(one.activity)} | {one.before} | {one.when} | {_code(one.why)} |"
            for one in open_ones[:MOST]
        ]
    left = max(len(changed) - MOST, 0) + max(len(open_ones) - MOST, 0)
    return "\n".join([*parts, *(["", f"… and {plural(left, 'line')} more."] if left else [])]) + "\n"


def _cell(listed: Sequence[Moved]) -> str:
    return "<br>".join(moved(one, _code) for one in listed) or "–"


def _code(name: str) -> str:
    """Return a name in a code span, in which nothing of it is Markdown, HTML or a mention."""
    return f"`{visible(name).replace('`', chr(39)).replace('|', chr(92) + '|')}`" if name else ""


def as_json(found: Backtest) -> dict[str, Any]:
    """Return the answer as JSON; sums of money are text."""
    return {
        "version": 1,
        "since": found.since.isoformat(),
        "results": len(found.answers),
        "seeded": sum(one.record.key.seeded for one in found.answers),
        "changed": [_plain(line) for line in lines(found.changed)],
        "cannot_say": [_plain(line) for line in lines(found.open)],
    }


def _plain(line: Line) -> dict[str, Any]:
    return {
        "suite": line.suite,
        "activity": line.activity,
        "before": line.before,
        "after": line.after or None,
        "why": line.why,
        "dates": [day.isoformat() for day in line.dates],
        "hidden": [_moved_plain(one) for one in line.hidden],
        "shown": [_moved_plain(one) for one in line.shown],
    }


def _moved_plain(one: Moved) -> Mapping[str, Any]:
    money = {currency: str(amount) for currency, amount in one.money.items()}
    return {**vars(one), "causes": list(one.causes), "money": money}
